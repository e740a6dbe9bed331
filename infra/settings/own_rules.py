"""Holds each section to its own rules, and lists to having nothing twice."""

import datetime
from collections.abc import Iterator, Mapping
from typing import cast

from infra.settings.problem import MISSING, Findings, Problem, RuleViolationError
from infra.settings.types import Section


def breaches(path: str, value: object, found: Findings) -> Iterator[Problem]:
    """Hold sections to their own rules, and lists to having nothing twice."""
    if isinstance(value, Section):
        for refused in value.rules():
            if found.sound(*(f"{path}.{key}" for key in refused.keys)):
                yield _broken(path, value, refused)
        for name, field in type(value).model_fields.items():
            yield from breaches(f"{path}.{field.alias or name}", getattr(value, name), found)
    elif isinstance(value, Mapping):
        for key, entry in cast("Mapping[str, object]", value).items():
            yield from breaches(f"{path}.{key}", entry, found)
    elif isinstance(value, tuple) and not path.endswith(".args"):
        entries = cast("tuple[object, ...]", value)
        for index, entry in enumerate(entries):
            if entry in entries[:index]:
                yield Problem(f"{path}[{index}]", entry, "this is listed twice", "list it once")


def _broken(path: str, section: Section, refused: RuleViolationError) -> Problem:
    """Say a rule at the section, or at the one key that it is about, with what stands there."""
    if len(refused.keys) == 1:
        names = {field.alias or name: name for name, field in type(section).model_fields.items()}
        (key,) = refused.keys
        if (value := getattr(section, names[key])) is not None:
            plain: object = str(value) if isinstance(value, datetime.date) else value
            return Problem(f"{path}.{key}", plain, refused.rule, refused.remedy)
    return Problem(path, MISSING, refused.rule, refused.remedy)
