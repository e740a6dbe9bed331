"""The names in the guide are those of the stack that its reader makes, and no line has one to fill in."""

from __future__ import annotations

import re

import pytest

from coursecloud.common import stack_file
from coursecloud.plan import outputs, planning
from coursecloud.plan.planning import Plan
from infra.settings import EXAMPLE_PROJECT
from tests.guide.reading import GUIDE
from tests.guide.session import INSTEAD, PROJECT, Session
from tests.guide.test_guide import EVERY, STUDENT


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The plan of the stack file that the guide's `init` writes."""
    here = Session(tmp_path_factory.mktemp("guide"))
    init = next(step for step in EVERY if step.commands[0] in INSTEAD and "init" in step.commands[0])
    here.run(init)
    return planning.make("dev", stack_file.path_of("dev", here.clone), here.clone)


def test_every_command_that_the_guide_asks_for_is_one_that_needs_nothing_filled_in(plan: Plan) -> None:
    offered = outputs.texts(plan.outputs, "commands")
    once = ("log in gcloud", "log in programs", "set project")
    asked = {
        name
        for step in EVERY
        for each in step.commands
        for name in re.findall(r'^eval "\$\(coursecloud commands ([^)]+)\)"', each)
    }
    assert len(asked) > 15
    for name in asked - set(once):
        # The service is made by a later page's edit.
        found = {name: ""} if name.endswith(" api") else outputs.wanted(offered, name)
        assert len(found) == 1, name
        assert not re.search(r"\b(FILE|JOB|BUILD|TAG|EMAIL)\b", next(iter(found.values()))), name


def test_names_that_the_guide_shows_are_those_of_the_stack(plan: Plan) -> None:
    text = "".join((GUIDE / f"{page}.md").read_text(encoding="utf-8") for page in STUDENT)
    shown = set(re.findall(rf"\b{PROJECT}-[\w-]+|\bdev-[a-z][\w-]*", text))
    made = str([each.inputs for each in plan.resources]) + str(plan.outputs)
    assert {f"{PROJECT}-dev-data", "dev-workbench"} <= shown
    assert [name for name in shown if name not in made] == []
    assert EXAMPLE_PROJECT not in text
