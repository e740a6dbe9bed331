"""What a change makes weaker of what holds spending back, keeps data, keeps somebody out or tells somebody.

By what is registered, so that an edit of the program is seen as well as one of the stack file; what only the stack file
has is in `protection_settings`. Values in, values out, on the facts of catalog/types.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from catalog import types
from catalog.types.parts import About
from coursecloud.cost import Estimate
from coursecloud.diff.changes import Change, Operation
from coursecloud.plan.grants import Grant
from coursecloud.review import access, weakened
from coursecloud.review.dangers import one
from coursecloud.review.quoting import quoted


@dataclass(frozen=True)
class Weaker:
    """One thing that protects less than before."""

    about: About
    what: str
    """What protects: a resource and its input, or a key of the stack file. Between backticks is what others wrote."""
    was: str
    will: str
    then: str
    """What can be spent, lost or reached then, or goes unnoticed."""
    urn: str | None = None
    """The resource; None for a key of the stack file."""
    told: bool = False
    """A danger of another kind says it already."""

    @property
    def sentence(self) -> str:
        """Say all of it in a line."""
        return f"{self.what}: {quoted(self.was)} -> {quoted(self.will)}: {self.then}"


def of_changes(
    changes: Iterable[Change],
    before: Estimate | None,
    after: Estimate | None,
    until: datetime.date | None = None,
) -> Iterator[Weaker]:
    """List what the changes of resources make weaker, and what lets the internet in; estimates are of both sides.

    `until` is the last day of access by the lease of the stack file, whose change is told as one of its key.
    """
    listed = list(changes)
    for change, text in access.public(listed):
        yield Weaker("access", quoted(one(change)), "not public", "public", text, change.resource.urn, told=True)
    for change, grant, was in access.freed(listed):
        then = "they have it where they had it not: read both"
        what, will = _of_grant(grant), grant.condition or "(none)"
        yield Weaker(
            "access",
            f"{what} condition",
            weakened.shown(was),
            weakened.shown(will),
            then,
            change.resource.urn,
            told=True,
        )
    yield from _prolonged(listed, until)
    for change in listed:
        if change.operation is Operation.DELETE:
            yield from _gone(change)
        elif change.before and change.after:
            yield from _pulumis(change)
            found = list(_inputs(change, change.before.inputs, change.after.inputs, before, after))
            yield from found
            yield from _prunes(change, found)


def _prolonged(changes: Sequence[Change], until: datetime.date | None) -> Iterator[Weaker]:
    """Say who is let in longer than before and than the lease says, those with one end together."""
    lease = f"{until + datetime.timedelta(days=1)}" if until else ""
    found: dict[tuple[str, str], list[tuple[Change, Grant]]] = {}
    for change, grant, was, will in access.prolonged(changes):
        if not lease or will[:10] > lease:
            found.setdefault((was, will), []).append((change, grant))
    for (was, will), let_in in found.items():
        who, what = (
            _some(each or "one that only an up knows" for each in sides)
            for sides in ((grant.member for _, grant in let_in), (grant.role for _, grant in let_in))
        )
        then = "they come in until then" + (", whatever the lease says" if lease else "")
        yield Weaker("access", f"end of what {who} may ({what})", was, will, then, let_in[0][0].resource.urn)


def _some(names: Iterable[str]) -> str:
    first, *others = dict.fromkeys(names)
    return quoted(first) + (f" and {len(others)} more" if others else "")


def _of_grant(grant: Grant) -> str:
    return f"{quoted(grant.role or 'a role')} for {quoted(grant.member or 'somebody')}:"


def _prunes(change: Change, told: Iterable[Weaker]) -> Iterator[Weaker]:
    """Say what can delete content sooner, where no fact of the type has said so already."""
    what, texts = quoted(one(change)), [each.what for each in told]
    fact = types.of(change.resource.type)
    # What a fact judges, and finds no weaker, keeps as much as before.
    judged = [path for path, each in fact.protects.items() if each.about == "data"] if fact else []
    for entry in change.properties if change.operation is Operation.UPDATE else ():
        if entry.path in judged or any(f"`{entry.top}" in text for text in texts):
            continue
        if entry.prunes:
            then = "what is in it can be deleted sooner"
            yield Weaker(
                "data",
                f"{what} {quoted(entry.path)}",
                weakened.shown(entry.old),
                weakened.shown(entry.new),
                then,
                change.resource.urn,
                told=True,
            )


def _gone(change: Change) -> Iterator[Weaker]:
    fact = types.of(change.resource.type)
    watches = fact.watches if fact else None
    if (
        watches is None
        or change.retained
        or (watches.only and not weakened.there(change.resource.inputs, watches.only))
    ):
        return
    yield Weaker(watches.about, quoted(one(change)), "there", "deleted", watches.then, change.resource.urn)


def _pulumis(change: Change) -> Iterator[Weaker]:
    """Say what protects a resource of any type: Pulumi's own protection, and the provider's."""
    urn, what, fact = change.resource.urn, quoted(one(change)), types.of(change.resource.type)
    holds = f", with all {fact.holds.removeprefix('all ')} in it" if fact and fact.holds else ""
    if change.unprotected:
        yield Weaker("data", what, "kept", "not kept", f"the next `make down` deletes it{holds}", urn, told=True)
    old, new = (cast("Mapping[str, Any]", side.inputs if side else {}) for side in (change.before, change.after))
    for key, strong in (("deletionProtection", (True, "PROTECTED")), ("deletionPolicy", ("PREVENT",))):
        was = old.get(key, True if key == "deletionProtection" and fact and fact.protected else None)
        if was in strong and new.get(key, was if key not in old else None) not in strong:
            yield Weaker(
                "data",
                f"{what} {quoted(key)}",
                weakened.shown(was),
                weakened.shown(new.get(key)),
                f"a deletion takes it{holds}",
                urn,
            )


def _inputs(
    change: Change,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    before: Estimate | None,
    after: Estimate | None,
) -> Iterator[Weaker]:
    fact = types.of(change.resource.type)
    for path, protects in fact.protects.items() if fact else ():
        if protects.only and not weakened.there(old, protects.only):
            continue
        was, will = list(weakened.at(old, path)), list(weakened.at(new, path))
        if not weakened.weaker(protects, was, will):
            continue
        then = protects.then
        if protects.spends:
            then += _hourly(change.resource.urn, before, after)
        sides = (weakened.side(protects, was), weakened.side(protects, will))
        what = f"{quoted(one(change))} {quoted(path.replace('[*]', ''))}"
        yield Weaker(protects.about, what, *sides, then, change.resource.urn)


def _hourly(urn: str, before: Estimate | None, after: Estimate | None) -> str:
    """Say what an hour of one resource can cost with all of it on, before and after."""
    sides = [hour_on(urn, side) if side else Decimal(0) for side in (before, after)]
    old, new = ("?" if side is None else f"{side:.2f}" for side in sides)
    return f": up to {new} USD an hour instead of {old}" if sides[0] != sides[1] or sides[1] is None else ""


def hour_on(urn: str, estimate: Estimate) -> Decimal | None:
    """Add up what an hour of one resource costs with everything on; None where a part of it has no known price."""
    amounts = [item.due.per_hour_on for item in estimate.items if item.urn == urn]
    return None if None in amounts else sum((each for each in amounts if each is not None), Decimal(0))
