"""From billing lines to items and totals: free tiers taken off, sums, and how long the credit lasts."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from coursecloud.cost.bill import DAY, Bill, Line, number
from coursecloud.cost.model import Amounts, Item, Rate, Runway, Totals
from coursecloud.cost.prices import MONTH

ZERO = Decimal(0)
_CASES = ("on", "idle", "down", "day")
_Shares = Mapping[tuple[str, str], Decimal]


def items(bill: Bill, lines: Sequence[Line]) -> tuple[Item, ...]:
    """Make items of lines, each with and without the free tiers."""
    shares = _billed_shares(bill, lines)
    return tuple(_item(line, shares) for line in lines)


def _item(line: Line, shares: _Shares) -> Item:
    full = [_money(line, case) for case in _CASES]
    due = [
        None if money is None else money * shares.get((line.free or "", case), Decimal(1))
        for case, money in zip(_CASES, full, strict=True)
    ]
    return Item(
        line.urn,
        line.name,
        line.component,
        line.what,
        line.unit,
        line.day,
        line.price,
        Amounts(*due),
        Amounts(*full),
        line.kept,
        line.reason,
    )


def _quantity(line: Line, case: str) -> Decimal | None:
    """Units an hour in a case; on a planned `day`, units a day."""
    if case == "down":
        return line.idle if line.kept else ZERO
    return {"on": line.on, "idle": line.idle, "day": line.day}[case]


def _money(line: Line, case: str) -> Decimal | None:
    quantity = _quantity(line, case)
    # Nothing of what has no price still costs nothing.
    if quantity == 0:
        return ZERO
    return None if quantity is None or line.price is None else quantity * line.price


def _billed_shares(bill: Bill, lines: Sequence[Line]) -> _Shares:
    """Work out for each free tier and case which share of the quantity is billed.

    A tier of a billing account is divided evenly among the groups on it; within the stack, evenly by quantity.
    """
    shares: dict[tuple[str, str], Decimal] = {}
    for key in {line.free for line in lines if line.free}:
        tier = bill.prices.free(key)
        if tier is None:
            continue
        hourly = tier.amount / MONTH / (bill.usage.groups_on_account if tier.shared else 1)
        for case in _CASES:
            total = sum((_quantity(line, case) or ZERO for line in lines if line.free == key), ZERO)
            allowance = hourly * DAY if case == "day" else hourly
            shares[key, case] = max(ZERO, total - allowance) / total if total else Decimal(1)
    return shares


def sums(amounts: Sequence[Amounts], days: int | None) -> Totals:
    """Add up what is known; `days` is the length of the lease."""
    hours = [
        sum((getattr(each, field) or ZERO for each in amounts), ZERO)
        for field in ("per_hour_on", "per_hour_idle", "per_hour_down", "per_day")
    ]
    return Totals(*hours, lease=None if days is None else hours[3] * days)


def reasons(lines: Sequence[Line]) -> tuple[str, ...]:
    """Say what is unknown: each reason once, with the resources that it is about."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if any(_money(line, case) is None for case in _CASES):
            by_reason[line.reason or f"{line.name}: nobody knows how much"].append(line.name)
    return tuple(
        reason if reason.startswith(f"{names[0]}:") else f"{', '.join(dict.fromkeys(names))}: {reason}"
        for reason, names in by_reason.items()
    )


def rate(bill: Bill) -> Rate | None:
    """Find what the credit's currency is worth in USD: the stack file's word, else the dated table's."""
    currency = bill.settings.lease.credit.currency
    if currency == "USD":
        return Rate(currency, Decimal(1), None, "prices are in USD")
    if (given := bill.usage.usd_rate) is not None:
        return Rate(currency, number(given), None, "usage.usdRate of the stack file")
    usd = bill.prices.usd(currency)
    if usd is None:
        return None
    table = bill.prices.currencies
    return Rate(currency, usd, datetime.date.fromisoformat(table["date"]), table["source"][0]["title"])


def runway(
    per_day: Decimal, credit_usd: Decimal | None, start: datetime.date | None, ends: datetime.date | None
) -> Runway:
    """Say how long a credit lasts at so much a day."""
    if per_day == 0 or credit_usd is None:
        return Runway(per_day, None, per_day == 0, None, False if per_day == 0 and ends else None)
    days = credit_usd / per_day
    gone = None
    if start is not None and days < (datetime.date.max - start).days:
        gone = start + datetime.timedelta(days=int(days))
    # Too far for the calendar is after any lease.
    before = None if ends is None or start is None else gone is not None and gone <= ends
    return Runway(per_day, days, False, gone, before)
