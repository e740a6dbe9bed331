"""What an account means for a student: what runs, what it has cost, when the credit ends, and what to do now."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from coursecloud.cost import totals
from coursecloud.cost.bill import number
from coursecloud.cost.model import Rate as Exchange
from coursecloud.spend import account, commands, endings, outlook, unread
from coursecloud.spend.account import Account, Entry
from coursecloud.spend.billed import NOWHERE, Billed
from coursecloud.spend.budget import Budgets
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.outlook import Without
from coursecloud.spend.rates import ZERO, Rates
from coursecloud.spend.thing import Thing
from infra.settings import Settings


@dataclass(frozen=True)
class Status:
    """All that the screen shows; money is USD unless it says otherwise."""

    account: Account
    stack: str
    project: str
    at: datetime.datetime
    zone: ZoneInfo
    things: tuple[Thing, ...]
    gone: tuple[Entry, ...]
    """What has cost something and is no more, dearest first."""
    per_hour: Decimal
    spent: Decimal
    today: Decimal
    doubt: Decimal
    """How much of `spent` may be otherwise: no log has said yet what was done."""
    start: datetime.datetime
    credit: Decimal
    """In the credit's currency."""
    currency: str
    rate: Exchange | None
    reserve: Decimal
    """USD kept for saving the work; of the credit."""
    left: Decimal | None
    """USD; None where the currency has no known rate. Below 0 once more was spent."""
    ends: datetime.datetime | None
    """When the credit ends, or ended, if nothing is stopped by hand; None where it never does, or nobody knows."""
    save_by: datetime.datetime | None
    """When only the reserve is left."""
    lease_ends: datetime.date | None
    ceiling: Decimal | None
    """USD an hour that the stack may cost."""
    passed: Decimal | None
    """The largest part of `alerts` that is spent."""
    unknown: tuple[str, ...]
    """Why something has no price; none of it is in a total."""
    unread: tuple[str, ...]
    """What could not be read, what logs cannot give back, and what they have not delivered."""
    blind: int
    """How many questions about what there is failed at the last look."""
    notes: tuple[str, ...]
    logs_until: datetime.datetime | None = None
    """Until when the logs are believed to be complete; None where none was read."""
    without: Without | None = None
    """What follows where the dearest that runs is stopped now; None where nothing runs."""
    budgets: Budgets | None = None
    """What of the billing account is about the project; None where nobody looked."""
    billed: Billed = NOWHERE
    """What Google has billed, where the billing account's owner has the project told."""

    @property
    def counted(self) -> Decimal | None:
        """USD that are counted here for the time of the bill; None where it begins before the start."""
        bill = self.billed.bill
        return self.account.spent(bill.since, bill.at) if bill and bill.since >= self.start else None

    @property
    def at_least(self) -> bool:
        """Whether something has no price or was not read, so that totals are lower bounds."""
        return bool(self.unknown or self.unread)

    @property
    def data_goes(self) -> datetime.date | None:
        """The day on which Google removes what is stored: 30 days after the credit ends."""
        return self.ends and (self.ends.astimezone(self.zone) + timedelta(days=endings.AFTER)).date()

    @property
    def lease_days(self) -> int | None:
        """Days of the lease that are left, today included; 0 once it is over."""
        if self.lease_ends is None:
            return None
        return max(0, (self.lease_ends - self.at.astimezone(self.zone).date()).days + 1)

    @property
    def midnight(self) -> datetime.datetime:
        """When today began, or the start where that is later."""
        return max(self.start, _midnight(self.at, self.zone))

    @property
    def running(self) -> tuple[Thing, ...]:
        """What runs and bills by the hour for it."""
        return tuple(each for each in self.things if each.entry.state == "runs" and commands.computes(each.entry))

    @property
    def by_hand(self) -> tuple[Thing, ...]:
        """What somebody made that the stack did not."""
        return tuple(each for each in self.things if not each.entry.life.declared and each.entry.life.last_seen)

    @property
    def over(self) -> bool:
        """Whether the credit is spent."""
        return self.left is not None and self.left <= 0

    def in_currency(self, usd: Decimal) -> Decimal:
        """Convert USD into the credit's currency; USD where no rate is known."""
        return usd / self.rate.usd if self.rate else usd


