"""Where the ledger is kept: one object a project, written only over what was read; whoever cannot write reads alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from coursecloud.spend import form, ledger
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.model import Look

ATTEMPTS = 6
"""How often a ledger that somebody else wrote meanwhile is read and written anew; each takes a second or two."""


class ChangedError(Exception):
    """The object is another than the one that was read: somebody wrote it meanwhile (412)."""


class StoreError(Exception):
    """The object was not read or not written; the words are Google's."""


class Objects(Protocol):
    """One object of Cloud Storage."""

    def read(self) -> tuple[bytes, int] | None:
        """Give its bytes and their generation; None where there is none. Raises StoreError."""
        ...

    def write(self, content: bytes, generation: int) -> None:
        """Write it over that generation; 0 where there was none. Raises ChangedError, StoreError."""
        ...


@dataclass(frozen=True)
class Kept:
    """A ledger as it is after a look, and what became of keeping it."""

    ledger: Ledger
    look: Look | None
    """None where nothing was looked at, as the ledger was not read."""
    notes: tuple[str, ...] = ()
    """What the reader should know of how it is kept."""


def name_of(project: str) -> str:
    """Name the object of a project, by its number: an id can be another project's later."""
    return f"coursecloud/ledger-{project}.json"


def is_ledger(name: str) -> bool:
    """Say whether an object is a project's ledger, which is nobody's work: it can be made anew from the logs."""
    return bool(re.fullmatch(name_of(r"\d+").replace(".json", r"\.json"), name))


def look_and_keep(objects: Objects | None, project: str, look: Callable[[Ledger], Look], *, write: bool = True) -> Kept:
    """Read the ledger, look, add what was seen, and write it back; the answer is the same where it cannot be written.

    What is written is whole or not at all, and what somebody else wrote meanwhile is read and added to: facts are
    united, so nothing is counted twice or lost, wherever this ends. A ledger that was not read is not written either.
    """
    if objects is None:
        made = Ledger(project)
        seen = look(made)
        return Kept(ledger.fold(made, seen), seen, ("no bucket of the stack is there to keep the ledger in",))
    notes = list[str]()
    known, generation = _read(objects, project, notes)
    seen = look(known)
    kept = ledger.fold(known, seen)
    for _ in range(ATTEMPTS if write and generation is not None else 0):
        if kept == known or generation is None:
            break
        try:
            objects.write(form.write(kept), generation)
        except ChangedError:
            known, generation = _read(objects, project, notes)
            kept = ledger.merge(known, ledger.fold(kept, seen))
        except StoreError as error:
            notes.append(
                f"the ledger was not kept ({error}); this answer is complete, the next look reads the logs again"
            )
            break
        else:
            break
    else:
        if write and generation is not None:
            notes.append("the ledger was not kept: others wrote it all the time; the next look adds what this one saw")
    return Kept(kept, seen, tuple(dict.fromkeys(notes)))


def _read(objects: Objects, project: str, notes: list[str]) -> tuple[Ledger, int | None]:
    """Read the ledger, and the generation to write over; None where it may not be written."""
    try:
        found = objects.read()
    except StoreError as error:
        notes.append(f"the ledger was not read ({error}): what follows is from the logs and this look alone")
        return Ledger(project), None
    if found is None:
        return Ledger(project), 0
    content, generation = found
    try:
        return form.read(content, project), generation
    except form.UnreadableError as error:
        if error.newer:
            notes.append(f"{error}: update this tool; what follows is from the logs and this look alone")
            return Ledger(project), None
        notes.append(f"{error}; it is made anew from the logs")
        return Ledger(project), generation


def age(at: datetime, now: datetime) -> str:
    """Say in words how long ago something was."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
