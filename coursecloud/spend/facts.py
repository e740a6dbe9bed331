"""What logs and looks say of one name, divided among the things that had it, as points in time."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from catalog import tables
from coursecloud.spend.ledger import Ledger, Sighting
from coursecloud.spend.life import State
from coursecloud.spend.model import Change, Shape

GRACE = timedelta(minutes=2)
"""How long what a look sees may lag behind what a log says: a machine that shuts down still answers."""

BY_SHAPE = frozenset({"run.googleapis.com/Service", "aiplatform.googleapis.com/Endpoint"})
"""What never stops and starts, but has more or less that bills."""


UNLOGGED = frozenset(each["asset"] for each in tables.table("running")["kinds"] if each.get("end"))
"""What runs once: its end stands in no log, the API alone tells it."""


@dataclass(frozen=True)
class Point:
    """Something that is known at a time: what was done (`edge`), or only what was so (`sight`)."""

    at: datetime
    rank: int
    """Order of what has the same time."""
    kind: Literal["create", "start", "stop", "delete", "resize", "made", "since", "halted", "sight"]
    state: State | None = None
    """Of a `sight` alone."""
    shape: Shape | None = None
    reason: str = ""
    since: datetime | None = None


RANKS = {"delete": 0, "create": 1, "made": 2, "resize": 3, "stop": 4, "halted": 4, "start": 5, "since": 5, "sight": 6}
"""What ends as the next of its name begins ends first."""


@dataclass
class Facts:
    """All that is known of one name, or of one thing that had it."""

    changes: list[Change] = field(default_factory=list[Change])
    sightings: list[Sighting] = field(default_factory=list[Sighting])

    @property
    def asset(self) -> str:
        """Give its asset type; empty where nothing said what it is."""
        shapes = [sighting.found.shape for sighting in self.sightings]
        shapes += [change.shape for change in self.changes if change.shape]
        return shapes[0].asset if shapes else ""


def gathered(ledger: Ledger) -> dict[str, Facts]:
    """Put the facts of a ledger together by the full name that they are about."""
    facts = dict[str, Facts]()
    for change in ledger.changes.values():
        facts.setdefault(change.resource, Facts()).changes.append(change)
    for sighting in ledger.seen.values():
        facts.setdefault(sighting.found.resource, Facts()).sightings.append(sighting)
    return facts


def by_incarnation(facts: Facts) -> list[Facts]:
    """Divide the facts of a name among the things that had it; what names none is of that which was there then."""
    parts = dict[str, Facts]()
    for change in facts.changes:
        parts.setdefault(change.incarnation, Facts()).changes.append(change)
    for sighting in facts.sightings:
        parts.setdefault(sighting.found.incarnation, Facts()).sightings.append(sighting)
    unnamed = parts.pop("", None)
    if unnamed is None:
        return [*parts.values()]
    if not parts:
        return [unnamed]
    begins = sorted((min(point.at for point in points_of(part)), name) for name, part in parts.items())
    times = [begin for begin, _ in begins]

    def owner(at: datetime) -> Facts:
        return parts[begins[max(0, bisect.bisect(times, at) - 1)][1]]

    creations, deletions = (
        [change.at for change in unnamed.changes if change.act == act] for act in ("create", "delete")
    )
    for change in unnamed.changes:
        # What is made is what the API says was made then; whatever else is done is done to what is there already.
        begin, nearest = min(begins, key=lambda each: abs(each[0] - change.at))
        made = change.act == "create" and abs(begin - change.at) <= GRACE
        if made:
            # Of two made within minutes the one nearer to that time is it, and the other what a deletion parts from it.
            one, other = sorted((change.at, min(creations, key=lambda at: abs(begin - at))))
            made = not any(one <= at < other for at in deletions)
        (parts[nearest] if made else owner(change.at)).changes.append(change)
    for sighting in unnamed.sightings:
        owner(sighting.first).sightings.append(sighting)
    return [*parts.values()]


def points_of(facts: Facts) -> Iterable[Point]:
    """Give what is known as points in time, in no order."""
    for change in facts.changes:
        yield Point(change.at, RANKS[change.act], change.act, shape=change.shape, reason=change.reason)
    for sighting in facts.sightings:
        found = sighting.found
        # A service with no instance is none that was stopped: what it is says that it costs nothing, to logs as well.
        state: State = "runs" if found.running or found.shape.asset in BY_SHAPE else "stopped"
        if found.made and not _logged(facts, ("create",), found.made, sighting):
            yield Point(found.made, RANKS["made"], "made")
        if found.since and not _logged(facts, ("create", "start"), found.since, sighting):
            yield Point(found.since, RANKS["since"], "since")
        # A stop before its last start was another.
        if found.stopped and not found.running and not _logged(facts, ("stop",), found.stopped, sighting, found.since):
            yield Point(found.stopped, RANKS["halted"], "halted")
        for at in sorted({sighting.first, sighting.last}):
            yield Point(at, RANKS["sight"], "sight", state, found.shape, since=found.since)


def _logged(
    facts: Facts, acts: tuple[str, ...], at: datetime, sighting: Sighting, after: datetime | None = None
) -> bool:
    """Say whether a log has what the API tells of, too: its time is in order with all else that logs say.

    A log whose clock says that it was later than it was seen, or had stopped, is no help.
    """
    seen = min(sighting.first, sighting.found.stopped or sighting.first)
    logged = (change.at for change in facts.changes if change.act in acts)
    return any(abs(each - at) <= GRACE and (after or each) <= each <= seen for each in logged)
