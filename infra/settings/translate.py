"""What pydantic says about a value, said as the value, the rule and the remedy."""

import re
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra.settings import not_offered
from infra.settings.documentation import documentation
from infra.settings.listed import listed
from infra.settings.problem import MISSING, Problem, RuleViolationError, likely, nearest, shown

Place = tuple[int | str, ...]
"""The keys that lead to what must be left out for the rest to be valid."""


def translated(path: str, annotation: Any, details: ErrorDetails) -> tuple[Problem, tuple[str, ...], Place]:
    """Translate an error: the problem, the paths that were probably meant, and what to leave out."""
    location = tuple(part for part in details["loc"] if part != "[key]")
    where = path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    # A list loses all its entries together, or the index of each behind a broken one would be wrong.
    place = location[: next((i for i, part in enumerate(location) if isinstance(part, int)), len(location))]
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
            meant = likely(key, known)
            problem = Problem(where, MISSING, "this key is not known", nearest(key, known))
            return problem, (where.removesuffix(key) + meant,) if meant else (), place
        case "missing":
            add = f"add `{location[-1]}:`{description}"
            return Problem(where, MISSING, "this key is required", add), (), place[:-1]
        case kind:
            rule, remedy = _otherwise(annotation, location, value) or _said(kind, value, details, known)
            return Problem(where, value, rule, remedy + description), (), place


def _said(kind: str, value: object, details: ErrorDetails, known: list[str]) -> tuple[str, str]:
    context = details.get("ctx", {})
    remedy = "write a value, or remove the key" if value is None else ""
    match kind:
        case "dict_type" | "model_type" | "model_attributes_type":
            keys = f": {', '.join(known)}" if known else ""
            return "a mapping of keys to values belongs here", remedy or f"indent keys under it{keys}"
        case "tuple_type":
            brackets = f"write [{value}]" if isinstance(value, str) else "write its entries in brackets"
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
            return "a number belongs here", remedy or "write it without quotes or unit"
        case "bool_type":
            return "true or false belongs here", remedy or "write true or false; yes, no, on and off are texts"
        case "literal_error":
            words = re.findall(r"'([^']+)'", str(context["expected"]))
            remedy = remedy or nearest(str(value), words, f"write one of {', '.join(words) or context['expected']}")
            return f"this is {context['expected']}", remedy
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bound = f"{next(iter(context.values())):.15g}"
            words = {"greater_than_equal": f"{bound} or more", "less_than_equal": f"{bound} or less"}
            limit = words.get(kind, f"{'more' if kind == 'greater_than' else 'less'} than {bound}")
            return f"a number of {limit} belongs here", f"write {limit}"
        case "too_short":
            return "an empty list says nothing here", "add an entry, or remove the key"
        case _:
            return details["msg"][0].lower() + details["msg"][1:], remedy or "correct it"


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
