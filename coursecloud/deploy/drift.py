"""What somebody has changed by hand since the last update, by kind, read from Pulumi's refresh. Pure decisions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from catalog import types
from coursecloud.diff import data_loss
from coursecloud.diff.engine_events import called, name
from coursecloud.plan import adoption, nested

Json = dict[str, Any]
Kind = Literal["gone", "grown", "opened", "changed"]

_SAFER = frozenset({"deletionProtection", "disabled", "uniformBucketLevelAccess", "versioning.enabled"})
"""Guards that are on when they are true: whoever switches one on opens nothing."""


@dataclass(frozen=True)
class Value:
    """One input that is not what the last update made it."""

    path: str
    """As Pulumi writes it: `versioning.enabled`, `bootDisk.initializeParams.size`."""
    before: object
    now: object

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.path} {_short(self.before)} -> {_short(self.now)}"


@dataclass(frozen=True)
class Drift:
    """One resource that somebody changed by hand."""

    kind: Kind
    urn: str
    type: str
    values: tuple[Value, ...] = ()
    holds: str = ""
    """What was in it, where it is gone."""
    state: Json = field(default_factory=dict[str, Any], compare=False)
    """The resource as the last update left it: `id`, `inputs`."""

    @property
    def name(self) -> str:
        """What the program calls it."""
        return name(self.urn)

    def __str__(self) -> str:
        """Say it in a line."""
        what = "; ".join(map(str, self.values)) or (f"with {self.holds}" if self.holds else "")
        return f"{called(self.urn)}{f': {what}' if what else ''}"


def changes(refreshed: Iterable[Json]) -> list[Drift]:
    """List what a refresh found changed; what the program does not set is nobody's change."""
    found = [change for each in refreshed for change in _of(each)]
    return sorted(found, key=lambda change: change.urn)


def _of(each: Json) -> Iterable[Drift]:
    urn, kind = cast("str", each["urn"]), cast("str", each["type"])
    old = cast("Json", each["old"])
    if not old.get("custom") or kind.startswith("pulumi:") or old.get("external"):
        return
    new = cast("Json | None", each.get("new"))
    if new is None:
        lost = data_loss.loss(old, replaced=False)
        yield Drift("gone", urn, kind, holds=lost.what if lost else "", state=old)
        return
    if adoption.in_state(old):
        return  # the group sets its own things as it likes
    values = [_value(path, old, new) for path in cast("Json", each.get("diff") or {}) if not path.startswith("__")]
    values = [value for value in values if value.before != value.now]
    sorts: dict[Kind, list[Value]] = {}
    for value in values:
        sorts.setdefault(_kind_of(kind, value), []).append(value)
    for sort, listed in sorts.items():
        yield Drift(sort, urn, kind, tuple(listed), state=old)


def _kind_of(kind: str, value: Value) -> Kind:
    known = types.of(kind)
    if known and value.path in known.grows and _larger(value.now, value.before):
        return "grown"
    if value.now is True and value.path in _SAFER:
        return "changed"
    guards = known.guards if known else ()
    return "opened" if "*" in guards or nested.steps(value.path)[0] in guards else "changed"


def _larger(now: object, before: object) -> bool:
    return isinstance(now, int | float) and isinstance(before, int | float) and now > before


def _value(path: str, old: Json, new: Json) -> Value:
    def at(state: Json) -> object:
        inputs = nested.at(state.get("inputs"), path)
        return nested.at(state.get("outputs"), path) if inputs is None else inputs

    return Value(path, at(old), at(new))


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, sort_keys=True) if not isinstance(value, str) else value
    return text if len(text) <= 60 else f"{text[:57]}..."
