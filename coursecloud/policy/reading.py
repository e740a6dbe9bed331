"""Reads a resource's inputs honestly: what only the real run can know is never taken for absent or false."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN

Inputs = Mapping[str, Any]


class UnknownError(Exception):
    """A rule needs a value that nobody can know yet; `what` says which, `said` what to tell where it is not a value."""

    def __init__(self, what: str, said: str = ""):
        self.what = what
        self.said = said or f"only the real run knows {what}"
        super().__init__(what)


def at(inputs: Inputs, path: str, default: Any = None) -> Any:
    """Read the value at a dotted path; `default` where there is none. Raises UnknownError on an unknown value."""
    value = nested.at(inputs, path)
    if value == UNKNOWN:
        raise UnknownError(f"`{path}`")
    return default if value is None else value


def entries(inputs: Inputs, path: str) -> Iterator[Any]:
    """Give the entries of the list at a path, none where there is no list.

    An unknown entry raises UnknownError only when it is reached, so that what stands before it is seen.
    """
    value = at(inputs, path)
    listed = cast("list[Any]", value) if isinstance(value, list) else [] if value is None else [value]
    for index, entry in enumerate(listed):
        if entry == UNKNOWN:
            raise UnknownError(f"`{path}[{index}]`")
        yield entry


def is_true(value: object) -> bool:
    """Say whether a value means true to Google, which takes truth values of metadata as text."""
    return value is True or str(value).lower() in ("true", "1", "y", "yes")


def number(value: object) -> int | None:
    """Read a whole number, also where it is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Give every known text in a value with its path."""
    if isinstance(value, str):
        yield path, value
    elif value == UNKNOWN:
        return
    elif isinstance(value, Mapping):
        for key, entry in cast("Inputs", value).items():
            yield from texts(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from texts(entry, f"{path}[{index}]")
