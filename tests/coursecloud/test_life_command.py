"""The commands as a person runs them: exit codes, who is asked, and what an interruption leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.coursecloud.faked import DOWN, FINISH, UP, Fake, answer
from tests.coursecloud.told import begun, bucket, done, error, machine, planned
from tests.project import CHECKOUT


class Command:
    """One command in a process of its own."""

    def __init__(self, fake: Fake, *words: str, typed: str = ""):
        self.out = fake.folder / "out"
        self.typed = fake.folder / "typed"
        self.typed.write_text(typed, encoding="utf-8")
        with self.out.open("wb") as out, self.typed.open("rb") as entered:
            self.run = subprocess.Popen(
                [sys.executable, "-m", "coursecloud", *words, "--stack", "x"],
                cwd=fake.root,
                env={**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "200", "NO_COLOR": "1"},
                stdin=entered,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """Give what it has said until now, without the line that says by whose code: a test has no clone of its own."""
        text = self.out.read_text(encoding="utf-8")
        return re.sub(r"^coursecloud: this is about .*\n", "", text, flags=re.MULTILINE)

    def ends(self) -> int:
        """Wait for its end; gives the exit code."""
        return self.run.wait(timeout=600)

    def interrupted(self, number: int, when: Callable[[], bool]) -> int:
        """Send a signal when something is so, and wait for the end."""
        end = time.monotonic() + 60
        while not when():
            assert time.monotonic() < end, self.said
            assert self.run.poll() is None, self.said
            time.sleep(0.02)
        self.run.send_signal(number)
        return self.ends()


def test_done_is_0(fake: Fake) -> None:
    command = Command(fake, "up", "--yes")
    assert command.ends() == 0, command.said
    assert fake.changes == [UP]


def test_what_pulumi_or_google_refuses_is_1(fake: Fake) -> None:
    fake.answers("up", answer(error("googleapi: Error 403: denied", machine("w")["urn"]), code=255))
    command = Command(fake, "up", "--yes")
    assert command.ends() == 1, command.said
    assert "googleapi: Error 403: denied" in command.said


def test_a_mistake_in_the_stack_file_is_2(fake: Fake) -> None:
    fake.stack_file("config: {gcp:project: UPPER}\n")
    command = Command(fake, "down", "--yes")
    assert command.ends() == 2, command.said
    assert "Traceback" not in command.said
    assert fake.calls == []


def test_what_would_be_lost_unnamed_is_3_and_by_its_name_0(fake: Fake) -> None:
    fake.holds(bucket("data"))
    fake.answers("preview --refresh", answer(planned("delete", bucket("data")), stays=True))
    command = Command(fake, "up", "--yes")
    assert command.ends() == 3, command.said
    assert fake.changes == []
    assert Command(fake, "up", "--yes", "--lose", "data").ends() == 0


@pytest.mark.parametrize("command", ["up", "down"])
def test_without_yes_and_with_nobody_to_ask_it_is_2_and_nothing_is_done(fake: Fake, command: str) -> None:
    fake.holds(bucket("data"))
    fake.answers("preview --refresh", answer(planned("create", None, machine("w"))))
    started = Command(fake, command)
    assert started.ends() == 2, started.said
    assert "was not confirmed; nothing was changed" in started.said
    assert "say --yes" in started.said
    assert fake.changes == []


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 2)])
def test_who_is_asked_answers(fake: Fake, typed: str, code: int) -> None:
    fake.answers("preview", answer(planned("create", None, machine("w"))))
    started = Command(fake, "up", typed=typed)
    assert started.ends() == code, started.said
    assert "Do it [y/N]:" in started.said
    assert fake.changes == ([UP] if code == 0 else [])


@pytest.mark.parametrize(("words", "typed", "code"), [
    (("--confirm", "x"), "", 0), ((), "x\n", 0), (("--confirm", "y"), "", 2), ((), "y\n", 2), ((), "", 2),
])  # fmt: skip
def test_the_end_needs_the_stacks_name(fake: Fake, words: tuple[str, ...], typed: str, code: int) -> None:
    fake.holds(machine("w"))
    started = Command(fake, "finish", *words, typed=typed)
    assert started.ends() == code, started.said
    assert fake.changes == ([FINISH] if code == 0 else [])


class TestInterrupted:
    """It says how far it came, and what mends it."""

    @pytest.mark.parametrize(
        ("number", "code"),
        [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
        ids=["INT", "TERM", "HUP"],
    )
    @pytest.mark.parametrize(("command", "pulumi", "last"), [("up", "up", UP), ("down", "destroy", DOWN)])
    def test_in_an_update(self, fake: Fake, command: str, pulumi: str, last: str, number: int, code: int) -> None:
        held, other = bucket("data", protect=True), machine("w")
        fake.holds(held)
        op = "create" if command == "up" else "delete"
        step = done(op, other, other)
        fake.answers(pulumi, answer(step, begun(op, other, other), seconds=60))
        started = Command(fake, command, "--yes")
        assert started.interrupted(number, lambda: "Instance w" in started.said) == code
        lines = started.said.splitlines()
        assert lines[1].startswith("Interrupted: Pulumi ends what it has begun")
        assert lines[2] == f"{command} of stack x was INTERRUPTED after 1 {op}d."
        assert lines[3] == "  now     1 resources exist"
        assert lines[-1] == f"  next    `coursecloud {command} --stack x` mends what is half done and goes on"
        assert fake.changes == [last], "no lock of somebody's is lifted"
        assert "Traceback" not in started.said

    def test_before_one(self, fake: Fake) -> None:
        fake.answers("preview", answer(seconds=60))
        started = Command(fake, "up", "--yes")
        assert started.interrupted(signal.SIGINT, lambda: "preview" in fake.calls) == 130
        assert started.said.splitlines()[-1] == "up of stack x was INTERRUPTED before it touched anything."
        assert fake.changes == []

    def test_twice_ends_at_once_and_lifts_the_lock(self, fake: Fake) -> None:
        deaf = fake.root.parent / "bin/pulumi"
        text = deaf.read_text(encoding="utf-8")
        deaf.write_text(text.replace("exec ", 'case "$1" in up) trap "" INT;; esac\nexec '), encoding="utf-8")
        fake.answers("up", answer(done("create", None, machine("w")), seconds=60))
        started = Command(fake, "up", "--yes")
        began = time.monotonic()
        end = lambda: "Instance w" in started.said  # noqa: E731 - the moment of the first
        while not end():
            time.sleep(0.02)
            assert time.monotonic() < began + 60, started.said
        started.run.send_signal(signal.SIGINT)
        assert started.interrupted(signal.SIGINT, lambda: "Interrupted:" in started.said) == 130
        assert "up of stack x was ENDED at once after 1 created." in started.said
        assert fake.changes == [UP, "cancel --yes"]


def test_the_page_of_commands_lists_every_exit_code() -> None:
    text = (CHECKOUT / "docs/commands.md").read_text(encoding="utf-8")
    said = text[text.index("Exit codes of all of them:") :].partition("\n\n")[0]
    assert {int(code) for code in re.findall(r"\b\d+\b", said)} >= {0, 1, 2, 3, 129, 130, 141, 143}
