"""What a change costs, and which rules it breaks or mends: the cost model and the guardrails on both sides."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from coursecloud import cost
from coursecloud.cost import Estimate, Item, usual
from coursecloud.cost.prices import MONTH
from coursecloud.plan.effects import ALTERED
from coursecloud.plan.planning import Plan
from coursecloud.policy import Finding, check

_DAYS = MONTH / 24
"""Days of the month that Google bills by."""
_LEAST = Decimal("0.00005")
"""USD below which a difference is none."""


@dataclass(frozen=True)
class Line:
    """What the change makes one resource cost more or less, or one of the things that no resource stands for."""

    urn: str | None
    name: str
    component: str
    what: str
    """What is billed after the change; of what is deleted, before it."""
    was: str
    """What was billed before the change; empty where it was nothing."""
    per_hour_on: Decimal | None
    """USD an hour while it runs, more than before; None where nobody knows."""
    per_day: Decimal | None
    """USD a day as planned, more than before."""
    unknown: tuple[str, ...] = ()
    """Why what it costs after the change is unknown, or what it cost before."""
    less: bool = False
    """It goes, so that what is unknown of it is no more than it was."""

    @property
    def per_month(self) -> Decimal | None:
        """USD a month of 730 hours as planned, more than before."""
        return None if self.per_day is None else self.per_day * _DAYS


@dataclass(frozen=True)
class Cost:
    """Estimates of both sides; None on a side that is not there."""

    before: Estimate | None
    """By what the stack file assumed before; where it assumes less now, by that, so that no assumption is a saving."""
    after: Estimate | None
    assumed: tuple[Estimate, ...] = ()
    """What is there after the change by the credit of before, and by its usage and prices too; none where all of these
    are the same. Of a stack that comes: by the usage and the working hours that hold unless given."""
    less: tuple[Decimal, Decimal] | None = None
    """USD an hour and a day by which what was there is counted for less now; None where it is not."""

    @property
    def per_hour(self) -> Decimal:
        """USD an hour with everything on that the change adds."""
        return _hour(self.after) - _hour(self.before)

    @property
    def per_day(self) -> Decimal:
        """USD a day as planned that the change adds."""
        was, now = (each.per_day_planned if each else Decimal(0) for each in (self.before, self.after))
        return now - was

    @property
    def news_unknown(self) -> tuple[str, ...]:
        """What has no known price now and had none before."""
        was = self.before.unknown if self.before else ()
        return tuple(text for text in (self.after.unknown if self.after else ()) if text not in was)

    def unknown_in(self, case: str) -> bool:
        """Say whether a case (a field of Amounts) has something of unknown cost now that it had not before."""
        was = {(item.urn, item.name, item.what) for item in (self.before.items if self.before else ())}
        return any(
            getattr(item.due, case) is None and (item.urn, item.name, item.what) not in was
            for item in (self.after.items if self.after else ())
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        """List what each resource costs more or less, gravest first: what nobody knows, the dearest, savings last."""
        sides = [_by_resource(side.items if side else ()) for side in (self.before, self.after)]
        found = [
            line for key in dict.fromkeys((*sides[1], *sides[0])) for line in _line(*(s.get(key, []) for s in sides))
        ]
        return tuple(sorted(found, key=_gravity))

    @property
    def changes(self) -> bool:
        """Say whether any total differs."""
        return self.before is None or self.after is None or _totals(self.before) != _totals(self.after)


def _by_resource(items: Iterable[Item]) -> dict[tuple[str | None, str], list[Item]]:
    found: dict[tuple[str | None, str], list[Item]] = defaultdict(list)
    for item in items:
        found[item.urn, item.name].append(item)
    return found


def _line(before: list[Item], after: list[Item]) -> Iterator[Line]:
    """Compare what one resource costs on both sides; nothing where it costs the same."""
    first, less = (after or before)[0], not after
    alike = {(item.what, item.due) for item in before} & {(item.what, item.due) for item in after}
    before, after = ([item for item in side if (item.what, item.due) not in alike] for side in (before, after))
    hours = [_sum(item.due.per_hour_on for item in side) for side in (before, after)]
    days = [_sum(item.due.per_day for item in side) for side in (before, after)]
    hour, day = (None if None in pair else _less(pair) for pair in (hours, days))
    was, will = (_told(side) for side in (before, after))
    reasons = [[item.reason for item in side if item.reason] for side in (before, after)]
    if hour is not None and day is not None and max(abs(hour), abs(day)) < _LEAST:
        return
    unknown = reasons[1] or [f"before the change, {reason}" for reason in reasons[0]]
    yield Line(first.urn, first.name, first.component, will or was, was, hour, day, tuple(dict.fromkeys(unknown)), less)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _less(pair: list[Decimal | None]) -> Decimal:
    return (pair[1] or Decimal(0)) - (pair[0] or Decimal(0))


def _told(items: list[Item]) -> str:
    """Say what a resource is billed for, the dearest first."""
    dearest = sorted(items, key=lambda item: (item.due.per_hour_on is not None, -(item.due.per_hour_on or 0)))
    return ", ".join(dict.fromkeys(item.what for item in dearest))


def _gravity(line: Line) -> tuple[int, Decimal, str]:
    month = line.per_month
    if month is None or line.per_hour_on is None:
        return (2 if line.less else 0), Decimal(0), line.name
    return (1 if month > 0 or line.per_hour_on > 0 else 3), -abs(month), line.name


def _hour(estimate: Estimate | None) -> Decimal:
    return estimate.per_hour_on if estimate else Decimal(0)


def _totals(estimate: Estimate) -> tuple[object, ...]:
    return estimate.due, estimate.planned.days, estimate.idle.days, estimate.unknown


@dataclass(frozen=True)
class Findings:
    """Broken rules on both sides. What an exception covers is in none of them."""

    new: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    still: tuple[Finding, ...]
    covered: tuple[tuple[str, Finding], ...] = ()
    """What an exception covers that it did not cover before, and what it covered of the same resource before."""

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The new ones that close a gate."""
        return tuple(finding for finding in self.new if finding.violates)


