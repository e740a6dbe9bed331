"""`course.lock.json`: what was last written for each group, and so which stacks a course has."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, cast

from coursecloud.common import stack_file
from infra import files
from infra.names import STACK

LOCK = "course.lock.json"
"""Beside the roster, to be committed with the stack files."""
VERSION = 1


@dataclass(frozen=True)
class Locked:
    """What was last written for a stack."""

    group: str
    project: str
    text: str
    members: str = ""
    """A sum of the members' file, which tells nobody's address."""
    leaving: bool = False


def locked(folder: Path) -> dict[str, Locked]:
    """Read what was last written, by stack; nothing where there was no `apply` yet. Raises ValueError."""
    path = folder / LOCK
    if not path.exists():
        return {}
    try:
        return {stack: _entry(stack, entry) for stack, entry in _groups(files.json_of(files.text_of(path))).items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: it cannot be read ({error})\n    rule    it tells edits by hand from the roster's changes\n"
            "    remedy  bring back the committed one: `git checkout -- course.lock.json`"
        ) from None


def _groups(content: object) -> dict[str, Any]:
    whole = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    if whole.get("version") != VERSION:
        raise ValueError(f"its version is {whole.get('version')!r}, and this is one for {VERSION}")
    if not isinstance(whole.get("groups"), dict):
        raise ValueError("its `groups` are no mapping")
    return whole["groups"]


def _entry(stack: str, entry: dict[str, Any]) -> Locked:
    made = Locked(**entry)
    if not STACK.fullmatch(stack) or [type(each) for each in astuple(made)] != [str, str, str, str, bool]:
        raise ValueError(f"{stack!r} is no stack, or something of it no text")
    return made


def groups(folder: Path) -> dict[str, Locked]:
    """List the course's stacks: those that were written from a roster, else every stack file of the folder."""
    known = locked(folder)
    return known or {stack: Locked(stack, "", "") for stack, _ in stack_file.every(folder)}
