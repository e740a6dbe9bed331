"""What Google might answer in a real run: a value for every output, told from the program's own by a mark.

The types of the outputs are the SDK's. A value says nothing of what Google would answer; it lets code run that waits
for one, and what it is used in can be found again by the mark.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args, get_origin

import pulumi

from coursecloud.plan import sdk

MARKS = ("computed-by-google", "answered-by-google")
"""What is in every text that Google would compute; two, to tell what follows from it from what does not. A truth value
has no room for a mark: it is false with the first one and true with the second."""

NUMBER = 91_827_364
"""Stands for every number that Google would compute."""

END = "~"
"""What each text that Google would compute ends with, so that what a program puts after it is told from it."""

_DEEPEST = 1
"""How deep blocks are made up that the program did not write."""


def plausible(kind: str, name: str, inputs: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Make up the outputs of a resource of a type, with `mark` in each text; what `inputs` has stays, filled up.

    Of a type that the SDK does not have nothing is made up.
    """
    found = _class(kind)
    return dict(inputs) if found is None else _block(_outputs(found), f"{mark}/{name}", inputs, 0)


def _block(fields: Mapping[str, Any], text: str, given: Mapping[str, Any], depth: int) -> dict[str, Any]:
    made = {key: _value(kind, f"{text}/{key}", given.get(key), depth) for key, kind in fields.items()}
    return {**given, **{key: value for key, value in made.items() if value is not None}}


def _value(kind: Any, text: str, given: Any, depth: int) -> Any:
    origin, inside = get_origin(kind), get_args(kind)
    if sdk.is_output_type(kind):
        if isinstance(given, Mapping):
            return _block(_fields(kind), text, cast("Mapping[str, Any]", given), depth + 1)
        return given if given is not None or depth >= _DEEPEST else _block(_fields(kind), text, {}, depth + 1)
    if isinstance(given, list):
        entries = cast("list[Any]", given)
        return [_value(inside[0] if inside else None, f"{text}/{at}", each, depth) for at, each in enumerate(entries)]
    if given is not None:
        return given
    if not isinstance(origin, type):
        return {str: f"{text}{END}", int: NUMBER, float: NUMBER, bool: text.startswith(MARKS[1])}.get(kind)
    if issubclass(origin, Mapping):
        return {}
    if inside:
        # Google leaves many a list empty; one entry lets the code have its look that waits for one.
        made = _value(inside[0], f"{text}/0", None, depth)
        return [] if made is None else [made]
    return None


@functools.cache
def _outputs(resource: Any) -> Mapping[str, Any]:
    return sdk.outputs_of(resource)


@functools.cache
def _fields(kind: Any) -> Mapping[str, Any]:
    return sdk.outputs_of(kind)


_classes: dict[str, Any] = {}


def _class(kind: str) -> Any:
    """Find the SDK's class of a type among those that are loaded: the program has loaded what it uses."""
    if kind not in _classes:
        _classes.update((token, each) for each in _below(pulumi.CustomResource) if (token := _token(each)))
    return _classes.get(kind)


def _below(upper: Any) -> Iterator[Any]:
    for each in upper.__subclasses__():
        yield each
        yield from _below(each)


def _token(resource: Any) -> str | None:
    token = getattr(resource, "pulumi_type", None)
    return token if isinstance(token, str) else None
