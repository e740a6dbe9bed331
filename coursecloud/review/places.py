"""Where a change comes from: the line of the stack file, or of the program, that a reader wants to see."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from coursecloud.diff.changes import Change, Operation, Place, PropertyChange
from coursecloud.plan import provenance, source_location
from coursecloud.plan.registration import Registration


@dataclass(frozen=True)
class Written:
    """What the side under review has written down."""

    file: str = ""
    """What its stack file is called; empty where there is none to look into, as of a saved plan."""
    text: str = ""
    program: Collection[str] = ()
    """The files of the program that differ from the other side's."""
    address: str = ""
    """Where everybody can read its files, such as `https://github.com/OWNER/NAME/blob/COMMIT/`."""


NOTHING = Written()


def found(changes: Iterable[Change], written: Written, settings: Iterable[PropertyChange]) -> list[Change]:
    """Give the changes with their places; `settings` are those that differ between the sides.

    A setting that differs is the cause; else the program where it differs. Else both are named, as what the change
    follows from may be elsewhere; but never a stack file where only the program differs.
    """
    differ = [entry.path for entry in settings]
    return [replace(change, places=tuple(_places(change, written, differ))) for change in changes]


def _places(change: Change, written: Written, differ: list[str]) -> Iterator[Place]:
    if change.operation is Operation.SAME:
        return
    keys = list(dict.fromkeys(_keys(change)))
    caused = next((key for key in keys if _differs(key, differ)), "")
    if at := list(_in_file(caused, written, least=1)):
        yield from at
        return
    # What goes is declared by the other side's program.
    place = _declared(change.after, written) if change.after else None
    if place and place.file in written.program:
        yield place
        return
    if keys and (differ or not written.program):
        yield from _in_file(keys[0], written, least=2)
    if place:
        yield place


def _keys(change: Change) -> Iterator[str]:
    """Name the keys of the stack file that a change can come from, those of what has it made anew first."""
    resource = change.resource
    for entry in sorted(change.properties, key=lambda entry: not entry.replaces):
        yield from provenance.of(resource, re.sub(r"\[[^\]]*\]", "[]", entry.path)).keys
    yield from provenance.part(resource).keys


def _differs(key: str, differ: list[str]) -> bool:
    """Say whether a key, something in it or what it is in is among the settings that differ."""
    name = key.partition(":")[2]
    return any(f"{path}.".startswith(f"{name}.") or f"{name}.".startswith(f"{path}.") for path in differ)


def _in_file(key: str, written: Written, *, least: int) -> Iterator[Place]:
    """Give the line of the deepest of a key's parts, if at least so many of them stand in the file."""
    section, *inner = key.split(".")
    depth, line = source_location.deepest(written.text, ("config", section, *inner)) if key else (0, 0)
    if depth >= least:
        yield _place(written.file, line, written)


def _declared(resource: Registration, written: Written) -> Place | None:
    return _place(*resource.declared, written) if resource.declared else None


def _place(file: str, line: int, written: Written) -> Place:
    # A saved plan says what it likes of its files.
    plain = re.fullmatch(r"[\w.][\w. /-]{0,200}", file) and ".." not in file
    return Place(file, line, f"{written.address}{quote(file)}#L{line}" if written.address and plain else "")
