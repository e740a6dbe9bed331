"""Schedules as crontab writes them: five fields, in a time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Minute, hour, day of the month, month, day of the week, of which 0 and 7 are Sunday."""
NAMES = dict(
    zip(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], range(1, 13), strict=True)
) | dict(zip(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], range(7), strict=True))


def valid(text: str) -> bool:
    """Is each of the five fields one?"""
    parts = text.lower().split()
    return len(parts) == 5 and all(_field(p, *limit) is not None for p, limit in zip(parts, LIMITS, strict=True))


def _field(text: str, low: int, high: int) -> set[int] | None:
    """The numbers that a field names, or None where it is no field."""
    named: set[int] = set()
    for item in text.split(","):
        found = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", item)
        if not found or found[3] == "0":
            return None
        first = low if found[1] == "*" else _number(found[1])
        open_ended = found[1] == "*" or found[3] is not None
        last = _number(found[2]) if found[2] else high if open_ended else first
        if not (low <= first <= high and low <= last <= high):
            return None
        named.update(range(first, last + 1, int(found[3] or 1)))
    return named


def _number(text: str) -> int:
    return NAMES.get(text, int(text) if text.isdigit() else -1)


def fires(text: str, zone: str, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every time after `since`, up to and including `until`, at which a valid schedule is due."""
    parts = text.lower().split()
    minutes, hours, days, months, weekdays = (
        _field(p, *limit) or set() for p, limit in zip(parts, LIMITS, strict=True)
    )
    place = ZoneInfo(zone)
    day = since.astimezone(place).date()
    while day <= until.astimezone(place).date():
        on_day, on_weekday = day.day in days, bool(weekdays & {day.isoweekday(), day.isoweekday() % 7})
        # Where both are given either will do: crontab(5).
        both = parts[2] != "*" and parts[4] != "*"
        if day.month in months and ((on_day or on_weekday) if both else (on_day and on_weekday)):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=place).astimezone(UTC)
                    if since < due <= until:
                        yield due
        day += timedelta(days=1)
