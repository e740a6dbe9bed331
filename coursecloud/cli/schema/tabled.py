"""What the dated tables know, for editors to propose: and a refusal of the rest, unless the stack file allows it."""

import functools
import importlib.resources
from collections.abc import Iterator
from typing import Any

from catalog import tables
from coursecloud.cli.schema.sections import sections
from infra.settings.images import IMAGE_PATH
from infra.settings.offers import dated

Node = dict[str, Any]

ALLOWING = {"machineTypes": "machine type", "gpus": "GPU", "zones": "zone or region"}
"""The lists of `coursecloud:allow`, and what each is about."""

_ALLOWED_BY = {
    "region": "zones",
    "zone": "zones",
    "machineType": "machineTypes",
    "model": "gpus",
    "count": "gpus",
    "location": "zones",
}
"""The list of `coursecloud:allow` that may add to what is known of a kind; to the others any name may be added."""

_SHARED = ("region", "zone", "machineType", "model")
"""What several keys may be: a definition each."""


def _listed(sections: dict[str, Node]) -> Iterator[tuple[str, Node, str]]:
    """Find the keys whose values a table knows: place, the node that holds it, and its key there.

    In a place `*` stands for each value of a map, `~` for its names, `[]` for each entry of a list.
    """

    def walk(holder: Node, key: str, place: str) -> Iterator[tuple[str, Node, str]]:
        node = holder[key]
        if "listed" in node:
            yield place, holder, key
        for name in node.get("properties", {}):
            yield from walk(node["properties"], name, f"{place}.{name}" if place else name)
        for inner, part in (("additionalProperties", "*"), ("items", "[]"), ("propertyNames", "~")):
            if isinstance(node.get(inner), dict):
                yield from walk(node, inner, f"{place}.{part}")

    return walk({"": {"properties": sections}}, "", "")


@functools.cache
def _places() -> dict[str, str]:
    """Give the kind of each place whose values a table knows."""
    return {place: holder[key]["listed"] for place, holder, key in _listed(sections())}


def _known(kind: str) -> Node:
    """Say what the tables know of a kind, with a line about each."""
    regions = tables.regions()
    match kind:
        case "machineType":
            types = tables.machine_types().values()
            return {"enum": [t.name for t in types], "enumDescriptions": [_machine_type(t) for t in types]}
        case "model":
            # Others come with their machine type, and nobody attaches them.
            gpus = [gpu for gpu in tables.gpus().values() if gpu.attached]
            said = [f"attaches to {' and '.join(gpu.families)} machines" for gpu in gpus]
            return {"enum": [name for g in gpus for name in (g.short, g.name)], "enumDescriptions": _twice(said)}
        case "zone":
            return {"enum": [zone for zones in regions.values() for zone in zones]}
        case "image":
            use = tables.table("images")["families"]
            return {"enum": list(use), "enumDescriptions": [entry["use"] for entry in use.values()]}
        case "location":
            return {"enum": _locations()}
        case "timeZone":
            # Machines know older names too, and newer ones than the package's.
            return {"enum": time_zones()}
        case _:
            return {"enum": list(regions)}


def _locations() -> list[str]:
    places = tables.table("compute")["storageLocations"]
    return [*places["regions"], *places["multiRegions"], *places["dualRegions"]]


def _machine_type(kind: tables.MachineType) -> str:
    carried = f", {kind.gpu_count} {tables.gpus()[kind.gpu].short}" if kind.gpu else ""
    return f"{kind.vcpus:g} vCPUs, {kind.memory_gib:g} GiB{carried}"


def _twice(said: list[str]) -> list[str]:
    return [text for one in said for text in (one, one)]


def definitions() -> Node:
    """Make the lists that several places share."""
    return {
        kind: _known(kind)
        | {
            "errorMessage": f"the table of {dated()} has no such {ALLOWING[lists]}; list a newer one under"
            f" coursecloud:allow.{lists}"
        }
        for kind in _SHARED
        for lists in (_ALLOWED_BY[kind],)
    }


