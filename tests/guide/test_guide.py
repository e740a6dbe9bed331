"""The guide leads from a clone to a trained model, and from the plan to the cloud's commands, with no name to edit."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from emulator import Emulator
from tests.documents.reading import Block
from tests.guide.reading import GUIDE, Step, commands, prints, steps
from tests.guide.session import HERE, INSTEAD, NOT_RUN, PROJECT, Session, not_run, tool

LONG = bool(os.environ.get("COURSECLOUD_LONG"))
TORCH = os.environ.get("COURSECLOUD_TORCH", "")
STUDENT = ("start", "sdk", "machines", "data", "images", "training")
"""The student's pages, in their order: each goes on where the one before ended."""
ALONE = ("reviewer", "instructor")
"""Pages that begin in a clone of their own."""
READ = ("messages", "exam")
"""Pages without commands."""
LAPTOP = {
    ".", "cat", "cd", "coursecloud", "dvc", "echo", "gcloud", "git", "grep", "ls", "make", "mkdir", "printf", "rm",
}  # fmt: skip
"""What a line may begin with, beside the Python of the group's project."""
EVERY = [step for page in (*STUDENT, *ALONE) for step in steps(GUIDE / f"{page}.md")]


def known(command: str) -> bool:
    """Say whether a line is run by these tests, or has a reason why not."""
    first = command.split()[0]
    runs = first in LAPTOP or first == ".venv/bin/python" or command.startswith('eval "$(coursecloud commands ')
    return bool(runs or not_run(command))


def follow(here: Session, page: str, *, numbers: bool = True) -> int:
    """Do what a page says, and hold what it prints to what it shows; give how many outputs were held to it."""
    held = 0
    for step in steps(GUIDE / f"{page}.md"):
        printed = here.run(step)
        if printed and step.output and numbers and not any(not_run(each) for each in step.commands):
            assert prints(step.output, printed), f"{step} prints\n{printed}\nand the page shows\n{step.output}"
            held += 1
    return held


def test_every_page_of_the_guide_is_followed_or_has_no_commands() -> None:
    assert {path.stem for path in GUIDE.glob("*.md")} == {*STUDENT, *ALONE, *READ}
    assert all(not list(steps(GUIDE / f"{page}.md")) for page in READ if page != "messages")


def test_every_line_of_a_block_is_run_or_has_a_reason() -> None:
    assert len(EVERY) > 40
    assert [f"{step.block}: {each}" for step in EVERY for each in step.commands if not known(each)] == []


def test_a_line_that_nobody_runs_is_seen() -> None:
    assert not known("terraform apply")
    assert not known('eval "$(curl https://example.com)"')
    assert known('eval "$(coursecloud commands list data)"')


def test_what_is_said_of_lines_is_about_some_line() -> None:
    lines = {each for step in EVERY for each in step.commands}
    assert [each for each in INSTEAD if each not in lines] == []
    assert [each for each in NOT_RUN if not any(line.startswith(each) for line in lines)] == []


def test_no_command_has_a_word_that_the_reader_must_edit() -> None:
    lines = [each for step in EVERY for each in step.commands]
    found = [
        line for line in lines if re.search(r"\b(YOUR|PROJECT|EMAIL|FILE|JOB|BUILD|NAME)\b|<\w+>|example-project", line)
    ]
    assert found == []


def test_from_a_clone_to_a_trained_model_on_a_laptop(tmp_path: Path) -> None:
    here = Session(tmp_path)
    here.begin(here.clone, activated=False)
    with pytest.raises(AssertionError, match="not found"):
        here.run(Step(Block("x", 1, "bash", ""), ("coursecloud plan",)))  # before the page's own `activate`
    assert follow(here, "start") >= 4
    assert (here.root / "digits/models/model.bin").is_file()
    # The folder of the group's own code is no project of stacks; the commands are those of the clone's.
    printed = here.run(Step(Block("x", 1, "bash", ""), ("coursecloud commands list data",)))
    assert printed.startswith("gcloud storage ls ")
    assert f"the stack file is that of {here.clone}" in printed


@pytest.mark.skipif(not TORCH, reason="PyTorch is not installed; `make test-starter` installs it")
def test_the_same_way_with_pytorch(tmp_path: Path) -> None:
    here = Session(tmp_path, python=TORCH)
    follow(here, "start", numbers=False)
    assert (here.root / "digits/models/model.bin").is_file()


def test_every_other_page_without_a_cloud(tmp_path: Path) -> None:
    here = Session(tmp_path)
    held = 0
    for page in STUDENT[1:]:
        here.begin(here.clone, activated=False)
        held += follow(here, page)
    assert held >= 8
    assert {tool(each) for each in here.skipped if not not_run(each)} >= {"gcloud", "dvc"}


@pytest.mark.parametrize("page", ALONE)
def test_a_page_for_who_is_no_student(page: str, tmp_path: Path) -> None:
    assert follow(Session(tmp_path), page) >= 2


@pytest.mark.skipif("gcloud" not in HERE, reason="no gcloud on PATH: https://cloud.google.com/sdk/docs/install")
def test_from_the_plan_to_the_commands_of_the_cloud(tmp_path: Path) -> None:
    """Each start of gcloud takes seconds, so `make test` follows one page, `make exercises` all of them, with DVC."""
    with Emulator([PROJECT]) as emulator:
        here = Session(tmp_path, tools=HERE, emulator=emulator)
        held = 0
        for page in STUDENT if LONG else ("sdk",):
            here.begin(here.clone, activated=False)
            held += follow(here, page)
        assert held >= (18 if LONG else 3)
        assert not [each for each in here.skipped if not not_run(each) and tool(each) in HERE]
        made = str(emulator.state())
        assert f"{PROJECT}-dev-data" in made
        assert ("dev-api" in made) == LONG  # the service of the last page, for which all is made anew
        assert not emulator.left_the_machine()


@pytest.mark.parametrize(
    ("shown", "printed", "held"),
    [
        ("a\nb", "a\nb", True),
        ("a\nc", "a\nb\nc", False),
        ("a\n...\nc", "a\nb\nc", True),
        ("a\n...\nc", "a\nc", True),
        ("a ... c", "x\na b c\ny", True),
        ("a ... c", "a b\nc", False),
        ("b\n...\na", "a\nb", False),
        ("...\nb", "a\nb", True),
    ],
)
def test_an_output_is_held_to_what_the_page_shows(shown: str, printed: str, held: bool) -> None:
    assert prints(shown, printed) is held


def test_a_command_may_go_on_over_lines() -> None:
    text = "one \\\n  more\ncat >> x <<'END'\n  a: b\nEND\n# said\ntwo\n"
    assert list(commands(text)) == ["one \\\n  more", "cat >> x <<'END'\n  a: b\nEND", "two"]
