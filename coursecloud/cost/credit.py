"""What becomes of the credit, in a sentence: the day on which it ends against the lease's, and what takes most."""

import enum
from decimal import Decimal

from coursecloud.cost.model import Cause, Estimate
from coursecloud.cost.words import percent


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


def sentence(estimate: Estimate, *, cause: bool = True) -> str:
    """Say what becomes of the credit; with `cause` also what takes most of it."""
    # Fewer days than the lease has: another first day was asked for.
    later = estimate.length is not None and len(estimate.days) < estimate.length
    return f"counted from {estimate.start}, {_said(estimate, cause)}" if later else _said(estimate, cause)


def _said(estimate: Estimate, cause: bool) -> str:
    amount = f"{_number(estimate.credit)} {estimate.currency}"
    by = _largest(estimate) if cause else ""
    ends = estimate.lease_ends
    match verdict(estimate):
        case Verdict.ENDS:
            latest = " at the latest" if estimate.at_least else ""
            short = estimate.days_short
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
            return f"the credit of {amount} lasts: {left}{by}{_should_spot_rise(estimate)}"


def unpriced(estimate: Estimate) -> str:
    """Say what nobody knows the price of, the first two by name; between backticks is what others wrote."""
    first, more = [_code(text) for text in estimate.unknown[:2]], len(estimate.unknown) - 2
    return "; ".join(first) + (f"; and {more} more unknown" if more > 0 else "")


def largest(cause: Cause) -> str:
    """Name what takes most. Of what no resource stands for, such as training jobs, its name alone would not tell."""
    return cause.name if cause.urn is not None or not cause.component else f"{cause.component} {cause.name}"


def _largest(estimate: Estimate) -> str:
    if (found := estimate.cause) is None:
        return ""
    own = estimate.in_credit_currency(found.per_day)
    day = f"{found.per_day:.2f} USD" if own is None else f"{own:.2f} {estimate.currency}"
    return f"; {_code(largest(found))} ({found.what}) takes {found.share:.0%} of what is planned, {day} a day"


def _should_spot_rise(estimate: Estimate) -> str:
    band = estimate.band
    if not band or not band.dear.before_end:
        return ""
    return f"; should Spot prices rise by {percent(band.highest)[1:]}, it ends on {band.dear.gone}"


def _days(estimate: Estimate) -> str:
    case = estimate.planned
    if case.days is None:
        return "for ever"
    return f"{case.days:.0f} days as planned" if case.days >= 10 else f"{case.days:.1f} days as planned"


def _spent(estimate: Estimate) -> str:
    """What the days that are counted cost together, in the credit's currency; empty where the lease has no end."""
    whole = estimate.lease_total
    lease = None if whole is None else sum((day.planned for day in estimate.days), Decimal(0))
    own = None if lease is None else estimate.in_credit_currency(lease)
    return "" if own is None else f"{own:.2f} {estimate.currency}"


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"
