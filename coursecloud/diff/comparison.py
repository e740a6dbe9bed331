"""Compares two sides of one stack: what happens to each resource, and why."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from coursecloud.diff import cascade, property_diff, pruning
from coursecloud.diff.changes import Change, Operation, PropertyChange, Reason
from coursecloud.diff.matching import Pair, key_of, pair
from coursecloud.diff.property_diff import NOTHING, Difference, Hidden
from coursecloud.diff.replacement import Rules, rules_of
from coursecloud.diff.replacement_conditions import Effect
from coursecloud.plan import nested, planning
from coursecloud.plan.import_ids import import_id
from coursecloud.plan.nested import has_unknown
from coursecloud.plan.registration import Registration


def compare(
    before: Iterable[Registration], after: Iterable[Registration], *, state: bool = False
) -> tuple[Change, ...]:
    """Compare two sides of one stack; every resource that Google holds is in exactly one change.

    With `state`, `before` is what was deployed: a value that the plan cannot know is taken to be what it is there.
    """
    pairs = pair(before, after)
    now_called = {key_of(entry.before.urn): entry.key for entry in pairs if entry.before and entry.after}
    judged = {entry.key: _judge(entry, now_called, state=state) for entry in pairs if entry.either.custom}
    by_key = {entry.key: entry.either for entry in pairs}
    replaced = {key: change.delete_first for key, change in judged.items() if change.operation is Operation.REPLACE}
    for step in cascade.steps(pairs, replaced):
        change = judged[step.key]
        values_ = [entry for entry in change.properties if entry.top != step.top]
        shown = PropertyChange(
            step.top,
            property_diff.at(change.before.inputs, step.top) if change.before else NOTHING,
            property_diff.at(change.after.inputs, step.top) if change.after else NOTHING,
            replaces=step.replaces,
            at_run=step.computed,
        )
        own = [entry for entry in change.properties if entry not in values_]
        if not own and step.top != cascade.WITH:
            own = [shown]
        if step.replaces:
            reason = Reason(step.top, by_key[step.cause].name, step.text, by_key[step.cause].urn)
            change = replace(change, operation=Operation.REPLACE, reasons=(*change.reasons, reason))
            change = replace(change, delete_first=change.delete_first or step.delete_first)
        elif change.operation in (Operation.SAME, Operation.RENAME):
            change = replace(change, operation=Operation.UPDATE)
        judged[step.key] = replace(change, properties=(*values_, *own))
    for entry in pairs:
        if entry.key in judged and (tops := tuple(_of_new_ones(judged[entry.key], judged))):
            judged[entry.key] = replace(judged[entry.key], unseen=(*judged[entry.key].unseen, *tops))
    return tuple(judged.values())


def _of_new_ones(change: Change, judged: Mapping[str, Change]) -> Iterator[str]:
    """Name the inputs that stay as they are here, and come from what is new: a preview does not know them.

    The engine then takes them to change, and may replace the resource. An account under another name without an alias
    does that with all its grants.
    """
    if not (change.before and change.after):
        return
    told = {*change.unseen, *(entry.top for entry in change.properties)}
    for top, urns in sorted(change.after.property_dependencies.items()):
        sources = [judged[key] for urn in urns if (key := key_of(urn)) in judged]
        new = [each.resource for each in sources if each.operation is Operation.CREATE]
        value = property_diff.at(change.after.inputs, top)
        if top not in told and any(cascade.is_computed(value, source) for source in new):
            yield top


def _judge(entry: Pair, now_called: Mapping[str, str], *, state: bool) -> Change:
    before, after = entry.before, entry.after
    if before is None:
        return Change(entry.key, Operation.CREATE, None, after)
    if after is None:
        return Change(entry.key, Operation.DELETE, before, None)
    rules = rules_of(after.type)
    known = rules or Rules(frozenset())
    sides = (before.inputs, after.inputs) if state else _as_known(before, after, now_called)
    old, new = (property_diff.clean(inputs, secret=known.secret) for inputs in sides)
    differing = list(property_diff.differences(old, new, unordered=known.unordered))
    told = {difference.top for difference in differing}
    # Two resources of other types may have one name, so the same text may come from another one.
    was, will = (property_diff.clean(side.inputs, secret=known.secret) for side in (before, after))
    differing += [each for each in _other_unknowns(was, will, entry, now_called) if each.top not in told]
    found = [
        _property(difference, known, old, new)
        for difference in differing
        if not (state and (has_unknown(difference.new) or _only_the_states(difference)))
        if not _overlooked(difference, after)
    ]
    renamed = before.name if entry.renamed else None
    reasons = [Reason(change.path, text=_because(change)) for change in found if change.replaces]
    reasons += _options(before, after, found)
    there = (import_id(before.type, before.inputs), before.options.get("importId"))
    if (taken := after.options.get("importId")) and taken not in there:
        reasons.append(Reason("import", text=f"`{taken}` is taken over in its place"))
    if before.type != after.type:
        reasons.append(Reason("type", text=f"another type: it was {before.type}"))
    telling = [change for change in found if not change.ignored]
    operation = Operation.REPLACE if reasons else Operation.UPDATE if telling else Operation.SAME
    if operation is Operation.SAME and renamed:
        operation = Operation.RENAME
    return Change(
        entry.key,
        operation,
        before,
        after,
        tuple(found),
        tuple(reasons),
        delete_first=bool(reasons) and known.deletes_first(after.options.get("deleteBeforeReplace"), old, new),
        renamed_from=renamed,
        uncertain=rules is None and operation is Operation.UPDATE,
        unseen=() if state else tuple(_unseen(old, new, {change.path for change in found})),
    )


def _only_the_states(difference: Difference) -> bool:
    """Say whether one side is a secret that the state's own key alone can open."""
    return any(isinstance(side, Hidden) and side.withheld for side in (difference.old, difference.new))