def suggested(sections: dict[str, Node]) -> dict[str, Node]:
    """Let editors propose what the tables know; what else is accepted stays so."""
    for _, holder, key in list(_listed(sections)):
        node = holder[key]
        kind = node.pop("listed")
        if kind == "count":
            continue
        known: Node = {"$ref": f"#/definitions/{kind}"} if kind in _SHARED else _known(kind)
        otherwise = {"pattern": f"^(?:{IMAGE_PATH})$"} if kind == "image" else {"type": "string"}
        nothing = [{"type": "null"}] if "null" in node.get("type", ()) else []
        node["anyOf"] = [known, otherwise, *nothing]
    return sections


def refused() -> list[Node]:
    """Refuse what the tables do not know, for each list of `coursecloud:allow` that the file does not have.

    Editors then mark a misspelt name; a file that allows something may name what it likes.
    """
    return [
        {
            "if": {
                "anyOf": [
                    {"required": [key], "properties": {key: {"required": [allowing]}}}
                    for key in ("coursecloud:allow", "allow")
                ]
            },
            "else": {
                "allOf": [
                    _strictly(place, kind) for place, kind in _places().items() if _ALLOWED_BY.get(kind) == allowing
                ]
            },
        }
        for allowing in ALLOWING
    ]


def _strictly(place: str, kind: str) -> Node:
    # By pattern, because editors propose each name under `properties`, here a second time.
    section, *way = place.split(".")
    rule = _rule(kind)
    # An empty text is as good as none where a key may be left out.
    node: Node = {"if": {"type": ["string", "integer"], "minLength": 1}, "then": rule}
    for part in reversed(way):
        match part:
            case "*":
                node = {"additionalProperties": node}
            case "[]":
                node = {"items": node}
            case "~":
                node = {"propertyNames": rule}
            case _:
                node = {"patternProperties": {f"^{part}$": node}}
    if section in ("region", "zone"):
        # The engine hands an empty text on for a key with nothing behind it.
        return {"patternProperties": {f"^gcp:{section}$": {"if": {"pattern": "\\S"}, "then": node}}}
    return {"patternProperties": {f"^(coursecloud:)?{section}$": node}}


def _rule(kind: str) -> Node:
    """Give the rule of a name: a table's names as they are, or in any letter case where the loader reads them so."""
    attached = [gpu for gpu in tables.gpus().values() if gpu.attached]
    if kind == "count":
        return _counts()
    if kind == "location":
        message = f"neither a region of the table of {dated()} nor a multi-region; list a zone of a newer region"
        message += " under coursecloud:allow.zones"
        return _in_any_case(_locations(), message)
    if kind == "model":
        shorts = ", ".join(gpu.short for gpu in attached)
        message = f"{definitions()['model']['errorMessage']}; known and attached are {shorts}; others come with a type"
        return _in_any_case([name for gpu in attached for name in _names_of(gpu)], message)
    if kind == "machineType":
        # Sizes of one's own are more than a list has; the loader judges them.
        return {"if": {"not": {"pattern": CUSTOM}}, "then": {"$ref": f"#/definitions/{kind}"}}
    return {"$ref": f"#/definitions/{kind}"}


CUSTOM = "^([a-z0-9]+-)?custom-"
"""How the name of a machine type of one's own size begins."""


def _counts() -> Node:
    attached = [gpu for gpu in tables.gpus().values() if gpu.attached]
    said = "; ".join(f"{gpu.short}: {', '.join(map(str, gpu.counts))}" for gpu in attached)
    return {
        "enum": sorted({count for gpu in attached for count in gpu.counts}),
        "errorMessage": f"no GPU of the table of {dated()} is attached in this number ({said})",
    }


def _in_any_case(names: list[str], message: str) -> Node:
    return {"pattern": f"^(?:{'|'.join(map(_any_case, names))})$", "patternErrorMessage": message}


def _names_of(gpu: tables.GpuModel) -> tuple[str, ...]:
    bare = gpu.name.removeprefix("nvidia-")
    return (gpu.name, gpu.short, bare.removeprefix("tesla-"))


def _any_case(name: str) -> str:
    return "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in name)


def time_zones() -> list[str]:
    """List the time zones of places on earth, from the pinned package and not from this machine's own files."""
    listing = importlib.resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    return ["Etc/UTC", *sorted(line.split("\t")[2] for line in listing.splitlines() if not line.startswith("#"))]
