"""What changing a key does and what it costs, from the dated file `catalog/keys.json`, by the key's place.

A place is the key's path with `*` for the names of a map, e.g. `machines.*.gpu.count`. What a place has no words of
its own for, it has from the nearest place above.
"""

import functools
from collections.abc import Iterator
from typing import Any, cast

from catalog import tables

EFFECTS = {
    "nothing": "safe",
    "updates": "in place",
    "restarts": "restarts",
    "replaces": "replaces",
    "loses": "can lose data",
}
"""What a change of a key can do at most, from harmless to not."""


@functools.cache
def table() -> dict[str, Any]:
    """Read the file: `source` and `date`, and under `keys` the words by place."""
    return tables.table("keys")


def words(place: str, kind: str) -> tuple[str, Any]:
    """Look up what is said of a place (`changing`, `costs`), or of the nearest above it, and say of which.

    Raises KeyError where neither has any.
    """
    entries, above = table()["keys"], place
    while above:
        if kind in entries.get(above, {}):
            return above, entries[above][kind]
        above = above.rpartition(".")[0]
    raise KeyError(f"keys.json says nothing of {kind} for {place}")


def held(node: dict[str, Any]) -> dict[str, Any]:
    """Give what holds a node's keys: of a list of sections, the section."""
    return node["items"] if "properties" in node.get("items", {}) else node


def entry(node: dict[str, Any]) -> dict[str, Any] | None:
    """Give the schema of a map's entries; None where the names are known."""
    inner = node.get("additionalProperties")
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else None


def places(node: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk a schema: each key's place with its schema, the maps' entries as `*`."""
    for name, inner in held(node).get("properties", {}).items():
        where = f"{place}.{name}" if place else name
        yield where, inner
        yield from places(inner, where)
    if inner := entry(node):
        yield f"{place}.*", inner
        yield from places(inner, f"{place}.*")


def described(sections: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Add to each key's description what changing it does and costs, and its examples."""
    plain: dict[str, str] = {}
    for place, node in places({"properties": sections}):
        own = table()["keys"].get(place, {})
        # What a map holds is said where the map is.
        plain[place] = node.get("description") or plain[place.rpartition(".")[0]]
        said = [plain[place]]
        changing = words(place, "changing")[1]
        said.append(f"Changing it ({EFFECTS[changing['effect']]}): {changing['text']}")
        if "costs" in own:
            said.append(f"Costs: {own['costs']}")
        node["description"] = "\n\n".join(said)
        if "examples" in own:
            node["examples"] = own["examples"]
    return sections
