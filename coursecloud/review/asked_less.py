"""What the program asks Pulumi for no longer: an option that goes alters what an `up` does, and no input shows it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from coursecloud.diff.changes import Change
from coursecloud.diff.replacement import called
from coursecloud.plan.registration import Registration
from coursecloud.review.dangers import Danger, Kind, one
from coursecloud.review.quoting import quoted

_GONE = {
    "aliases": "no longer takes the place of {}: where a state still has that, an `up` deletes it and makes this anew",
    "deleteBeforeReplace": "would be made anew before the old one is deleted, and two of one name cannot be",
    "ignoreChanges": "no longer has Pulumi overlook {}: an `up` sets back what a build, or a person, has written there",
    "replacementTrigger": "is no longer made anew when what the provider overlooks changes",
    "replaceWith": "is no longer made anew with {}, and keeps what was attached to the old one",
    "retainOnDelete": "no longer stays at Google once Pulumi deletes it",
}
"""By option: what follows where it goes, or takes in less."""

_TOLD = 3
"""So many are named of those of which one thing is said."""


def options(changes: Iterable[Change]) -> Iterator[Danger]:
    """Say which options go of what stays, those of several resources in one sentence; and who waits for less."""
    both = [each for each in changes if each.before and each.after]
    found: dict[str, list[Change]] = {}
    for change in both:
        for text in _lost(change.before, change.after):
            found.setdefault(text, []).append(change)
    for text, same in found.items():
        yield Danger(Kind.PROGRAM, same[0] if len(same) == 1 else None, f"{_some(same)} {text}")
    if waits := list(_waiting(both)):
        told = ", ".join(f"{one(change)} for {' and '.join(lost[:_TOLD])}" for change, lost in waits[:_TOLD])
        more = f" and {len(waits) - _TOLD} more" if len(waits) > _TOLD else ""
        text = f"what has to be there first is waited for no longer: {told}{more}; an `up` can fail by it"
        yield Danger(Kind.PROGRAM, waits[0][0] if len(waits) == 1 else None, text)


def _lost(before: Registration | None, after: Registration | None) -> Iterator[str]:
    was, will = (side.options if side else dict[str, Any]() for side in (before, after))
    for key, text in _GONE.items():
        old, new = _entries(was.get(key)), _entries(will.get(key))
        if "*" in new or (key == "replacementTrigger" and new):
            continue
        if gone := [each for each in old if each not in new]:
            yield text.format(", ".join(map(quoted, gone)))


def _entries(value: object) -> list[str]:
    """Take an option as names: of an alias what it stands for, of a resource its name."""
    listed = cast("list[Any]", value) if isinstance(value, list) else [value] if value else []
    return [_name(each) for each in listed]


def _name(entry: object) -> str:
    if isinstance(entry, Mapping):
        said = cast("Mapping[str, Any]", entry)
        spec = said.get("spec", {})
        return _name(said.get("urn") or spec.get("name") or spec.get("type") or str(spec))
    text = str(entry)
    return text.rpartition("::")[2] if text.startswith("urn:pulumi:") else text


def _some(changes: Sequence[Change]) -> str:
    """Name what one sentence is about, its verb in the singular as each of them does it."""
    if len(changes) == 1:
        return one(changes[0])
    kinds = {change.resource.type for change in changes}
    what = called(changes[0].resource.type, len(changes)) if len(kinds) == 1 else f"{len(changes)} resources"
    names = ", ".join(quoted(change.name) for change in changes[:_TOLD])
    return f"each of {what} ({names}{' ...' if len(changes) > _TOLD else ''})"


def _waiting(changes: Sequence[Change]) -> Iterator[tuple[Change, list[str]]]:
    """Find what depends on less than before, of that which is still there, by no other way either."""
    now_called = {each.before.urn: each.after.urn for each in changes if each.before and each.after}
    after = {each.after.urn: each.after for each in changes if each.after}
    for change in changes:
        assert change.before  # noqa: S101 - asked of what has both sides
        assert change.after  # noqa: S101
        wanted = {now_called[urn] for urn in change.before.dependencies if urn in now_called}
        if wanted > {*change.after.dependencies} & wanted and (lost := wanted - _reached(change.after, after)):
            yield change, sorted(quoted(after[urn].name) for urn in lost)


def _reached(start: Registration, known: Mapping[str, Registration]) -> set[str]:
    """List what is there before a resource is, by all ways."""
    found, left = set[str](), [start]
    while left:
        each = left.pop()
        for urn in (*each.dependencies, *([each.parent] if each.parent else [])):
            if urn not in found:
                found.add(urn)
                left += [known[urn]] if urn in known else []
    return found
