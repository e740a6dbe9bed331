"""What says the same told together: one member's grants, members who get the same, what one rule says of many."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from catalog import types
from coursecloud.diff.changes import Change, Operation
from coursecloud.plan.grants import is_public
from coursecloud.policy import Finding
from coursecloud.review.access import grants
from coursecloud.review.dangers import Danger, Kind
from coursecloud.review.formatting import from_to, show


def member_of(change: Change) -> str | None:
    """Say to whom a grant goes, where it is one that may be told with others; None for everything else.

    What everybody on the internet gets stands by itself, and so does what an update would refuse.
    """
    member = change.resource.inputs.get("member")
    if not grants(change) or change.refused or not isinstance(member, str) or is_public(member):
        return None
    return member


def together(changes: Sequence[Change]) -> list[tuple[Change, ...]]:
    """Put grants together that go, follow the same replacement, change in the same way, or are new and of one member.

    Of members who newly get the same, all stand together: one line says it of all.
    """
    made: dict[str, list[Change]] = {}
    for change in changes:
        member = member_of(change)
        if change.operation is Operation.CREATE and member is not None:
            made.setdefault(member, []).append(change)
    same = {member: tuple(sorted(map(_what, given))) for member, given in made.items()}
    # A line may name many members or many roles; a single grant to a single member needs neither.
    few = {what for what, count in Counter(same.values()).items() if count == 1 and len(what) == 1}
    groups: dict[object, list[Change]] = {}
    for change in changes:
        causes = tuple(sorted({reason.follows or "" for reason in change.reasons}))
        member = member_of(change)
        alike: object = change.key
        if change.operation is Operation.CREATE and member is not None and same[member] not in few:
            alike = (change.operation, same[member])
        elif grants(change) and not change.refused and change.operation in (Operation.DELETE, Operation.REPLACE):
            properties = tuple(
                (entry.path, show(entry.old, None), show(entry.new, None)) for entry in change.properties
            )
            alike = (change.operation, causes, properties if "" in causes else ())
        groups.setdefault(alike, []).append(change)
    return [tuple(group) for group in groups.values()]


def dangers(found: Iterable[tuple[str, Danger]]) -> list[tuple[list[str], Danger]]:
    """Put the dangers of several stacks in order, gravest first, and those that say the same of several together."""
    groups: dict[tuple[Kind, str], tuple[list[str], Danger]] = {}
    for stack, danger in found:
        groups.setdefault((danger.kind, danger.text), ([], danger))[0].append(stack)
    order = list(Kind)
    return sorted(groups.values(), key=lambda group: order.index(group[1].kind))


def stacks(names: Sequence[str]) -> str:
    """Name the stacks that a danger is of."""
    return _listed(names, 20)


def _what(change: Change) -> str:
    """Say what a grant gives, whoever gets it."""
    given = {name: value for name, value in change.resource.inputs.items() if name != "member"}
    links = {name: to for name, to in change.resource.property_dependencies.items() if name != "member"}
    return json.dumps([change.resource.type, given, links], sort_keys=True, default=str)


def many(group: Sequence[Change], limit: int | None = None) -> str:
    """Say what a group of grants is: how many, and of whom what, or because of what and their names."""
    if group[0].operation is Operation.CREATE:
        return _made(group, limit)
    names = [change.name for change in group]
    causes = ", ".join(dict.fromkeys(reason.follows for change in group for reason in change.reasons if reason.follows))
    why = f" that follow {causes}" if causes else ""
    if why == "" and group[0].operation is Operation.REPLACE:
        why = ", each for " + "; ".join(f"{entry.path}: {from_to(entry)}" for entry in group[0].properties)
    return f"{len(group)} grants{why}: {_listed(names, limit)}"


def _made(group: Sequence[Change], limit: int | None) -> str:
    members = list(dict.fromkeys(str(change.resource.inputs["member"]) for change in group))
    first = [change for change in group if change.resource.inputs["member"] == members[0]]
    given = _listed([_gives(change) for change in first], limit)
    if len(members) == 1:
        return f"{len(group)} grants to {members[0]}: {given}"
    each = f", {len(first)} to each" if len(first) > 1 else ""
    return f"{len(group)} grants{each} of {len(members)} members ({_listed(members, limit)}): {given}"


def _gives(change: Change) -> str:
    inputs = change.resource.inputs
    found = types.grants(types.short_type(change.resource.type))
    on = inputs.get(found.on) if found and found.on else None
    role = inputs.get(found.role) if found and found.role else None
    said = str(role) if isinstance(role, str) else "a role that only the real run knows"
    # A project's grants name no place: all of the stack is in one.
    where = f" on {on}" if isinstance(on, str) and "project" not in (found.on if found else "") else ""
    return said + where + (" under a condition" if inputs.get("condition") else "")


def _listed(names: Sequence[str], limit: int | None = None) -> str:
    more = len(names) - len(names[:limit])
    return ", ".join(names[:limit]) + (f" and {more} more" if more else "")


def findings(found: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Give the first finding of each that says the same by the same rule, and the names of what all of them are on."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in found:
        alike.setdefault((finding.rule.id, finding.level, finding.message), []).append(finding)
    for group in alike.values():
        yield group[0], _listed([finding.name for finding in group])


def folds(changes: Iterable[Change], referred: Mapping[str, Iterable[str]]) -> dict[str, tuple[int, str]]:
    """Give of each grant that a drawing folds with others the number of its fold, and to whom all of them go.

    `referred` says by key what refers to what. Only what the same others refer to is folded, so that no circle comes
    of it.
    """
    by: dict[str, list[str]] = {}
    for key, targets in referred.items():
        for target in targets:
            by.setdefault(target, []).append(key)
    found: dict[tuple[str, ...], list[str]] = {}
    for change in changes:
        if (member := member_of(change)) is not None:
            found.setdefault((member, change.operation, *sorted(by.get(change.key, ()))), []).append(change.key)
    folded = [(alike[0], keys) for alike, keys in found.items() if len(keys) > 1]
    return {key: (number, member) for number, (member, keys) in enumerate(folded, 1) for key in keys}
