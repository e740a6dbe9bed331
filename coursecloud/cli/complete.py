"""What a TAB offers for stacks, keys of a stack file and gates: from names of files and the committed schema alone.

It loads no settings and reads no stack file, so that a shell waits for nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import typer

from coursecloud.common import project, stack_folder
from coursecloud.review.gates import GATES

_SCHEMA = "stack.schema.json"
_OWN = "coursecloud:"


def stacks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the stacks of --folder, of the folder that one stands in if it has any, or of the project's."""
    given: Path | str | None = ctx.params.get("folder") or ctx.params.get("project")
    folders = [Path(given)] if given else [Path.cwd(), project.find(Path.cwd()) or project.OWN]
    for folder in folders:
        if found := dict.fromkeys(name for name, _ in stack_folder.every(folder)):
            return [name for name in found if name.startswith(incomplete)]
    return []


def gates(incomplete: str) -> list[str]:
    """Offer the gates of a review; of `cost>X`, what stands before the number."""
    return [gate.removesuffix("X") for gate in GATES if gate.startswith(incomplete)]


def keys(incomplete: str) -> list[str]:
    """Offer the keys of a stack file below the last full stop, and keys that go by their own name alone.

    The names of a map's entries are one's own, and can be left out: `machines.` offers what a machine has.
    """
    try:
        schema: dict[str, Any] = json.loads((project.OWN / _SCHEMA).read_text(encoding="utf-8"))
        top = _whole(schema["properties"]["config"], schema.get("definitions", {}))
    except (OSError, ValueError, KeyError, TypeError):
        return []
    above, _, begun = incomplete.rpartition(".")
    prefix = _OWN if incomplete.startswith(_OWN) else ""
    if above:
        below = _below(top, above.removeprefix(_OWN).split("."))
        return [f"{above}.{name}" for name in below if name.startswith(begun)]
    level = [prefix + name.removeprefix(_OWN) for name in top["properties"]]
    return [name for name in level if name.startswith(incomplete)] or sorted(_alone(top, incomplete))


def _whole(node: Any, definitions: dict[str, Any]) -> Any:
    """Put in place what a schema only names: whoever walks it then meets keys alone."""
    if not isinstance(node, dict):
        return node
    entries = cast("dict[str, Any]", node)
    named: list[Any] = [entries, *entries.get("allOf", ())]
    found: dict[str, Any] = {}
    for each in named:
        if name := str(each.get("$ref", "")).rpartition("/")[2]:
            found |= _whole(definitions.get(name, {}), definitions)
    return found | {
        name: inner if name in ("propertyNames", "patternProperties") else _whole(inner, definitions)
        for name, inner in entries.items()
    }


def _below(node: dict[str, Any], path: list[str]) -> list[str]:
    """List the keys at a path; what is no key on the way is the name of an entry."""
    for part in path:
        known = _properties(node)
        found = known.get(f"{_OWN}{part}") or known.get(part)
        if found is None and "properties" not in _entry(node):
            return []
        # Whoever leaves the name of an entry out goes straight to the entry's key.
        node = found or _properties(_entry(node)).get(part) or _entry(node)
    return [*(_properties(node) or _properties(_entry(node)))]


def _alone(node: dict[str, Any], incomplete: str) -> set[str]:
    """Find the last parts of paths that only one key has."""
    every = [name for name, _ in _walk(node)]
    return {name for name in every if incomplete and name.startswith(incomplete) and every.count(name) == 1}


def _walk(node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in _properties(node).items():
        yield name, inner
        yield from _walk(inner)
    if "properties" in _entry(node):
        yield from _walk(_entry(node))


def _properties(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the keys of a section, or of each section of a list."""
    items: dict[str, Any] = node.get("items", {})
    return (items if "properties" in items else node).get("properties", {})


def _entry(node: dict[str, Any]) -> dict[str, Any]:
    """Give what an entry of a map is; nothing where a section has no names of one's own."""
    entry = node.get("additionalProperties")
    return cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
