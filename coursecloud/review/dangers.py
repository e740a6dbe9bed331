"""What a reader must not miss: lost data, what Pulumi would refuse, and what deletes from the inside."""

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from coursecloud.review.changes import Change, Operation
from coursecloud.review.rules import called, rules_of


class Level(enum.IntEnum):
    """How much a change asks of its reader."""

    NOTHING = 0
    FINE = 1
    LOOK = 2
    STOP = 3


class Kind(enum.StrEnum):
    """The kinds of dangers, gravest first."""

    DATA = "data"
    """What it holds is deleted with it."""
    REFUSED = "refused"
    """It is protected: Pulumi would refuse, and the whole update would fail."""
    PRUNES = "prunes"
    """The resource stays, but what decides what of its content is deleted changes."""
    LEFT = "left"
    """Pulumi forgets it and Google keeps it, so it goes on billing."""
    UNKNOWN = "unknown"
    """Nobody knows whether the update replaces it."""


@dataclass(frozen=True)
class Danger:
    """One danger of one change, in a sentence."""

    kind: Kind
    change: Change
    text: str


def dangers(changes: Iterable[Change]) -> tuple[Danger, ...]:
    """List every danger, gravest first; a resource that loses data and is protected has both."""
    found = [danger for change in changes for danger in _of(change)]
    return tuple(sorted(found, key=lambda danger: (list(Kind).index(danger.kind), danger.change.key)))


def _of(change: Change) -> Iterable[Danger]:
    what = one(change)
    goes = "deleted" if change.operation is Operation.DELETE else "deleted and made anew, empty"
    if change.loses:
        yield Danger(
            Kind.DATA, change, f"{what} is {goes}: all {change.loses} in it {_are(change.loses)} gone{_but(change)}"
        )
    if change.refused:
        yield Danger(
            Kind.REFUSED,
            change,
            f"{what} is protected: Pulumi refuses to {change.operation} it, and the whole update fails."
            " To do it on purpose, first run an `up` without its `keep: true`",
        )
    if change.retained:
        yield Danger(Kind.LEFT, change, f"{what} is forgotten by Pulumi but stays at Google, and bills on")
    if change.operation is Operation.UPDATE:
        pruned = list(
            dict.fromkeys(entry.path.partition(".")[0].partition("[")[0] for entry in change.properties if entry.prunes)
        )
        if pruned:
            yield Danger(
                Kind.PRUNES,
                change,
                f"{what} stays, but {', '.join(pruned)} {'changes' if len(pruned) == 1 else 'change'},"
                " which can delete what is in it",
            )
        if change.uncertain:
            yield Danger(
                Kind.UNKNOWN, change, f"{what}: its type is not in the dated table, so the update may be a replacement"
            )


def _are(what: str) -> str:
    return "are" if what.endswith("s") else "is"


def _but(change: Change) -> str:
    """Say what stands in the way of the loss, or no longer does."""
    if change.refused:
        return ", if Pulumi did not refuse because it is protected"
    if change.unprotected:
        return "; the same change lifts its protection, so nothing stops it"
    inputs = change.resource.inputs if change.before is None else change.before.inputs
    stops = change.resource.type == "gcp:storage/bucket:Bucket" and inputs.get("forceDestroy") is not True
    return "; without forceDestroy, Google refuses unless it is empty" if stops else ""


def one(change: Change) -> str:
    """Name one resource as a reader would: `bucket data`."""
    return f"{called(change.resource.type, 1).removeprefix('1 ')} {change.name}"


def grants(change: Change) -> bool:
    """Say whether the resource gives someone access."""
    found = rules_of(change.resource.type)
    return bool(found and found.called == ("grant", "grants"))


def level(changes: Iterable[Change], found: Iterable[Danger]) -> Level:
    """Say how much the changes ask of a reader."""
    kinds = {danger.kind for danger in found}
    operations = {change.operation for change in changes}
    if kinds & {Kind.DATA, Kind.REFUSED}:
        return Level.STOP
    if kinds or operations & {Operation.DELETE, Operation.REPLACE}:
        return Level.LOOK
    return Level.FINE if operations - {Operation.SAME} else Level.NOTHING


VERBS = {
    Operation.DELETE: "deletes",
    Operation.REPLACE: "replaces",
    Operation.UPDATE: "updates",
    Operation.CREATE: "creates",
    Operation.RENAME: "renames",
}


def sentence(changes: Iterable[Change], *, kinds: int = 4) -> str:
    """Say in one line what happens: `deletes 1 bucket WITH DATA, replaces 1 machine, creates 2 grants`.

    What loses data comes first and is always counted; of the rest at most `kinds` types are named an operation.
    """
    left = list(changes)
    parts: list[str] = []
    for operation, verb in VERBS.items():
        with_data = Counter(change.resource.type for change in left if change.operation is operation and change.loses)
        parts += [f"{verb} {called(kind, count)} WITH DATA" for kind, count in with_data.most_common()]
    for operation, verb in VERBS.items():
        counted = Counter(change.resource.type for change in left if change.operation is operation and not change.loses)
        counted = _by_name(counted)
        if not counted:
            continue
        named = [text for text, _ in counted.most_common(kinds)]
        more = sum(count for _, count in counted.most_common()[kinds:])
        parts.append(f"{verb} {', '.join(named)}" + (f" and {more} more" if more else ""))
    return "; ".join(parts) or "changes no resource"


def _by_name(counted: Counter[str]) -> Counter[str]:
    """Count types of one name together: a grant on a bucket and one on a project are grants."""
    names: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for kind, count in counted.items():
        found = rules_of(kind)
        name = (found.called if found else None) or (kind, kind)
        names[name] += count
        examples[name] = kind
    return Counter({called(examples[name], count): count for name, count in names.items()})
