"""What pydantic says about a value, said as the value, the rule and the remedy."""

import json
import re
import types
import typing
from collections.abc import Collection, Mapping
from typing import Annotated, Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra.names import WORKLOADS
from infra.settings import not_offered
from infra.settings.documentation import documentation
from infra.settings.listed import listed
from infra.settings.problem import MISSING, READERS, Problem, RuleViolationError, likely, nearest, shown

REQUIRED = "this key is required"
Place = tuple[int | str, ...]
"""The keys that lead to what must be left out for the rest to be valid."""


def translated(path: str, annotation: Any, details: ErrorDetails) -> tuple[Problem, tuple[str, ...], Place]:
    """Translate an error: the problem, the paths that were probably meant, and what to leave out."""
    location = tuple(part for part in details["loc"] if part != "[key]")
    where = path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    # A list loses an entry with whatever is broken in it.
    place = location[: next((i for i, part in enumerate(location, start=1) if isinstance(part, int)), len(location))]
    unknown = details["type"] == "extra_forbidden"
    model, description = _described(annotation, location[:-1] if unknown else location)
    known = [field.alias or name for name, field in model.model_fields.items()] if model else []
    value: object = details["input"]
    refused = details.get("ctx", {}).get("error")
    if isinstance(refused, RuleViolationError):
        return Problem(where, value, refused.rule, refused.remedy), (), place
    match details["type"]:
        case "extra_forbidden":
            key = str(location[-1])
            if model and (reason := not_offered.why(model.__name__, key)):
                return Problem(where, MISSING, "this is not offered", f"remove it: {reason}"), (), place
            remedy, meant = not_offered.meant(model.__name__, key) if model else ("", "")
            head, colon, _ = key.partition(":")
            if colon and head in known:
                remedy, meant = f"write a blank behind the ':' of `{head}:`", head
            elif model and model.__name__ == "Secrets" and isinstance(value, list):
                remedy, meant = "indent it under `names:`", "names"
            elif not remedy:
                remedy, meant = nearest(key, known), likely(key, known) or ""
            problem = Problem(where, MISSING, "this key is not known", remedy)
            return problem, (where.removesuffix(key) + meant,) if meant else (), place
        case "missing":
            add = f"add `{location[-1]}:`{description}"
            return Problem(where, MISSING, REQUIRED, add), (), place if place != location else place[:-1]
        case kind:
            rule, remedy = _otherwise(annotation, location, value) or _said(kind, value, details, known)
            field = _field(annotation, location)
            if remedy == _INDENT and field and field.examples:
                remedy = f"{_INDENT}, e.g. {json.dumps(field.examples[0]).strip('{}').replace(_QUOTE, '')}"
            return Problem(where, value, rule, remedy + description), (), place


_INDENT, _QUOTE = "indent keys under it", '"'


def _said(kind: str, value: object, details: ErrorDetails, known: list[str]) -> tuple[str, str]:
    context = details.get("ctx", {})
    remedy = "write a value, or remove the key" if value is None else ""
    match kind:
        case "dict_type" | "model_type" | "model_attributes_type":
            keys = f": {', '.join(known)}" if known else ""
            remedy = remedy or as_mapping(value, known) or f"{_INDENT}{keys}"
            return "a mapping of keys to values belongs here", remedy
        case "tuple_type":
            brackets = f"write [{value}]" if isinstance(value, str) else "write its entries in brackets"
            if isinstance(value, str) and value.startswith("-"):
                brackets = "put a blank behind the '-'"
            return "a list belongs here", remedy or brackets
        case "string_type":
            if isinstance(value, bool | int | float):
                remedy = f'write "{shown(value)}", in quotes'
            elif isinstance(value, Mapping) and len(cast("Mapping[object, object]", value)) == 1:
                remedy = "a ':' with a blank behind it, or at the end, makes a mapping: write it without, or in quotes"
            return "a text belongs here", remedy or "write one text"
        case "int_type":
            return "a whole number belongs here", remedy or "write it without quotes, unit or fraction"
        case "float_type":
            return "a number belongs here", remedy or _number_meant(value)
        case "bool_type":
            return "true or false belongs here", remedy or "write true or false; yes, no, on and off are texts"
        case "literal_error":
            return f"this is {context['expected']}", remedy or _choice(value, str(context["expected"]))
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bound = f"{next(iter(context.values())):.15g}"
            words = {"greater_than_equal": f"{bound} or more", "less_than_equal": f"{bound} or less"}
            limit = words.get(kind, f"{'more' if kind == 'greater_than' else 'less'} than {bound}")
            remedy = f"write {limit}"
            if limit == "1 or less" and isinstance(value, int | float) and value <= 100:
                remedy = f"write {value:g} % as {value / 100:g}"
            return f"a number of {limit} belongs here", remedy
        case "too_short":
            return "an empty list says nothing here", "add an entry, or remove the key"
        case "too_long":
            return f"at most {context['max_length']} entries belong here", "leave out the others"
        case _:
            # No word of pydantic's: it speaks of Python's types.
            return "this key takes no such value", "write another; `coursecloud explain` shows an example of each key"


