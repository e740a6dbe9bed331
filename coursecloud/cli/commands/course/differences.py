"""What an `apply` changes in a stack file, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import yaml

from coursecloud.cli import explain
from coursecloud.common import stack_yaml
from infra import files, secrecy
from infra.settings.model import DEFAULT_REGION


def text_of(path: Path) -> str:
    """Read a file of a group. Raises ValueError with the file, the line, the rule and the remedy; OSError as it is."""
    try:
        text = files.text_of(path)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path.name}: line {line} {_NOT_TEXT}") from None
    if "\0" in text:
        raise ValueError(f"{path.name}: line {text[: text.index(chr(0))].count(chr(10)) + 1} {_NOT_TEXT}")
    return text


_NOT_TEXT = "has a sign that is none\n    rule    this file is UTF-8 text\n    remedy  save it as UTF-8"


def settings(before: str, after: str) -> Iterator[str]:
    """Say which keys two stack files have otherwise; where only words around them differ, that they do."""
    old, new = _flat(before), _flat(after)
    found = False
    for path in dict.fromkeys((*old, *new)):
        if old.get(path) != new.get(path):
            found = True
            was, will = (_shown(path, side) for side in (old, new))
            if path not in old:
                yield f"{path}: {will} is added"
            elif path not in new:
                yield f"{path}: {was} is taken away"
            else:
                yield f"{path}: {was} becomes {will}"
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


def _shown(path: str, side: Mapping[str, str]) -> str:
    """Show a value, unless it is a secret: somebody may have written one into a file."""
    return str(secrecy.hidden(side.get(path, ""), path.rpartition(".")[2]))


def consequences(before: str, after: str) -> Iterator[str]:
    """Say of each key with another value what that does to what is up, where it takes data or a stack away."""
    old, new = _flat(before), _flat(after)
    for side in (old, new):
        side.setdefault("gcp:region", DEFAULT_REGION)
    for path, was in old.items():
        will = new.get(path)
        kept_no_longer = path.endswith(".keep") and path.count(".") == 1 and will is None and was == "true"
        moved = will is not None or kept_no_longer or (path.endswith(_TOLD) and not path.startswith(_MACHINE))
        if will == was or not moved:
            continue
        try:
            entry = explain.find(path)
        except explain.UnknownKeyError:
            continue
        if (
            entry.changing
            and (entry.effect in _GRAVE or path.endswith(_TOLD))
            and not (will is None and _MACHINE in path)
        ):
            yield f"{path}: {entry.changing}"
    for machine in sorted(_machines(old) - _machines(new)):
        yield f"{_MACHINE}{machine}: the machine goes, and its data disk with it; what is kept `up` refuses to delete"


_MACHINE = "coursecloud:machines."


def _machines(side: Mapping[str, str]) -> set[str]:
    return {path.removeprefix(_MACHINE).partition(".")[0] for path in side if path.startswith(_MACHINE)}


_GRAVE = ("loses", "replaces")
_TOLD = (".keep", "course.backend")
"""What an evening, or the next `up`, does otherwise by these nobody would guess."""
