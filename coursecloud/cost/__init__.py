"""A pure model from a plan to money: values in, values out. Prices are the dated files in catalog/."""

import datetime
from collections.abc import Sequence

from coursecloud.cost import lines, totals
from coursecloud.cost.bill import DAY, Bill, number
from coursecloud.cost.form import to_json
from coursecloud.cost.model import Amounts, Estimate, Item, Rate, Runway, Totals
from coursecloud.cost.prices import Prices, load
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Registration
from infra.settings import Settings

__all__ = ["Amounts", "Estimate", "Item", "Prices", "Rate", "Runway", "Totals", "estimate", "of_resources", "to_json"]


def estimate(plan: Plan, prices: Prices | None = None, *, start: datetime.date | None = None) -> Estimate:
    """Estimate what a plan costs; of a plan of another revision too (`coursecloud.plan.saved.read`).

    `start` is the day from which the credit is counted, the lease's first unless given.
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
    found = tuple(lines.of(bill))
    items, lease = totals.items(bill, found), settings.lease
    days = (lease.ends - lease.starts).days + 1 if lease.starts and lease.ends else None
    due = totals.sums([item.due for item in items], days)
    credit, rate = number(lease.credit.amount), totals.rate(bill)
    usd, start = credit * rate.usd if rate else None, start or lease.starts
    idle, planned, everything_on = (
        totals.runway(per_day, usd, start, lease.ends)
        for per_day in (due.per_hour_idle * DAY, due.per_day, due.per_hour_on * DAY)
    )
    return Estimate(
        stack=settings.stack,
        items=items,
        due=due,
        full=totals.sums([item.full for item in items], days),
        credit=credit,
        rate=rate,
        currency=lease.credit.currency,
        start=start,
        lease_ends=lease.ends,
        idle=idle,
        planned=planned,
        everything_on=everything_on,
        unknown=totals.reasons(found),
        notes=tuple(lines.notes(bill)),
        prices_date=bill.prices.date,
    )
