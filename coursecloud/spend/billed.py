"""What Google has billed, as the messages of a budget tell it: pure.

A budget with a topic publishes there some times a day, whatever its thresholds are. Form and fields by
https://cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications (schema 1.0, read 2026-11-29).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from coursecloud.common.console import visible

LARGEST = 10_000
"""Characters of a message's data; one of Google's has some three hundred."""


@dataclass(frozen=True)
class Bill:
    """What a budget's newest message says."""

    amount: Decimal
    """In `currency`, the billing account's; credits are taken off or not, as the budget has it."""
    currency: str
    since: datetime
    """From when on it is counted."""
    at: datetime
    """When Google published it; what it counts is some hours older."""
    budget: str


@dataclass(frozen=True)
class Billed:
    """What a look for it gave."""

    bill: Bill | None
    reason: str = ""
    """Why there is none, in words."""


NOWHERE = Billed(
    None,
    "Google shows it to who has a role on the billing account, a day or more late, and tells it to a project where"
    " the account's owner set that up (docs/billing.md)",
)


def of(messages: Iterable[Mapping[str, Any]], budget: str) -> Billed:
    """Find the newest message of the budget of that name, by when it was published, wherever it stands."""
    came = [_read(message) for message in messages]
    known = [bill for bill in came if bill]
    own = [bill for bill in known if bill.budget == budget]
    if own:
        return Billed(max(own, key=lambda bill: bill.at))
    if not came:
        return Billed(None, f"no message of budget `{budget}` came in the last day; Google sends some a day")
    others = Counter(bill.budget for bill in known)
    named = [f"{many} of budget `{name}`" for name, many in sorted(others.items())]
    odd = len(came) - len(known)
    parts = ", ".join(named + [f"{odd} that this tool does not understand"] * bool(odd))
    return Billed(None, f"the messages that came are {parts}, and none of `{budget}` (docs/billing.md)")


def _read(message: Mapping[str, Any]) -> Bill | None:
    """Read one message of Pub/Sub; None where it is no notification of a budget that this understands."""
    try:
        version = str(message["attributes"]["schemaVersion"])
        data = str(message["data"])
        told = cast("object", json.loads(base64.b64decode(data, validate=True))) if len(data) <= LARGEST else None
        if not version.startswith("1.") or not isinstance(told, dict):
            return None
        said = cast("dict[str, Any]", told)
        amount, currency = said["costAmount"], str(said["currencyCode"])
        if isinstance(amount, bool) or not isinstance(amount, int | float) or not math.isfinite(amount):
            return None
        if not re.fullmatch(r"[A-Z]{3}", currency):
            return None
        since, at = (_time(str(each)) for each in (said["costIntervalStart"], message["publishTime"]))
        return Bill(Decimal(str(amount)), currency, since, at, visible(str(said["budgetDisplayName"])))
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _time(text: str) -> datetime:
    """Read a time. Raises ValueError for one without its zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.astimezone(UTC)