def as_mapping(value: object, known: Collection[str] = ()) -> str:
    """Say how to write as a mapping what somebody wrote otherwise; empty where nobody can say."""
    match = re.match(r"(\w{1,40})(:|\s*=)", value) if isinstance(value, str) else None
    if match and (match[1] in known or (not known and "=" in match[2])):
        return f"write `{match[1]}: VALUE` in a line of its own below, indented, with a blank behind the ':'"
    entries = cast("list[object]", value) if isinstance(value, list) else []
    pairs = [set(cast("Mapping[str, object]", entry)) for entry in entries if isinstance(entry, Mapping)]
    if pairs and all(pair == {"name", "value"} for pair in pairs):
        return "write each as `NAME: VALUE`, without '-'"
    if pairs and len(pairs) == len(entries):
        return "write each entry's name as `NAME:`, without '-', and indent its keys under it"
    return ""


def _number_meant(value: object) -> str:
    """Read a number that is written with a comma, or as a percentage."""
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"[0-9]{1,9},[0-9]{1,9}", text):
        return f"write a point for the comma: {text.replace(',', '.')}"
    if match := re.fullmatch(r"([0-9]{1,3})\s?%", text):
        return f"write {int(match[1]) / 100:g}"
    return "write it without quotes or unit"


def _choice(value: object, expected: str) -> str:
    """Say which of some words was meant; a reader of secrets is a kind of workload, and never one of them by name."""
    words = re.findall(r"'([^']+)'", expected)
    if isinstance(value, str) and re.fullmatch(r"[0-9]+", value) and value in re.findall(r"[0-9]+", expected):
        return f"write {value} without quotes"
    if tuple(words) == WORKLOADS and isinstance(value, str):
        if found := READERS.get(value.lower()):
            return f"write {found}"
        near = likely(value, words, closer=True)
        return f"did you mean '{near}'?" if near else f"write one of {', '.join(words)}: `machines` are all machines"
    return nearest(str(value), words, f"write one of {', '.join(words) or expected}")


def _otherwise(annotation: Any, location: Place, value: object) -> tuple[str, str] | None:
    """Say of a number or truth value in place of a text what the text would break, as quotes alone would not do."""
    if not isinstance(value, bool | int | float):
        return None
    field = _field(annotation, location)
    entries: tuple[Any, ...] = typing.get_args(field.annotation) if field else ()
    if field and isinstance(location[-1], int) and entries[1:] == (...,):
        field = FieldInfo.from_annotation(entries[0])
    kind: Any = field.annotation if field else None
    if field is None or kind not in (str, str | None):
        return None
    if any(isinstance(each, listed) for each in field.metadata) and field.examples:
        return "a text belongs here", f"write for example {field.examples[0]}"
    if not field.metadata:
        return None
    try:
        TypeAdapter(Annotated[(str, *field.metadata)]).validate_python(shown(value))
    except ValidationError as error:
        refused = error.errors(include_url=False)[0].get("ctx", {}).get("error")
        if isinstance(refused, RuleViolationError):
            return refused.rule, refused.remedy
    return None


def _field(annotation: Any, location: Place) -> FieldInfo | None:
    """Find the field that a location ends in; None where it ends in an entry of a list or a mapping."""
    model, found = _model(annotation), None
    for part in location:
        if isinstance(part, int):
            continue
        fields = model.model_fields if model else {}
        found = next((field for name, field in fields.items() if part in (field.alias, name)), None)
        model = _model(found.annotation) if found else model
    return found


def _described(annotation: Any, location: Place) -> tuple[type[BaseModel] | None, str]:
    """Find the innermost model on the way to a location, and what the key there is for."""
    model, description = _model(annotation), ""
    for part in location:
        fields = model.model_fields if model else {}
        if model and (name := next((name for name, field in fields.items() if part in (field.alias, name)), None)):
            said = " ".join(documentation(model).get(name, "").split())
            first = re.split(r"(?<!e\.g)[.:;](?:\s|$)", said)[0]
            description = f" (for: {first})" if first else ""
            model = _model(fields[name].annotation)
    return model, description


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for argument in typing.get_args(annotation):
            if found := _model(argument):
                return found
    return None
