"""Which resource of one side is which of the other: by URN, or by an alias that says what it was called."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from coursecloud.plan.registration import Registration

_ROOT = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Pair:
    """One resource: before, after, or both; `renamed` where only an alias tells that they are one."""

    key: str
    before: Registration | None
    after: Registration | None

    @property
    def renamed(self) -> bool:
        """Say whether the resource has another URN than it had."""
        return bool(self.before and self.after and key_of(self.before.urn) != key_of(self.after.urn))

    @property
    def either(self) -> Registration:
        """The resource as it will be, or as it was where it goes."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a pair has at least one side
        return found


def key_of(urn: str) -> str:
    """Take what of a URN tells a resource apart within its stack: the types that it hangs under, and its name.

    Two plans may be of two stacks; and a plan writes the stack among a component's types where a state does not.

    >>> key_of("urn:pulumi:dev::coursecloud::pulumi:pulumi:Stack$a:b:C::name")
    'a:b:C::name'
    """
    return urn.partition("::")[2].partition("::")[2].removeprefix(f"{_ROOT}$")


def pair(before: Iterable[Registration], after: Iterable[Registration]) -> tuple[Pair, ...]:
    """Pair the resources of two sides; those that stay or come in their order, then those that go."""
    left = {key_of(resource.urn): resource for resource in before}
    there = {key_of(resource.urn): resource for resource in after}
    known: dict[str, tuple[str, ...]] = {}
    pairs: list[Pair] = []
    for key, resource in there.items():
        # The engine looks for the URN itself first, so an alias never takes a resource that is still declared.
        names = [key, *(name for name in aliases(resource, there, known) if name not in there)]
        found = next((name for name in names if name in left), None)
        pairs.append(Pair(key, left.pop(found) if found else None, resource))
    return (*pairs, *(Pair(key, resource, None) for key, resource in left.items()))


MOST = 1000
"""Names that a resource may have had: each of its own times each of its parents'. A program with more is made to be
slow; what is over is not known to have been renamed."""


def aliases(
    resource: Registration, there: Mapping[str, Registration], known: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """List what a resource was called before: its own aliases, and those that its parents hand down.

    `known` are the lists made so far; a resource that hangs under itself has none.
    """
    own = key_of(resource.urn)
    if own not in known:
        known[own] = ()
        known[own] = tuple(itertools.islice(dict.fromkeys(_aliases(resource, there, known)), MOST))
    return known[own]


def _aliases(
    resource: Registration, there: Mapping[str, Registration], known: dict[str, tuple[str, ...]]
) -> Iterator[str]:
    own = key_of(resource.urn)
    parent = there.get(key_of(resource.parent)) if resource.parent else None
    for entry in cast("list[Any]", resource.options.get("aliases", [])):
        yield from _spelled(entry, resource, parent, there, known)
    if parent is not None:
        kind, _, name = own.rpartition("::")
        for upper in aliases(parent, there, known):
            upper_kind, _, upper_name = upper.rpartition("::")
            # A child named after its parent was named after it before, too.
            called = re.sub(f"^{re.escape(parent.name)}", lambda _, to=upper_name: to, name)
            yield f"{upper_kind}${kind.rpartition('$')[2]}::{called}"


def _spelled(
    entry: Any,
    resource: Registration,
    parent: Registration | None,
    there: Mapping[str, Registration],
    known: dict[str, tuple[str, ...]],
) -> Iterator[str]:
    """Write one alias as keys: a URN, or what of the resource was different."""
    if isinstance(entry, str) or "urn" in entry:
        yield key_of(entry if isinstance(entry, str) else str(entry["urn"]))
        return
    spec: Mapping[str, Any] = entry.get("spec", entry)
    name, kind = spec.get("name") or resource.name, spec.get("type") or resource.type
    if spec.get("noParent"):
        uppers = [""]
    elif spec.get("parentUrn"):
        uppers = [key_of(str(spec["parentUrn"])).rpartition("::")[0]]
    elif parent is not None:
        uppers = [key.rpartition("::")[0] for key in (key_of(parent.urn), *aliases(parent, there, known))]
    else:
        uppers = [""]
    for upper in uppers:
        yield f"{upper}${kind}::{name}" if upper else f"{kind}::{name}"
