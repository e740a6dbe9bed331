"""What an estimate means for whoever pays: one sentence, and the credit that is left as a line of a terminal."""

from decimal import Decimal

from coursecloud.cost.model import Cause, Estimate

BLOCKS = "▁▂▃▄▅▆▇█"
GONE = "_"
"""What stands for a day at whose end nothing is left; `BLOCKS` are eighths of the credit."""
_WIDEST = 60


def consequence(estimate: Estimate) -> str:
    """Say on which day the credit is gone, how long before the lease's end, and because of what."""
    # Fewer days than the lease has: another first day was asked for.
    later = estimate.length is not None and len(estimate.days) < estimate.length
    return f"counted from {estimate.start}, {_said(estimate)}" if later else _said(estimate)


def _said(estimate: Estimate) -> str:
    credit, planned = _credit(estimate), estimate.planned
    if estimate.rate is None:
        return f"how long {credit} last is not known: there is no rate for it (`usdRate` under coursecloud:usage)."
    if planned.never:
        unknown = "nothing with a known price costs anything" if estimate.at_least else "nothing costs anything"
        return f"as planned {unknown}: {credit} are never gone."
    because = f" {_because(estimate.cause, estimate)}" if estimate.cause else ""
    if planned.before_end and estimate.days_short is not None:
        short = estimate.days_short
        before = f"{short} day{'' if short == 1 else 's'} before" if short else "the day on which"
        at_least = ", at the latest" if estimate.at_least else ""
        return f"{credit} are gone on {planned.gone}{at_least}, {before} the lease ends.{because}"
    if planned.before_end is None or estimate.credit_usd is None:
        return f"as planned {credit} last {'at most ' if estimate.at_least else ''}{_days(planned.days)}.{because}"
    left = _own(estimate.credit_usd - sum((day.planned for day in estimate.days), Decimal(0)), estimate)
    said = f"{credit} are enough to the lease's end on {estimate.lease_ends}; {left} of them are left."
    if estimate.at_least:
        said = f"{credit} may be enough to the lease's end on {estimate.lease_ends}; at most {left} of them are left."
    band = estimate.band
    if band and band.dear.before_end:
        said += f" Should Spot prices rise by {percent(band.highest)[1:]}, they are gone on {band.dear.gone}."
    return said


def _because(cause: Cause, estimate: Estimate) -> str:
    known = " of what has a known price" if estimate.at_least else ""
    what = f"{cause.name} ({cause.what})"
    return f"Most of it is for {what}: {_own(cause.per_day, estimate)} a day, {percent(1 + cause.share)[1:]}{known}."


def percent(factor: Decimal) -> str:
    """Write what a factor adds or takes off: `+33 %`.

    >>> percent(Decimal("0.86"))
    '-14 %'
    """
    return f"{(factor - 1) * 100:+.0f} %"


def _credit(estimate: Estimate) -> str:
    return f"{estimate.credit.normalize():f} {estimate.currency}"


def _own(usd: Decimal, estimate: Estimate) -> str:
    own = estimate.in_credit_currency(usd)
    return f"{usd:.2f} USD" if own is None else f"{own:.2f} {estimate.currency}"


def _days(days: Decimal | None) -> str:
    return "for ever" if days is None else f"{days:.0f} days" if days >= 10 else f"{days:.1f} days"


def left(estimate: Estimate) -> list[Decimal]:
    """List what is left of the credit as planned at the end of each day, from 1 to 0; empty where nobody knows."""
    credit = estimate.credit_usd
    if not credit:
        return []
    rest, found = credit, list[Decimal]()
    for day in estimate.days:
        rest -= day.planned
        found.append(max(Decimal(0), rest / credit))
    return found


def spark(estimate: Estimate) -> str:
    """Draw the credit that is left, a character a day or a few days; empty where nobody knows."""
    shares = left(estimate)
    step = -(-len(shares) // _WIDEST) or 1
    # The last of each few days: where it is empty, the credit is gone.
    shown = [shares[min(place + step, len(shares)) - 1] for place in range(0, len(shares), step)]
    return "".join(GONE if not share else BLOCKS[min(7, int(share * 8))] for share in shown)


def writable(encoding: str) -> bool:
    """Say whether an output of an encoding can show what `spark` draws."""
    try:
        BLOCKS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
