"""What was deployed: the output of `pulumi stack export`, read as one side of a review. Secrets stay unread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from coursecloud.diff import property_diff
from coursecloud.diff.replacement import rules_of
from coursecloud.plan.registration import Registration


class StateError(ValueError):
    """This is no state, or one that nobody should compare with; the text says rule and remedy."""


@dataclass(frozen=True)
class State:
    """The resources of one deployed stack."""

    stack: str
    resources: tuple[Registration, ...]
    notes: tuple[str, ...]


def read(data: object) -> State:
    """Read the JSON of `pulumi stack export`; raises StateError."""
    deployment = cast("Mapping[str, Any]", data).get("deployment") if isinstance(data, Mapping) else None
    if not isinstance(deployment, dict) or "manifest" not in deployment:
        raise StateError(
            "this is no exported state\n    rule    a state is what Pulumi says is deployed"
            "\n    remedy  write one with `pulumi stack export --stack NAME --file state.json`"
        )
    found = cast("dict[str, Any]", deployment)
    try:
        every: list[dict[str, Any]] = found.get("resources") or []
        entries = [entry for entry in every if not _pulumis_own(entry["type"])]
        stacks = {str(entry["urn"]).split(":")[2] for entry in every}
        if not stacks:
            raise StateError(
                "the state is empty: nothing of the stack is deployed\n    rule    a state names its stack by its"
                " resources\n    remedy  see `coursecloud plan` for what `pulumi up` would create"
            )
        kept = [entry for entry in entries if not entry.get("delete") and not entry.get("external")]
        return State(stacks.pop(), tuple(_registration(entry) for entry in kept), tuple(_notes(found, entries)))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise StateError(
            f"the state lacks what a state has: {error}\n    rule    each resource has a URN, a type and inputs"
            "\n    remedy  export it again with `pulumi stack export`"
        ) from None


def _pulumis_own(kind: str) -> bool:
    return kind == "pulumi:pulumi:Stack" or kind.startswith("pulumi:providers:")


def _notes(deployment: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    if pending := deployment.get("pending_operations") or deployment.get("pendingOperations"):
        found.append(f"{len(pending)} operations of the last run never ended: run `pulumi refresh` first")
    if going := sum(bool(entry.get("delete")) for entry in entries):
        found.append(f"{going} resources wait to be deleted by the next `pulumi up`; they are not compared")
    if any(_unread(entry.get("inputs")) for entry in entries):
        found.append("the state holds secrets: they are not read, so a change of one is not seen")
    return found


def _unread(value: Any) -> bool:
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return "ciphertext" in entries or any(_unread(entry) for entry in entries.values())
    return isinstance(value, list) and any(_unread(entry) for entry in cast("list[Any]", value))


def _registration(entry: Mapping[str, Any]) -> Registration:
    rules = rules_of(entry["type"])
    inputs = property_diff.clean(entry.get("inputs") or {}, secret=rules.secret if rules else frozenset())
    parent = entry.get("parent")
    by_property: dict[str, list[str] | None] = entry.get("propertyDependencies") or {}
    options = {
        "replacementTrigger": property_diff.plain(property_diff.clean({"": entry["replacementTrigger"]})[""])
        if "replacementTrigger" in entry
        else None,
        "replaceWith": entry.get("replaceWith"),
        "retainOnDelete": entry.get("retainOnDelete"),
    }
    return Registration(
        urn=entry["urn"],
        type=entry["type"],
        name=entry["urn"].rpartition("::")[2],
        custom=bool(entry.get("custom")),
        parent=None if parent is None or "::pulumi:pulumi:Stack::" in parent else parent,
        inputs=property_diff.plain(inputs),
        dependencies=tuple(entry.get("dependencies") or ()),
        property_dependencies={name: tuple(urns or ()) for name, urns in by_property.items()},
        provider=entry.get("provider"),
        protect=bool(entry.get("protect")),
        options={name: value for name, value in options.items() if value},
    )
