"""One value that is neither an object nor a list, read into its field as Google's front end reads JSON.

Google's APIs are messages of protocol buffers: a description's type and format say what sort of field a value goes into
(https://developers.google.com/discovery/v1/type-format, read 2026-11-28). So protobuf itself reads it, by the rules of
its JSON form (https://protobuf.dev/programming-guides/json/, read 2026-11-28); what is added here is where its Python
reader lets more pass than Google's: letters among numbers and in base64, a truth as a number.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf import duration_pb2, json_format, timestamp_pb2, wrappers_pb2
from google.protobuf.message import Message

Json = dict[str, Any]

_TEXT = wrappers_pb2.StringValue
_WHOLE = (wrappers_pb2.Int32Value, wrappers_pb2.UInt32Value, wrappers_pb2.Int64Value, wrappers_pb2.UInt64Value)
_FIELDS: Mapping[str, Mapping[str, type[Message]]] = {
    "boolean": {"": wrappers_pb2.BoolValue},
    "integer": {"": wrappers_pb2.Int64Value, "int32": wrappers_pb2.Int32Value, "uint32": wrappers_pb2.UInt32Value},
    "number": {"": wrappers_pb2.DoubleValue, "float": wrappers_pb2.FloatValue},
    "string": {
        "": _TEXT,
        "int64": wrappers_pb2.Int64Value,
        "uint64": wrappers_pb2.UInt64Value,
        "byte": wrappers_pb2.BytesValue,
        "google-datetime": timestamp_pb2.Timestamp,
        "date-time": timestamp_pb2.Timestamp,
        "google-duration": duration_pb2.Duration,
    },
}
"""The field into which values of a type and a format are read; another format says nothing beyond the type."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?")
"""A number as JSON writes it; in quotes it is one too."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


def refusal(rule: Json, value: Any) -> str | None:
    """Say in Google's words why a field does not take a value; None where it does.

    `rule` is the field's description. What is said has {at} for the field's path.
    """
    if known := rule.get("enum"):
        return None if value in known else f"Invalid value at '{{at}}', \"{value}\". Expected one of: {_some(known)}"
    if not _readable(rule.get("type", "string"), rule.get("format", ""), value):
        return f"Invalid value at '{{at}}' ({rule.get('format') or rule.get('type')}), {value!r}"
    if value and (pattern := rule.get("pattern")) and not re.fullmatch(pattern, str(value)):
        return f"Invalid value for field '{{at}}': '{value}'. Must be a match of regex '{pattern}'"
    low, high = float(rule.get("minimum", "-inf")), float(rule.get("maximum", "inf"))
    if (rule.get("minimum") or rule.get("maximum")) and not low <= float(value) <= high:
        return f"Invalid value at '{{at}}', {value}. It must be from {low:g} to {high:g}"
    return None


def _some(known: list[str]) -> str:
    return ", ".join(known[:12])


def as_kept(rule: Json, value: Any) -> Any:
    """Give a value that its field takes in the form in which Google answers: 64 bits as text, fewer as a number."""
    field = _field(rule.get("type", "string"), rule.get("format", ""))
    if field not in _WHOLE or rule.get("enum"):
        return value
    number = _whole(value)
    return str(number) if rule["type"] == "string" else number


def _field(kind: str, form: str) -> type[Message]:
    known = _FIELDS[kind]
    return known.get(form, known[""])


def _readable(kind: str, form: str, value: Any) -> bool:
    if kind == "any":
        return True
    field = _field(kind, form)
    if isinstance(value, bool) != (kind == "boolean"):
        return False
    if field not in _WHOLE and not _formed(kind, form, value):
        return False
    # Not only an object, as ParseDict's type says: a wrapper, a moment and a duration are JSON's plain values.
    plain: Any = _whole(value) if field in _WHOLE else value
    try:
        json_format.ParseDict(plain, field())
    except (json_format.ParseError, OverflowError, TypeError, ValueError):
        return False
    return True


def _formed(kind: str, form: str, value: Any) -> bool:
    """Hold a value against what protobuf's reader does not look at."""
    if not isinstance(value, str):
        return kind != "string"
    if kind == "number":
        return _NUMBER.fullmatch(value) is not None
    if form == "byte":
        return _BASE64.fullmatch(value) is not None
    if form != "date":
        return True
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        # Not by way of a float where it need not be, which has too few digits for 64 bits.
        value = int(value) if re.fullmatch(r"-?[0-9]+", value) else float(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None
