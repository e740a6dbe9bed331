"""From facts to lives: when each thing was there, when it ran, what it was, and how far that is in doubt.

Logs say to the second what was done. A look proves what was there at its time alone; where it differs from what the
logs have said so far, something was done that no log has delivered yet. Until one does, the dearer of what may have
been is counted, and the difference is in doubt.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, cast

from coursecloud.spend.ledger import Ledger, Sighting
from coursecloud.spend.model import Change, Shape

State = Literal["runs", "stopped", "gone"]

GRACE = timedelta(minutes=2)
"""How long what a look sees may lag behind what a log says: a machine that shuts down still answers."""

INSTANCE, DISK = "compute.googleapis.com/Instance", "compute.googleapis.com/Disk"
LISTED = frozenset({INSTANCE, DISK, "compute.googleapis.com/Address"})
"""What every look lists, so that what is not in it is gone; of others that holds once one has been seen."""


@dataclass(frozen=True)
class Use:
    """A time in which something was one thing in one state."""

    begin: datetime
    end: datetime
    state: State
    shape: Shape | None
    """None where nothing has said what it is."""
    reason: str = ""
    """Why it came to that, where a log says, e.g. `compute.instances.preempted`."""


@dataclass(frozen=True)
class Life:
    """One thing from its creation to its end; the same name made anew is another."""

    resource: str
    incarnation: str
    uses: tuple[Use, ...]
    doubts: tuple[Use, ...] = ()
    """What may have been instead."""
    declared: bool = False
    last_seen: datetime | None = None

    @property
    def now(self) -> Use:
        """Its last use; where it is gone, the state says so."""
        return self.uses[-1]

    @property
    def shape(self) -> Shape | None:
        """What it is, or was last."""
        return next((use.shape for use in reversed(self.uses) if use.shape), None)


def of(ledger: Ledger, until: datetime | None = None) -> tuple[Life, ...]:
    """Work out every life in a ledger up to the time of its last look, or to `until`."""
    end = until or ledger.at
    if end is None:
        return ()
    facts = _gathered(ledger)
    context = _Context(ledger, end, {fact.asset for fact in facts.values() if fact.sightings} | LISTED)
    found = list[Life]()
    machines = [name for name, fact in facts.items() if fact.asset == INSTANCE or "/instances/" in name]
    for name in machines:
        lived = context.lives(name, facts.pop(name))
        found += lived
        for disk, fact in _boot_disks(lived):
            facts.setdefault(disk, _Facts()).changes.extend(fact.changes)
    for name, fact in facts.items():
        found += context.lives(name, fact)
    return tuple(sorted(found, key=lambda life: (life.resource, life.uses[0].begin)))


@dataclass
class _Facts:
    changes: list[Change] = field(default_factory=list[Change])
    sightings: list[Sighting] = field(default_factory=list[Sighting])

    @property
    def asset(self) -> str:
        shapes = [sighting.found.shape for sighting in self.sightings]
        shapes += [change.shape for change in self.changes if change.shape]
        return next((shape.asset for shape in shapes if shape.asset), "")


def _gathered(ledger: Ledger) -> dict[str, _Facts]:
    facts = dict[str, _Facts]()
    for change in ledger.changes.values():
        facts.setdefault(change.resource, _Facts()).changes.append(change)
    for sighting in ledger.seen.values():
        facts.setdefault(sighting.found.resource, _Facts()).sightings.append(sighting)
    return facts


def _boot_disks(lives: Sequence[Life]) -> Iterable[tuple[str, _Facts]]:
    """Say of machines' own boot disks what their machines' lives say: no log tells of them by name."""
    for life in lives:
        boot = next((part for use in life.uses if (part := _boot(use.shape))), None)
        shape = life.shape
        if boot is None or shape is None:
            continue
        place, _, name = life.resource.rpartition("/instances/")
        called = str(boot.get("source") or name).rpartition("/")[2]
        disk = f"{place}/disks/{called}"
        parameters = _mapping(boot.get("initializeParams"))
        known = Shape(
            "gcp:compute/disk:Disk", DISK, {**parameters, "zone": shape.inputs.get("zone") or place.rpartition("/")[2]}
        )
        first, last = life.uses[0].begin, life.now
        facts = _Facts([_implied(disk, "create", first, known if parameters.get("size") else None)])
        if last.state == "gone" and boot.get("autoDelete") is not False:
            facts.changes.append(_implied(disk, "delete", last.begin))
        yield disk, facts


_MACHINE = "its machine"
"""By whom what is done to a boot disk is done where only its machine tells of it."""


def _implied(disk: str, act: Literal["create", "delete"], at: datetime, shape: Shape | None = None) -> Change:
    return Change(f"{disk} {act} {at.isoformat()}", at, at, disk, act, _MACHINE, shape=shape)


def _boot(shape: Shape | None) -> Mapping[str, object]:
    return _mapping(shape.inputs.get("bootDisk")) if shape else {}


def _mapping(value: object) -> Mapping[str, object]:
    if isinstance(value, list) and value:
        value = cast("list[object]", value)[0]
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


@dataclass(frozen=True)
class _Point:
    """Something that is known at a time: what was done (`edge`), or only what was so (`sight`)."""

    at: datetime
    rank: int
    """Order of what has the same time."""
    kind: Literal["create", "start", "stop", "delete", "resize", "made", "since", "halted", "sight"]
    state: State = "runs"
    shape: Shape | None = None
    reason: str = ""
    since: datetime | None = None


_RANKS = {"create": 0, "made": 1, "resize": 2, "stop": 3, "halted": 3, "start": 4, "since": 4, "sight": 5, "delete": 6}


class _Context:
    """What all lives of a ledger share: when somebody looked, and what a look lists."""

    def __init__(self, ledger: Ledger, end: datetime, listed: set[str] | frozenset[str]):
        self._glances = ledger.glances
        self._origin = ledger.origin
        self._end = end
        self._listed = listed

    def lives(self, resource: str, facts: _Facts) -> list[Life]:
        """Work out the lives of one name."""
        parts = _by_incarnation(facts)
        found = [life for incarnation, part in parts for life in self._lives(resource, incarnation, part, facts.asset)]
        found.sort(key=lambda life: life.uses[0].begin)
        for index, life in enumerate(found[:-1]):
            # A name is free for the next only when this one is gone.
            found[index] = _ended(life, found[index + 1].uses[0].begin)
        return found

    def _lives(self, resource: str, incarnation: str, facts: _Facts, asset: str) -> Iterable[Life]:
        points = sorted(_points(facts), key=lambda point: (point.at, point.rank, repr(point)))
        points = [point for point in points if point.at <= self._end]
        walk = _Walk(functools.partial(self._before, resource, asset))
        for point in points:
            walk.step(point)
        if not walk.turns:
            return
        seen = max((sighting.last for sighting in facts.sightings), default=None)
        last = max(point.at for point in points)
        # Of a boot disk that no look lists by itself its machine tells, when it goes too.
        alone = facts.sightings or any(change.by != _MACHINE for change in facts.changes)
        if walk.state != "gone" and asset in self._listed and alone:
            missed = self._missed(resource, asset, max(last + GRACE, seen or last))
            if missed:
                walk.vanish(missed)
        declared = any(sighting.found.declared for sighting in facts.sightings)
        for uses in walk.lives(self._end):
            yield Life(resource, incarnation, uses, tuple(walk.doubts), declared, seen)

    def _missed(self, resource: str, asset: str, after: datetime) -> datetime | None:
        """Find the first look that would have found something, and did not."""
        return next(
            (each.at for each in self._glances if after < each.at <= self._end and each.covers(resource, asset)), None
        )

    def _before(self, resource: str, asset: str, at: datetime) -> datetime:
        """Find the last time before `at` at which something was certainly not there; else the first that is known."""
        looked = [each.at for each in self._glances if each.at < at and each.covers(resource, asset)]
        return looked[-1] if looked else min(self._origin or at, at)


def _by_incarnation(facts: _Facts) -> list[tuple[str, _Facts]]:
    """Divide the facts of a name among the things that had it; what names none is of that which was there then."""
    parts = dict[str, _Facts]()
    for change in facts.changes:
        parts.setdefault(change.incarnation, _Facts()).changes.append(change)
    for sighting in facts.sightings:
        parts.setdefault(sighting.found.incarnation, _Facts()).sightings.append(sighting)
    unnamed = parts.pop("", None)
    if unnamed is None or not parts:
        return [*parts.items(), *([("", unnamed)] if unnamed else [])]
    begins = sorted((min(point.at for point in _points(part)), name) for name, part in parts.items())

    def owner(at: datetime) -> _Facts:
        return parts[next((name for begin, name in reversed(begins) if begin < at), begins[0][1])]

    for change in unnamed.changes:
        # What is made is what the API says was made then; whatever else is done is done to what is there already.
        begin, nearest = min(begins, key=lambda each: abs(each[0] - change.at))
        made = change.act == "create" and abs(begin - change.at) <= GRACE
        (parts[nearest] if made else owner(change.at)).changes.append(change)
    for sighting in unnamed.sightings:
        owner(sighting.first).sightings.append(sighting)
    return list(parts.items())


def _points(facts: _Facts) -> Iterable[_Point]:
    for change in facts.changes:
        yield _Point(change.at, _RANKS[change.act], change.act, shape=change.shape, reason=change.reason)
    for sighting in facts.sightings:
        found = sighting.found
        state: State = "runs" if found.running else "stopped"
        if found.made and not _logged(facts, found.made, sighting):
            yield _Point(found.made, _RANKS["made"], "made")
        if found.since and not _logged(facts, found.since, sighting):
            yield _Point(found.since, _RANKS["since"], "since")
        if found.stopped and not found.running:
            yield _Point(found.stopped, _RANKS["halted"], "halted")
        for at in sorted({sighting.first, sighting.last}):
            yield _Point(at, _RANKS["sight"], "sight", state, found.shape, since=found.since)


def _logged(facts: _Facts, at: datetime, sighting: Sighting) -> bool:
    """Say whether a log has a start that the API tells of, too: its time is in order with all else that logs say.

    A log whose clock says that it was later than it was seen, or had stopped, is no help.
    """
    stopped = sighting.found.stopped
    seen = min(sighting.first, stopped) if stopped and stopped >= at else sighting.first
    started = (change.at for change in facts.changes if change.act in ("create", "start"))
    return any(abs(each - at) <= GRACE and each <= seen for each in started)


class _Walk:
    """Goes through what is known of one thing in the order of time."""

    def __init__(self, before: Callable[[datetime], datetime]):
        self._before = before
        self.turns: list[tuple[datetime, State, Shape | None, str]] = []
        """From when on it was in which state."""
        self.doubts: list[Use] = []
        self.state: State = "gone"
        self.shape: Shape | None = None
        self._known: datetime | None = None
        """Up to when its state is proven."""
        self._edge: datetime | None = None
        """When its state last changed by what is exact."""
        self._other: datetime | None = None
        """Before when it was something else than what is known of it."""
        self._told: datetime | None = None
        """When a log last said what it is."""

    def step(self, point: _Point) -> None:
        """Take the next thing that is known."""
        match point.kind:
            case "create" | "made":
                if self.state == "gone":
                    self._turn(point.at, "runs")
                self._reshape(point)
            case "start":
                self._turn(point.at, "runs")
                self._reshape(point)
            case "since":
                self._since(point.at)
            case "stop" | "halted" | "delete":
                self._end(point)
            case "resize":
                self._reshape(point)
            case "sight":
                self._sight(point)

    def vanish(self, at: datetime) -> None:
        """End it at the first look that did not find it."""
        self._doubt(at, "gone")
        self._turn(at, "gone", exact=False)

    def lives(self, end: datetime) -> Iterable[tuple[Use, ...]]:
        """Give what it was, one use after the other, anew for each time that it was made."""
        ends = [turn[0] for turn in self.turns[1:]] + [end]
        uses = [
            Use(begin, max(begin, until), state, shape, reason)
            for (begin, state, shape, reason), until in zip(self.turns, ends, strict=True)
        ]
        gone = [-1, *(index for index, use in enumerate(uses) if use.state == "gone"), len(uses) - 1]
        for before, last in itertools.pairwise(gone):
            if lived := uses[before + 1 : last + 1]:
                # What nobody said at first is what was said first.
                first = next((use.shape for use in lived if use.shape), None)
                since = self._other or lived[0].begin
                yield tuple(replace(use, shape=use.shape or (first if use.begin >= since else None)) for use in lived)

    def _turn(self, at: datetime, state: State, *, exact: bool = True, reason: str = "") -> None:
        if state != self.state:
            if self.state == "gone":
                self.shape = None  # what is made anew is another thing
            self.state = state
            self.turns.append((at, state, self.shape, reason))
        if exact:
            self._edge = at
        self._known = at

    def _doubt(self, at: datetime, state: State, shape: Shape | None = None) -> None:
        """Note that from what is proven to `at` it may have been in another state, or another thing."""
        if self._known and self._known < at:
            self.doubts.append(Use(self._known, at, state, shape or self.shape))

    def _recent(self, at: datetime) -> bool:
        return self._edge is not None and at - self._edge <= GRACE

    def _since(self, at: datetime) -> None:
        if self.state == "runs" and not self._recent(at):
            # It was started, so it had stopped, and no log has said when.
            self._doubt(at, "stopped")
        self._turn(at, "runs")

    def _end(self, point: _Point) -> None:
        state: State = "gone" if point.kind == "delete" else "stopped"
        if self.state == "gone":
            if self.turns or point.kind == "halted":
                return
            # It was there, and nothing has said since when.
            self._begin(point.at)
        if state == self.state and point.reason:
            # The API told of it first, and did not say why.
            begin, _, shape, _ = self.turns[-1]
            self.turns[-1] = (begin, state, shape, point.reason)
        self._turn(point.at, state, reason=point.reason)

    def _begin(self, at: datetime) -> None:
        self._known = self._before(at)
        self._doubt(at, "gone")
        self._turn(self._known, "runs", exact=False)

    def _sight(self, point: _Point) -> None:
        if point.state != self.state:
            if self._recent(point.at):
                if self.shape is None:
                    self._reshape(point)
                return
            self._contradicted(point)
        if point.shape != self.shape:
            self._reshape(point)
        self._known = max(point.at, self._known or point.at)

    def _contradicted(self, point: _Point) -> None:
        """A look saw what no log has said."""
        if self.state == "gone" and not self.turns:
            self._begin(point.at)
        elif self.state == "gone" or (self.state == "stopped" and point.since):
            # It did not go, or did not stop, whatever was said: what was said last does not hold.
            while self.turns and self.turns[-1][1] == self.state:
                self.turns.pop()
            self.state = self.turns[-1][1] if self.turns else "gone"
            self.shape = self.turns[-1][2] if self.turns else None
            if self.state == "gone":
                self._begin(point.at)
        elif self.state == "stopped":
            began = self._known or point.at
            self._doubt(point.at, "stopped")
            self._turn(began, "runs", exact=False)
        if self.state == "runs" and point.state == "stopped":
            self._doubt(point.at, "stopped")
            self._turn(point.at, "stopped", exact=False)

    def _reshape(self, point: _Point) -> None:
        shape = point.shape
        if shape is None:
            return
        if self.shape is None and point.kind == "resize":
            # A part of what it is says nothing by itself, but that it was something else before.
            self._other = point.at
            self.turns.append((point.at, self.state, None, ""))
            return
        if self.shape and point.kind == "resize":
            shape = replace(self.shape, inputs={**self.shape.inputs, **shape.inputs})
        at = point.at
        if point.kind != "sight":
            self._told = at
        elif self.shape and self._told and at - self._told <= GRACE:
            return
        if self.shape and point.kind == "sight" and self.turns:
            # A machine changes while it is stopped: what it is now it has been since it was started.
            since = point.since if point.since and point.since >= self.turns[-1][0] else None
            if since is None:
                self._doubt(at, self.state, shape)
            at = max(since or at, self.turns[-1][0])
        had, self.shape = self.shape, shape
        if not self.turns:
            return
        if had is None or at <= self.turns[-1][0]:
            self.turns[-1] = (self.turns[-1][0], self.state, shape, self.turns[-1][3])
        elif had != shape:
            self.turns.append((at, self.state, shape, ""))


def _ended(life: Life, at: datetime) -> Life:
    """End a life at the latest at a time."""
    if life.now.state == "gone" and life.now.begin <= at:
        return replace(life, uses=(*life.uses[:-1], replace(life.now, end=life.now.begin)))
    kept = [replace(use, end=min(use.end, at)) for use in life.uses if use.begin < at and use.state != "gone"]
    if not kept:
        return life
    gone = Use(at, at, "gone", life.shape)
    return replace(
        life,
        uses=(*kept, gone),
        doubts=tuple(replace(each, end=min(each.end, at)) for each in life.doubts if each.begin < at),
    )
