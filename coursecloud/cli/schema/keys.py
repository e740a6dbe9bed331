"""What changing a key does and what it costs: said at its field in `infra.settings`, read here by the key's place.

A place is the key's path with `*` for the names of a map, e.g. `machines.*.gpu.count`. What a place has no words of
its own for, it has from the nearest place above.
"""

import functools
from collections.abc import Iterator
from typing import Any, cast

from coursecloud.cli.schema.sections import sections
from infra.settings.effects import EFFECTS

_SAID = ("changing", "costs", "examples")


@functools.cache
def said() -> dict[str, dict[str, Any]]:
    """Give the words that each place has of its own: `changing`, `costs`, `examples`."""
    every = {
        place: {kind: node[kind] for kind in _SAID if kind in node}
        for place, node in places({"properties": sections()})
    }
    return {place: words for place, words in every.items() if words}


def words(place: str, kind: str) -> tuple[str, Any]:
    """Look up what is said of a place (`changing`, `costs`), or of the nearest above it, and say of which.

    Raises KeyError where neither has any.
    """
    entries, above = said(), place
    while above:
        if kind in entries.get(above, {}):
            return above, entries[above][kind]
        above = above.rpartition(".")[0]
    raise KeyError(f"the settings say nothing of {kind} for {place}")


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
    """Put what changing each key does and costs behind its description."""
    plain: dict[str, str] = {}
    for place, node in places({"properties": sections}):
        node.pop("changing", None)
        own_costs = node.pop("costs", None)
        # What a map holds is said where the map is.
        plain[place] = node.get("description") or plain[place.rpartition(".")[0]]
        changing = words(place, "changing")[1]
        text = [plain[place], f"Changing it ({EFFECTS[changing['effect']]}): {changing['text']}"]
        if own_costs:
            text.append(f"Costs: {own_costs}")
        node["description"] = "\n\n".join(text)
    return sections
