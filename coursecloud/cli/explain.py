"""What one key of a stack file is: found by its path, and said with its limits, its effects and its costs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from coursecloud.cli import schema
from coursecloud.cli.schema import keys
from coursecloud.common.stack_file import PULUMIS_OWN
from infra.settings.problem import likely
from infra.settings.times import UNITS

SAMPLES = {"machines": "trainer", "triggers": "trainer", "services": "demo", "names": "WANDB_API_KEY"}
"""A name for an entry of each map, for examples."""


_OTHER_WORDS: dict[str, tuple[str, ...]] = {
    "budget": ("lease.credit", "lease.maxPerHour"),
    "price": ("lease.maxPerHour", "usage", "prices"),
    "cost": ("lease.credit", "usage"),
    "money": ("lease.credit",),
    "vm": ("machines",),
    "instance": ("machines", "services.*.maxInstances"),
    "server": ("machines",),
    "shutdown": ("machines.*.maxRun", "lease.stopSchedule"),
    "autostop": ("machines.*.maxRun", "lease.stopSchedule"),
    "docker": ("registry", "builds.triggers"),
    "artifact": ("registry",),
    "dvc": ("storage.data",),
    "preemptible": ("machines.*.spot", "training.spot"),
    "password": ("secrets.names",),
    "token": ("secrets.names",),
    "permission": ("team.extraRoles",),
    "user": ("team.members",),
    "principal": ("team.members", "team.extraRoles"),
    "student": ("team.members",),
    "ip": ("network.egress",),
    "firewall": ("network",),
    "api": ("services",),
    "cloudrun": ("services",),
    "vertex": ("training",),
    "wandb": ("secrets.names",),
}
"""What keys are called elsewhere: in Google's console, in other tools, by students."""


class UnknownKeyError(ValueError):
    """No key has this path; `meant` are those that are like it."""

    def __init__(self, key: str, meant: tuple[str, ...], sections: tuple[str, ...]):
        self.meant = meant
        remedy = f"did you mean {' or '.join(meant)}?" if meant else f"take one of its sections: {', '.join(sections)}"
        super().__init__(f"{key}: a stack file has no such key\n    remedy  {remedy}")


@dataclass(frozen=True)
class Entry:
    """A key with all that is known of it; `place` is its path with `*` for the names of a map."""

    key: str
    place: str
    description: str
    type: str
    required: bool
    default: object
    limits: tuple[str, ...]
    values: tuple[object, ...]
    allowed_more: bool
    """Other values than `values` are accepted too."""
    examples: tuple[object, ...]
    example: str
    """The first of them as it stands in a file."""
    effect: str | None
    changing: str | None
    costs: str | None
    below: tuple["Entry", ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "key": self.key,
            "description": self.description,
            "type": self.type,
            "required": self.required,
            "default": self.default,
            "limits": list(self.limits),
            "values": list(self.values),
            "otherValues": self.allowed_more,
            "examples": list(self.examples),
            "changing": {"effect": self.effect, "text": self.changing},
            "costs": self.costs,
            "keys": [entry.key for entry in self.below],
        }


def overview() -> tuple[Entry, ...]:
    """List the provider's keys and the sections."""
    top = schema.build()["properties"]["config"]
    return tuple(_entry(name, name, node, top) for name, node in top["properties"].items())


def find(key: str) -> Entry:
    """Find a key by its path: `coursecloud:` may be left out, a map's entry may have any name or be `*`.

    A last part that only one key has is enough: `maxRun`. Raises UnknownKeyError.
    """
    whole = schema.build()
    # Pulumi's own keys stand at the top of the file, all others under `config`.
    wanted = re.sub(r"\[[^\]]*\]", "", key.strip()).removeprefix("config.").rstrip(".:")
    if wanted in whole["properties"]:
        return _entry(wanted, wanted, whole["properties"][wanted], whole, below=False)
    config = whole["properties"]["config"]
    if found := _walk(config, wanted if wanted.startswith("gcp:") else _full(wanted)):
        return found
    nodes = dict(keys.places(config))
    every = list(nodes)
    same = [place for place in every if place.rpartition(".")[2].rpartition(":")[2] == wanted]
    if len(same) == 1 and (found := _walk(config, same[0])):
        return found
    meant = tuple(map(_plain, same)) or _called_otherwise(wanted) or _alike(wanted, every) or _about(wanted, nodes)
    raise UnknownKeyError(key, meant, tuple(map(_plain, config["properties"])))


def _full(key: str) -> str:
    return key if key.startswith("coursecloud:") else f"coursecloud:{key}"


def _plain(place: str) -> str:
    return place.removeprefix("coursecloud:")


def _walk(config: dict[str, Any], key: str) -> Entry | None:
    """Walk to a key. Whoever leaves a name out, `machines.gpu`, means the key and not a machine called gpu."""
    node, holder = config, config
    names: list[str] = []
    places: list[str] = []
    parts = key.split(".")
    for index, part in enumerate(parts):
        node = keys.held(node)
        holder = node
        inner = keys.entry(node)
        if part in node.get("properties", {}):
            node, place = node["properties"][part], part
        elif inner is None:
            return None
        elif part in keys.held(inner).get("properties", {}) and (
            found := _walk(config, ".".join((*names, "*", *parts[index:])))
        ):
            return found
        else:
            node, place = inner, "*"
        names.append(part)
        places.append(place)
    return _entry(key, ".".join(places), node, holder)


