"""What changes in the settings of a stack and in its outputs, and which of it moves what guards the stack."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from coursecloud.diff import property_diff
from coursecloud.diff.changes import PropertyChange
from coursecloud.plan.planning import Plan
from coursecloud.review import formatting

GUARDS = ("allow.", "guardrails.", "lease.maxPerHour")
"""Settings that hold a stack back, by how their paths begin."""


def settings(before: Plan, after: Plan) -> tuple[PropertyChange, ...]:
    """List every setting that differs; who is in the team is told by the grants, without naming anyone twice."""
    old, new = (_settings(plan) for plan in (before, after))
    return tuple(PropertyChange(found.path, found.old, found.new) for found in property_diff.differences(old, new))


def rewritten(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[str, ...]:
    """List the keys of the project whose values differ between two stack files, as `SECTION.KEY`.

    Members are left out, as what they are granted tells of them.
    """
    sides = [{key.removeprefix(_OURS): said[key] for key in said if key.startswith(_OURS)} for said in (old, new)]
    found = (each.path for each in property_diff.differences(*sides))
    keys = (".".join(path.split(".")[:2]) for path in found if not path.startswith("team.members"))
    return tuple(dict.fromkeys(keys))


_OURS = "coursecloud:"


def unsaid(keys: Iterable[str], changed: Sequence[PropertyChange]) -> list[str]:
    """Give those keys of which no setting says that it differs; a section that comes or goes stands for its keys."""
    paths = [re.sub(r"\[.*", "", each.path) for each in changed]
    return [
        key
        for key in keys
        if not any(f"{path}.".startswith(f"{key}.") or f"{key}.".startswith(f"{path}.") for path in paths)
    ]


def _settings(plan: Plan) -> dict[str, Any]:
    written = plan.settings.model_dump(mode="json", by_alias=True, exclude={"team": {"members"}})
    # By what they are about, as their places in the list say nothing.
    about = {f"{each['rule']} of {each['resource']}": each for each in written["guardrails"].pop("exceptions")}
    return {**written, "guardrails": {**written["guardrails"], "exceptions": about}}


def headline(changed: Sequence[PropertyChange], most: int = 3) -> str:
    """Name settings that differ for a first line, each by its path, one alone with both sides; empty without any."""
    names = list(dict.fromkeys(_path(entry) for entry in changed))
    sides = [_side(each) for each in (changed[0].old, changed[0].new)] if len(changed) == 1 else []
    if sides and all(map(_SHORT.fullmatch, sides)):
        return f"{names[0]} to {sides[1]} ({sides[0]} before)"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


_PLAIN = re.compile(r"[a-zA-Z][\w.-]{0,59}", re.ASCII)
_SHORT = re.compile(r"[\w.:/%-]{1,30}", re.ASCII)
"""Values that a headline repeats: no sentence can be made of one."""


def _path(entry: PropertyChange) -> str:
    """Name a setting by its path, without places in lists and without names that somebody made a sentence of."""
    plain = re.sub(r"\[.*", "", entry.path)
    return plain if _PLAIN.fullmatch(plain) else f"something of {plain.partition('.')[0]}"


def _side(value: object) -> str:
    return "none" if value is None or value is property_diff.NOTHING else formatting.show(value)


def outputs(before: Plan, after: Plan) -> tuple[PropertyChange, ...]:
    """List every output that differs, such as a command that people copy."""
    old, new = (property_diff.clean(plan.outputs) for plan in (before, after))
    return tuple(PropertyChange(found.path, found.old, found.new) for found in property_diff.differences(old, new))


def guards(changed: tuple[PropertyChange, ...]) -> Iterator[PropertyChange]:
    """Take those that guard the stack."""
    yield from (entry for entry in changed if entry.path.startswith(GUARDS))
