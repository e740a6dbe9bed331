"""What follows from a replacement: the resources that refer to the one that is replaced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursecloud.diff import property_diff
from coursecloud.diff.matching import Pair, key_of
from coursecloud.diff.property_diff import NOTHING
from coursecloud.diff.replacement import Rules, rules_of
from coursecloud.diff.replacement_conditions import Effect
from coursecloud.plan import nested
from coursecloud.plan.registration import Registration

WITH = "replaceWith"
"""The option by which a program has a resource replaced together with another."""


@dataclass(frozen=True)
class CascadeStep:
    """One input that becomes unknown because what it refers to is replaced, or the option that ties two together."""

    key: str
    top: str
    """The input, or `replaceWith`."""
    cause: str
    """The key of the resource that is replaced."""
    replaces: bool
    delete_first: bool
    computed: bool
    """The value itself is new; otherwise it stays, and only what it names is new."""
    text: str


def steps(pairs: Sequence[Pair], replaced: Mapping[str, bool]) -> Iterator[CascadeStep]:
    """Follow replacements along the references, each resource at most once for each that it refers to.

    `replaced` maps the key of each resource that is replaced for its own sake to whether the old one goes first.
    Where it goes first, Pulumi's engine asks the provider about each resource that refers to it as if the whole
    input were unknown, and takes those that cannot change in place down with it. Where the new one comes first,
    only inputs that the provider computes are unknown.
    """
    done, queue = dict(replaced), list(replaced)
    both = [entry for entry in pairs if entry.before and entry.after and entry.either.custom]
    by_key = {entry.key: entry for entry in pairs}
    while queue:
        cause = queue.pop(0)
        first = done[cause]
        for entry in both:
            before, after = entry.before, entry.after
            assert before  # noqa: S101 - the list holds pairs with both sides
            assert after  # noqa: S101
            target = by_key[cause].after
            assert target  # noqa: S101 - what is replaced has both sides
            if key_of(target.urn) in {key_of(urn) for urn in after.options.get(WITH, ())}:
                rules = rules_of(after.type)
                if entry.key not in done:
                    done[entry.key] = first or _deletes_first(rules, before, after)
                    queue.append(entry.key)
                text = f"the program has it replaced together with {target.name}"
                yield CascadeStep(entry.key, WITH, cause, True, done[entry.key], False, text)
                continue
            tops = _referring(before, by_key[cause].before) if first else ()
            again = _referring(after, by_key[cause].after)
            for top in dict.fromkeys((*tops, *again)):
                rules = rules_of(after.type)
                effect = rules.unknown(top, before.inputs) if rules else Effect.UPDATE
                computed = top in again and is_computed(property_diff.at(after.inputs, top), target)
                down = first and top in tops and effect is Effect.REPLACE
                if not down and not computed:
                    continue
                replaces = effect is Effect.REPLACE
                if replaces and entry.key not in done:
                    done[entry.key] = down or _deletes_first(rules, before, after)
                    queue.append(entry.key)
                yield CascadeStep(
                    entry.key,
                    top,
                    cause,
                    replaces,
                    done.get(entry.key, False),
                    computed,
                    _text(target, computed=computed),
                )


def _deletes_first(rules: Rules | None, before: Registration, after: Registration) -> bool:
    return bool(rules and rules.deletes_first(after.options.get("deleteBeforeReplace"), before.inputs, after.inputs))


def _referring(resource: Registration, target: Registration | None) -> tuple[str, ...]:
    """List the inputs of a resource that refer to another."""
    if target is None:
        return ()
    wanted = key_of(target.urn)
    return tuple(top for top, urns in resource.property_dependencies.items() if wanted in {key_of(urn) for urn in urns})


def is_computed(value: Any, target: Registration) -> bool:
    """Say whether a value that refers to a resource comes from what the provider computes (its id, its link).

    A value that is one of the resource's own inputs (its name) is known, whatever happens to the resource.
    """
    given = {leaf for _, leaf in property_diff.leaves((), dict(target.inputs)) if isinstance(leaf, str)}
    found = [leaf for _, leaf in property_diff.leaves((), value)] if value is not NOTHING else []
    if any(nested.has_unknown(leaf) for leaf in found):
        return True
    name = next((target.inputs[key] for key in ("name", "accountId", "roleId", "secretId") if key in target.inputs), "")
    texts = [leaf for leaf in found if isinstance(leaf, str)]
    mentions = [text for text in texts if isinstance(name, str) and name and name in text]
    return any(text not in given for text in mentions) if mentions else not any(text in given for text in texts)


def _text(target: Registration, *, computed: bool) -> str:
    if computed:
        return f"it refers to what Google makes of {target.name}, which is new"
    return f"its value stays, but {target.name} goes before its successor comes, and this cannot stay without it"
