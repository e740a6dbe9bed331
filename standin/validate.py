"""Does a request fit Google's description of it? Unknown names, types, enums, patterns, required fields."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Any

from .discovery import Document, Method
from .errors import ApiError, invalid
from .shapes import is_list, is_object, many, part

Json = dict[str, Any]
SYSTEM_PARAMETERS = {
    "$.xgafv",
    "$alt",
    "alt",
    "key",
    "fields",
    "prettyPrint",
    "quotaUser",
    "userProject",
    "uploadType",
    "returnPartialSuccess",
}
DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
OUTPUT_ONLY = re.compile(r"(output only|\[output.only\])", re.I)
# Fields that a description calls required and that Google takes from the path.
NOT_REALLY_REQUIRED = {("RunBuildTriggerRequest", "projectId"), ("RunBuildTriggerRequest", "triggerId")}


class Violations:
    """Everything wrong with one message: (path, text)."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def add(self, path: str, text: str) -> None:
        """One more thing is wrong."""
        self.found.append((path, text))


def check_query(doc: Document, method: Method, query: dict[str, list[str]]) -> dict[str, Any]:
    """Query parameters with their types; an unknown one is refused as Google's front end does."""
    values: dict[str, Any] = {}
    if query.get("alt"):
        values["alt"] = query["alt"][-1]
    for name, given in query.items():
        if name in SYSTEM_PARAMETERS or name in doc.common:
            continue
        name = name if name in method.parameters else camel(name)
        rule = method.parameters.get(name)
        if rule is None and name in doc.schemas.get(method.request, {}).get("properties", {}):
            values[name] = given[-1]  # a field of the body, given in the query instead
            continue
        if rule is None or rule.get("location") != "query":
            text = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            text += "Field could not be found in request message."
            raise invalid(text, ("", text))
        values[name] = given if rule.get("repeated") else _query_value(name, rule, given[-1])
    for name, rule in method.parameters.items():
        if rule.get("location") == "query" and rule.get("required") and name not in values:
            raise ApiError(400, f"Required parameter: {name}", reason="required")
    return values


def _query_value(name: str, rule: Json, text: str) -> Any:
    if rule.get("enum") and text not in rule["enum"]:
        raise invalid(f"Invalid value at '{name}', \"{text}\"", (name, f'Invalid value, "{text}"'))
    if rule["type"] == "boolean":
        if text.lower() not in ("true", "false"):
            raise invalid(f"Invalid value at '{name}' (TYPE_BOOL), \"{text}\"", (name, "not a boolean"))
        return text.lower() == "true"
    if rule["type"] == "integer" and not re.fullmatch(r"-?\d+", text):
        raise invalid(f"Invalid value at '{name}' (TYPE_INT32), \"{text}\"", (name, "not a number"))
    return int(text) if rule["type"] == "integer" else text


def check_body(doc: Document, method: Method, body: Any) -> Json:
    """The body without nulls and output-only fields, or a 400 that lists every violation."""
    if not method.request:
        return {}
    violations = Violations()
    partial = method.http in ("PATCH", "PUT") or method.action in ("patch", "update")
    root = "resource" if method.service in ("compute", "storage") else method.request[:1].lower() + method.request[1:]
    clean: Json = _message(doc, method, method.request, body if body is not None else {}, root, violations, partial)
    if violations.found:
        raise invalid("\n".join(text for _, text in violations.found), *violations.found)
    return clean


def camel(path: str) -> str:
    """update_mask and updateMask are one name to Google."""
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), path)


def _message(doc: Document, m: Method, schema: str, value: Any, at: str, bad: Violations, partial: bool) -> Any:
    if not is_object(value):
        bad.add(at, f"Invalid value at '{at}' ({schema}), {value!r}")
        return value
    node = doc.schemas[schema]
    properties: dict[str, Json] = part(node, "properties")
    if not properties:
        return value
    clean: Json = {}
    for spelled, given in value.items():
        name = spelled if spelled in properties else camel(spelled)
        rule = properties.get(name)
        if name.startswith("@") or ("additionalProperties" in node and rule is None):
            clean[spelled] = given
        elif rule is None and given in (None, "", [], {}) and m.service == "compute":
            continue  # Compute Engine lets an unknown name pass; one with a value is refused here, as it would be lost
        elif rule is None:
            bad.add(at, f"Invalid JSON payload received. Unknown name \"{spelled}\" at '{at}': Cannot find field.")
        elif given is None:
            if partial:
                clean[name] = None
        elif _unset(m, rule, given):
            continue
        elif not output_only(rule):
            clean[name] = _value(doc, m, rule, given, f"{at}.{name}", bad, partial)
    if not partial:
        _required(m, schema, properties, clean, at, bad)
    return clean


