"""A bill on the days of its lease: what each costs in each case, in all, and how long the credit lasts."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from coursecloud.cost import spot, walk
from coursecloud.cost.bill import DAY, Bill, Line
from coursecloud.cost.model import Amounts, Band, Day, Item, Runway
from coursecloud.cost.prices import MONTH
from coursecloud.cost.totals import HOURLY, money, units
from coursecloud.cost.walk import Load, Walk
from infra.settings.lease import DAYS, FIRST_YEAR, LAST_YEAR, Lease

ZERO, ONE = Decimal(0), Decimal(1)
ANY_MONDAY = datetime.date(2026, 6, 1)
"""Where a lease without dates is counted from: a Monday with which a month begins, so that each run says the same."""
WEEKS = datetime.timedelta(weeks=4)
"""How much of a lease without an end is counted: whole weeks within a month."""

_Shares = Mapping[tuple[str, str], Decimal]


def span(lease: Lease, start: datetime.date | None = None) -> tuple[datetime.date, datetime.date]:
    """Give the first and the last day that are counted: the lease's, else four weeks from its start or from `start`."""
    if lease.starts and lease.ends:
        return lease.starts, lease.ends
    first = max(filter(None, (lease.starts, start)), default=ANY_MONDAY)
    return first, first + WEEKS - datetime.timedelta(days=1)


def outside(lease: Lease, start: datetime.date) -> str | None:
    """Say that a day is none of the lease from which its credit can be counted, and what to do; None where it is."""
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        return f"a lease is of our days, from {FIRST_YEAR} to {LAST_YEAR}\n    remedy  write it as 2026-12-01"
    if lease.starts and start < lease.starts:
        return f"the lease starts on {lease.starts}, and nothing is billed before\n    remedy  give a day of the lease"
    if lease.ends and start > lease.ends:
        return (
            f"the lease ends on {lease.ends}, and nothing is planned after it\n"
            "    remedy  give a day of the lease, or write a later `ends` under coursecloud:lease"
        )
    return None


