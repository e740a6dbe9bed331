"""What a difference does to a resource: nothing, an update in place, or a new resource. Facts: catalog/types."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog import types
from catalog.types.parts import Changes
from coursecloud.diff.property_diff import NOTHING, Difference, at, leaves, pattern
from coursecloud.diff.replacement_conditions import SAME, WHEN, Effect
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import UNKNOWN


@dataclass(frozen=True, eq=False)
class Rules(Changes):
    """What a type's file says of its changes, and what that makes of a difference."""

    called: tuple[str, str] | None = None

    def effect(self, difference: Difference, before: Mapping[str, Any], after: Mapping[str, Any]) -> Effect:
        """Say what one difference does, given the whole inputs of both sides."""
        for path in _upwards(difference.pattern):
            rule = self.when.get(path)
            if rule is None:
                continue
            old, new = (
                (difference.old, difference.new)
                if path == difference.pattern
                else (at(before, path), at(after, path))
                if "[*]" not in path
                else (NOTHING, NOTHING)
            )
            found = WHEN[rule](old, new, before, after)
            if found is not Effect.FIELDS:
                return found
        rule = self.same.get(difference.pattern)
        if rule and SAME[rule](difference.old, difference.new):
            return Effect.NONE
        if difference.new is NOTHING and self._all_kept(difference):
            return Effect.NONE
        return Effect.REPLACE if self._immutable(difference) else Effect.UPDATE

    def _all_kept(self, difference: Difference) -> bool:
        if self._listed(difference.pattern, self.kept):
            return True
        inside = [pattern(keys) for keys, _ in leaves(difference.keys, difference.old)]
        return all(self._listed(path, self.kept) for path in inside)

    def _immutable(self, difference: Difference) -> bool:
        if self._listed(difference.pattern, self.replaces):
            return True
        for keys, value in (*leaves(difference.keys, difference.old), *leaves(difference.keys, difference.new)):
            path = pattern(keys)
            # A block with a condition of its own has already answered for what is in it.
            carried = value is not NOTHING and value is not None and value not in ("", [], {})
            if path != difference.pattern and carried and self._listed(path, self.replaces):
                gone = difference.new is NOTHING and self._listed(path, self.kept)
                spelled = self.same.get(path)
                if not gone and not (spelled == "unset-is-false" and value is False):
                    return True
        return False

    def _listed(self, path: str, paths: frozenset[str]) -> bool:
        return any(upper in paths and self.when.get(upper) is None for upper in _upwards(path))

    def unknown(self, top: str, before: Mapping[str, Any]) -> Effect:
        """Say what it does that an input as a whole becomes known only to the real run."""
        if rule := self.when.get(top):
            found = WHEN[rule](at(before, top), UNKNOWN, before, before)
            if found is not Effect.FIELDS:
                return found
        return Effect.REPLACE if top in self.replaces else Effect.UPDATE

    def deletes_first(self, option: object, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Say whether the old resource goes before the new one comes; the resource's own `option` decides first."""
        if isinstance(option, bool):
            return option
        if self.delete_first == "named":
            return self.name in before and before[self.name] == after.get(self.name)
        return self.delete_first == "always"


def _upwards(path: str) -> Iterator[str]:
    """Give a path and each block around it: `a[*].b`, `a[*]`, `a`."""
    while path:
        yield path
        cut = max(path.rfind("."), path.rfind("["))
        path = path[: max(cut, 0)]


@functools.cache
def rules_of(kind: str) -> Rules | None:
    """Find what is known of a type's changes; None for a type of which nobody has said them."""
    known = types.of(kind)
    return Rules(**vars(known.changes), called=known.called) if known and known.changes else None


def called(kind: str, count: int) -> str:
    """Call some resources of a type as a reader would: `1 machine`, `2 storage.Folder`."""
    found = types.of(kind)
    # A revision may call a type anything; what is no type's name is not repeated in a sentence.
    short = short_type(kind)
    other = short if re.fullmatch(r"[A-Za-z0-9.]{1,60}", short) else "resource of an odd type"
    one, more = (found.called if found else None) or (other, other)
    return f"{count} {one if count == 1 else more}"
