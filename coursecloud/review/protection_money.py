"""Which limits on money of a stack file hold back less than before: in USD, where they are in another currency."""

from collections.abc import Iterator
from decimal import Decimal

from coursecloud.cost import Estimate, credit, prices, usual
from coursecloud.policy.rules.stack import IDLE_SHARE
from coursecloud.review import formatting
from coursecloud.review.money import Cost
from coursecloud.review.protection import Weaker
from infra.settings import Settings


def weaker(old: Settings, new: Settings, now: Estimate | None) -> Iterator[Weaker]:
    """List the limits that rise and the reserve that falls; `now` is the estimate after the change."""
    lent = new.lease.credit
    was, will = old.lease.max_per_hour, new.lease.max_per_hour
    if rises(was, will, old, new):
        before, after = _money(was, old), _money(will, new)
        lasts = f"at that, the credit of {lent.amount:g} {lent.currency} lasts {lent.amount / will:.0f} h"
        then = f"an hour may cost {after} instead of {before} before a rule says so; {lasts}"
        yield Weaker("money", "`lease.maxPerHour`", before, after, then)
    given = [each.guardrails.max_idle_per_day for each in (old, new)]
    was, will = (_idle(each) for each in (old, new))
    # Unless given it is a part of the credit, and follows it.
    if (given[0] != given[1] or (given[0] is not None and _moves(old, new))) and rises(was, will, old, new):
        idle = f"; it costs {now.per_day_idle:.2f} USD now" if now else ""
        before, after = _money(was, old), _money(will, new)
        then = f"a day on which nothing runs may cost {after} instead of {before} before a rule says so{idle}"
        yield Weaker("money", "`guardrails.maxIdlePerDay`", before, after, then)
    was, will = old.lease.reserved, new.lease.reserved
    set_ = old.lease.reserve is not None or new.lease.reserve is not None
    if (set_ or old.lease.credit == lent) and rises(will, was, new, old):
        then = "so much is left for copying the work away before the credit ends"
        yield Weaker("money", "`lease.reserve`", _money(was, old), _money(will, new), then)


_NOTED = 10
"""Part of what an hour may cost, or did, by which it may rise and needs no second look."""


def dearer(old: Settings, cost: Cost) -> str:
    """Say that an hour costs more than before by a tenth of that, or of `lease.maxPerHour`; empty where it does not."""
    more, was = cost.per_hour, cost.before.per_hour_on if cost.before else Decimal(0)
    rate = usd(old)
    most = None if rate is None else Decimal(str(old.lease.max_per_hour)) * rate
    if round(more, 2) <= 0 or (more * _NOTED <= was and (most is None or more * _NOTED <= most)):
        return ""
    return f"it costs more: {formatting.hourly(more, unknown=False)} with everything on"


def claimed(cost: Cost) -> Iterator[Weaker]:
    """Say that what is there is counted for less than before: what comes next seems to fit into the credit."""
    if cost.less and cost.before:
        # By what the file says now, and by what it said before.
        was, will = cost.before.per_day_planned + cost.less[1], cost.before.per_day_planned
        what = "what `usage`, `prices` and `lease.workingHours` count"
        then = "what is there costs what it did, and what comes next is held against a credit that only seems to last"
        yield Weaker("money", what, f"{was:.2f} USD a day", f"{will:.2f} USD a day", then)


def unusual(cost: Cost) -> Iterator[Weaker]:
    """Say of a stack that comes that its credit lasts only as it counts less than half of what is usual."""
    told = [usual.only_so(cost.after, each) for each in cost.assumed] if cost.after else []
    for each in filter(None, told):
        then = f"the credit lasts by that alone; used as stacks are unless given, {credit.sentence(each)}"
        was, will = (f"{side.per_day_planned:.2f} USD a day" for side in (each, cost.after) if side)
        yield Weaker("money", "what `usage` and `lease.workingHours` count", f"{was} unless given", will, then)


def usd(settings: Settings) -> Decimal | None:
    """Give what one unit of the credit's currency is worth in USD by a stack file; None where nobody knows."""
    currency, given = settings.lease.credit.currency, settings.usage.usd_rate
    if currency != "USD" and given is not None:
        return Decimal(str(given))
    return prices.load().usd(currency)


def rises(was: float, will: float, old: Settings, new: Settings) -> bool:
    """Say whether an amount becomes more; in other currencies by the rate of each, and always where one is unknown."""
    if not _moves(old, new):
        return will > was
    before, after = usd(old), usd(new)
    return before is None or after is None or Decimal(str(will)) * after > Decimal(str(was)) * before


def _moves(old: Settings, new: Settings) -> bool:
    return old.lease.credit.currency != new.lease.credit.currency


def _idle(settings: Settings) -> float:
    own = settings.guardrails.max_idle_per_day
    return own if own is not None else settings.lease.credit.amount / IDLE_SHARE


def _money(amount: float, settings: Settings) -> str:
    return f"{amount:g} {settings.lease.credit.currency}"
