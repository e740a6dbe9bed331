"""Keys of one section that do not go together as they are: what the loader refuses and an editor marks.

One definition for both. What needs arithmetic or another section stays a function, `Section.rules` or `checks.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]
Values = Mapping[str, object]
"""The values of a section by its keys, as the stack file spells them."""

_NOTHING: list[object] = [None, "", {}, False]
"""What is as good as no key at all."""


@dataclass(frozen=True)
class Given:
    """The key has something behind it."""

    key: str

    def holds(self, values: Values) -> bool:
        """Say whether the section is so."""
        return bool(values[self.key])

    def schema(self) -> Node:
        """Say the same in JSON Schema."""
        return {"required": [self.key], "properties": {self.key: {"not": {"enum": _NOTHING}}}}


@dataclass(frozen=True)
class Is:
    """The key has this value."""

    key: str
    value: bool

    def holds(self, values: Values) -> bool:
        """Say whether the section is so."""
        return values[self.key] is self.value

    def schema(self) -> Node:
        """Say the same in JSON Schema; a default counts in the loader, where it is the value."""
        return {"required": [self.key], "properties": {self.key: {"const": self.value}}}


Condition = Given | Is


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A combination that is refused: all of some conditions hold, at least one of others, and none of a third kind."""

    rule: str
    remedy: str
    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()
    weighs: tuple[str, ...] = ()
    """Where it is not all of the keys that decide."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it weighs: where one of them is broken itself, it says nothing."""
        return self.weighs or tuple(condition.key for condition in (*self.all_of, *self.any_of, *self.none_of))

    def broken(self, values: Values) -> bool:
        """Say whether a section is so."""
        return (
            all(condition.holds(values) for condition in self.all_of)
            and (not self.any_of or any(condition.holds(values) for condition in self.any_of))
            and not any(condition.holds(values) for condition in self.none_of)
        )

    def schema(self) -> Node:
        """Mark it in an editor."""
        parts = [condition.schema() for condition in self.all_of]
        if self.any_of:
            parts.append({"anyOf": [condition.schema() for condition in self.any_of]})
        if self.none_of:
            parts.append({"not": {"anyOf": [condition.schema() for condition in self.none_of]}})
        return _marked(self, *parts)


@dataclass(frozen=True)
class ExactlyOne:
    """Of some keys a section has one."""

    rule: str
    remedy: str
    keys: tuple[str, ...]

    def broken(self, values: Values) -> bool:
        """Say whether a section has none, or several."""
        return sum(values[key] is not None for key in self.keys) != 1

    def schema(self) -> Node:
        """Mark it in an editor."""
        given = [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in self.keys]
        return _marked(self, {"not": {"oneOf": given}})


Combination = Refused | ExactlyOne


def _marked(combination: Combination, *together: Node) -> Node:
    # A mapping is never null. Editors show the message of `enum`, and not that of `not`.
    message = f"{combination.rule}; {combination.remedy}"
    return {"if": {"allOf": [{"type": "object"}, *together]}, "then": {"enum": [None], "errorMessage": message}}
