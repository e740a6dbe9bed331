"""The credit that is left as a line of a terminal, and what a factor adds."""

from decimal import Decimal

from coursecloud.cost.model import Estimate

BLOCKS = "▁▂▃▄▅▆▇█"
GONE = "_"
"""What stands for a day at whose end nothing is left; `BLOCKS` are eighths of the credit."""
_WIDEST = 60


def percent(factor: Decimal) -> str:
    """Write what a factor adds or takes off: `+33 %`.

    >>> percent(Decimal("0.86"))
    '-14 %'
    """
    return f"{(factor - 1) * 100:+.0f} %"


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
