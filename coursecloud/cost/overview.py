"""`cost --all`: a row for each stack, as numbers, and the table of them."""

from decimal import Decimal
from typing import Any

from rich.table import Table

from coursecloud.cost.model import Estimate

ROW: tuple[str, ...] = (
    "stack", "per_hour_on", "per_day_idle", "per_day", "lease", "days_idle", "days_planned", "days_on", "gone",
    "currency", "at_least", "violations", "mistakes",
)  # fmt: skip
"""The columns of a row of `cost --all`; money is USD."""


def row(estimate: Estimate) -> dict[str, Any]:
    """Put an estimate into one row of `cost --all`."""
    return {
        "stack": estimate.stack,
        "per_hour_on": _rounded(estimate.per_hour_on, 4),
        "per_day_idle": _rounded(estimate.per_day_idle, 4),
        "per_day": _rounded(estimate.per_day_planned, 4),
        "lease": _rounded(estimate.lease_total, 2),
        "days_idle": _rounded(estimate.idle.days, 1),
        "days_planned": _rounded(estimate.planned.days, 1),
        "days_on": _rounded(estimate.everything_on.days, 1),
        "gone": str(estimate.planned.gone) if estimate.planned.gone else None,
        "currency": estimate.currency,
        "at_least": estimate.at_least,
        "violations": None,
        "mistakes": 0,
    }


def _rounded(value: Decimal | None, digits: int) -> float | None:
    return None if value is None else float(round(value, digits))


def table(rows: list[dict[str, Any]]) -> Table:
    """Lay out the rows of `cost --all`; what has no room here is in its JSON and CSV."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    shown = {
        "stack": "\nstack", "per_hour_on": "all on\nUSD/h", "per_day_idle": "idle\nUSD/day",
        "per_day": "planned\nUSD/day", "lease": "lease\nUSD", "days_planned": "days\nplanned",
        "days_on": "days\nall on", "gone": "planned,\ngone on",
        "violations": "viola-\ntions", "mistakes": "mis-\ntakes",
    }  # fmt: skip
    if not any(entry["mistakes"] for entry in rows):
        del shown["mistakes"]
    for column, heading in shown.items():
        name = column == "stack"
        table.add_column(heading, justify="left" if name else "right", overflow="fold", no_wrap=not name)
    for entry in rows:
        table.add_row(*(_cell(column, entry) for column in shown))
    return table


def _cell(column: str, entry: dict[str, Any]) -> str:
    value, unsure = entry[column], bool(entry["at_least"])
    if value is None:
        return "?"
    if column in ("per_hour_on", "per_day_idle", "per_day", "lease"):
        return f"{'>=' if unsure else ''}{value:.2f}"
    if column in ("days_planned", "days_on"):
        return f"{'<=' if unsure else ''}{value:.0f}"
    return str(value)
