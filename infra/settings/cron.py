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
    if not re.fullmatch(r"[0-9]+", fields[0]):
        return "an instance schedule runs at most once an hour: its minute is one number"
    return None
