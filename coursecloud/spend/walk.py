"""Goes through what is known of one thing in the order of time: in which state it was, and how sure that is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from coursecloud.plan.nested import block
from coursecloud.spend.facts import GRACE, Point
from coursecloud.spend.ledger import NEVER
from coursecloud.spend.life import State, Use, boot
from coursecloud.spend.model import Shape


class Walk:
    """Goes through what is known of one thing in the order of time."""

    def __init__(self, before: Callable[[datetime], datetime]):
        self._before = before
        self.turns: list[tuple[datetime, State, Shape | None, str]] = []
        """From when on it was in which state."""
        self.doubts: list[Use] = []
        self.state: State = "gone"
        self.shape: Shape | None = None
        self._known = NEVER
        """Up to when its state is proven."""
        self._edge: datetime | None = None
        """When its state last changed by what is exact."""
        self._other: datetime | None = None
        """Before when it was something else than what is known of it."""
        self._told: datetime | None = None
        """When a log last said what it is."""
        self._seen: datetime | None = None
        """When a look last saw it."""

    def step(self, point: Point) -> None:
        """Take the next thing that is known."""
        match point.kind:
            case "create" | "made":
                if self.state != "stopped":  # a job may have ended some seconds before the time of its log
                    self._turn(point.at, "runs")
                self._reshape(point)
            case "start":
                # What its reader says was started may be older than a resize that came later.
                self._turn(point.at, "runs")
            case "since":
                # It was started, so it had stopped, and no log has said when.
                self._doubt(point.at, "stopped")
                self._turn(point.at, "runs")
            case "stop" | "halted" | "delete":
                self._end(point)
            case "resize":
                self._reshape(point)
            case "sight":
                self._sight(point)

    def vanish(self, at: datetime) -> None:
        """End it at the first look that did not find it."""
        self._doubt(at, "gone")
        self._turn(at, "gone")

    def lose(self, at: datetime, told: datetime | None) -> None:
        """Note that the last look could not see it: from what is proven, or logs told, it may have ended, or begun."""
        if told:
            self._known = max(self._known, told)
        self._doubt(at, "gone" if self.state == "runs" else "runs")

    def lives(self, end: datetime) -> Iterable[tuple[Use, ...]]:
        """Give what it was, one use after the other, anew for each time that it was made."""
        times = [*(turn[0] for turn in self.turns), end]
        uses = [
            Use(begin, max(begin, times[following]), state, shape, reason)
            for following, (begin, state, shape, reason) in enumerate(self.turns, 1)
        ]
        gone = [-1, *(index for index, use in enumerate(uses) if use.state == "gone"), len(uses)]
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
        self.doubts.append(Use(self._known, at, state, shape or self.shape))

    def _explain(self, at: datetime, state: State, shape: Shape | None) -> None:
        """Withdraw a doubt of what a log tells: its clock is some seconds ahead of the look that saw it."""
        self.doubts = [
            each for each in self.doubts if (each.state, each.shape) != (state, shape) or at - each.end > GRACE
        ]

    def _recent(self, at: datetime) -> bool:
        return self._edge is not None and at - self._edge <= GRACE

    def _end(self, point: Point) -> None:
        state: State = "gone" if point.kind == "delete" else "stopped"
        if self.state == "gone":
            if self.turns:
                return
            # It was there, and nothing has said since when.
            self._begin(point.at)
        self._explain(point.at, state, self.shape)
        if state == self.state and point.reason:
            # The API told of it first, and did not say why; what it is may have been seen otherwise since.
            first = len(self.turns) - 1
            while first and self.turns[first - 1][1] == state:
                first -= 1
            begin, _, shape, _ = self.turns[first]
            self.turns[first] = (begin, state, shape, point.reason)
        self._turn(point.at, state, reason=point.reason)

    def _begin(self, at: datetime) -> None:
        self._known = self._before(at)
        self._doubt(at, "gone")
        self._turn(self._known, "runs", exact=False)

    def _sight(self, point: Point) -> None:
        point = replace(point, shape=_completed(point.shape, self.shape))
        if point.state != self.state:
            if self._recent(point.at):
                self._reshape(point)
                return
            self._contradicted(point)
        if point.shape != self.shape:
            self._reshape(point)
        self._known = max(point.at, self._known)
        self._seen = point.at

    def _contradicted(self, point: Point) -> None:
        """A look saw what no log has said."""
        if self.state == "gone" or (self.state == "stopped" and point.since):
            # It did not go, or did not stop, whatever was said: what was said last does not hold.
            while self.turns and self.turns[-1][1] == self.state:
                self.turns.pop()
            self.state = self.turns[-1][1] if self.turns else "gone"
            if self.state == "gone":
                self._begin(point.at)
        elif self.state == "stopped":
            began = self._known
            self._doubt(point.at, "stopped")
            self._turn(began, "runs", exact=False)
        if self.state == "runs" and point.state == "stopped":
            self._doubt(point.at, "stopped")
            self._turn(point.at, "stopped", exact=False)

    def _reshape(self, point: Point) -> None:
        shape = point.shape
        if shape is None:
            return
        if self.shape is None and point.kind == "resize":
            # A part of what it is says nothing by itself, but that it was something else before.
            self._other = point.at
            self.turns.append((point.at, self.state, None, ""))
            return
        at = point.at
        if self.shape and point.kind == "resize":
            shape = replace(self.shape, inputs={**self.shape.inputs, **shape.inputs})
            self._explain(at, self.state, shape)
        if point.kind != "sight":
            self._told = at
        elif self.shape and self._told and at - self._told <= GRACE:
            return
        if self.shape and point.kind == "sight":
            if point.since and (self._seen is None or point.since >= self._seen):
                # It was started since a look saw it last: what it is now it has been since then.
                at = max(point.since, self.turns[-1][0])
            else:
                self._doubt(at, self.state, shape)
        self.shape = shape
        if self.state != "gone":
            self.turns.append((at, self.state, shape, ""))


def _completed(seen: Shape | None, known: Shape | None) -> Shape | None:
    """Keep what was known of a boot disk where a look that could not list disks saw its machine alone."""
    disk, before = boot(seen), boot(known)
    if seen is None or not before or not disk:
        return seen
    parameters = {**block(before.get("initializeParams")), **block(disk.get("initializeParams"))}
    return replace(seen, inputs={**seen.inputs, "bootDisk": {**disk, "initializeParams": parameters}})
