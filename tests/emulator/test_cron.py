"""Schedules: which times a crontab names, in which time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulator.cron import fires, valid

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def times(text: str, zone: str = "UTC", since: datetime = MONDAY, days: float = 7) -> list[str]:
    return [f"{due:%d %H:%M}" for due in fires(text, zone, since, since + timedelta(days=days))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0 20 * * *", [f"{day} 20:00" for day in range(23, 30)]),
        ("30 6,18 24 * *", ["24 06:30", "24 18:30"]),
        ("0 20 * * 1-3", ["23 20:00", "24 20:00", "25 20:00"]),
        ("0 20 * * sun", ["29 20:00"]),
        ("0 20 * * 0", ["29 20:00"]),
        ("0 20 * * 7", ["29 20:00"]),
        ("0 20 25 * 5", ["25 20:00", "27 20:00"]),  # day or weekday, where both are given
        ("0 */9 26 nov *", ["26 00:00", "26 09:00", "26 18:00"]),
        ("0 20 * 12 *", []),
    ],
)
def test_a_schedule_names_its_times(text: str, found: list[str]) -> None:
    assert valid(text)
    assert times(text) == found


def test_the_end_of_the_time_counts_and_its_beginning_does_not() -> None:
    assert times("0 0 * * *", days=1) == ["24 00:00"]
    assert times("0 0 * * *", days=0.99) == []


def test_summer_and_winter_are_the_zones_own() -> None:
    spring = datetime(2026, 3, 28, tzinfo=UTC)
    assert times("0 20 * * *", "Europe/Oslo", spring, 2) == ["28 19:00", "29 18:00"]


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-70 * * * *", "*/0 * * * *", "a * * * *"]
)
def test_what_is_no_schedule_is_none(text: str) -> None:
    assert not valid(text)
