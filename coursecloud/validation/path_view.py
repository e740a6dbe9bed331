"""Places among the inputs of a resource, for rules between them, and the places where such a rule is broken."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from catalog import tables
from coursecloud.validation.request import UNKNOWN, written
from coursecloud.validation.values import whole


@dataclass(frozen=True)
class View:
    """One place among the inputs: what is there, and the way to it. What lies below an unknown is unknown."""

    value: object
    parts: tuple[str | int, ...] = ()

    def __getitem__(self, path: str) -> View:
        """Go down by names with full stops between; where nothing is, the value is None."""
        place = self
        for name in path.split("."):
            place = View(UNKNOWN if place.unknown else place.entries.get(name), (*place.parts, name))
        return place

    def __iter__(self) -> Iterator[View]:
        """Go through the elements of a list; anything else has none."""
        if isinstance(self.value, list):
            for number, value in enumerate(cast("list[object]", self.value)):
                yield View(value, (*self.parts, number))

    @property
    def entries(self) -> Mapping[str, object]:
        """The entries of a map that is known."""
        return cast("Mapping[str, object]", self.value) if isinstance(self.value, Mapping) and not self.unknown else {}

    @property
    def unknown(self) -> bool:
        """Say whether only the real run can know what is here."""
        return self.value == UNKNOWN

    @property
    def given(self) -> bool:
        """Say whether anything is here; an empty text or list is nothing, an empty object is something."""
        return self.value not in (None, "", [])

    @property
    def text(self) -> str:
        """The text that is here, or an empty one."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int | None:
        """The whole number that is here, or None."""
        return whole(self.value)

    @property
    def at(self) -> str:
        """Write the path."""
        return written(self.parts)

    @property
    def generic(self) -> str:
        """Write the path for all elements of its lists."""
        return written(self.parts, numbers=False)


@dataclass(frozen=True)
class Broken:
    """A rule between inputs that is broken: its name in api-facts.json, the place to change, and words for its text."""

    name: str
    view: View
    words: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def rule(self) -> str:
        """What Google wants, and where that was read."""
        entry = stated(self.name)
        return f"{entry['says'].format_map(self.words)} ({entry['from']})"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return stated(self.name)["remedy"].format_map(self.words)


@functools.cache
def _between() -> dict[str, dict[str, Any]]:
    return tables.table("api-facts")["between"]


def stated(name: str) -> Mapping[str, Any]:
    """Give the entry of a rule between inputs: its text, source, remedy and limits."""
    return _between()[name]


def names() -> frozenset[str]:
    """Name every rule between inputs."""
    return frozenset(_between())


def several(views: list[View]) -> int | None:
    """Count the places where something is; None where the real run decides that."""
    return None if any(view.unknown for view in views) else sum(view.given for view in views)
