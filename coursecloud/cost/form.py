"""The documented JSON form of an estimate."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from coursecloud.cost.model import Amounts, Band, Cause, Estimate, Item, Runway, Totals

_LARGEST = Decimal(10) ** 18

VERSION = 1
"""Version of the form; it rises when a field changes its meaning or goes."""


def to_json(estimate: Estimate) -> dict[str, Any]:
    """Make the JSON form of an estimate: USD, rounded to millionths; docs/json.md documents its fields."""
    rate = estimate.rate
    return {
        "version": VERSION,
        "stack": estimate.stack,
        "currency": "USD",
        "pricesDate": str(estimate.prices_date),
        "atLeast": estimate.at_least,
        "unknown": list(estimate.unknown),
        "notes": list(estimate.notes),
        "total": _totals(estimate.due),
        "withoutFreeTiers": _totals(estimate.full),
        "credit": {
            "amount": _usd(estimate.credit),
            "currency": estimate.currency,
            "usd": _usd(estimate.credit_usd),
            "usdRate": _usd(rate.usd) if rate else None,
            "rateDate": str(rate.date) if rate and rate.date else None,
            "rateSource": rate.source if rate else None,
        },
        "start": _day(estimate.start),
        "leaseEnds": _day(estimate.lease_ends),
        "lasts": {
            "idle": _runway(estimate.idle),
            "planned": _runway(estimate.planned),
            "everythingOn": _runway(estimate.everything_on),
        },
        "daysShort": estimate.days_short,
        "shortfall": _usd(estimate.shortfall),
        "cause": _cause(estimate.cause),
        "spotBand": _band(estimate.band),
        "days": [
            {
                "date": str(day.date) if estimate.start else None,
                "works": day.works,
                "idle": _usd(day.idle),
                "planned": _usd(day.planned),
                "everythingOn": _usd(day.everything_on),
            }
            for day in estimate.days
        ],
        "items": [_item(item) for item in estimate.items],
    }


def _cause(cause: Cause | None) -> dict[str, Any] | None:
    return cause and {
        "urn": cause.urn,
        "name": cause.name,
        "component": cause.component,
        "what": cause.what,
        "perDay": _usd(cause.per_day),
        "share": float(round(cause.share, 4)),
    }


def _band(band: Band | None) -> dict[str, Any] | None:
    return band and {
        "lowest": float(band.lowest),
        "highest": float(band.highest),
        "leaseLow": _usd(band.lease_low),
        "leaseHigh": _usd(band.lease_high),
        "low": _runway(band.cheap),
        "high": _runway(band.dear),
        "date": band.date,
    }


def _usd(value: Decimal | None) -> float | None:
    if value is None:
        return None
    # Where a program asks for more than there are digits for, millionths do not matter.
    return float(round(value, 6)) if abs(value) < _LARGEST else float(value)


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "perHourOn": _usd(totals.per_hour_on),
        "perHourIdle": _usd(totals.per_hour_idle),
        "perHourDown": _usd(totals.per_hour_down),
        "perDay": _usd(totals.per_day),
        "lease": _usd(totals.lease),
    }


def _amounts(amounts: Amounts) -> dict[str, Any]:
    return {
        "perHourOn": _usd(amounts.per_hour_on),
        "perHourIdle": _usd(amounts.per_hour_idle),
        "perHourDown": _usd(amounts.per_hour_down),
        "perDay": _usd(amounts.per_day),
    }


def _runway(runway: Runway) -> dict[str, Any]:
    return {
        "perDay": _usd(runway.per_day),
        "days": None if runway.days is None else float(round(runway.days, 1)),
        "never": runway.never,
        "gone": _day(runway.gone),
        "beforeEnd": runway.before_end,
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "urn": item.urn,
        "name": item.name,
        "component": item.component,
        "what": item.what,
        "unit": item.unit,
        "perDayUnits": _usd(item.quantity),
        # A vCPU-second costs less than a millionth has digits for.
        "usdPerUnit": None if item.unit_price is None else float(round(item.unit_price, 12)),
        **_amounts(item.due),
        "withoutFreeTiers": _amounts(item.full),
        "kept": item.kept,
        "reason": item.reason,
    }


COLUMNS: tuple[str, ...] = (
    "component", "name", "what", "unit", "perDayUnits", "usdPerUnit",
    "perHourOn", "perHourIdle", "perHourDown", "perDay", "perDayWithoutFreeTiers", "kept", "reason",
)  # fmt: skip
"""The columns of a bill as CSV."""


def rows(estimate: Estimate) -> Iterator[dict[str, Any]]:
    """Yield the lines of the bill for CSV."""
    for item in estimate.items:
        entry = _item(item)
        entry["perDayWithoutFreeTiers"] = entry["withoutFreeTiers"]["perDay"]
        yield {column: entry[column] for column in COLUMNS}
