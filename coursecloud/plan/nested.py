"""Reads what lies inside of a resource's inputs or outputs, whatever shape a program has given them."""

import re
from collections.abc import Mapping
from typing import Any, cast

from coursecloud.plan.registration import UNKNOWN

_STEP = re.compile(r"[^.\[\]\"]+")


def steps(path: str) -> list[str]:
    """Take a path apart: `a[0].b`, `a.0.b` and `a["0"].b` are one."""
    return _STEP.findall(path) or [path]


def at(value: Any, path: str, default: Any = None) -> Any:
    """Read the value at a path; UNKNOWN also below what only the real run knows, `default` where nothing is."""
    for step in steps(path):
        if value == UNKNOWN:
            return UNKNOWN
        if isinstance(value, Mapping) and step in value:
            value = cast("Mapping[str, Any]", value)[step]
        elif step.isdigit() and int(step) < len(entries := listed(value)):
            value = entries[int(step)]
        else:
            return default
    return value


def filled(value: Any, known: Mapping[str, str], path: str = "") -> Any:
    """Put what is known of values that only the real run can know (`Registration.at_run`) in their place."""
    if value == UNKNOWN:
        inner = {
            key[len(path) :].lstrip("."): text
            for key, text in known.items()
            if key.startswith((f"{path}.", f"{path}["))
        }
        return known.get(path, inner or value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return {key: filled(each, known, f"{path}.{key}" if path else key) for key, each in entries.items()}
    if isinstance(value, list):
        return [filled(each, known, f"{path}[{at}]") for at, each in enumerate(cast("list[Any]", value))]
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """Take a value as a mapping: one without entries where it is none, or where only the real run knows it."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) and value != UNKNOWN else {}


def blocks(value: Any) -> list[Mapping[str, Any]]:
    """Take a value as blocks: one that stands alone, or a list of them; what is none is left out."""
    entries = listed(value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, Any]", entry) for entry in entries if isinstance(entry, Mapping)]


def block(value: Any) -> Mapping[str, Any]:
    """Take a value as one block, the first where they are several; without entries where there is none."""
    return next(iter(blocks(value)), dict[str, Any]())


def listed(value: Any) -> list[Any]:
    """Take a value as a list: an empty one where it is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def has_unknown(value: Any) -> bool:
    """Say whether a value is, or holds, one that only the real run can know."""
    if value == UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(map(has_unknown, cast("Mapping[str, Any]", value).values()))
    return any(map(has_unknown, listed(value)))
