"""Cron lines as instance schedules take them: five fields of numbers, names, `*`, lists, ranges and steps."""

import datetime
import itertools
import re
from collections.abc import Iterator

from infra.settings.problem import RuleViolationError
from infra.settings.types import Shown

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)

_NAMES = {
    3: ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    4: ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_ANY = {
    field: "|".join("".join(f"[{each}{each.upper()}]" for each in name) for name in names)
    for field, names in _NAMES.items()
}

SHOWN = Shown(
    rf"\s*[0-9]+(\s+[0-9*,/-]+){{2}}\s+([0-9*,/-]|{_ANY[3]})+\s+([0-9*,/-]|{_ANY[4]})+\s*",
    "a cron line has five fields, and its minute is one number",
    "write for example '0 20 * * *', 20:00 every day",
)


def checked(line: str) -> str:
    """Give a cron line back, its names as numbers, or raise RuleViolationError with what is wrong with it."""
    plain = numbered(line)
    if wrong := mistake(plain):
        raise RuleViolationError(wrong, "write for example '0 20 * * *', 20:00 every day, or '0 20 * * 1-5'")
    return plain


def numbered(line: str) -> str:
    """Write the names of months and days as numbers, as every reader of a cron line takes them: MON-FRI as 1-5.

    Cloud Scheduler takes both (https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules, 2026-11-29);
    of instance schedules Google says no more than that they are of unix-cron's form.
    """
    fields = line.split()
    for field, names in _NAMES.items():
        words = re.findall(r"[a-z]+", fields[field].lower()) if len(fields) == len(_FIELDS) else []
        if words and all(word in names for word in words):
            # Where a range ends with it, Sunday is the seventh day.
            text = re.sub(r"-sun", "-7", fields[field].lower()) if field == 4 else fields[field].lower()
            for number, name in enumerate(names, _FIELDS[field][1]):
                text = text.replace(name, str(number))
            fields[field] = text
            line = " ".join(fields)
    return line


_MOST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _comes(days: str, months: str) -> bool:
    """Say whether one of the months has one of the days."""
    first = min(_numbers(days, 1, 31), default=32)
    return any(first <= _MOST_DAYS[month - 1] for month in _numbers(months, 1, 12))


def _numbers(text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        body, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if body == "*" else body).partition("-")
        # A single number with a step goes on to the end.
        end = int(last) if last else high if step else int(first)
        found.update(range(int(first), end + 1, int(step or 1)))
    return found


def mistake(line: str) -> str | None:
    """Say what is wrong with a cron line, or None if nothing is."""
    fields = line.split()
    if len(fields) != len(_FIELDS):
        return f"a cron line has five fields, this one has {len(fields)}"
    for text, (name, low, high) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            body, _, step = part.partition("/")
            ends = [] if body == "*" else body.split("-")
            numbers = [*ends, *([step] if "/" in part else [])]
            if len(ends) > 2 or not all(re.fullmatch(r"[0-9]{1,9}", number) for number in numbers):
                return f"the {name} is a number, '*', a list, a range or a step, not '{text}'"
            values = [int(end) for end in ends]
            if not all(low <= value <= high for value in values) or values != sorted(values):
                return f"the {name} is {low} to {high}, not '{part}'"
            if "/" in part and not 1 <= int(step) <= high:
                return f"a step of the {name} is 1 to {high}, not '{step}'"
    if fields[4] == "*" and not _comes(fields[2], fields[3]):
        return f"no month has such a day: the day {fields[2]} of the month {fields[3]} never comes"
    if not re.fullmatch(r"[0-9]+", fields[0]):
        return "an instance schedule runs at most once an hour: its minute is one number"
    return None


def fires(line: str, start: datetime.datetime, days: int) -> Iterator[datetime.datetime]:
    """Give the times from `start` on at which a line without mistake comes, over so many days.

    Where a day of the month and one of the week are both given, either does, as cron has it.
    """
    minute, hours, of_month, months, of_week = line.split()
    in_day, in_month, in_year = sorted(_numbers(hours, 0, 23)), _numbers(of_month, 1, 31), _numbers(months, 1, 12)
    in_week = {day % 7 for day in _numbers(of_week, 0, 7)}
    either = "*" not in (of_month[0], of_week[0])
    for number in range(days + 1):
        day = start.date() + datetime.timedelta(days=number)
        by = (day.day in in_month, day.isoweekday() % 7 in in_week)
        if day.month not in in_year or not (any(by) if either else all(by)):
            continue
        for hour in in_day:
            at = datetime.datetime.combine(day, datetime.time(hour, int(minute)))
            if at >= start:
                yield at


def longest_wait(line: str) -> int:
    """Count the days, of a line without mistake, that are the most between two of its times."""
    # From one leap year to the second next: all days of the week and of the month meet often enough.
    found = list(fires(line, datetime.datetime(2024, 1, 1), 8 * 366))
    waits = [(later.date() - earlier.date()).days for earlier, later in itertools.pairwise(found)]
    return max(waits, default=8 * 366)
