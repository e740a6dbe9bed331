"""From facts to lives: when each thing was there, when it ran, what it was, and how far that is in doubt.

Logs say to the second what was done. A look proves what was there at its time alone; where it differs from what the
logs have said so far, something was done that no log has delivered yet. Until one does, it is counted as running for as
long as it may have run, and as what it was until it was seen as another; the difference is in doubt.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from coursecloud.plan.nested import block
from coursecloud.spend.facts import GRACE, UNLOGGED, Facts, by_incarnation, gathered, points_of
from coursecloud.spend.ledger import Ledger, Sighting
from coursecloud.spend.life import Life, Use, boot, ended, within
from coursecloud.spend.model import Change, Shape
from coursecloud.spend.walk import Walk

INSTANCE, DISK = "compute.googleapis.com/Instance", "compute.googleapis.com/Disk"
LISTED = frozenset({INSTANCE, DISK, "compute.googleapis.com/Address"})
"""What every look lists, so that what is not in it is gone; of others that holds once one has been seen."""


def of(ledger: Ledger, end: datetime) -> tuple[Life, ...]:
    """Work out every life in a ledger up to `end`, the time of its last look."""
    facts = gathered(ledger)
    context = _Context(ledger, end, {fact.asset for fact in facts.values() if fact.sightings} | LISTED)
    found, held = list[Life](), dict[str, _Held]()
    machines = [name for name, fact in facts.items() if fact.asset == INSTANCE]
    for name in machines:
        lived = context.lives(name, facts.pop(name))
        found += lived
        for disk, fact, hold in _boot_disks(lived):
            facts.setdefault(disk, Facts()).changes.extend(fact.changes)
            before = held.get(disk, hold)
            more = tuple(each for each in hold.doubts if each not in before.doubts)
            held[disk] = _Held(max(before.until, hold.until), before.doubts + more)
    for name, fact in facts.items():
        found += context.lives(name, fact, held.get(name))
    return tuple(sorted(found, key=lambda life: (life.resource, life.uses[0].begin)))


@dataclass(frozen=True)
class _Held:
    """That a disk is, or was, a machine's boot disk."""

    until: datetime
    """Until when: so long no look lists it by itself."""
    doubts: tuple[Use, ...]
    """When nobody knows whether the machine was there, and the disk with it."""


class _Context:
    """What all lives of a ledger share: when somebody looked, and what a look lists."""

    def __init__(self, ledger: Ledger, end: datetime, listed: set[str] | frozenset[str]):
        self._glances = ledger.glances
        self._origin = ledger.origin or end
        self._end = end
        self._listed = listed
        self._logged = ledger.complete_until

    def lives(self, resource: str, facts: Facts, held: _Held | None = None) -> list[Life]:
        """Work out the lives of one name; where it is `held`, its machine's looks tell of it, too."""
        parts = by_incarnation(facts)
        found = [life for part in parts for life in self._lives(resource, part, facts.asset, held)]
        found.sort(key=lambda life: life.uses[0].begin)
        for index, life in enumerate(found[:-1]):
            # A name is free for the next only when this one is gone.
            found[index] = ended(life, found[index + 1].uses[0].begin)
        return found

    def _lives(self, resource: str, facts: Facts, asset: str, held: _Held | None) -> Iterable[Life]:
        points = sorted(points_of(facts), key=lambda point: (point.at, point.rank, repr(point)))
        walk = Walk(functools.partial(self._before, resource, asset))
        for point in points:
            walk.step(point)
        seen = max((each.last for each in facts.sightings), default=None)
        last = max(point.at for point in points)
        # Of a boot disk that no look lists by itself its machine tells, when it goes too.
        alone = facts.sightings or any(change.by != _MACHINE for change in facts.changes)
        if walk.state != "gone" and asset in self._listed and alone:
            missed = self._missed(resource, asset, (max(last, held.until) if held else last) + GRACE)
            if missed:
                walk.vanish(missed)
        lost = bool(alone) and seen != self._end and not self._glances[-1].covers(resource, asset)
        if lost:
            walk.lose(self._end, None if asset in UNLOGGED else self._logged)
        doubts = tuple(walk.doubts)
        if held and not any(each.state == "gone" for each in doubts):
            # A disk that a look listed was there, whatever became of its machine.
            doubts += tuple(replace(each, begin=max(each.begin, seen or each.begin)) for each in held.doubts)
        for uses in walk.lives(self._end):
            by, own = _starter(facts.changes, uses), _newest(facts.sightings, uses)
            there = lost and uses[-1].state != "gone"
            declared = own is not None and own.found.declared
            yield Life(resource, uses, within(doubts, uses), declared, own and own.last, by, there)

    def _missed(self, resource: str, asset: str, after: datetime) -> datetime | None:
        """Find the first look that would have found something, and did not."""
        return next((each.at for each in self._glances if after < each.at and each.covers(resource, asset)), None)

    def _before(self, resource: str, asset: str, at: datetime) -> datetime:
        """Find the last time before `at` at which something was certainly not there; else the first that is known."""
        looked = [each.at for each in self._glances if each.at < at and each.covers(resource, asset)]
        return looked[-1] if looked else min(self._origin, at)


