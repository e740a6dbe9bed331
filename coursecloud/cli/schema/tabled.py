"""What the dated tables know, for editors to propose: and a refusal of the rest, unless the stack file allows it."""

import importlib.resources
from typing import Any

from catalog import tables
from infra.settings.delivery import BUILD_MACHINES
from infra.settings.hardware import dated
from infra.settings.images import IMAGE_PATH

Node = dict[str, Any]

ALLOWING = {"machineTypes": "machine type", "gpus": "GPU", "zones": "zone or region"}
"""The lists of `coursecloud:allow`, and what each is about."""

_PLACES = {
    "region": "zones",
    "zone": "zones",
    "machines.*.machineType": "machineTypes",
    "machines.*.gpu.model": "gpus",
    "machines.*.zone": "zones",
    "machines.*.fallbackZones.[]": "zones",
    "training.machineType": "machineTypes",
    "usage.training.endpointMachine": "machineTypes",
    "training.gpu.model": "gpus",
    "training.region": "zones",
    "network.subnets.~": "zones",
}
"""Where the loader asks a table, and the list of `coursecloud:allow` that may add to it.

`*` stands for each value of a map, `~` for its names, `[]` for each entry of a list.
"""

_HELD = {
    "machines.*.gpu.count": "gpus",
    "training.gpu.count": "gpus",
    "storage.location": "zones",
    "guardrails.regions.[]": "zones",
}
"""Where the loader asks a table too, for what is no name of its own to propose."""


def _known(place: str) -> Node:
    """Say what the tables know at a place, with a line about each."""
    regions = tables.regions()
    match _name(place):
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


def _name(place: str) -> str:
    last = place.rpartition(".")[2]
    return {"[]": "zone", "~": "region", "endpointMachine": "machineType"}.get(last, last)


def definitions() -> Node:
    """Make the lists that several places share."""
    made = {_name(place): _known(place) for place in _PLACES}
    for name, lists in {_name(place): lists for place, lists in _PLACES.items()}.items():
        made[name]["errorMessage"] = (
            f"the table of {dated()} has no such {ALLOWING[lists]}; list a newer one under coursecloud:allow.{lists}"
        )
    return made


def suggested(sections: dict[str, Node]) -> dict[str, Node]:
    """Let editors propose what the tables know; what else is accepted stays so."""
    for place in _PLACES:
        holder, key = _find(sections, place)
        if key != "propertyNames":
            _also(holder[key], {"$ref": f"#/definitions/{_name(place)}"}, {"type": "string"})
        else:
            holder[key] = {"anyOf": [{"$ref": "#/definitions/region"}, {"type": "string"}]}
    for place, otherwise in (
        ("machines.*.image", {"pattern": f"^(?:{IMAGE_PATH})$"}),
        ("storage.location", {"type": "string"}),
    ):
        holder, key = _find(sections, place)
        _also(holder[key], _known(place), otherwise)
    for place, entries in (
        # Machines know older names too, and newer ones than the package's.
        ("lease.timeZone", time_zones()),
        ("guardrails.regions.[]", _locations()),
        ("builds.triggers.*.machineType", list(BUILD_MACHINES)),
    ):
        holder, key = _find(sections, place)
        _also(holder[key], {"enum": entries}, {"type": "string"})
    return sections


def _also(node: Node, known: Node, otherwise: Node) -> None:
    nothing = [{"type": "null"}] if "null" in node["type"] else []
    node["anyOf"] = [known, otherwise, *nothing]


def _find(sections: dict[str, Node], place: str) -> tuple[Node, str]:
    """Find a place: the node that holds it, and its key there."""
    *way, last = place.split(".")
    node: Node = {"properties": sections}
    for part in way:
        node = node["additionalProperties"] if part == "*" else node["properties"][part]
    match last:
        case "~":
            return node, "propertyNames"
        case "[]":
            return node, "items"
        case _:
            return node["properties"], last


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
            "else": {"allOf": [_strictly(place) for place, lists in (_PLACES | _HELD).items() if lists == allowing]},
        }
        for allowing in ALLOWING
    ]


def _strictly(place: str) -> Node:
    # By pattern, because editors propose each name under `properties`, here a second time.
    section, *way = place.split(".")
    kind = _counts() if place.endswith(".count") else _kind(place)
    # An empty text is as good as none where a key may be left out.
    node: Node = {"if": {"type": ["string", "integer"], "minLength": 1}, "then": kind}
    for part in reversed(way):
        match part:
            case "*":
                node = {"additionalProperties": node}
            case "[]":
                node = {"items": node}
            case "~":
                node = {"propertyNames": kind}
            case _:
                node = {"patternProperties": {f"^{part}$": node}}
    if section in ("region", "zone"):
        # The engine hands an empty text on for a key with nothing behind it.
        return {"patternProperties": {f"^gcp:{section}$": {"if": {"pattern": "\\S"}, "then": node}}}
    return {"patternProperties": {f"^(coursecloud:)?{section}$": node}}


def _kind(place: str) -> Node:
    """Give the rule of a name: a table's names as they are, or in any letter case where the loader reads them so."""
    attached = [gpu for gpu in tables.gpus().values() if gpu.attached]
    if place in ("storage.location", "guardrails.regions.[]"):
        message = f"neither a region of the table of {dated()} nor a multi-region; list a zone of a newer region"
        message += " under coursecloud:allow.zones"
        return _in_any_case(_locations(), message)
    if _name(place) == "model":
        shorts = ", ".join(gpu.short for gpu in attached)
        message = f"{definitions()['model']['errorMessage']}; known and attached are {shorts}; others come with a type"
        return _in_any_case([name for gpu in attached for name in _names_of(gpu)], message)
    return {"$ref": f"#/definitions/{_name(place)}"}


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
