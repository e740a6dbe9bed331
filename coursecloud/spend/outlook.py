"""When so much is spent: in the past by the account, else as it goes on, and as it does where something is stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from coursecloud.spend import commands
from coursecloud.spend.account import Account
from coursecloud.spend.rates import ZERO
from coursecloud.spend.thing import Thing

LAST = timedelta(days=3650)
"""What lies further off is no day that anybody plans for."""


@dataclass(frozen=True)
class Without:
    """What follows where the dearest thing that runs is stopped now."""

    thing: Thing
    saved: Decimal
    """USD an hour that it ends."""
    per_hour: Decimal
    """USD an hour of all the rest, and of what stays of it."""
    ends: datetime | None
    """When the credit ends then; None where it never does, or nobody knows."""


def without(settled: Account, things: Sequence[Thing], start: datetime, usd: Decimal | None) -> Without | None:
    """Say what stopping the dearest that runs comes to; `usd` is the credit. None where nothing priced runs."""
    running = (each for each in things if each.entry.state == "runs" and commands.computes(each.entry))
    dearest = next((each for each in running if each.entry.per_hour), None)
    if dearest is None:
        return None
    saved = _saved(dearest)
    ends = None if usd is None else reaches(settled, things, start, usd, dearest)
    return Without(dearest, saved, settled.per_hour - saved, ends)


def reaches(
    settled: Account, things: Sequence[Thing], start: datetime, usd: Decimal, stopped: Thing | None = None
) -> datetime | None:
    """Find when so much is spent since `start`: in the past by the account, else as it goes on if nobody acts.

    `stopped` is stopped now. None where it never is, or not within ten years.
    """
    spent = settled.spent(start)
    if spent >= usd:
        early, late = start, settled.at
        while late - early > timedelta(minutes=1):
            middle = early + (late - early) / 2
            early, late = (early, middle) if settled.spent(start, middle) >= usd else (middle, late)
        return late
    rate, reached = settled.per_hour, settled.at
    if stopped is not None:
        rate -= _saved(stopped)
    ending = [each for each in things if each.ends and each is not stopped]
    for thing in sorted(ending, key=lambda each: each.ends or reached):
        if thing.ends is None:
            continue
        step = rate * Decimal((thing.ends - reached).total_seconds()) / 3600
        if spent + step >= usd:
            break
        spent, reached = spent + step, thing.ends
        rate -= _saved(thing)
    if rate <= 0 or (usd - spent) / rate > LAST // timedelta(hours=1):
        return None
    return reached + timedelta(hours=float((usd - spent) / rate))


def _saved(thing: Thing) -> Decimal:
    return (thing.entry.per_hour or ZERO) - (thing.entry.rate.stopped or ZERO)
