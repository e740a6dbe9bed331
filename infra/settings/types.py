"""The base of every settings section, and the values that Google writes in a form of its own."""

import contextlib
import datetime
import functools
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict
from pydantic.alias_generators import to_camel
from typing_extensions import override

from catalog import limits
from infra.settings.combinations import Combination
from infra.settings.documentation import documentation
from infra.settings.problem import RuleViolationError, nearest


class Section(BaseModel):
    """A frozen part of the stack file: keys in camelCase, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        # A traceback would show what pydantic was given.
        hide_input_in_errors=True,
    )

    combinations: ClassVar[tuple[Combination, ...]] = ()
    """Combinations of its keys that are refused, in the editor too."""

    def rules(self) -> Iterator[RuleViolationError]:
        """Yield each rule between keys of the section that it breaks; `load` reports them with all others."""
        values = {field.alias or name: getattr(self, name) for name, field in type(self).model_fields.items()}
        for combination in self.combinations:
            if combination.broken(values):
                yield RuleViolationError(combination.rule, combination.remedy, *combination.keys)

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any, /) -> dict[str, Any]:
        """Add what the fields' docstrings say and the combinations to pydantic's schema."""
        schema = handler(core_schema)
        whole = handler.resolve_ref_schema(schema)
        said = documentation(cls)
        for name, field in cls.model_fields.items():
            if name in said and field.alias in whole["properties"]:
                whole["properties"][field.alias]["description"] = said[name]
        if cls.combinations:
            whole["allOf"] = [each.schema() for each in cls.combinations]
        return schema


# Text such as "5" or "yes" is not quietly taken for a number or a truth value.
Int = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Bool = Annotated[bool, Strict()]


@dataclass(frozen=True)
class Shown:
    """What editors are told of a text: a pattern that all accepted text matches, and the rule in words."""

    pattern: str
    rule: str
    remedy: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return handler(schema) | {
            "pattern": f"^(?:{self.pattern})$",
            "patternErrorMessage": f"{self.rule}; {self.remedy}",
        }


@dataclass(frozen=True)
class matching(Shown):  # noqa: N801 - reads as a verb where it stands
    """Accept text that matches all of a regular expression."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise RuleViolationError(self.rule, self.remedy)
        return value


def text(value: object) -> object:
    """Take a whole number for a text: YAML reads 2026 as one where a person meant a label."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[
    str,
    matching(
        r"(?=.{1,20}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "a name has 1 to 20 lower-case letters, digits and single hyphens, begins with a letter and does not"
        " end with a hyphen (it becomes part of Google's resource names)",
        "rename the key, for example 'trainer' or 'gpu-1'",
    ),
]
"""A key of a map (machine, trigger, service): becomes part of resource names."""

LabelValue = Annotated[
    str,
    BeforeValidator(text, json_schema_input_type=str | int),
    matching(
        limits.pattern("label-value"),
        "a label value has at most 63 lower-case letters, digits, '_' and '-'",
        "write it in lower case without spaces, dots or '@', for example 'group-07'",
    ),
]
LabelKey = Annotated[
    str,
    matching(
        f"(?!goog){limits.pattern('label-key')}",
        "a label key has 1 to 63 lower-case letters, digits, '_' and '-' and begins with a letter, but not with 'goog'",
        "write it in lower case without spaces, for example 'cost-center'",
    ),
]

ProjectId = Annotated[
    str,
    matching(
        limits.pattern("project-id"),
        "a project id has 6 to 30 lower-case letters, digits and hyphens, begins with a letter and does"
        " not end with a hyphen (it is neither the project's name nor its number)",
        "copy the ID column of `gcloud projects list`",
    ),
]

NOT_IN_PROJECT_IDS = ("google", "ssl", "null", "undefined")
"""Words that Google gives out no project id with."""

SecretId = Annotated[
    str,
    matching(
        r"(?=.{1,200}$)[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*",
        "a secret's id has 1 to 200 letters, digits, '_' and single hyphens between them",
        "rename it, for example WANDB_API_KEY",
    ),
]

BucketName = Annotated[
    str,
    matching(
        limits.pattern("bucket-name"),
        "a bucket's name has 3 to 63 lower-case letters, digits, '-', '_' and '.', and begins and ends with a letter or"
        " digit",
        "copy it from `gcloud storage ls`, without gs:// and what follows a '/'",
    ),
]

RepositoryName = Annotated[
    str,
    matching(
        limits.pattern("artifact-repository-id"),
        "a repository's name has 1 to 63 lower-case letters, digits and hyphens, and begins with a letter",
        "copy the REPOSITORY column of `gcloud artifacts repositories list`",
    ),
]

EnvironmentName = Annotated[
    str,
    matching(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "the name of an environment variable has letters, digits and '_' and does not begin with a digit",
        "rename it, for example WANDB_PROJECT",
    ),
]

_ATOM = r"[A-Za-z0-9_%+'-]+"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = rf"(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@"
_EMAIL = rf"{_LOCAL}(?![^@]*gserviceaccount\.com$)(?=[^@]{{1,253}}$)({_HOST}\.)+[A-Za-z]{{2,63}}"
_ACCOUNT = rf"{_LOCAL}(?=[^@]{{1,253}}$)({_HOST}\.)*gserviceaccount\.com"

Principal = Annotated[
    str,
    matching(
        rf"(user|group):{_EMAIL}|serviceAccount:{_ACCOUNT}",
        "a principal is user:, group: or serviceAccount: followed by its e-mail address, a service account's ending in"
        " gserviceaccount.com; allUsers and allAuthenticatedUsers would make the project public",
        "write 'group:name@googlegroups.com' or 'user:name@example.com'",
    ),
]

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
        raise RuleViolationError("a date is a day of the calendar, year first", f"write it as {meant or '2026-12-18'}")
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
