"""A walk over days: what each costs, with a month's free tiers used up as they are used.

Google counts what is free by calendar month, from its first unit on: builds of the first week may be free and those of
the last one not. So days are taken one after the other, and what is left of each tier is carried from one to the next.
"""

import calendar
import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

ZERO, ONE = Decimal(0), Decimal(1)
_LONGEST = 31
_DAY = datetime.timedelta(days=1)
_ROUND = 28 * 365 + 7
"""Days of 28 years, after which the weekdays have come round to the same dates."""


@dataclass(frozen=True)
class Load:
    """What one thing uses and costs on a day, free tiers not taken off: a pair for (any other, a working) day."""

    usd: tuple[Decimal, Decimal]
    units: tuple[Decimal, Decimal] = (ZERO, ZERO)
    tier: str | None = None
    """The free tier that it counts against."""


@dataclass(frozen=True)
class _Tier:
    """What all loads of a free tier use and cost on a day: a pair for (any other, a working) day."""

    free: Decimal
    """Units a month."""
    units: tuple[Decimal, Decimal]
    usd: tuple[Decimal, Decimal]


class DayRates:
    """What any day costs: the sums of all loads, by free tier; `free` are the units a month of each."""

    def __init__(self, loads: Iterable[Load], working: Collection[int], free: Mapping[str, Decimal]):
        self.works = [weekday in working for weekday in range(7)]
        by_tier: dict[str | None, list[Load]] = {}
        for load in loads:
            by_tier.setdefault(load.tier if load.tier in free else None, []).append(load)
        self.plain = _sum(load.usd for load in by_tier.pop(None, []))
        self.never: set[str] = set()
        """Tiers that are enough for any month."""
        self.tiers: dict[str, _Tier] = {}
        for key, group in by_tier.items():
            if key is None:
                continue
            tier = _Tier(free[key], _sum(each.units for each in group), _sum(each.usd for each in group))
            if _LONGEST * max(tier.units) <= tier.free:
                self.never.add(key)
            else:
                self.tiers[key] = tier
        self.months: dict[tuple[int, int], Decimal] = {}
        """What whole months cost, by the weekday of their first day and their length."""

    def month(self, first: datetime.date) -> Decimal:
        """Give what a whole month costs in USD, given its first day."""
        length = calendar.monthrange(first.year, first.month)[1]
        kind = (first.weekday(), length)
        if kind not in self.months:
            walk = Walk(self)
            self.months[kind] = sum((walk.take(first + number * _DAY) for number in range(length)), ZERO)
        return self.months[kind]


class Walk:
    """Takes days one after the other, each once and in order.

    `used` is what of each tier was used earlier in the month in which the walk begins.
    """

    def __init__(self, rates: DayRates, used: Mapping[str, Decimal] | None = None):
        self.rates = rates
        self._month: tuple[int, int] | None = None
        self._used = {key: (used or {}).get(key, ZERO) for key in rates.tiers}
        self._days = [0, 0]
        self._shares = {key: [ZERO, ZERO] for key in rates.tiers}

    def take(self, day: datetime.date) -> Decimal:
        """Take the next day; give what it costs in USD."""
        month = day.year, day.month
        if self._month != month:
            if self._month is not None:
                self._used = dict.fromkeys(self._used, ZERO)
            self._month = month
        worked = self.rates.works[day.weekday()]
        self._days[worked] += 1
        usd = self.rates.plain[worked]
        for key, tier in self.rates.tiers.items():
            units, share, used = tier.units[worked], ONE, self._used[key]
            if units and used < tier.free:
                share = (units - min(units, tier.free - used)) / units
            self._used[key] = used + units
            self._shares[key][worked] += share
            usd += share * tier.usd[worked]
        return usd

    def billed(self, load: Load) -> Decimal:
        """Give what a load has cost so far, its share of the free tiers taken off."""
        if load.tier in self.rates.never:
            return ZERO
        days = self._shares.get(load.tier or "", self._days)
        return load.usd[0] * days[0] + load.usd[1] * days[1]

    def full(self, load: Load) -> Decimal:
        """Give what a load would have cost so far without free tiers."""
        return load.usd[0] * self._days[0] + load.usd[1] * self._days[1]

    def used(self) -> dict[str, Decimal]:
        """Give what of each free tier has been used in the month of the last day."""
        return dict(self._used)


def _sum(pairs: Iterable[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    both = list(pairs)
    return sum((pair[0] for pair in both), ZERO), sum((pair[1] for pair in both), ZERO)


def days(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    """Yield each day from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + number * _DAY


def until(walk: Walk, first: datetime.date, money: Decimal) -> Decimal | None:
    """Walk from a day on until money is gone: in how many days that is; None where nothing costs anything.

    Whole months that leave something over are taken at once; after 28 years, in which the weekdays come round, the rest
    is divided by what they cost on average.
    """
    left, day = money, first
    while (day - first).days < _ROUND:
        if day.day == 1 and (month := walk.rates.month(day)) <= left:
            left -= month
            day += calendar.monthrange(day.year, day.month)[1] * _DAY
            continue
        usd = walk.take(day)
        if usd > left:
            return (day - first).days + left / usd
        left -= usd
        day += _DAY
    walked = (day - first).days
    return walked + left * walked / (money - left) if money > left else None
