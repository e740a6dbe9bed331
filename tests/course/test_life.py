"""A group's up, down and finish by `coursecloud course`, with a Pulumi that reaches nothing: what it is asked."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from coursecloud.cli.application import app
from tests.coursecloud.faked import DOWN, FINISH, Fake
from tests.coursecloud.faked import empty_cloud as empty_cloud
from tests.coursecloud.faked import fake as fake
from tests.coursecloud.told import disk, machine
from tests.project import CHECKOUT

Run = Callable[..., str]


@pytest.fixture
def run(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(fake.root)
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setattr("coursecloud.cli.commands.course.asking.somebody", lambda: True)

    def typed(*words: str, code: int = 0, answer: str = "") -> str:
        line = ["course", *words, "--folder", str(fake.root)]
        done = CliRunner().invoke(app, line, env={"NO_COLOR": "1"}, input=answer)
        assert done.exit_code == code, done.output
        return done.stdout if "--json" in words else done.output

    return typed


def test_up_is_the_group_s_own_up_and_its_document_is_kept(run: Run) -> None:
    told = json.loads(run("up", "--yes", "--json"))
    (group,) = told["groups"]
    assert (group["stack"], group["state"], group["told"]["command"]) == ("x", "done", "up")
    assert told["headline"] == "course up: 1 of 1 groups are up."


def test_down_leaves_a_disk_that_nobody_keeps_unless_the_group_or_the_type_is_named(fake: Fake, run: Run) -> None:
    fake.holds(disk("trainer-work", 50), machine("trainer"))
    said = run("down", "--yes", code=3)
    assert "refused  x: down of the stack was not begun; it would delete Disk trainer-work" in said
    assert "--only x" in said.replace("NAME", "x")
    run("down", "--yes", "--only", "x*", code=3)
    assert fake.changes == []
    run("down", "--yes", "--lose", "Disk")
    run("down", "--yes", "--only", "x")
    assert fake.changes == [DOWN, DOWN]


def test_finish_leaves_what_is_kept_too_and_takes_the_number(fake: Fake, run: Run) -> None:
    fake.holds(disk("trainer-work", 50, protect=True), machine("trainer"))
    assert "1 refused" in run("finish", code=3, answer="1\n")
    assert "was not confirmed" in run("finish", "--only", "x", code=2, answer="7\n")
    assert fake.changes == []
    run("finish", "--only", "x", answer="1\n")
    assert fake.changes == ["state unprotect --all --yes", FINISH]
