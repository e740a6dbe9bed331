"""Times of the stack file: durations, dates, times of day and zones, each with its limits and its words."""

import contextlib
import datetime
import functools
import re
import zoneinfo
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from infra.settings.problem import RuleViolationError, nearest
from infra.settings.types import Shown, matching

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(value: object) -> "Duration":
    if isinstance(value, Duration):
        return value
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", value) if isinstance(value, str) else None
    if not match:
        raise RuleViolationError(
            "a duration is a whole number with s, m, h or d behind it", "write '8h', '30m' or '7d'"
        )
    return Duration(int(match[1]) * UNITS[match[2]])


class Duration(int):
    """A length of time in whole seconds; prints as the shortest exact form, e.g. `8h`."""

    def __str__(self) -> str:
        """Render with the largest unit that divides it."""
        for unit in "dhm":
            if self and self % UNITS[unit] == 0:
                return f"{self // UNITS[unit]}{unit}"
        return f"{int(self)}s"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        # It stands as in a stack file, so that a saved plan can be read again.
        written = core_schema.to_string_ser_schema()
        return core_schema.no_info_before_validator_function(
            _seconds, core_schema.is_instance_schema(cls), serialization=written
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{1,9}[smhd]$", "examples": ["8h", "30m"]}


@dataclass(frozen=True)
class lasting:  # noqa: N801 - reads as a verb where it stands
    """Accept a duration of so many seconds, both ends included; `whose` limits they are."""

    seconds: tuple[int, int]
    whose: str

    @property
    def rule(self) -> str:
        """The rule in words."""
        low, high = map(Duration, self.seconds)
        return f"{self.whose} lasts {low} to {high}"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        said = {"patternErrorMessage": f"{self.rule}, written as 8h, 30m or 7d"}
        return handler(schema) | said | {"seconds": list(self.seconds)}

    def _check(self, value: object) -> Duration:
        low, high = map(Duration, self.seconds)
        try:
            read = _seconds(value)
        except RuleViolationError as error:
            # What is proposed for any duration may be none of these.
            example = next((text for text in ("8h", "30m", "5m") if low <= _seconds(text) <= high), low)
            raise RuleViolationError(error.rule, f"write for example '{example}'; {self.rule}") from None
        if not low <= read <= high:
            raise RuleViolationError(self.rule, f"write {low} to {high}")
        return read


def _date(value: object) -> object:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, str):
        # YAML's own dates come out of Pulumi's engine as midnight in UTC, in Go's way of writing it.
        text = value.removesuffix(" 00:00:00 +0000 UTC").removesuffix("T00:00:00Z")
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            pass
    if not isinstance(value, datetime.date):
        meant = _day_meant(str(value))
        remedy = f"write it as {meant}" if meant else "write year, month and day, such as 2026-12-18"
        raise RuleViolationError("a date is a day of the calendar, year first", remedy)
    return value


def _day_meant(text: str) -> str:
    """Read a day that is not written as it should be, where it can be one alone: `2026-1-5`, `18.12.2026`."""
    text = re.sub(r"[T ]\d\d:\d\d.*$", "", text.strip())
    if match := re.fullmatch(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})", text, re.ASCII):
        orders = [(match[1], match[2], match[3])]
    elif match := re.fullmatch(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})", text, re.ASCII):
        orders = [(match[4], match[3], match[1])]
        orders += [(match[4], match[1], match[3])] if match[2] != "." else []
    else:
        return ""
    found: set[datetime.date] = set()
    for year, month, day in orders:
        with contextlib.suppress(ValueError):
            found.add(datetime.date(int(year), int(month), int(day)))
    return " or ".join(str(day) for day in sorted(found))


Date = Annotated[
    datetime.date,
    BeforeValidator(_date, json_schema_input_type=str),
    Shown(
        # No month has more days, but for the 29th of February; the calendar itself is left to the loader.
        r"(?![0-9]{4}-?(02-?3|(04|06|09|11)-?31))"
        r"[0-9]{4}(-?(0[1-9]|1[0-2])-?(0[1-9]|[12][0-9]|3[01])|-?W(0[1-9]|[1-4][0-9]|5[0-3])(-?[1-7])?)"
        r"( 00:00:00 \+0000 UTC|T00:00:00Z)?",
        "a date is a day of the calendar, year first",
        "write it as 2026-12-18",
    ),
]


@functools.cache
def _time_zones() -> frozenset[str]:
    # The database has entries that are no place's time.
    return frozenset(zoneinfo.available_timezones()) - {"Factory", "localtime", "posixrules"}


def _zone(value: str) -> str:
    if value not in _time_zones():
        example = "write for example Europe/Copenhagen"
        raise RuleViolationError("a time zone is a name of the IANA database", nearest(value, _time_zones(), example))
    return value


TimeZone = Annotated[str, AfterValidator(_zone)]

ClockTime = Annotated[
    str,
    matching(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day is HH:MM, 00:00 to 23:59", "write it as '08:00', quoted"),
]
