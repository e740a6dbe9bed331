"""Which inputs the provider's SDK has, so that what the mapping lacks is told from what nobody has."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from coursecloud.plan import sdk

PACKAGE = "pulumi_gcp"


@functools.cache
def fields(kind: Any) -> Mapping[str, Any]:
    """Give the inputs of one of the SDK's classes of arguments by name, with their types."""
    return sdk.inputs_of(kind)


@functools.cache
def arguments(token: str) -> Any:
    """Find the class of arguments of a Pulumi type; None where the SDK has no such type."""
    module, _, name = token.removeprefix("gcp:").partition(":")
    try:
        resource = getattr(importlib.import_module(f"{PACKAGE}.{module.partition('/')[0]}"), name, None)
    except ModuleNotFoundError:
        return None
    return getattr(inspect.getmodule(resource), f"{name}Args", None)


def _described(annotation: Any) -> Iterator[Any]:
    """Find the classes of arguments in an annotation, below lists and what may come later."""
    if sdk.is_input_type(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _described(inner)


def has(token: str, parts: tuple[str | int, ...]) -> bool:
    """Say whether a type has an input at a path; below text, lists of text and free maps, anything goes.

    Of a type that the SDK does not have, nothing is said to be missing.
    """
    kind: Any = arguments(token)
    if kind is None:
        return True
    for part in parts:
        if isinstance(part, int):
            continue
        known = fields(kind)
        if part not in known:
            return False
        kind = next(_described(known[part]), None)
        if kind is None:
            return True
    return True


def names(token: str, parts: tuple[str | int, ...] = ()) -> tuple[str, ...]:
    """List the inputs that a type has at a path."""
    kind: Any = arguments(token)
    for part in parts:
        if kind is not None and not isinstance(part, int):
            kind = next(_described(fields(kind).get(part)), None)
    return () if kind is None else tuple(fields(kind))
