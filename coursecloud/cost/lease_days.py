"""A bill on the days of its lease: what each costs in each case, in all, and how long the credit lasts."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from coursecloud.cost import spot, walk
from coursecloud.cost.bill import DAY, Bill, Line
from coursecloud.cost.model import Amounts, Band, Day, Item, Runway
from coursecloud.cost.prices import MONTH
from coursecloud.cost.totals import HOURLY, money, units
from coursecloud.cost.walk import DayRates, Load, Walk
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
    _known: dict[tuple[str, Decimal], DayRates] = field(default_factory=dict, init=False)

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
        walked = Walk(self._rates(case, factor))
        for day in walk.days(first, last):
            walked.take(day)
        return walked

    def _rates(self, case: str, factor: Decimal = ONE) -> DayRates:
        if (case, factor) not in self._known:
            loads = (load(line, case, factor) for line in self.lines)
            self._known[case, factor] = DayRates(loads, self._working, self._free)
        return self._known[case, factor]

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

    @property
    def _counted(self) -> datetime.date:
        """The last day that is listed: the lease's, or four weeks on where it is over before."""
        _, last = span(self.bill.settings.lease, self.start)
        return last if self.begins <= last else self.begins + WEEKS - datetime.timedelta(days=1)

    def course(self, case: str, credit: Decimal | None, factor: Decimal = ONE) -> tuple[list[Decimal], Runway]:
        """Give what each day costs in a case, from that on from which the credit is counted, and how long it lasts."""
        taken = Walk(self._rates(case, factor), self._used)
        costs = [taken.take(day) for day in walk.days(self.begins, self._counted)]
        per_day = sum(costs, ZERO) / len(costs)
        if credit is None:
            return costs, Runway(per_day, None, not per_day, None, None)
        left = credit
        for number, usd in enumerate(costs):
            if usd > left:
                return costs, self._runway(per_day, number + left / usd)
            left -= usd
        more = walk.until(taken, self._counted + datetime.timedelta(days=1), left)
        return costs, self._runway(per_day, None if more is None else len(costs) + more)

    def _runway(self, per_day: Decimal, days: Decimal | None) -> Runway:
        ends = self.bill.settings.lease.ends
        # Without a date of the lease or one that was asked for, the days stand in no calendar.
        begins = self.begins if self.start or self.bill.settings.lease.starts else None
        if days is None:
            return Runway(per_day, None, True, None, False if ends else None)
        gone = None
        if begins is not None and days < (datetime.date.max - begins).days:
            gone = begins + datetime.timedelta(days=int(days))
        # Too far for the calendar is after any lease.
        before = None if ends is None or begins is None else gone is not None and gone <= ends
        return Runway(per_day, days, False, gone, before)

    def days(self, idle: list[Decimal], planned: list[Decimal], everything_on: list[Decimal]) -> tuple[Day, ...]:
        """List the days with what each costs in each case."""
        dates = walk.days(self.begins, self._counted)
        return tuple(
            Day(date, date.weekday() in self._working, *usd)
            for date, *usd in zip(dates, idle, planned, everything_on, strict=True)
        )

    def band(self, credit: Decimal | None) -> Band | None:
        """Say what the movement of Spot prices does to what is planned; None where nothing runs at one."""
        if not any(line.spot and line.price and line.worked for line in self.lines):
            return None
        seen, ended = spot.seen(), self.bill.settings.lease.ends is not None
        first, last = span(self.bill.settings.lease, self.start)
        leases: list[Decimal | None] = []
        for factor in (seen.lowest, seen.highest):
            walked = self._walked("planned", first, last, factor)
            leases.append(
                sum((walked.billed(load(line, "planned", factor)) for line in self.lines), ZERO) if ended else None
            )
        cheap, dear = (self.course("planned", credit, factor)[1] for factor in (seen.lowest, seen.highest))
        return Band(seen.lowest, seen.highest, leases[0], leases[1], cheap, dear, seen.date)


def load(line: Line, case: str, factor: Decimal = ONE) -> Load:
    """Say what a line uses and costs on a day; nothing of what is unknown. `factor` multiplies Spot prices."""
    used = units(line, case) or (ZERO, ZERO)
    price = (line.price or ZERO) * (factor if line.spot else ONE)
    return Load((used[0] * price, used[1] * price), used, line.free)