def _as_known(
    before: Registration, after: Registration, now_called: Mapping[str, str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Take both sides' inputs, and in place of what only the real run knows what is known of it on both."""
    called = {key.rpartition("::")[2]: now.rpartition("::")[2] for key, now in now_called.items()}

    def now(text: str) -> str:
        return _COMPUTED.sub(lambda found: f"${{{called.get(found[1], found[1])}.", text)

    unknown = {*planning.unknowns(before)} & {*planning.unknowns(after)}
    both = [
        path for path in before.at_run.keys() & after.at_run.keys() if any(path.startswith(above) for above in unknown)
    ]
    new = {path: after.at_run[path] for path in both}
    # An older version of the tool wrote `*` for all that Google computes: what fits that may be the same.
    was = {path: new[path] if _fits(before.at_run[path], new[path]) else now(before.at_run[path]) for path in both}
    return nested.filled(before.inputs, was), nested.filled(after.inputs, new)


def _fits(old: str, new: str) -> bool:
    return "*" in old and re.fullmatch(".+".join(map(re.escape, old.split("*"))), new, re.DOTALL) is not None


_COMPUTED = re.compile(r"\$\{([^}]*?)\.")


def _unseen(old: Mapping[str, Any], new: Mapping[str, Any], told: set[str]) -> Iterator[str]:
    for top in sorted(old.keys() & new.keys() - told):
        sides = (old[top], new[top])
        if all(map(has_unknown, sides)) or any(map(property_diff.holds_hidden, sides)):
            yield top


def _property(difference: Difference, rules: Rules, old: Mapping[str, Any], new: Mapping[str, Any]) -> PropertyChange:
    effect = rules.effect(difference, old, new)
    return PropertyChange(
        difference.path,
        difference.old,
        difference.new,
        replaces=effect is Effect.REPLACE,
        ignored=effect is Effect.NONE,
        at_run=has_unknown(difference.new),
        prunes=difference.top in rules.prunes
        and effect is not Effect.NONE
        and not pruning.keeps_more(difference, old, new),
        restarts=difference.top in rules.restarts and effect is Effect.UPDATE,
    )


def _other_unknowns(
    old: Mapping[str, Any], new: Mapping[str, Any], entry: Pair, now_called: Mapping[str, str]
) -> list[Difference]:
    """Find inputs that are unknown on both sides but follow from other resources than before."""
    assert entry.before  # noqa: S101 - asked for pairs with both sides only
    assert entry.after  # noqa: S101
    found: list[Difference] = []
    for top in old.keys() & new.keys():
        if not (has_unknown(old[top]) and has_unknown(new[top])):
            continue
        was = {now_called.get(key_of(urn), key_of(urn)) for urn in entry.before.property_dependencies.get(top, ())}
        if was != {key_of(urn) for urn in entry.after.property_dependencies.get(top, ())}:
            found.append(Difference((top,), old[top], new[top]))
    return sorted(found, key=lambda difference: difference.keys)


def _overlooked(difference: Difference, after: Registration) -> bool:
    """Say whether the program tells Pulumi to overlook changes of this property."""
    return any(
        path == "*" or difference.path == path or difference.path.startswith((f"{path}.", f"{path}["))
        for path in after.options.get("ignoreChanges", ())
    )


def _because(change: PropertyChange) -> str:
    if change.at_run:
        return "only the real run knows the new value; if it is another one, Google needs a new resource"
    return "Google cannot change it on a resource that exists"


def _options(before: Registration, after: Registration, found: Iterable[PropertyChange]) -> list[Reason]:
    """Find the reasons that the program itself gives."""
    reasons = [
        Reason(change.path, text="the program asks for a new resource when it changes (replaceOnChanges)")
        for change in found
        if not change.replaces
        and any(
            path == "*" or change.path == path or change.path.startswith((f"{path}.", f"{path}["))
            for path in after.options.get("replaceOnChanges", ())
        )
    ]
    old, new = (side.options.get("replacementTrigger") for side in (before, after))
    if old is not None and new is not None and old != new:
        text = f"the program asks for a new resource when this changes: {_words(old)} -> {_words(new)}"
        reasons.append(Reason("replacementTrigger", text=text))
    return reasons


def _words(value: Any) -> str:
    entries: list[Any] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
    return ", ".join(str(entry) for entry in entries)
