"""A walk over days: what each costs, with a month's free tiers used up as they are used.

Google counts what is free by calendar month, from its first unit on: builds of the first week may be free and those of
the last one not. So days are taken one after the other, and what is left of each tier is carried from one to the next.
"""

import calendar
import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

ZERO, ONE = Decimal(0), Decimal(1)
_DAY = datetime.timedelta(days=1)
_ROUND = 28 * 366
"""Days after which the weekdays have come round to the same dates, and leap years too."""


@dataclass(frozen=True)
class Load:
    """What one thing uses and costs on a day, free tiers not taken off: a pair for (any other, a working) day."""

    usd: tuple[Decimal, Decimal]
    units: tuple[Decimal, Decimal] = (ZERO, ZERO)
    tier: str | None = None
    """The free tier that it counts against."""


@dataclass
class _Tier:
    """A free tier in the month that is walked."""

    free: Decimal
    units: tuple[Decimal, Decimal]
    usd: tuple[Decimal, Decimal]
    used: Decimal = ZERO
    shares: list[Decimal] = field(default_factory=lambda: [ZERO, ZERO])
    """The shares that were billed, added up over other and over working days."""

    def bill(self, worked: bool) -> Decimal:
        """Use a day's units; give the share of them that is billed."""
        units = self.units[worked]
        if not units:
            self.shares[worked] += ONE
            return ONE
        covered = min(units, max(ZERO, self.free - self.used))
        self.used += units
        share = (units - covered) / units
        self.shares[worked] += share
        return share


class Walk:
    """Takes days one after the other, each once and in order.

    `working` are the working weekdays (Monday is 0), `free` the units of each tier that are free in a month, and `used`
    what of them was used earlier in the month in which the walk begins.
    """

    def __init__(
        self,
        loads: Iterable[Load],
        working: Collection[int],
        free: Mapping[str, Decimal],
        used: Mapping[str, Decimal] | None = None,
    ):
        self._loads, self._working, self._free = tuple(loads), frozenset(working), free
        self._month: tuple[int, int] | None = None
        self._counts = [0, 0]
        plain, by_tier = [ZERO, ZERO], dict[str, list[Load]]()
        for load in self._loads:
            if load.tier is not None and load.tier in free:
                by_tier.setdefault(load.tier, []).append(load)
            else:
                plain = [sum(pair, ZERO) for pair in zip(plain, load.usd, strict=True)]
        self._plain = (plain[0], plain[1])
        self._tiers = {
            key: _Tier(free[key], _sum(each.units for each in group), _sum(each.usd for each in group))
            for key, group in by_tier.items()
        }
        self._before = dict(used or {})
        self._months: dict[tuple[int, int], Decimal] = {}

    def works(self, day: datetime.date) -> bool:
        """Say whether a day is a working day."""
        return day.weekday() in self._working

    def take(self, day: datetime.date) -> Decimal:
        """Take the next day; give what it costs in USD."""
        if self._month != (day.year, day.month):
            for key, tier in self._tiers.items():
                tier.used = self._before.get(key, ZERO) if self._month is None else ZERO
            self._month = (day.year, day.month)
        worked = self.works(day)
        self._counts[worked] += 1
        return sum((tier.bill(worked) * tier.usd[worked] for tier in self._tiers.values()), self._plain[worked])

    def month(self, first: datetime.date) -> Decimal:
        """Give what a whole month costs in USD, given its first day; takes none of its days."""
        days = calendar.monthrange(first.year, first.month)[1]
        kind = (first.weekday(), days)
        if kind not in self._months:
            fresh = Walk(self._loads, self._working, self._free)
            self._months[kind] = sum((fresh.take(first + number * _DAY) for number in range(days)), ZERO)
        return self._months[kind]

    def billed(self, load: Load) -> Decimal:
        """Give what a load has cost so far, its share of the free tiers taken off."""
        days = self._tiers[load.tier].shares if load.tier in self._tiers else self._counts
        return sum((usd * count for usd, count in zip(load.usd, days, strict=True)), ZERO)

    def full(self, load: Load) -> Decimal:
        """Give what a load would have cost so far without free tiers."""
        return sum((usd * count for usd, count in zip(load.usd, self._counts, strict=True)), ZERO)

    def used(self) -> dict[str, Decimal]:
        """Give what of each free tier has been used in the month of the last day."""
        return {key: tier.used for key, tier in self._tiers.items()}


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
        if day.day == 1 and (month := walk.month(day)) <= left:
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