def of(
    ledger: Ledger,
    settings: Settings,
    rates: Rates,
    notes: Sequence[str] = (),
    budgets: Budgets | None = None,
    billed: Billed = NOWHERE,
) -> Status:
    """Say where a project stands at the time of the last look of its ledger. Raises ValueError where nobody looked."""
    settled = account.of(ledger, rates)
    if settled is None:
        raise ValueError("nobody has looked at this project yet")
    lease, zone, at = settings.lease, ZoneInfo(settings.lease.time_zone), settled.at
    start = start_of(settings, ledger, at)
    morning = max(start, _midnight(at, zone))
    spent, exchange = settled.spent(start), totals.rate(rates.bill)
    credit = number(lease.credit.amount)
    usd = credit * exchange.usd if exchange else None
    reserve = number(lease.reserved) * exchange.usd if exchange else ZERO
    next_ = commands.Commands.of(settings, settled.there)
    things = _ordered(
        _thing(each, start, morning, settings, at, next_) for each in settled.there if _shows(each, start)
    )
    spent_parts = [number(part) for part in lease.alerts if usd and spent >= number(part) * usd]
    return Status(
        account=settled,
        stack=settings.stack,
        project=settings.project,
        at=at,
        zone=zone,
        things=things,
        gone=_gone(settled, start),
        per_hour=settled.per_hour,
        spent=spent,
        today=settled.spent(morning),
        doubt=settled.doubt(start),
        start=start,
        credit=credit,
        currency=lease.credit.currency,
        rate=exchange,
        reserve=reserve,
        left=None if usd is None else usd - spent,
        ends=None if usd is None else outlook.reaches(settled, things, start, usd),
        save_by=None if usd is None else outlook.reaches(settled, things, start, usd - reserve),
        lease_ends=lease.ends,
        ceiling=number(lease.max_per_hour) * exchange.usd if exchange else None,
        passed=max(spent_parts, default=None),
        unknown=settled.unknown,
        unread=tuple(unread.of(ledger, start, at, zone)),
        logs_until=ledger.complete_until,
        blind=sum(not what.removeprefix("//").startswith("logging.") for what, _ in ledger.unread),
        notes=tuple(notes),
        without=outlook.without(settled, things, start, usd),
        budgets=budgets,
        billed=billed,
    )


def start_of(settings: Settings, ledger: Ledger | None, at: datetime.datetime) -> datetime.datetime:
    """Say from when on the credit is counted: the lease's first day, else the first time of which anything is known."""
    lease = settings.lease
    if lease.starts:
        day = datetime.datetime.combine(lease.starts, datetime.time(), ZoneInfo(lease.time_zone))
        return min(day.astimezone(datetime.UTC), at)
    known = ledger.origin if ledger else None
    return known or at - timedelta(days=RETENTION)


def _midnight(at: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


RETENTION = 400
"""Days for which Google keeps the logs of both kinds: bucket `_Required` (cloud.google.com/logging/quotas, 2026-11)."""


def _shows(entry: Entry, start: datetime.datetime) -> bool:
    if entry.per_hour is None or entry.per_hour or entry.rate.runs or entry.unknown:
        return True
    return bool(entry.spent(start, entry.life.now.end))  # it costs nothing now, and has


def _thing(
    entry: Entry,
    start: datetime.datetime,
    morning: datetime.datetime,
    settings: Settings,
    at: datetime.datetime,
    next_: commands.Commands,
) -> Thing:
    shape = entry.life.shape
    running = shape if entry.state == "runs" else None
    ends = (endings.of(running, entry.since), endings.nightly(running, settings, at)) if running else ()
    # What is past its end and still runs was not stopped by it.
    coming = min((each for each in ends if each and each > at), default=None)
    command, loses = next_.ending(entry)
    spent, today = entry.spent(start, at), entry.spent(morning, at)
    return Thing(entry, next_.boots(entry), spent, today, coming, command, loses, command == next_.down)


def _ordered(things: Iterable[Thing]) -> tuple[Thing, ...]:
    """Put each boot disk below its machine."""
    every = list(things)
    disks = {each.entry.life.resource.replace("/disks/", "/instances/"): each for each in every if each.boots}
    found = list[Thing]()
    for each in every:
        if not each.boots:
            found += [each, *([disks.pop(each.entry.life.resource)] if each.entry.life.resource in disks else [])]
    return (*found, *disks.values())


def _gone(settled: Account, start: datetime.datetime) -> tuple[Entry, ...]:
    found = [each for each in settled.entries if each.state == "gone" and each.spent(start, settled.at)]
    return tuple(sorted(found, key=lambda each: -each.spent(start, settled.at)))