def costs(before: Plan | None, after: Plan | None) -> Cost:
    """Estimate both sides, and tell what a change is from what is only counted otherwise.

    A stack file's `usage`, `prices` and `lease.workingHours` are claims. Where what was there costs less by the new
    ones, it is held against the new: the difference is no saving. Where it costs more, all of the difference counts.
    """
    now = cost.estimate(after) if after else None
    was = cost.estimate(before) if before else None
    if after and before is None:
        return Cost(None, now, (usual.estimate(after.resources, after.settings),))
    if not (before and after and was) or not any(_claims(before, after)):
        return Cost(was, now)
    again = cost.estimate(_counted_as(before, after, *_CLAIMS))
    less = (was.per_hour_on - again.per_hour_on, was.per_day_planned - again.per_day_planned)
    assumed = tuple(cost.estimate(_counted_as(after, before, *names)) for names in (("credit",), (*_CLAIMS, "credit")))
    if max(less) < _LEAST:
        return Cost(was, now, assumed)
    return Cost(again, now, assumed, less)


_CLAIMS = ("usage", "prices")
"""Sections of a stack file that say how much is used and what it costs, and change nothing at Google; with them go the
working hours of the lease."""


def _claims(before: Plan, after: Plan) -> Iterator[bool]:
    """Say of each claim, and of the credit, whether it is another one."""
    for name in _CLAIMS:
        yield getattr(before.settings, name) != getattr(after.settings, name)
    for each in ("credit", "working_hours"):
        yield getattr(before.settings.lease, each) != getattr(after.settings.lease, each)


def _counted_as(plan: Plan, other: Plan, *names: str) -> Plan:
    """Take a plan with another one's claims, and its credit where that is named."""
    settings = other.settings
    update: dict[str, object] = {name: getattr(settings, name) for name in names if name in _CLAIMS}
    lease: dict[str, object] = {"credit": settings.lease.credit} if "credit" in names else {}
    if update:
        lease["working_hours"] = settings.lease.working_hours
    update["lease"] = plan.settings.lease.model_copy(update=lease)
    return replace(plan, settings=plan.settings.model_copy(update=update))


def findings(before: Plan | None, after: Plan | None, today: datetime.date) -> Findings:
    """Hold both sides against the rules; a finding is the same where its rule, its resource and its level are.

    So what nobody could judge before and breaks the rule now is newly broken. What an exception covers is not mended.
    """
    sides = (_without(side) if side else None for side in (before, after))
    was, now = (check(side, today) if side else () for side in sides)
    old = {_same(finding) for finding in was if finding.excepted is None}
    there = {finding.key for finding in now}
    covered = {finding.key: finding.message for finding in was if finding.excepted}
    standing = [finding for finding in now if finding.excepted is None]
    # What only the real run can judge is neither mended nor still broken.
    return Findings(
        tuple(finding for finding in standing if _same(finding) not in old),
        tuple(f for f in was if f.excepted is None and f.key not in there and not f.unknown),
        tuple(f for f in standing if _same(f) in old and not f.unknown),
        tuple(
            (covered.get(f.key, ""), f) for f in now if f.excepted and not f.unknown and covered.get(f.key) != f.message
        ),
    )


def _without(plan: Plan) -> Plan:
    """Leave out that the program is an altered one: a review names each line by which it is."""
    return replace(plan, program=tuple(deed for deed in plan.program if deed.kind != ALTERED))


_EACH = ("input-understood", "grant-understood")
"""Rules that are about as many things as a resource says: another of them is newly broken."""


def _same(finding: Finding) -> tuple[str, str, str]:
    """Say what makes a finding the same on both sides."""
    return finding.key, finding.level, finding.message if finding.rule.id in _EACH else ""
