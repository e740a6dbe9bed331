"""What becomes of a group's members' file: written from the table, unless somebody else has written in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import yaml

from coursecloud.cli.commands.course.differences import text_of
from coursecloud.common import stack_yaml
from infra import files

Meets = Literal["", "conflict", "theirs"]


@dataclass(frozen=True)
class People:
    """What comes of one members' file."""

    text: str | None
    """What it will be; None where it stays as it is."""
    sum: str
    """Tells what was last written; of no file, empty."""
    says: tuple[str, ...] = ()
    """Who comes and who goes, or why nobody does."""
    own: tuple[str, ...] = ()
    """What somebody has written into it, and is kept."""
    meets: Meets = ""
    """It has edits by hand where the table changes too, or was never written from the table."""


def look(path: Path, stack: str, members: Sequence[str], before: str, *, adopt: bool) -> People:
    """Work out what comes of a members' file; `before` is the sum of what was last written, empty where nothing was.

    Without members in the table a file is the group's own, until the table had some: then it lets nobody in. Raises
    ValueError for one that is no text, or that is taken over and no list.
    """
    there = text_of(path) if path.exists() else None
    if not members and not before:
        return People(None, "")
    text = f"# The members of {stack}. Git ignores this file.\n" + yaml.safe_dump(list(members), allow_unicode=True)
    listed = _listed(there or "")
    if there is not None and listed == set(members):
        return People(None, sum_of(there))  # in another form, as somebody wrote it
    if there is None or sum_of(there) == before:
        return People(text, sum_of(text), tuple(_moves(listed or (), members)))
    if sum_of(text) == before:
        if listed is None:
            return People(None, before, own=(f"{path.name} is no list of principals, which every `up` refuses",))
        return People(None, before, own=tuple(_moves(members, listed)) or (path.name,))
    own = "no list of principals, which every `up` refuses" if listed is None else _named(listed)
    lets = f"it stays, and {'is' if listed is None else 'lets in'} {own}; the table has {_named(members)}"
    if before:
        said = f"{path.name} has edits by hand: {lets}. Write into it who is to come in, or remove it"
        return People(None, before, (said,), meets="conflict")
    if adopt:
        if listed is None:
            raise ValueError(f"{path.name}\n    rule    it is a list of principals\n    remedy  mend it, or remove it")
        said = f"{path.name} is taken over as it is: it lets in {own}; the table has {_named(members)}"
        return People(None, sum_of(text), (said,), own=tuple(_moves(members, listed)))
    said = f"{path.name} was not written from the table: {lets}. Remove it, or take it over as it is by `--adopt`"
    return People(None, "", (said,), meets="theirs")


def sum_of(text: str) -> str:
    """Make the sum of a members' file, which tells nobody's address."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _moves(old: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    for people, does in ((set(new) - set(old), "comes"), (set(old) - set(new), "goes")):
        yield from (f"members: {each} {does}" for each in sorted(people))


def _named(members: Iterable[str]) -> str:
    return ", ".join(sorted(members)) or "nobody"


def _listed(text: str) -> set[str] | None:
    """Read whom a members' file lets in; None where it is no list."""
    try:
        content = files.yaml_of(text, stack_yaml.Loader)
    except (ValueError, yaml.YAMLError):
        return None
    if content is not None and not isinstance(content, list):
        return None
    return {str(each) for each in cast("list[object]", content or [])}
