"""When a cron line comes, and how long it can leave a forgotten machine on."""

import datetime

import pytest

from infra.settings import cron


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("0 20 * * *", 1),
        ("30 18 * * 1-5", 3),
        ("0 20 * * 7", 7),
        ("0 20 * * 0,7", 7),
        ("0 */6 * * *", 1),
        ("0 20 1 * *", 31),
        ("0 20 31 * *", 61),
        ("0 20 1 1 *", 366),
        ("0 20 29 2 *", 1461),
        ("0 20 1 * 1", 7),
        ("0 20 */10 * *", 10),
    ],
)
def test_the_longest_wait_is_counted_over_leap_years(line: str, days: int) -> None:
    assert cron.mistake(line) is None
    assert cron.longest_wait(line) == days


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("0 20 * * MON-FRI", "0 20 * * 1-5"),
        ("0 20 * * fri-sun", "0 20 * * 5-7"),
        ("0 20 * * Sun,WED", "0 20 * * 0,3"),
        ("0 20 1 JAN-jun/2 *", "0 20 1 1-6/2 *"),
        ("0  20 * * 1-5", "0  20 * * 1-5"),
    ],
)
def test_names_of_days_and_months_are_handed_on_as_numbers(line: str, numbers: str) -> None:
    assert cron.checked(line) == numbers


def test_a_line_comes_at_its_hours_from_the_start_on() -> None:
    start = datetime.datetime(2026, 11, 27, 13)  # a Friday
    found = list(cron.fires("15 8,13 * * 1-5", start, 3))
    assert [each.isoformat() for each in found] == ["2026-11-27T13:15:00", "2026-11-30T08:15:00", "2026-11-30T13:15:00"]
