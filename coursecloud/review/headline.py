"""What a change comes to in a line: how much it asks of its reader, what happens, and what no operation shows."""

from collections import Counter
from collections.abc import Iterable, Iterator

from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.replacement import called, rules_of
from coursecloud.review.dangers import MERGED, Danger, Kind, Level
from coursecloud.review.money import Line


def level(changes: Iterable[Change], found: Iterable[Danger]) -> Level:
    """Say how much the changes ask of a reader."""
    kinds = {danger.kind for danger in found}
    operations = {change.operation for change in changes}
    if kinds & {Kind.REFUSED, Kind.RENAMED, Kind.DATA, Kind.UNPROTECTED, Kind.SHRINKS}:
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


def also(found: Iterable[Danger]) -> Iterator[str]:
    """Say in a few words what no operation shows: what is kept no longer, who is let in, what is loosened."""
    counted = Counter(danger.kind for danger in found)
    if renamed := counted[Kind.RENAMED]:
        yield f"renames {renamed} resource{'' if renamed == 1 else 's'} without an alias"
    if kept := counted[Kind.UNPROTECTED]:
        yield f"stops KEEPING {kept} resource{'' if kept == 1 else 's'}"
    if counted[Kind.OVER]:
        yield "is of a lease that is OVER"
    if counted[Kind.PUBLIC]:
        yield "lets EVERYBODY in"
    if counted[Kind.ACCESS]:
        yield "widens access"
    if counted[Kind.PROGRAM]:
        yield "does what no plan shows"
    if counted[Kind.OUTPUTS]:
        yield "changes the OUTPUTS that people copy"
    if code := counted[Kind.RUNS]:
        yield f"changes the CODE that {code} resource{' runs' if code == 1 else 's run'}"
    if pruned := counted[Kind.PRUNES]:
        yield f"can DELETE CONTENT of {pruned} store{'' if pruned == 1 else 's'} sooner"
    if weaker := counted[Kind.PROTECTION]:
        yield f"WEAKENS PROTECTION in {weaker} place{'' if weaker == 1 else 's'}"
    if counted[Kind.GUARD]:
        yield "changes its guards"


def merged(found: Iterable[Danger], changes: Iterable[Change], costs: Iterable[Line]) -> Iterator[Danger]:
    """List the dangers beside what is refused, and what it makes anew with it: those stay once it is undone."""
    moved = {each.resource.urn for each in changes if each.refused or each.operation is Operation.REPLACE}
    amounts = [(each.per_hour_on, each.per_day) for each in costs if each.urn not in moved and not each.less]
    dearer = any(usd is None or usd > 0 for pair in amounts for usd in pair)
    for danger in found:
        of_it = danger.kind is Kind.DATA and danger.change and danger.change.resource.urn in moved
        refused = danger.change and danger.change.refused
        if not (of_it or refused) and (danger.kind in MERGED or (dearer and danger.kind in _MONEY)):
            yield danger


def once_it_works(held: Iterable[Danger]) -> Iterator[str]:
    """Say what an update that fails is merged with, which the next one that works does."""
    found = list(held)
    lost = [danger.change for danger in found if danger.kind is Kind.DATA and danger.change]
    kinds = {danger.kind for danger in found}
    parts = [sentence(lost)] if lost else []
    parts += [*also(found), *(words for kind, words in _MONEY.items() if kind in kinds)]
    if parts:
        yield f"and once that is mended: {', '.join(parts)}"


_MONEY = {
    Kind.CREDIT: "ends the CREDIT too early",
    Kind.PRICE: "makes what has NO KNOWN PRICE",
    Kind.DEARER: "costs more an hour",
}


def comers(count: int, stacks: int = 1) -> Iterator[str]:
    """Say how many people and accounts new stacks let in: who they are is in the details."""
    if count:
        into = "its new project" if stacks == 1 else f"{stacks} new projects"
        yield f"lets {count} member{'' if count == 1 else 's'} into {into}"


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
