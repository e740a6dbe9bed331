"""What an `apply` changes in a stack file and its members' file, in words: no review shows the second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
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


def people(members: str | None, file: Path) -> Iterator[str]:
    """Say who comes into a members' file, and who goes: the file is in no review, as git does not take it."""
    if members is None:
        return
    new, old = (_listed(text) for text in (members, files.text_of(file) if file.exists() else ""))
    for people, does in ((new - old, "comes"), (old - new, "goes")):
        yield from (f"members: {each} {does}" for each in sorted(people))


def _listed(text: str) -> set[str]:
    try:
        content = files.yaml_of(text, stack_yaml.Loader)
    except (ValueError, yaml.YAMLError):
        return set()
    return {str(each) for each in cast("list[object]", content)} if isinstance(content, list) else set()
