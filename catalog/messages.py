"""Messages of Google's services and of the tools around them: what each means, its remedy, and whether to try again.

The facts are `catalog/messages.json`; the errors of `coursecloud` and the guide's page are both made from them.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from catalog import tables

Retry = Literal["yes", "later", "fails", "bills"]

AGAIN: dict[Retry, str] = {
    "yes": "yes: the same command again",
    "later": "yes, after some minutes",
    "fails": "it does no harm, and fails again until the remedy is done",
    "bills": "no: each try runs and bills, so the remedy first",
}
"""Whether it is safe to run the same command again, in words."""


@dataclass(frozen=True)
class Message:
    """A message, or a kind of them."""

    id: str
    title: str
    group: str
    """The heading under which it is looked for."""
    sign: str
    """A regular expression that is found in it; case is ignored, and a dot takes line ends too."""
    meaning: str
    remedy: str
    retry: Retry
    source: Sequence[str]
    """Where its wording was read or seen: names of the table's sources, which have their dates."""
    samples: Sequence[str]
    """What it looks like, as people have met it."""
    rank: int = 0
    """0 where the sign is of this message alone, 1 of a kind of messages, 2 where it is only a status."""
    stops: bool = False
    """It concerns every call: no login, no billing, no network."""

    def found_in(self, text: str) -> bool:
        """Say whether its sign stands in a text."""
        return re.search(self.sign, text, re.IGNORECASE | re.DOTALL) is not None


@functools.cache
def every() -> tuple[Message, ...]:
    """Give all of them, in the order of the file."""
    return tuple(Message(**each) for each in cast("list[dict[str, Any]]", tables.table("messages")["messages"]))


def claims(text: str) -> list[Message]:
    """Give the messages whose sign a text has, those of the lowest rank that is found; more than one is a fault."""
    found = [each for each in every() if each.found_in(text)]
    lowest = min((each.rank for each in found), default=0)
    return [each for each in found if each.rank == lowest]


def find(text: str) -> Message | None:
    """Give the message that a text is, or None where nobody knows it."""
    return next(iter(claims(text)), None)
