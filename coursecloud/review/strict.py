"""JSON that anybody may have written: read as what it says, or refused in words."""

import json
from typing import Any, NoReturn, cast

DEEPEST = 100
"""Levels of nesting; a plan has a dozen."""


def loads(text: bytes | str) -> Any:
    """Read JSON. Raises ValueError for anything else: a key twice, NaN, a number without end, nesting without end."""
    try:
        found: object = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_float)
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    level: list[object] = [found]
    for _ in range(DEEPEST):
        level = [entry for outer in level for entry in _within(outer)]
        if not level:
            return found
    raise ValueError(f"it is nested more than {DEEPEST} levels deep")


def _within(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
        raise ValueError(f"the key {twice[:80]!r} is there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _float(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return found
