"""What an `apply` changes in a stack file, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

import yaml

from coursecloud.common import stack_yaml
from infra import files


def settings(before: str, after: str) -> Iterator[str]:
    """Say which keys two stack files have otherwise; where only words around them differ, that they do."""
    old, new = _flat(before), _flat(after)
    found = False
    for path in dict.fromkeys((*old, *new)):
        if old.get(path) != new.get(path):
            found = True
            if path not in old:
                yield f"{path}: {new[path]} is added"
            elif path not in new:
                yield f"{path}: {old[path]} is taken away"
            else:
                yield f"{path}: {old[path]} becomes {new[path]}"
    if not found and before != after:
        yield "comments or order alone"


def _flat(text: str) -> dict[str, str]:
    try:
        content = files.yaml_of(text, stack_yaml.Loader)
    except (ValueError, yaml.YAMLError):
        return {}
    found: dict[str, str] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict) and value:
            for key, inner in cast("dict[str, object]", value).items():
                walk(inner, f"{path}.{key}" if path else str(key))
        else:
            found[path] = (
                "nothing" if value in (None, {}) else json.dumps(value) if not isinstance(value, str) else value
            )

    walk(cast("dict[str, object]", content or {}).get("config"), "")
    return found


def moves(before: str, after: str) -> Iterator[str]:
    """Say what of a stack's place is another: all that is there stays behind, data and bill, and nothing moves it."""
    old, new = _flat(before), _flat(after)
    for path, what in _PLACES.items():
        if path in old and old[path] != new.get(path):
            yield what.format(old=old[path])


_PLACES = {
    "gcp:project": "what is up stays in {old}, with its data and its bill: `coursecloud course finish` before this, by"
    " the stack file as it is; `up` refuses to make it anew elsewhere while it is there",
    "coursecloud:course.backend": "the state stays in {old}: bring it along by `pulumi stack export` before and"
    " `pulumi stack import` after, or what is up is made once more, and nobody ends the first",
}
"""What a key says of where a stack is."""
