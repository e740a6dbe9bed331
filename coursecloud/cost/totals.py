"""From billing lines to sums: units and money in each case, totals, what is unknown, and what a currency is worth."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from coursecloud.cost.bill import DAY, Bill, Line, number
from coursecloud.cost.model import Amounts, Cause, Item, Rate, Totals

ZERO, ONE = Decimal(0), Decimal(1)
HOURLY = ("everything_on", "idle", "down")
"""The cases that go on day and night; the other is `planned`."""


def units(line: Line, case: str) -> tuple[Decimal, Decimal] | None:
    """Units of any other and of a working day of a case; None where nobody knows."""
    if case == "planned":
        return None if line.other is None or line.worked is None else (line.other, line.worked)
    hourly = {"everything_on": line.on, "idle": line.idle, "down": line.idle if line.kept else ZERO}[case]
    return None if hourly is None else (hourly * DAY, hourly * DAY)


def money(line: Line, case: str) -> Decimal | None:
    """USD an hour of a case; of a working day of what is `planned`. None where it is unknown."""
    used = units(line, case)
    # Nothing of what has no price still costs nothing.
    if used == (ZERO, ZERO):
        return ZERO
    if used is None or line.price is None:
        return None
    return used[1] * line.price / (ONE if case == "planned" else DAY)


def cause(items: Iterable[Item]) -> Cause | None:
    """Find what takes the largest part of what is planned: all lines of a resource together."""
    by_resource: dict[tuple[str, str], list[tuple[Decimal, Item]]] = defaultdict(list)
    for item in items:
        by_resource[item.component, item.name].append((item.due.per_day or ZERO, item))
    sums = {key: sum((usd for usd, _ in group), ZERO) for key, group in by_resource.items()}
    total = sum(sums.values(), ZERO)
    if not total:
        return None
    largest = max(sums, key=lambda key: sums[key])
    _, dearest = max(by_resource[largest], key=lambda pair: pair[0])
    return Cause(dearest.urn, dearest.name, dearest.component, dearest.what, sums[largest], sums[largest] / total)


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
        if any(money(line, case) is None for case in (*HOURLY, "planned")):
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
