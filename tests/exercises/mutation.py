"""Takes away each grant and each condition of the stack in turn, and looks which lines turn.

What a line was asked is decided again with the policy changed; its tools need not run again for that. A condition of
the federation provider decides who gets a token at all, so there the workflows come in anew.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from emulator import access
from emulator.world import World
from tests.exercises.walk import Asked, Line, Outcome, Stage, walk

Json = dict[str, Any]
Walked = list[tuple[Line, Outcome]]


@dataclass(frozen=True)
class Mutation:
    """One policy with one thing less; `name` says what, in the words of the program as far as it can be."""

    name: str
    key: str
    policy: Json
    member: str
    """Whose access it is about."""


def mutations(stage: Stage) -> Iterator[Mutation]:
    """Every member of every binding, and every condition, that the stack has given."""
    for key, policy in sorted(stage.before.policies.items()):
        for at, binding in enumerate(policy["bindings"]):
            what = f"{_shown(stage, str(binding['role']))} on {key}"
            for member in binding["members"]:
                if member.startswith("project"):
                    continue  # what a bucket gives by itself to the basic roles, which nobody here has
                less = copy.deepcopy(policy)
                less["bindings"][at]["members"].remove(member)
                condition = " on a condition" if binding.get("condition") else ""
                yield Mutation(_shown(stage, f"{member}: {what}{condition}"), key, less, member)
            if binding.get("condition"):
                more = copy.deepcopy(policy)
                del more["bindings"][at]["condition"]
                for member in binding["members"]:
                    yield Mutation(_shown(stage, f"{member}: the condition of {what}"), key, more, member)


def _shown(stage: Stage, text: str) -> str:
    """Without the numbers that are others each time."""
    for made in stage.made:
        if number := made.told.get("uniqueId"):
            text = text.replace(str(number), "N")
    return text


def noticed(stage: Stage, walked: Walked) -> dict[str, list[str]]:
    """For each mutation, the lines that would come to something else."""
    world = copy.deepcopy(stage.before)
    asked: dict[tuple[Any, ...], list[str]] = {}
    questions: dict[tuple[Any, ...], tuple[Asked, bool]] = {}
    for line, came in walked:
        for each in came.asked:
            key = (each.member, each.need, each.modified, bool(line.after))
            questions[key] = (each, bool(line.after))
            asked.setdefault(key, []).append(str(line))

    def answer(each: Asked, late: bool) -> bool:
        ahead, world.ahead = world.ahead, world.ahead + stage.until if late else world.ahead
        try:
            modified = None if each.modified is None else list(each.modified)
            return access.may(world, stage.callers[each.member], each.need, modified)
        finally:
            world.ahead = ahead

    before = {key: answer(*question) for key, question in questions.items()}
    found: dict[str, list[str]] = {}
    for mutation in mutations(stage):
        held = world.policies[mutation.key]
        world.policies[mutation.key] = mutation.policy
        found[mutation.name] = [
            line
            for key, question in questions.items()
            if stage.callers[question[0].member].means(mutation.member) and answer(*question) != before[key]
            for line in asked[key]
        ]
        world.policies[mutation.key] = held
    return found


def without(stage: Stage, name: str) -> World:
    """The stack with one of the mutations made."""
    world = copy.deepcopy(stage.before)
    made = next(each for each in mutations(stage) if each.name == name)
    world.policies[made.key] = made.policy
    return world


def provider_noticed(stage: Stage, lines: Iterable[Line]) -> list[str]:
    """The lines that come to something else where the federation provider takes everybody."""
    before = stage.before
    stage.before = copy.deepcopy(before)
    try:
        for resource in stage.before.resources.values():
            resource.body.pop("attributeCondition", None)
        stage.touched = True
        return [str(line) for line in lines if walk(stage, line).refused != line.expected]
    finally:
        stage.before = before
        stage.touched = True
