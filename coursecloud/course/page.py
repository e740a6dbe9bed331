"""A course as one HTML file that needs nothing else: who runs out first, what runs, what failed."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coursecloud.common import html
from infra import secrecy

TEMPLATE = Path(__file__).with_name("page.html")
SOON = 3
"""Days before the end of a credit from which on a group stands out."""


def headline(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say in a sentence what an instructor has to know."""
    count = len(rows)
    over = sum(row["daysLeft"] == 0 for row in rows)
    soon = sum(row["daysLeft"] is not None and 0 < row["daysLeft"] <= SOON for row in rows)
    failed, running = sum(row["failure"] is not None for row in rows), sum(bool(row["running"]) for row in rows)
    unread = sum(bool(row["unread"]) for row in rows)
    parts = [f"{over} without credit"] if over else []
    parts += [f"{soon} run out within {SOON} days"] if soon else []
    parts += [f"{failed} failed last"] if failed else []
    looked = any(row["lookedAt"] for row in rows)
    parts += [f"{running} run now" if looked or not rows else "what runs is not known, as nobody has looked yet"]
    parts += [f"{unread} not read, or not all of it"] if unread else []
    return f"{count} group{'s' * (count != 1)}: {', '.join(parts)}"


def full(rows: Sequence[Mapping[str, Any]], at: datetime.datetime) -> str:
    """Write the page. It loads nothing, and its policy forbids it to; its own script filters and sorts."""
    return html.render(
        [TEMPLATE.parent],
        TEMPLATE.name,
        chart_style="",
        title=secrecy.hide(headline(rows)),
        at=f"{at:%Y-%m-%d %H:%M %Z}",
        rows=[_row(row) for row in rows],
        soon=SOON,
    )


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    spent, projected, credit = row["spent"], row["projected"], row["creditUsd"]
    state = [name for name, is_so in (
        ("over", row["daysLeft"] == 0), ("soon", row["daysLeft"] is not None and 0 < row["daysLeft"] <= SOON),
        ("failed", row["failure"] is not None), ("running", bool(row["running"])), ("broken", bool(row["broken"])),
        ("unread", bool(row["unread"])), ("by-hand", bool(row["byHand"])),
    ) if is_so]  # fmt: skip
    return {
        "stack": row["stack"],
        "group": "" if row["group"] == row["stack"] else row["group"],
        "project": row["project"],
        "ends": row["creditEnds"] or "",
        "by": row["creditEndsBy"],
        "days": row["daysLeft"],
        "lease": row["leaseEnds"] or "",
        "spent": _of_credit(spent, row["usdRate"]),
        "projected": _of_credit(projected, row["usdRate"]),
        "credit": None if row["credit"] is None else f"{row['credit']:g} {row['currency']}",
        "spent_part": _part(spent, credit),
        "projected_part": _part(projected, credit),
        "over": bool(credit and projected and projected > credit),
        "hour": _usd(row["perHour"]),
        "running": row["running"],
        "by_hand": row["byHand"],
        "last": list(_last(row)),
        "words": [secrecy.hide(text) for text in _wrong(row)],
        "states": " ".join(state),
        "numbers": {"days": row["daysLeft"], "spent": spent, "hour": row["perHour"], "projected": projected},
    }


def _part(usd: float | None, credit: float | None) -> float | None:
    """Give percents of the credit, 100 at most: that is as wide as a bar is."""
    return None if usd is None or not credit else round(min(100.0, 100 * usd / credit), 1)


def _of_credit(usd: float | None, rate: float | None) -> str:
    """Write an amount in the credit's currency, or in USD where nobody knows its rate."""
    return "?" if usd is None else f"{usd / rate:,.2f}" if rate else _usd(usd)


def _last(row: Mapping[str, Any]) -> Iterator[str]:
    for each in (row["lastUp"], row["lastDown"]):
        if each:
            well = "" if each["state"] == "done" else f" {each['state']}"
            yield f"{each['verb']}{well} {each['at'][:16].replace('T', ' ')}"


def _wrong(row: Mapping[str, Any]) -> Iterator[str]:
    if row["failure"]:
        yield f"{row['failure']['verb']}: {row['failure']['words']}"
    if row["mistakes"]:
        yield f"its file has {row['mistakes']} mistakes"
    if row["broken"]:
        yield f"breaks {', '.join(row['broken'])}"
    if row["byHand"]:
        yield f"{row['byHand']} made by hand"
    yield from (f"not read: {each}" for each in row["unread"])


def _usd(amount: float | None) -> str:
    return "?" if amount is None else f"${amount:,.2f}"
