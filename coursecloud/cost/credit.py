"""What becomes of the credit, in a sentence: the day on which it ends against the lease's, and what takes most."""

import enum
from collections import defaultdict
from decimal import Decimal

from coursecloud.cost.model import Estimate


class Verdict(enum.StrEnum):
    """Whether the credit lasts as planned, gravest first."""

    ENDS = "ends"
    """It ends before the lease does, or on its last day."""
    UNKNOWN = "unknown"
    """Something has no known price, or the currency no rate: nobody knows about the rest."""
    OPEN = "open"
    """The lease has no end to hold it against."""
    LASTS = "lasts"
    """It lasts to the lease's end."""


def verdict(estimate: Estimate) -> Verdict:
    """Say whether the credit lasts. What ends too early by the known prices alone does so whatever the rest costs."""
    if estimate.planned.before_end:
        return Verdict.ENDS
    if estimate.credit_usd is None or estimate.at_least:
        return Verdict.UNKNOWN
    return Verdict.LASTS if estimate.lease_ends else Verdict.OPEN


def days_short(estimate: Estimate) -> int | None:
    """Count the days between the credit's end and the lease's; None where it does not end before, or nobody knows."""
    gone, ends = estimate.planned.gone, estimate.lease_ends
    return (ends - gone).days if estimate.planned.before_end and gone and ends else None


def largest(estimate: Estimate) -> tuple[str, Decimal] | None:
    """Name what takes the largest share of a planned day, and its share from 0 to 1; None where nothing is billed."""
    by_resource: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for item in estimate.items:
        # Of what no resource stands for, such as training jobs, the component alone would not tell what it is.
        own = item.urn is not None and item.urn.rpartition("::")[2] == item.name
        name = item.name if own or not item.component else f"{item.component} {item.name}"
        by_resource[item.urn or "", name] += item.due.per_day or Decimal(0)
    total = sum(by_resource.values(), Decimal(0))
    if not total:
        return None
    (_, name), most = max(by_resource.items(), key=lambda entry: entry[1])
    return name, most / total


def sentence(estimate: Estimate, *, cause: bool = True) -> str:
    """Say what becomes of the credit; with `cause` also what takes most of it."""
    amount = f"{_number(estimate.credit)} {estimate.currency}"
    by = _largest(estimate) if cause else ""
    ends = estimate.lease_ends
    match verdict(estimate):
        case Verdict.ENDS:
            latest = " at the latest" if estimate.at_least else ""
            short = days_short(estimate)
            before = (
                f"{short} day{'' if short == 1 else 's'} before the lease does ({ends})"
                if short
                else "the last day of the lease"
            )
            unknown = f"; sooner by what {unpriced(estimate)}" if estimate.at_least else ""
            return f"the credit of {amount} ends on {estimate.planned.gone}{latest}, {before}{by}{unknown}"
        case Verdict.UNKNOWN if estimate.credit_usd is None:
            return (
                f"nobody can say how long the credit of {amount} lasts: no rate for {estimate.currency}; add"
                " `usdRate` under coursecloud:usage"
            )
        case Verdict.UNKNOWN:
            spent = _spent(estimate)
            known = f"; what is known takes {spent} of it" if spent else ""
            lasts = (
                f"whether the credit of {amount} lasts to {ends}" if ends else f"how long the credit of {amount} lasts"
            )
            return f"nobody can say {lasts}: {unpriced(estimate)}{known}"
        case Verdict.OPEN:
            return f"the credit of {amount} lasts {_days(estimate)}; the lease has no end to hold that against{by}"
        case Verdict.LASTS:
            spent = _spent(estimate)
            left = (
                f"{spent} are spent when the lease ends ({ends})"
                if spent
                else f"it is there when the lease ends ({ends})"
            )
            return f"the credit of {amount} lasts: {left}{by}"


def unpriced(estimate: Estimate) -> str:
    """Say what nobody knows the price of, the first two by name; between backticks is what others wrote."""
    first, more = [_code(text) for text in estimate.unknown[:2]], len(estimate.unknown) - 2
    return "; ".join(first) + (f"; and {more} more unknown" if more > 0 else "")


def _largest(estimate: Estimate) -> str:
    found = largest(estimate)
    return f"; {_code(found[0])} takes {found[1]:.0%} of it" if found else ""


def _days(estimate: Estimate) -> str:
    case = estimate.planned
    if case.days is None:
        return "for ever"
    return f"{case.days:.0f} days as planned" if case.days >= 10 else f"{case.days:.1f} days as planned"


def _spent(estimate: Estimate) -> str:
    """What the whole lease costs, in the credit's currency; empty where the days are not those of the whole lease."""
    lease = estimate.lease_total
    own = None if lease is None else estimate.in_credit_currency(lease)
    return "" if own is None else f"{own:.2f} {estimate.currency}"


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"
