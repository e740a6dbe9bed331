"""`course.lock.json`: what was last written for each group, and so which stacks a course has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from coursecloud.common import stack_file
from infra import files

LOCK = "course.lock.json"
"""Beside the roster, to be committed with the stack files."""


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
        content = files.json_of(files.text_of(path))
        return {stack: Locked(**entry) for stack, entry in cast("dict[str, Any]", content)["groups"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: it cannot be read ({error})\n    rule    it tells edits by hand from the roster's changes\n"
            "    remedy  bring back the committed one: `git checkout -- course.lock.json`"
        ) from None


def groups(folder: Path) -> dict[str, Locked]:
    """List the course's stacks: those that were written from a roster, else every stack file of the folder."""
    known = locked(folder)
    return known or {stack: Locked(stack, "", "") for stack, _ in stack_file.every(folder)}
