"""Does a request fit Google's description of it? Unknown names, types, enums, patterns, required fields."""

from __future__ import annotations

import re
from typing import Any

from . import scalars
from .behaviors import output_only, required
from .discovery import Document, Method
from .errors import ApiError, invalid
from .shapes import is_list, is_object, part

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
    "upload_id",
    "returnPartialSuccess",
}
CLASSIC = ("compute", "storage")
"""Services older than Google's common front end: an empty text is no day and no moment to them, and no mistake."""

# Fields that a description calls required and that Google takes from the path, or from the trigger that is run.
NOT_REALLY_REQUIRED = {
    ("RunBuildTriggerRequest", "projectId"),
    ("RunBuildTriggerRequest", "triggerId"),
    ("RepoSource", "repoName"),
}


class Violations:
    """Everything wrong with one message: (path, text)."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def add(self, path: str, text: str) -> None:
        """One more thing is wrong."""
        self.found.append((path, text))


def check_path(method: Method, given: dict[str, str]) -> None:
    """The parameters of the path; one that is not of its form is refused."""
    for name, text in given.items():
        if wrong := scalars.refusal(method.parameters.get(name, {}), text):
            raise invalid(wrong.replace("{at}", name), (name, "not of its form"))


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
    truth = {"true": True, "false": False}.get(text.lower()) if rule["type"] == "boolean" else None
    value: Any = text if truth is None else truth
    if wrong := scalars.refusal(rule, value):
        raise invalid(wrong.replace("{at}", name), (name, f'Invalid value, "{text}"'))
    return scalars.as_kept(rule, value)


def check_body(doc: Document, method: Method, body: Any) -> Json:
    """The body without nulls and output-only fields, or a 400 that lists every violation."""
    if not method.request:
        return {}
    violations = Violations()
    partial = method.http in ("PATCH", "PUT") or method.action in ("patch", "update")
    root = "resource" if method.service in CLASSIC else method.request[:1].lower() + method.request[1:]
    given: Any = body if body is not None else {}
    clean: Json = _message(doc, method, method.request, doc.schemas[method.request], given, root, violations, partial)
    if violations.found:
        raise invalid("\n".join(text for _, text in violations.found), *violations.found)
    return clean


def camel(path: str) -> str:
    """update_mask and updateMask are one name to Google."""
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), path)


def _message(
    doc: Document, m: Method, schema: str, node: Json, value: Any, at: str, bad: Violations, partial: bool
) -> Any:
    if not is_object(value):
        bad.add(at, f"Invalid value at '{at}' ({schema}), {value!r}")
        return value
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
    _required(m, schema, properties, clean, at, bad, partial)
    return clean


def _unset(m: Method, rule: Json, given: Any) -> bool:
    """An enum's zero counts as left out; to Compute Engine, an empty text does too."""
    values = rule.get("enum") or [""]
    return (given == values[0] and values[0].endswith("_UNSPECIFIED")) or (
        bool(rule.get("enum")) and given == "" and m.service == "compute"
    )


def _required(
    m: Method, schema: str, properties: dict[str, Json], clean: Json, at: str, bad: Violations, partial: bool
) -> None:
    for name, rule in properties.items():
        # A part of a message has what is to change; the last binding of a policy goes without even its list.
        wanted = not partial and required(name, rule, m.id, whole=schema == m.request)
        if wanted and clean.get(name) in (None, "") and (schema, name) not in NOT_REALLY_REQUIRED:
            bad.add(
                f"{at}.{name}", f"Invalid value for field '{at}.{name}': ''. Required field '{name}' not specified."
            )


def _value(doc: Document, m: Method, rule: Json, given: Any, at: str, bad: Violations, partial: bool) -> Any:
    if "$ref" in rule:
        return _message(doc, m, rule["$ref"], doc.schemas[rule["$ref"]], given, at, bad, partial)
    kind = rule.get("type")
    if kind == "array":
        if not is_list(given):
            bad.add(at, f"Invalid value at '{at}' (repeated), {given!r}")
            return given
        return [
            _value(doc, m, rule["items"], v, f"{at}[{i}]", bad, partial) for i, v in enumerate(given) if v is not None
        ]
    if kind == "object" and "properties" in rule:
        # Descriptions of Compute Engine and Cloud Storage write small messages where they are used, without a name.
        return _message(doc, m, "object", rule, given, at, bad, partial)
    if kind == "object":
        return _map(doc, m, rule, given, at, bad, partial)
    if kind == "any":
        return given
    return _scalar(m, rule, given, at, bad)


def _map(doc: Document, m: Method, rule: Json, given: Any, at: str, bad: Violations, partial: bool) -> Any:
    if not is_object(given):
        bad.add(at, f"Invalid value at '{at}' (map), {given!r}")
        return given
    inner = rule.get("additionalProperties")
    if not inner:
        return given
    kept = {k: v for k, v in given.items() if v is not None or partial}
    return {k: v if v is None else _value(doc, m, inner, v, f"{at}[{k}]", bad, partial) for k, v in kept.items()}


def _scalar(m: Method, rule: Json, given: Any, at: str, bad: Violations) -> Any:
    if given == "" and m.service in CLASSIC and rule.get("format", "").startswith("date"):
        return given
    if wrong := scalars.refusal(rule, given):
        bad.add(at, wrong.replace("{at}", at))
        return given
    return scalars.as_kept(rule, given)
