"""One value against one field's description: type, enum, pattern and format."""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Rule = Mapping[str, Any]
"""How a discovery document describes a field."""

_OUTPUT_ONLY = re.compile(r"(output only|\[output.only\])", re.I)
_REQUIRED = re.compile(r"required\b(?! if| for| when| unless|\. only)", re.I)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_WHOLE = {"int32": (-(2**31), 2**31), "uint32": (0, 2**32), "int64": (-(2**63), 2**63), "uint64": (0, 2**64)}


@dataclass(frozen=True)
class Breach:
    """What a value breaks: `kind` is type, enum, pattern or format; `expected` completes "must be ..."."""

    kind: str
    expected: str
    known: tuple[str, ...] = ()
    """The values that an enum has."""
    why: str = ""
    """What a parser of such values says against this one."""


def basis(rule: Rule) -> str:
    """Say what a description holds a value against, the most telling first: enum, pattern, format or type."""
    if rule.get("enum"):
        return "enum"
    return "pattern" if rule.get("pattern") else "format" if rule.get("format") else "type"


def breach(rule: Rule, value: object) -> Breach | None:
    """Judge one value that is neither an object nor a list; an empty text counts as left out."""
    kind, form = rule.get("type"), str(rule.get("format", ""))
    if kind == "any":
        return None
    if kind == "boolean":
        return None if isinstance(value, bool) else Breach("type", "true or false")
    if kind == "integer" or (kind == "string" and form in _WHOLE):
        return _whole(form, value)
    if kind == "number":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if number else Breach("type", "a number")
    if not isinstance(value, str):
        return Breach("type", "text")
    if known := rule.get("enum"):
        return None if value in known else _enum(known)
    if value and (pattern := rule.get("pattern")) and not re.fullmatch(pattern, value):
        return Breach("pattern", f"text of the form {pattern}")
    if value and (expected := _expected(form, value)):
        return Breach("format", expected)
    return None


def _enum(known: Iterable[str]) -> Breach:
    # To send an enum's zero is to send nothing.
    meant = tuple(value for value in known if not value.endswith("_UNSPECIFIED"))
    return Breach("enum", f"one of {', '.join(meant)}", meant)


def whole(value: object) -> int | None:
    """Read a whole number, also from its text; None if it is none."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]+", value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def _whole(form: str, value: object) -> Breach | None:
    number = whole(value)
    if number is None:
        return Breach("type", "a whole number")
    low, high = _WHOLE.get(form, (number, number + 1))
    return None if low <= number < high else Breach("format", f"a whole number from {low} to {high - 1}, {form}")


def _expected(form: str, text: str) -> str | None:
    """Say what a text of a format must be if this one is not."""
    try:
        match form:
            case "duration" | "google-duration":
                return None if _DURATION.fullmatch(text) else "a duration in seconds such as 300s"
            case "date-time" | "google-datetime":
                return None if moment(text) else "a time such as 2026-11-23T20:00:00Z"
            case "date":
                datetime.date.fromisoformat(text)
            case "byte":
                padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
                base64.b64decode(padded, validate=True)
            case _:
                pass
    except binascii.Error:
        return "text in base64"
    except ValueError:
        return "a date such as 2026-11-23"
    return None


def moment(text: str) -> bool:
    """Say whether a text is a moment as RFC 3339 writes it: day, time and offset from UTC."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def output_only(rule: Rule) -> bool:
    """Say whether a field is the server's to set."""
    return bool(rule.get("readOnly")) or bool(_OUTPUT_ONLY.match(rule.get("description", "")))


def required(name: str, rule: Rule, method: str) -> bool:
    """Say whether a method wants a field: by its annotation, or because its description begins with "Required".

    Most `name` fields are described so and composed by the server, so those count by annotation only.
    """
    if method in rule.get("annotations", {}).get("required", ()):
        return True
    text = rule.get("description", "")
    return name != "name" and bool(_REQUIRED.match(text)) and "Identifier" not in text[:40]
