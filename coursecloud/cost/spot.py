"""How far Spot prices move between two readings of Google's catalogue: a dated fact, not a forecast."""

import functools
from dataclasses import dataclass
from decimal import Decimal

from coursecloud.cost import prices

FILE = "prices-spot"
"""The file in catalog/ that says it, with its sources and date."""


@dataclass(frozen=True)
class Seen:
    """What Spot prices became within weeks, as multiples of what they had been."""

    lowest: Decimal
    highest: Decimal
    date: str


@functools.cache
def seen() -> Seen:
    """Read how far Spot prices were seen to move."""
    table = prices.read(prices.DATA / f"{FILE}.json")
    return Seen(Decimal(table["lowest"]), Decimal(table["highest"]), table["date"])