def _alike(key: str, places: list[str]) -> tuple[str, ...]:
    """Find keys that were probably meant: part by part from the left, and those whose last part is like its last."""
    known = [_plain(place) for place in places]
    found: list[str] = []
    front = above = ""
    for part in _plain(key).split("."):
        choices = {place[len(above) :].partition(".")[0] for place in known if place.startswith(above)}
        named = part if part in choices or "*" in choices else likely(part, choices)
        if named is None:
            break
        front += f"{named}."
        above += f"{named if named in choices else '*'}."
    else:
        found.append(front.rstrip("."))
    if not found or "." not in key:
        ends = {place.rpartition(".")[2] for place in known} - {"*"}
        meant = likely(key.rpartition(".")[2], ends)
        found += [place for place in known if meant and place.rpartition(".")[2] == meant]
    return tuple(dict.fromkeys(found))[:4]


def _called_otherwise(word: str) -> tuple[str, ...]:
    plain = re.sub(r"[^a-z]", "", word.rpartition(".")[2].lower())
    return _OTHER_WORDS.get(plain) or _OTHER_WORDS.get(plain.removesuffix("s"), ())


def _about(word: str, nodes: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Find the keys that a word is about which is none of them: `budget` is what lease.credit and others limit."""
    plain = re.sub(r"[^a-z]", "", word.rpartition(".")[2].lower())
    whole = re.compile(rf"\b{re.escape(plain)}", re.IGNORECASE)
    said = [place for place, node in nodes.items() if len(plain) > 2 and whole.search(str(node.get("description", "")))]
    return tuple(map(_plain, sorted(said, key=lambda place: place.count("."))))[:4]


def _entry(key: str, place: str, node: dict[str, Any], holder: dict[str, Any], *, below: bool = True) -> Entry:
    name = place.rpartition(".")[2]
    values, more = _values(node)
    where = _plain(place).removeprefix("gcp:")
    pulumis = where in PULUMIS_OWN
    _, changing = ("", {"effect": None, "text": None}) if pulumis else keys.words(where, "changing")
    of, costs = ("", None) if pulumis else keys.words(where, "costs")
    # A section says what is in it; its own entries are one step away.
    inner = keys.entry(node) or {}
    held, front = (inner, f"{key}.*") if "properties" in inner else (keys.held(node), key)
    under: dict[str, dict[str, Any]] = held.get("properties", {}) if below else {}
    return Entry(
        key=key,
        place=place,
        description=node["description"].partition("\n\n")[0],
        type=_type(node),
        required=name in holder.get("required", ()),
        default=node.get("default"),
        limits=tuple(_limits(node)),
        values=values,
        allowed_more=more,
        example=_example(key, place, node),
        examples=tuple(node.get("examples", ())),
        effect=changing["effect"],
        changing=changing["text"],
        costs=costs if of in ("", where) else f"as part of {of}: {costs}",
        below=tuple(
            _entry(f"{front}.{name}", f"{place}{front.removeprefix(key)}.{name}", child, held, below=False)
            for name, child in under.items()
        ),
    )


_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
}


def _type(node: dict[str, Any]) -> str:
    if "anyOf" in node and "type" not in node:
        return _type(node["anyOf"][0])  # or encrypted
    kinds = node.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "object" in kinds:
        inner = keys.entry(node)
        if inner is None:
            return "section" if node.get("properties") else "mapping"
        return f"mapping of names to {_type(inner)}s" if "properties" not in inner else "mapping of names to sections"
    if "array" in kinds:
        return f"list of {_type(node['items'])}s"
    if "a date is" in node.get("patternErrorMessage", ""):
        return "date"
    if "string" in kinds and "[smhd]" in node.get("pattern", ""):
        return f"duration: a whole number and one of {', '.join(UNITS)}"
    named = [_TYPES[kind] for kind in kinds if kind != "null"]
    return " or ".join(named) + (", or null" if "null" in kinds and node.get("default") is not None else "")


def _limits(node: dict[str, Any]) -> Iterator[str]:
    low, above = node.get("minimum"), node.get("exclusiveMinimum")
    high = node.get("maximum")
    bounds = [
        f"{low:g} or more" if low is not None else f"more than {above:g}" if above is not None else "",
        f"at most {high:g}" if high is not None else "",
    ]
    if any(bounds):
        yield ", ".join(filter(None, bounds))
    if "patternErrorMessage" in node:
        yield node["patternErrorMessage"]
    items: dict[str, Any] = node.get("items", {})
    if "patternErrorMessage" in items:
        yield f"each: {items['patternErrorMessage']}"
    if "patternErrorMessage" in node.get("propertyNames", {}):
        yield node["propertyNames"]["patternErrorMessage"]
    if node.get("uniqueItems"):
        yield "nothing twice"
    yield from (rule["then"]["errorMessage"] for rule in node.get("allOf", ()) if "then" in rule)


def _values(node: dict[str, Any]) -> tuple[tuple[object, ...], bool]:
    """List what a key may be, and say whether that is all."""
    inner: dict[str, Any] = node.get("items", node)
    if "enum" in inner:
        return tuple(value for value in inner["enum"] if value is not None), False
    for choice in inner.get("anyOf", ()):
        known = schema.build()["definitions"][choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice
        if "enum" in known:
            return tuple(known["enum"]), True
    return (), False


def _example(key: str, place: str, node: dict[str, Any]) -> str:
    """Write the first example as it stands in a file, with all that is around it."""
    import yaml

    if not node.get("examples"):
        return ""
    lines = ["config:"]
    names, holders = key.split("."), ["", *place.split(".")]
    for depth, (name, holder) in enumerate(zip(names, holders, strict=False), start=1):
        lines.append(f"{'  ' * depth}{SAMPLES.get(holder.rpartition(':')[2], 'name') if name == '*' else name}:")
    value = yaml.safe_dump(node["examples"][0], default_flow_style=True, sort_keys=False, width=1000).strip()
    lines[-1] += f" {value.removesuffix('...').strip()}"
    return "\n".join(lines)