@dataclass(frozen=True)
class Calendar:
    """The lines of a bill on the days of its lease."""

    bill: Bill
    lines: tuple[Line, ...]
    start: datetime.date | None
    """The day from which the credit is counted; the lease's first unless given."""

    @property
    def begins(self) -> datetime.date:
        """The day from which the credit is counted."""
        first, _ = span(self.bill.settings.lease, self.start)
        return max(first, self.start or first)

    @cached_property
    def _free(self) -> dict[str, Decimal]:
        """Units of each tier that are free in a month: one of a billing account is divided evenly among its groups."""
        tiers = {line.free: self.bill.prices.free(line.free) for line in self.lines if line.free}
        groups = self.bill.usage.groups_on_account
        return {key: tier.amount / (groups if tier.shared else 1) for key, tier in tiers.items() if tier}

    @cached_property
    def _working(self) -> frozenset[int]:
        return frozenset(map(DAYS.index, self.bill.settings.lease.working_hours.days))

    @cached_property
    def lease(self) -> tuple[Walk, int]:
        """The lease as planned, walked from its first to its last day, and their number."""
        first, last = span(self.bill.settings.lease, self.start)
        return self._walked("planned", first, last), (last - first).days + 1

    @cached_property
    def _used(self) -> dict[str, Decimal]:
        """What of each tier is used, as planned, in the month before the day from which the credit is counted."""
        first, _ = span(self.bill.settings.lease, self.start)
        first = max(first, self.begins.replace(day=1))
        return self._walked("planned", first, self.begins - datetime.timedelta(days=1)).used()

    def _walked(self, case: str, first: datetime.date, last: datetime.date, factor: Decimal = ONE) -> Walk:
        walked = self._walk(case, factor)
        for day in walk.days(first, last):
            walked.take(day)
        return walked

    def _walk(self, case: str, factor: Decimal = ONE, used: Mapping[str, Decimal] | None = None) -> Walk:
        return Walk((load(line, case, factor) for line in self.lines), self._working, self._free, used)

    def items(self) -> tuple[Item, ...]:
        """Make items of the lines, each with and without the free tiers."""
        shares = self._hourly_shares()
        return tuple(self._item(line, shares) for line in self.lines)

    def _item(self, line: Line, shares: _Shares) -> Item:
        walked, days = self.lease
        planned = load(line, "planned")
        on, idle, down = (money(line, case) for case in HOURLY)
        billed = [
            None if usd is None else usd * shares.get((line.free or "", case), ONE)
            for case, usd in zip(HOURLY, (on, idle, down), strict=True)
        ]
        known = money(line, "planned") is not None
        used = units(line, "planned")
        due, full = (walked.billed(planned) / days, walked.full(planned) / days) if known else (None, None)
        return Item(
            line.urn,
            line.name,
            line.component,
            line.what,
            line.unit,
            None if used is None else walked.full(Load(used)) / days,
            line.price,
            Amounts(billed[0], billed[1], billed[2], due),
            Amounts(on, idle, down, full),
            line.kept,
            line.reason,
        )

    def _hourly_shares(self) -> _Shares:
        """Work out for each free tier and case which share is billed of a month in which it goes on like that."""
        shares: dict[tuple[str, str], Decimal] = {}
        for key, free in self._free.items():
            for case in HOURLY:
                each = [units(line, case) for line in self.lines if line.free == key]
                total = sum((pair[0] for pair in each if pair), ZERO) / DAY
                shares[key, case] = max(ZERO, total - free / MONTH) / total if total else ONE
        return shares

    def days(self) -> tuple[Day, ...]:
        """List what each day costs in each case, from that on from which the credit is counted."""
        _, last = span(self.bill.settings.lease, self.start)
        if last < self.begins:
            last = self.begins + WEEKS - datetime.timedelta(days=1)
        idle, planned, on = (self._walk(case, used=self._used) for case in ("idle", "planned", "everything_on"))
        return tuple(
            Day(day, planned.works(day), idle.take(day), planned.take(day), on.take(day))
            for day in walk.days(self.begins, last)
        )

    def runway(self, case: str, per_day: Decimal, credit: Decimal | None, factor: Decimal = ONE) -> Runway:
        """Say how long a credit in USD lasts in a case; `per_day` is what a day of it costs."""
        ends = self.bill.settings.lease.ends
        # Without a date of the lease or one that was asked for, the days stand in no calendar.
        begins = self.begins if self.start or self.bill.settings.lease.starts else None
        if credit is None:
            return Runway(per_day, None, not per_day, None, False if ends and not per_day else None)
        days = walk.until(self._walk(case, factor, self._used), self.begins, credit)
        if days is None:
            return Runway(per_day, None, True, None, False if ends else None)
        gone = None
        if begins is not None and days < (datetime.date.max - begins).days:
            gone = begins + datetime.timedelta(days=int(days))
        # Too far for the calendar is after any lease.
        before = None if ends is None or begins is None else gone is not None and gone <= ends
        return Runway(per_day, days, False, gone, before)

    def band(self, credit: Decimal | None) -> Band | None:
        """Say what the movement of Spot prices does to what is planned; None where nothing runs at one."""
        if not any(line.spot and line.price and (line.on or line.worked) for line in self.lines):
            return None
        seen = spot.seen()
        first, last = span(self.bill.settings.lease, self.start)
        ends: list[tuple[Decimal, Runway]] = []
        for factor in (seen.lowest, seen.highest):
            loads = [load(line, "planned", factor) for line in self.lines]
            walked = self._walked("planned", first, last, factor)
            rest = self._walk("planned", factor, self._used)
            days = [rest.take(day) for day in walk.days(self.begins, max(last, self.begins))]
            runway = self.runway("planned", sum(days, ZERO) / len(days), credit, factor)
            ends.append((sum(map(walked.billed, loads), ZERO), runway))
        (low, cheap), (high, dear) = ends
        ended = self.bill.settings.lease.ends is not None
        return Band(seen.lowest, seen.highest, low if ended else None, high if ended else None, cheap, dear, seen.date)


def load(line: Line, case: str, factor: Decimal = ONE) -> Load:
    """Say what a line uses and costs on a day; nothing of what is unknown. `factor` multiplies Spot prices."""
    used = units(line, case) or (ZERO, ZERO)
    price = (line.price or ZERO) * (factor if line.spot else ONE)
    return Load((used[0] * price, used[1] * price), used, line.free)
