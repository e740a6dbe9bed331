"""The ledger: every fact that looks and logs have given of a project, each once, in whatever order they came.

It holds facts and no sums. Two ledgers are put together by the union of their facts, so that folding a look in twice,
late or at two places at once changes nothing: what something has cost is worked out from the facts, each time anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from coursecloud.spend.model import Change, Found, Look

OVERLAP = timedelta(hours=6)
"""How far before the end of what has been read logs are read again: entries may come late."""

THINNED = timedelta(days=2)
"""Age from which of the looks of an hour the first is kept: somebody may watch for days."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Sighting:
    """The same thing seen in the same state: when first, and when last."""

    found: Found
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Glance:
    """That somebody looked: what was not found then was not there, but for what could not be read."""

    at: datetime
    unread: tuple[str, ...] = ()

    def covers(self, resource: str, asset: str) -> bool:
        """Say whether this look would have found a resource of an asset type."""
        service = resource.removeprefix("//").partition("/")[0]
        for what in self.unread:
            name = what.removeprefix("//")
            if name.startswith("logging.googleapis.com"):
                continue
            # A name that nobody understands may be about anything.
            understood = ".googleapis.com" in name.partition("/")[0]
            if not understood or name in (service, asset) or f"{resource.removeprefix('//')}/".startswith(f"{name}/"):
                return False
            if not asset and name.partition("/")[0] == service:
                return False
        return True


@dataclass(frozen=True)
class Ledger:
    """What is known of one project."""

    project: str
    """The project's number."""
    changes: Mapping[str, Change] = field(default_factory=dict[str, Change])
    """By the ids of their log entries."""
    seen: Mapping[str, Sighting] = field(default_factory=dict[str, Sighting])
    """By what was seen."""
    glances: tuple[Glance, ...] = ()
    """When somebody looked, oldest first."""
    read: tuple[Span, ...] = ()
    """From when to when the logs have been read, oldest first; none overlaps or touches another."""
    unread: tuple[tuple[str, str], ...] = ()
    """What the newest look could not read, and why."""

    @property
    def names(self) -> frozenset[str]:
        """Full names of all that has ever been seen or that a log has told of."""
        logged = (change.resource for change in self.changes.values())
        return frozenset((*logged, *(sighting.found.resource for sighting in self.seen.values())))

    @property
    def at(self) -> datetime | None:
        """When somebody looked last; None for a ledger without a look."""
        return self.glances[-1].at if self.glances else None

    @property
    def origin(self) -> datetime | None:
        """The first time of which anything is known."""
        times = [span[0] for span in self.read[:1]] + [glance.at for glance in self.glances[:1]]
        return min(times, default=None)

    @property
    def complete_until(self) -> datetime | None:
        """Until when the logs are believed to be complete; None where none has been read."""
        return self.read[-1][1] if self.read else None

    def gaps(self, start: datetime, until: datetime) -> tuple[Span, ...]:
        """List the times from `start` to `until` of which no log has been read."""
        found, reached = list[Span](), start
        for begin, end in self.read:
            found.append((reached, min(begin, until)))
            reached = max(reached, end)
        return tuple(span for span in (*found, (reached, until)) if span[0] < span[1])


def fold(ledger: Ledger, look: Look) -> Ledger:
    """Add to a ledger what a look gave. Raises ValueError for a look at another project."""
    if look.project != ledger.project:
        raise ValueError(f"the look is at project {look.project}, the ledger is of {ledger.project}")
    at = moment(look)
    span = [(look.since, look.complete_until)] if look.since and look.complete_until else []
    return merge(
        ledger,
        Ledger(
            look.project,
            {change.id: change for change in sorted(look.changes, key=_rank)},
            {key(found): Sighting(found, at, at) for found in look.found},
            (Glance(at, tuple(sorted({what for what, _ in look.unread}))),),
            tuple(pair for pair in span if pair[0] < pair[1]),
            tuple(sorted(look.unread)),
        ),
    )


def merge(one: Ledger, other: Ledger) -> Ledger:
    """Put the facts of two ledgers of a project together: in any order, and any number of times, it is the same."""
    changes = dict(one.changes)
    for ident, change in other.changes.items():
        changes[ident] = max(changes.get(ident, change), change, key=_rank)
    seen = dict(one.seen)
    for name, sighting in other.seen.items():
        known = seen.get(name, sighting)
        seen[name] = Sighting(known.found, min(known.first, sighting.first), max(known.last, sighting.last))
    newest = max((one, other), key=lambda each: (each.at or NEVER, each.unread))
    return Ledger(
        one.project,
        changes,
        seen,
        _thinned({*one.glances, *other.glances}),
        _joined([*one.read, *other.read]),
        newest.unread,
    )


def moment(look: Look) -> datetime:
    """Give the time of a look: what Google had by then was before it, whatever the clock that was asked says."""
    known = [change.received for change in look.changes]
    known += [each for found in look.found for each in (found.since, found.stopped, found.made) if each]
    return max([look.at, *known])


def read_from(ledger: Ledger, start: datetime, now: datetime) -> datetime:
    """Say from when on the next look should read the logs: all of them once a day, else what is new, and late.

    Reading all is a few pages for a course's project; it finds what came too late for any overlap. So does a look after
    one that was refused something: a job that has ended is told by its list alone, and only from then on.
    """
    if ledger.at is None or ledger.at.date() != now.date() or not ledger.read or ledger.unread:
        return start
    reached = next((end for begin, end in ledger.read if begin <= start < end), start)
    return max(start, reached - OVERLAP)


def key(found: Found) -> str:
    """Name what was seen, all of it, for what is the same to be known again."""
    shape = found.shape
    return json.dumps(
        [
            found.resource,
            found.incarnation,
            found.running,
            found.declared,
            *(str(time) for time in (found.since, found.stopped, found.made)),
            shape.type,
            shape.asset,
            shape.inputs,
        ],
        sort_keys=True,
    )


def _rank(change: Change) -> tuple[Any, ...]:
    """Choose between two readings of one entry: the one that says more, and else any, but always the same."""
    return (
        change.shape is not None,
        bool(change.incarnation),
        "@" in change.by,
        -change.received.timestamp(),
        change.at,
        repr(change),
    )


NEVER = datetime.min.replace(tzinfo=UTC)


def _thinned(glances: Iterable[Glance]) -> tuple[Glance, ...]:
    kept = dict[tuple[Any, ...], Glance]()
    ordered = sorted(glances, key=lambda each: (each.at, each.unread))
    old = ordered[-1].at - THINNED if ordered else NEVER
    for glance in ordered:
        hour = glance.at.replace(minute=0, second=0, microsecond=0)
        # The first of an hour, as they are in order; once it is old, no later look brings one back.
        kept.setdefault(
            (hour, glance.unread) if hour < old - timedelta(hours=1) else (glance.at, glance.unread), glance
        )
    return tuple(kept.values())


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    found = list[Span]()
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)
