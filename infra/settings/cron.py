"""Cron lines as instance schedules take them: five fields of numbers, `*`, lists, ranges and steps."""

import re

from infra.settings.problem import RuleViolationError
from infra.settings.types import Shown

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)

SHOWN = Shown(
    r"\s*[0-9]+(\s+[0-9*,/-]+){4}\s*",
    "a cron line has five fields, and its minute is one number",
    "write for example '0 20 * * *', 20:00 every day",
)


def checked(line: str) -> str:
    """Give a cron line back, or raise RuleViolationError with what is wrong with it."""
    if wrong := mistake(line):
        raise RuleViolationError(wrong, "write for example '0 20 * * *', 20:00 every day")
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
