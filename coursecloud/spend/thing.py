"""One thing that a status shows: what it has cost, when it stops by itself, and what ends it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from coursecloud.spend.account import Entry


@dataclass(frozen=True)
class Thing:
    """One thing that is there and bills, or whose price nobody knows."""

    entry: Entry
    boots: bool
    """Whether it is the boot disk of a machine that is there."""
    spent: Decimal
    """USD since the start."""
    today: Decimal
    """USD since midnight in the lease's time zone."""
    ends: datetime.datetime | None
    """When it stops by itself; None where it does not, or does not run."""
    command: str
    """What ends it, to paste."""
    loses: str
    """What that loses, and what goes on billing."""
    whole: bool
    """Whether the command takes the whole stack, as nothing ends this alone."""

    @property
    def called(self) -> str:
        """Its name; a boot disk is its machine's."""
        return f"{self.entry.name}'s boot disk" if self.boots else self.entry.name