def _newest(sightings: Iterable[Sighting], uses: Sequence[Use]) -> Sighting | None:
    """Find how a look saw it last; None where its machine alone was seen, or another of its name."""
    found = [each for each in sightings if uses[0].begin <= each.last <= uses[-1].end]
    return max(found, key=lambda each: each.last, default=None)


def _starter(changes: Iterable[Change], uses: Sequence[Use]) -> str:
    """Find by whom it was made or last started; empty where only Google has said it."""
    # Where it is gone, its last use goes on to when the next of its name was made.
    end = uses[-1].begin if uses[-1].state == "gone" else uses[-1].end
    began = (change for change in changes if change.act in ("create", "start") and "@" in change.by)
    asked = [(change.at, change.by) for change in began if uses[0].begin <= change.at <= end]
    return max(asked, default=(None, ""))[1]


def _boot_disks(lives: Sequence[Life]) -> Iterable[tuple[str, Facts, _Held]]:
    """Say of machines' own boot disks what their machines' lives say: no log tells of them by name."""
    for life in lives:
        boots = [part for use in life.uses if (part := boot(use.shape))]
        if not boots:
            continue
        # A look that could not list disks has seen the machine without its disk's type.
        own = next((part for part in boots if _parameters(part).get("type")), boots[0])
        place, _, name = life.resource.rpartition("/instances/")
        called = str(own.get("source") or name).rpartition("/")[2]
        disk = f"{place}/disks/{called}"
        parameters = _parameters(own)
        known = Shape("gcp:compute/disk:Disk", DISK, {**parameters, "zone": place.rpartition("/")[2]})
        first, last = life.uses[0].begin, life.now
        facts = Facts([_implied(disk, "create", first, known if {"size", "type"} <= {*parameters} else None)])
        goes = boots[-1].get("autoDelete") is not False  # as it was last: it may be changed on a machine that is there
        if last.state == "gone" and goes:
            facts.changes.append(_implied(disk, "delete", last.begin))
        doubts = tuple(
            replace(each, state="gone") for each in life.doubts
            # Where no look sees its machine, none sees the disk.
            if (life.lost and each.end == last.end) or (each.state == "gone" and goes)
        )  # fmt: skip
        yield disk, facts, _Held(last.begin if last.state == "gone" else last.end, doubts)


_MACHINE = "its machine"
"""By whom what is done to a boot disk is done where only its machine tells of it."""


def _implied(disk: str, act: Literal["create", "delete"], at: datetime, shape: Shape | None = None) -> Change:
    return Change(f"{disk} {act} {at.isoformat()}", at, at, disk, act, _MACHINE, shape=shape)


def _parameters(boot: Mapping[str, object]) -> Mapping[str, object]:
    return block(boot.get("initializeParams"))
