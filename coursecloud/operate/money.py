"""Money as these commands write it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

DAY = Decimal(24)


def usd(amount: Decimal) -> str:
    """Write dollars so that two figures of a small amount are seen.

    >>> [usd(Decimal(each)) for each in ("1.2", "0.0368", "0.0011", "0.00000001", "0")]
    ['$1.20', '$0.037', '$0.0011', 'under $0.0001', '$0.00']
    """
    if amount and amount < Decimal("0.0001"):
        return "under $0.0001"
    if amount >= 1 or not amount:
        return f"${amount:.2f}"
    return f"${amount:.4f}" if amount < Decimal("0.01") else f"${amount:.3f}"


def total(amounts: Iterable[Decimal | None], unit: str) -> str:
    """Write a sum with its unit, `at least` where something in it is not known."""
    every = list(amounts)
    known = sum((each for each in every if each is not None), Decimal(0))
    return f"{'at least ' if None in every else ''}{usd(known)} {unit}"
