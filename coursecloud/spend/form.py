"""The ledger as the text of an object: JSON, with a version. A ledger of a newer version is not written over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from coursecloud.spend import ledger
from coursecloud.spend.ledger import Glance, Ledger, Sighting
from coursecloud.spend.model import Change, Found, Shape

VERSION = 1
LARGEST = 50_000_000
"""Bytes of the largest ledger that is read; that of a course is a few hundred thousand."""


class UnreadableError(ValueError):
    """The text is none that this version writes; `newer` where a later version wrote it, which knows more."""

    def __init__(self, words: str, *, newer: bool = False):
        super().__init__(words)
        self.newer = newer


def write(kept: Ledger) -> bytes:
    """Write a ledger: the same facts give the same bytes."""
    form = {
        "version": VERSION,
        "project": kept.project,
        "changes": [_change(kept.changes[name]) for name in sorted(kept.changes)],
        "seen": [_sighting(kept.seen[name]) for name in sorted(kept.seen)],
        "looks": [[_time(glance.at), *glance.unread] for glance in kept.glances],
        "read": [[_time(begin), _time(end)] for begin, end in kept.read],
        "unread": [list(pair) for pair in kept.unread],
    }
    return json.dumps(form, separators=(",", ":"), default=str).encode()


def read(content: bytes, project: str) -> Ledger:
    """Read a ledger of a project. Raises UnreadableError."""
    try:
        form: Any = json.loads(content)
        version = form["version"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableError(f"the ledger is no JSON of this tool's ({type(error).__name__})") from None
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise UnreadableError(f"the ledger is of version {version}, this tool writes version {VERSION}", newer=newer)
    try:
        if form["project"] != project:
            raise UnreadableError(f"the ledger is of project {form['project']}, not of {project}")
        seen = [_to_sighting(each) for each in form["seen"]]
        return Ledger(
            project,
            {change.id: change for change in map(_to_change, form["changes"])},
            {ledger.key(sighting.found): sighting for sighting in seen},
            tuple(Glance(_to_time(each[0]), tuple(each[1:])) for each in form["looks"]),
            tuple((_to_time(begin), _to_time(end)) for begin, end in form["read"]),
            tuple((str(what), str(why)) for what, why in form["unread"]),
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"the ledger lacks what this tool writes ({type(error).__name__})") from None


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _to_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _to_time(text)


def _shape(shape: Shape | None) -> list[Any] | None:
    return None if shape is None else [shape.type, shape.asset, dict(shape.inputs)]


def _to_shape(form: list[Any] | None) -> Shape | None:
    if form is None:
        return None
    kind, asset, inputs = form
    return Shape(str(kind), str(asset), dict(cast("Mapping[str, object]", inputs)))


def _change(change: Change) -> list[Any]:
    return [
        change.id, _time(change.at), _time(change.received), change.resource, change.act, change.by, change.reason,
        change.incarnation, _shape(change.shape),
    ]  # fmt: skip


def _to_change(form: list[Any]) -> Change:
    ident, at, received, resource, act, by, reason, incarnation, shape = form
    if act not in ("create", "start", "stop", "delete", "resize"):
        raise UnreadableError(f"the ledger has a change {act!r}, which this tool does not know")
    return Change(ident, _to_time(at), _to_time(received), resource, act, by, reason, incarnation, _to_shape(shape))


def _sighting(sighting: Sighting) -> list[Any]:
    found = sighting.found
    return [
        _time(sighting.first), _time(sighting.last), found.resource, _shape(found.shape), found.running,
        _time(found.since), _time(found.made), found.incarnation, found.declared, _time(found.stopped),
    ]  # fmt: skip


def _to_sighting(form: list[Any]) -> Sighting:
    first, last, resource, shape, running, since, made, incarnation, declared, stopped = form
    known = _to_shape(shape)
    if known is None:
        raise UnreadableError("the ledger has seen something without saying what it is")
    found = Found(
        resource, known, bool(running), _maybe(since), _maybe(made), incarnation, bool(declared), _maybe(stopped)
    )
    return Sighting(found, _to_time(first), _to_time(last))
