"""Reading JSON whose parts may be missing: an absent part is an empty one."""

from __future__ import annotations

from typing import Any, TypeGuard

Json = dict[str, Any]


def part(body: Json, name: str) -> Json:
    """The object of this name, or an empty one."""
    found: Json = body.get(name) or {}
    return found


def many(body: Json, name: str) -> list[Any]:
    """The list of this name, or an empty one."""
    found: list[Any] = body.get(name) or []
    return found


def is_object(value: Any) -> TypeGuard[Json]:
    """Is it a JSON object?"""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Is it a JSON array?"""
    return isinstance(value, list)