def _unset(m: Method, rule: Json, given: Any) -> bool:
    """An enum's zero counts as left out; to Compute Engine, an empty text does too."""
    values = rule.get("enum") or [""]
    return (given == values[0] and values[0].endswith("_UNSPECIFIED")) or (
        bool(rule.get("enum")) and given == "" and m.service == "compute"
    )


def output_only(rule: Json) -> bool:
    """Is it the server's to set?"""
    return bool(rule.get("readOnly")) or bool(OUTPUT_ONLY.match(rule.get("description", "")))


def _required(m: Method, schema: str, properties: dict[str, Json], clean: Json, at: str, bad: Violations) -> None:
    for name, rule in properties.items():
        text = rule.get("description", "")
        listed = m.id in many(part(rule, "annotations"), "required")
        worded = re.match(r"required\b(?! if| for| when| unless|\. only)", text, re.I) and "Identifier" not in text[:40]
        if (listed or worded) and clean.get(name) in (None, "") and (schema, name) not in NOT_REALLY_REQUIRED:
            if name == "name" and not listed:  # the server composes most names itself
                continue
            bad.add(
                f"{at}.{name}", f"Invalid value for field '{at}.{name}': ''. Required field '{name}' not specified."
            )


def _value(doc: Document, m: Method, rule: Json, given: Any, at: str, bad: Violations, partial: bool) -> Any:
    if "$ref" in rule:
        return _message(doc, m, rule["$ref"], given, at, bad, partial)
    kind = rule.get("type")
    if kind == "array":
        if not is_list(given):
            bad.add(at, f"Invalid value at '{at}' (repeated), {given!r}")
            return given
        return [
            _value(doc, m, rule["items"], v, f"{at}[{i}]", bad, partial) for i, v in enumerate(given) if v is not None
        ]
    if kind == "object":
        return _map(doc, m, rule, given, at, bad, partial)
    if kind == "any":
        return given
    return _scalar(rule, given, at, bad)


def _map(doc: Document, m: Method, rule: Json, given: Any, at: str, bad: Violations, partial: bool) -> Any:
    if not is_object(given):
        bad.add(at, f"Invalid value at '{at}' (map), {given!r}")
        return given
    inner = rule.get("additionalProperties")
    if not inner:
        return given
    kept = {k: v for k, v in given.items() if v is not None or partial}
    return {k: v if v is None else _value(doc, m, inner, v, f"{at}[{k}]", bad, partial) for k, v in kept.items()}


def _scalar(rule: Json, given: Any, at: str, bad: Violations) -> Any:
    kind, form = rule.get("type"), rule.get("format", "")
    wrong = f"Invalid value at '{at}' ({form or kind}), {given!r}"
    if kind == "boolean":
        if not isinstance(given, bool):
            bad.add(at, wrong)
        return given
    if kind == "integer" or (kind == "string" and "int64" in form):
        return _integer(kind == "string", given, at, wrong, bad)
    if kind == "number":
        if isinstance(given, bool) or not isinstance(given, int | float):
            bad.add(at, wrong)
        return given
    if not isinstance(given, str):
        bad.add(at, wrong)
        return given
    if rule.get("enum"):
        if given not in rule["enum"]:
            bad.add(at, f"Invalid value at '{at}', \"{given}\". Expected one of: {', '.join(rule['enum'][:12])}")
    elif given and rule.get("pattern") and not re.fullmatch(rule["pattern"], given):
        bad.add(at, f"Invalid value for field '{at}': '{given}'. Must be a match of regex '{rule['pattern']}'")
    elif given and not _fits(form, given):
        bad.add(at, wrong)
    return given


def _integer(as_text: bool, given: Any, at: str, wrong: str, bad: Violations) -> Any:
    try:
        number = int(given) if isinstance(given, str) else given
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float) or number != int(number):
        bad.add(at, wrong)
        return given
    return str(int(number)) if as_text else int(number)


def _fits(form: str, text: str) -> bool:
    if form in ("duration", "google-duration"):
        return bool(DURATION.fullmatch(text))
    if form in ("date-time", "google-datetime"):
        try:
            datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return False
    if form == "byte":
        try:
            base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            return False
    return True
