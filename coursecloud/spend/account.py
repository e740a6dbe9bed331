"""From lives to money: what each thing has cost by the hour that it was there, and how much of that is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from coursecloud.cost.bill import region_of
from coursecloud.spend import called, lives
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.life import Life, Use
from coursecloud.spend.model import Shape
from coursecloud.spend.rates import ZERO, Rate, Rates, Surroundings

_HOUR = Decimal(3_600_000_000)
"""Microseconds of an hour: times are exact."""


@dataclass(frozen=True)
class Entry:
    """One thing on the account, from its creation to its end."""

    life: Life
    rates: Rates
    around: Surroundings

    @property
    def name(self) -> str:
        """What people call it: the last part of its full name, or what it shows where that is only a number."""
        last, shape = self.life.resource.rpartition("/")[2], self.life.shape
        return str(shape.inputs.get("name") or last) if last.isdigit() and shape else last

    @property
    def kind(self) -> str:
        """Its kind as people call it; in Pulumi's words or Google's where that is all that is known."""
        return called.kind(self.life.shape, self.life.resource)

    @property
    def state(self) -> str:
        """What it does now: `runs`, `stopped` or `gone`."""
        return self.life.now.state

    @property
    def since(self) -> datetime:
        """Since when it does that."""
        return self._turn.begin

    @property
    def reason(self) -> str:
        """Why it came to what it does now, where a log says."""
        return self._turn.reason

    @property
    def _turn(self) -> Use:
        uses = self.life.uses
        first = len(uses) - 1
        while first and uses[first - 1].state == uses[-1].state:
            first -= 1
        return uses[first]

    @property
    def rate(self) -> Rate:
        """What it costs by the hour, as it is or was last."""
        return self._rate(self.life.shape)

    @property
    def per_hour(self) -> Decimal | None:
        """USD an hour now; None where nobody knows."""
        return self._usd(self.life.now)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why some of it has no price."""
        found = [reason for use in self.life.uses if use.state != "gone" for reason in self._rate(use.shape).unknown]
        return tuple(dict.fromkeys(found))

    def spent(self, begin: datetime, end: datetime) -> Decimal:
        """USD from `begin` to `end`, of what has a price."""
        return sum((hours(use, begin, end) * (self._usd(use) or ZERO) for use in self.life.uses), ZERO)

    def doubt(self, begin: datetime, end: datetime) -> Decimal:
        """USD of what was spent from `begin` to `end` that may be otherwise, as no log has said what was done."""
        total = ZERO
        for doubt in self.life.doubts:
            instead = self._usd(doubt) or ZERO
            for use in self.life.uses:
                both = hours(use, max(begin, doubt.begin), min(end, doubt.end))
                total += both * abs((self._usd(use) or ZERO) - instead)
        return total

    def _usd(self, use: Use) -> Decimal | None:
        if use.state == "gone":
            return ZERO
        rate = self._rate(use.shape)
        return rate.runs if use.state == "runs" else rate.stopped

    def _rate(self, shape: Shape | None) -> Rate:
        if shape is None:
            return Rate(None, None, "", (f"{self.name}: no log and no look says what this {self.kind} is",))
        return self.rates.of(shape, self.name, self.around)


@dataclass(frozen=True)
class Account:
    """What a project has cost, as far as it bills by the hour."""

    entries: tuple[Entry, ...]
    at: datetime
    """The time of the last look, to which it is counted."""

    def spent(self, begin: datetime, end: datetime | None = None) -> Decimal:
        """USD from `begin` to `end`, or to now."""
        return sum((entry.spent(begin, end or self.at) for entry in self.entries), ZERO)

    def doubt(self, begin: datetime) -> Decimal:
        """USD since `begin` that may be otherwise."""
        return sum((entry.doubt(begin, self.at) for entry in self.entries), ZERO)

    @property
    def there(self) -> tuple[Entry, ...]:
        """What is there now, dearest first; what has no price before all else."""
        found = [entry for entry in self.entries if entry.state != "gone"]
        return tuple(sorted(found, key=lambda each: (each.per_hour is not None, -(each.per_hour or ZERO), each.name)))

    @cached_property
    def per_hour(self) -> Decimal:
        """USD an hour of all that is there now and has a price."""
        return sum((entry.per_hour or ZERO for entry in self.there), ZERO)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why something on it has no price, or not all of one."""
        return tuple(dict.fromkeys(reason for entry in self.entries for reason in entry.unknown))


def of(ledger: Ledger, rates: Rates) -> Account | None:
    """Settle a ledger up to its last look; None where nobody has looked."""
    if ledger.at is None:
        return None
    lived = lives.of(ledger, ledger.at)
    around = Surroundings(frozenset(_behind_nat(lived)))
    return Account(tuple(Entry(life, rates, around) for life in lived), ledger.at)


def hours(use: Use, begin: datetime, end: datetime) -> Decimal:
    """Hours of a use between two times."""
    length = max(min(use.end, end) - max(use.begin, begin), timedelta())
    return Decimal(length // timedelta(microseconds=1)) / _HOUR


def _behind_nat(lived: Iterable[Life]) -> Iterator[str]:
    for life in lived:
        if life.shape and life.shape.type == "gcp:compute/routerNat:RouterNat":
            yield str(region_of(life.shape.inputs))
