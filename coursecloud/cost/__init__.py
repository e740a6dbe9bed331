"""A pure model from a plan to money: values in, values out. Prices are the dated files in catalog/."""

import datetime
from collections.abc import Sequence
from decimal import Decimal

from coursecloud.cost import lease_days, lines, totals
from coursecloud.cost.bill import Bill, number
from coursecloud.cost.form import to_json
from coursecloud.cost.lease_days import outside
from coursecloud.cost.model import Amounts, Band, Cause, Day, Estimate, Item, Rate, Runway, Totals
from coursecloud.cost.prices import Prices, load
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Registration
from infra.settings import Settings

__all__ = [
    "Amounts",
    "Band",
    "Cause",
    "Day",
    "Estimate",
    "Item",
    "Prices",
    "Rate",
    "Runway",
    "Totals",
    "estimate",
    "of_resources",
    "outside",
    "to_json",
]


def estimate(plan: Plan, prices: Prices | None = None, *, start: datetime.date | None = None) -> Estimate:
    """Estimate what a plan costs; of a plan of another revision too (`coursecloud.plan.saved.read`).

    `start` is the day from which the credit is counted, the lease's first unless given; before that day nothing is
    billed, so an earlier one counts as the first.
    """
    return of_resources(plan.resources, plan.settings, prices, start=start)


def of_resources(
    resources: Sequence[Registration],
    settings: Settings,
    prices: Prices | None = None,
    *,
    start: datetime.date | None = None,
) -> Estimate:
    """Estimate what resources cost under the usage, the lease and the credit of `settings`."""
    bill = Bill(tuple(resources), settings, prices or load())
    found, lease = tuple(lines.of(bill)), settings.lease
    calendar = lease_days.Calendar(bill, found, start)
    items = calendar.items()
    length = calendar.lease[1] if lease.starts and lease.ends else None
    credit, rate = number(lease.credit.amount), totals.rate(bill)
    usd = credit * rate.usd if rate else None
    idle, planned, everything_on = (calendar.course(case, usd) for case in ("idle", "planned", "everything_on"))
    lacks = None if usd is None or lease.ends is None else max(Decimal(0), sum(planned[0], Decimal(0)) - usd)
    due = totals.sums([item.due for item in items], length)
    return Estimate(
        stack=settings.stack,
        items=items,
        due=due,
        full=totals.sums([item.full for item in items], length),
        credit=credit,
        rate=rate,
        currency=lease.credit.currency,
        start=calendar.begins if start or lease.starts else None,
        lease_ends=lease.ends,
        idle=idle[1],
        planned=planned[1],
        everything_on=everything_on[1],
        unknown=totals.reasons(found),
        notes=tuple(lines.notes(bill)),
        prices_date=bill.prices.date,
        days=calendar.days(idle[0], planned[0], everything_on[0]),
        cause=totals.cause(items),
        band=calendar.band(usd),
        length=length,
        shortfall=lacks,
    )
