"""One test over many things of a kind: it goes on to the last of them, and lists every one that is wrong."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Each = TypeVar("Each")


def offenders(wrong: Callable[[Each], Sequence[str]], every: Sequence[Each]) -> list[str]:
    """List all that is wrong with each of them; an error on the way is one thing that is wrong."""
    assert every, "a sweep over nothing finds nothing"
    return [said for each in every for said in _tried(wrong, each)]


def _tried(wrong: Callable[[Each], Sequence[str]], each: Each) -> Sequence[str]:
    try:
        return wrong(each)
    except Exception as error:  # noqa: BLE001 - the others are looked at all the same
        return [f"{str(each)[:80]}: {type(error).__name__}: {error}"]
