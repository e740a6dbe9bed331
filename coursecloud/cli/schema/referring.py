"""The schema as it is committed: each section of the settings once, under `definitions`, and in few lines."""

import json
import textwrap
from typing import Any, cast

from coursecloud.cli.schema.sections import MODEL

Node = dict[str, Any]

_SECTION = ("properties", "required", "additionalProperties", "allOf")
"""What belongs to a section wherever it stands; its words and whether it may be empty belong to the place."""

WIDTH = 120


def referring(schema: Node) -> Node:
    """Make a definition of each section, named as its model, and refer to it where it stands.

    The keys of one that stands at two places can have other words at each: it is a definition for each of them then.
    """
    made: Node = {}

    def walk(node: Any, holder: str) -> Any:
        if isinstance(node, list):
            return [walk(entry, holder) for entry in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        entries = cast("Node", node)
        model: str = entries.get(MODEL, "")
        walked = {key: walk(value, model or holder) for key, value in entries.items() if key != MODEL}
        if not model:
            return walked
        body = {key: walked[key] for key in _SECTION if key in walked}
        name = model if made.setdefault(model, body) == body else holder + model
        assert made.setdefault(name, body) == body, name  # noqa: S101 - a third place with words of its own
        # Beside a `$ref` itself, draft-07 reads nothing.
        return {key: value for key, value in walked.items() if key not in _SECTION} | {
            "allOf": [{"$ref": f"#/definitions/{name}"}]
        }

    whole = walk(schema, "")
    return whole | {"definitions": dict(sorted(made.items())) | whole["definitions"]}


def written(node: object, depth: int = 0) -> str:
    """Write JSON with a line for each key, what is short on one line, and lists of texts and numbers filled."""
    front = " " * (depth + 1)
    if isinstance(node, dict):
        first, last = "{}"
        entries = [f"{json.dumps(key)}: {written(value, depth + 1)}" for key, value in cast("Node", node).items()]
    elif isinstance(node, list):
        first, last = "[]"
        entries = [written(entry, depth + 1) for entry in cast("list[object]", node)]
    else:
        return json.dumps(node, ensure_ascii=False)
    line = f"{first}{', '.join(entries)}{last}"
    if "\n" not in line and len(line) + depth < WIDTH // 2:
        return line
    if first == "{" or "\n" in line:
        inner = ",\n".join(front + entry for entry in entries)
    else:
        # A space within an entry is no place to break a line.
        whole = ", ".join(entry.replace(" ", "\0") for entry in entries)
        inner = textwrap.indent("\n".join(textwrap.wrap(whole, WIDTH - depth, **_AT_SPACES)), front).replace("\0", " ")
    return f"{first}\n{inner}\n{' ' * depth}{last}"


_AT_SPACES: Any = {"break_long_words": False, "break_on_hyphens": False}
