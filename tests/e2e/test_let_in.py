"""A stack that lets the course in lives as any other; what only a member can make is kept over night."""

import json
from typing import Any

from coursecloud.deploy import lifecycle
from tests.e2e.conftest import PROJECT, Project

STACK = "joined"
RUNNER = "runner@mlops-course.iam.gserviceaccount.com"
SETTINGS: dict[str, Any] = {
    "gcp:project": PROJECT,
    "coursecloud:course": {"accounts": {"look": RUNNER, "stop": RUNNER, "deploy": RUNNER}},
    "coursecloud:services": {"api": {}},
}


def kept(project: Project) -> set[str]:
    state = json.loads(project.pulumi("stack", "export", "--stack", STACK).stdout)
    return {each["urn"].rpartition("::")[2] for each in state["deployment"]["resources"] if each.get("protect")}


def test_a_stack_that_lets_the_course_in_lives_from_its_first_morning_to_its_end(project: Project) -> None:
    project.stack_file(STACK, {key: value for key, value in SETTINGS.items() if key != "coursecloud:course"})
    assert lifecycle.up(project.root, STACK, yes=True) == 0
    assert kept(project) == set()
    # That the group lets the course in replaces nothing.
    project.stack_file(STACK, SETTINGS)
    told = project.pulumi("preview", "--stack", STACK, "--json", "--non-interactive")
    steps = json.loads(told.stdout)["steps"]
    assert {each["op"] for each in steps} <= {"same", "create", "update", "read"}, [each["op"] for each in steps]
    assert lifecycle.up(project.root, STACK, yes=True) == 0
    project.unchanged(STACK)
    assert kept(project) == {"machines-account", "operator"}

    assert lifecycle.down(project.root, STACK, yes=True) == 0
    assert kept(project) == {"machines-account", "operator"}
    assert lifecycle.up(project.root, STACK, yes=True) == 0
    project.unchanged(STACK)
    assert lifecycle.finish(project.root, STACK) == 0
    assert project.emulator.remaining() == []
