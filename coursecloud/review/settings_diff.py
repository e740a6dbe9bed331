"""What changes in the settings of a stack and in its outputs, and which of it moves what guards the stack."""

from collections.abc import Iterator
from typing import Any

from coursecloud.diff import property_diff
from coursecloud.diff.changes import PropertyChange
from coursecloud.plan.planning import Plan

GUARDS = ("allow.", "guardrails.", "lease.maxPerHour")
"""Settings that hold a stack back, by how their paths begin."""


def settings(before: Plan, after: Plan) -> tuple[PropertyChange, ...]:
    """List every setting that differs; who is in the team is told by the grants, without naming anyone twice."""
    old, new = (_settings(plan) for plan in (before, after))
    return tuple(PropertyChange(found.path, found.old, found.new) for found in property_diff.differences(old, new))


def _settings(plan: Plan) -> dict[str, Any]:
    written = plan.settings.model_dump(mode="json", by_alias=True, exclude={"team": {"members"}})
    # By what they are about, as their places in the list say nothing.
    about = {f"{each['rule']} of {each['resource']}": each for each in written["guardrails"].pop("exceptions")}
    return {**written, "guardrails": {**written["guardrails"], "exceptions": about}}


def outputs(before: Plan, after: Plan) -> tuple[PropertyChange, ...]:
    """List every output that differs, such as a command that people copy."""
    old, new = (property_diff.clean(plan.outputs) for plan in (before, after))
    return tuple(PropertyChange(found.path, found.old, found.new) for found in property_diff.differences(old, new))


def guards(changed: tuple[PropertyChange, ...]) -> Iterator[PropertyChange]:
    """Take those that guard the stack."""
    yield from (entry for entry in changed if entry.path.startswith(GUARDS))
