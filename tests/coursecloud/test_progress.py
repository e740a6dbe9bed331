"""What takes long says so at a terminal, in one line that goes away; and `--quiet` says only what follows."""

import io
import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.cli.listed import COMMANDS
from coursecloud.common import progress
from coursecloud.deploy import pulumi_cli
from tests.project import ROOT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    found = Terminal()
    # Not sys.stderr itself, which pytest sets anew between a fixture and its test.
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=found))
    monkeypatch.setattr(progress, "AFTER", 0.02)
    monkeypatch.setattr(progress, "EACH", 0.01)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    return found


def left(text: str) -> str:
    """Give what a terminal shows in the end: what is written after a carriage return is written over the line."""
    shown = ""
    for part in text.split("\r"):
        shown = part + shown[len(part) :]
    return shown.strip()


def wait_for(text: str, terminal: Terminal) -> None:
    until = time.monotonic() + 20
    while text not in terminal.getvalue():
        assert time.monotonic() < until, terminal.getvalue()
        time.sleep(0.005)


class TestLine:
    def test_it_says_how_far_it_is_and_is_gone_afterwards(self, terminal: Terminal) -> None:
        for number in progress.counted("Planning", 3, iter(range(3))):
            wait_for(f"Planning {number + 1} of 3 ... ", terminal)
        assert left(terminal.getvalue()) == ""
        assert "\n" not in terminal.getvalue()

    def test_it_is_gone_after_a_mistake_too(self, terminal: Terminal) -> None:
        def fail() -> None:
            with progress.shown("Planning"):
                wait_for("Planning ... ", terminal)
                raise ValueError("x")

        with pytest.raises(ValueError, match="x"):
            fail()
        assert left(terminal.getvalue()) == ""

    def test_what_is_done_soon_says_nothing(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(progress, "AFTER", 60.0)
        with progress.shown("Planning"):
            pass
        assert terminal.getvalue() == ""

    def test_what_is_done_within_something_else_says_nothing_of_its_own(self, terminal: Terminal) -> None:
        with progress.shown("outer"):
            wait_for("outer", terminal)
            with progress.shown("inner") as line:
                assert line is None
        with progress.shown("next"):
            wait_for("next", terminal)
        assert "inner" not in terminal.getvalue()

    def test_a_line_is_never_wider_than_the_terminal(self, terminal: Terminal) -> None:
        with progress.shown("x" * 200):
            wait_for("x" * 50, terminal)
        assert max(map(len, terminal.getvalue().split("\r"))) < 60

    @pytest.mark.parametrize("why", ["pipe", "CI", "dumb", "quiet"])
    def test_nobody_who_does_not_watch_is_told(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, why: str
    ) -> None:
        stream = io.StringIO() if why == "pipe" else terminal
        monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
        if why == "CI":
            monkeypatch.setenv("CI", "true")
        if why == "dumb":
            monkeypatch.setenv("TERM", "dumb")
        progress.be_quiet(quiet=why == "quiet")
        try:
            with progress.shown("Planning") as line:
                assert line is None
        finally:
            progress.be_quiet(quiet=False)
        assert stream.getvalue() == ""

    def test_a_terminal_that_is_closed_ends_nothing(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_: str) -> int:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(terminal, "write", fail)
        with progress.shown("Planning"):
            time.sleep(0.1)


def test_a_command_at_a_terminal_tells_that_it_plans_and_a_pipe_gets_the_answer_alone() -> None:
    code = (
        "import sys; from coursecloud.common import progress; progress.AFTER = 0.01; progress.EACH = 0.01;"
        "from coursecloud.cli import app; sys.argv[1:] = ['plan', '--json']; app()"
    )
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "Planning dev ... " in said
    assert left(said) == ""
    assert json.loads(done.stdout)["stack"] == "dev"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


OF_A_GROUP = {"prices": ("check",), "course": ("plan",)}
"""A command of each group of commands."""


class TestQuiet:
    @pytest.mark.parametrize("command", ["plan", "cost", "check"])
    def test_the_first_line_is_left(self, command: str) -> None:
        loud, quiet = run(command), run(command, "--quiet")
        assert (quiet.exit_code, quiet.stderr) == (loud.exit_code, "")
        assert quiet.stdout.splitlines() == loud.stdout.strip().splitlines()[:1]
        assert len(loud.stdout.splitlines()) > 1
        assert not progress.quiet() or run(command).stdout == loud.stdout

    def test_the_next_command_of_a_process_is_as_loud_as_ever(self) -> None:
        run("plan", "-q")
        assert len(run("plan").stdout.splitlines()) > 1

    def test_of_many_stacks_mistakes_are_left(self, tmp_path: Path) -> None:
        (tmp_path / "Pulumi.good.yaml").write_text("config: {gcp:project: some-project-1}\n", encoding="utf-8")
        (tmp_path / "Pulumi.bad.yaml").write_text("config: {gcp:project: X}\n", encoding="utf-8")
        for command in ("plan", "cost"):
            result = run(command, "--all", "--folder", str(tmp_path), "-q")
            assert result.exit_code == 2
            assert result.stdout == ""
            assert "gcp:project: 'X'" in result.stderr

    def test_a_form_that_was_asked_for_is_whole(self) -> None:
        assert json.loads(run("plan", "--json", "-q").stdout)["stack"] == "dev"

    def test_every_command_has_it(self) -> None:
        for name in COMMANDS:
            words = (name, *OF_A_GROUP.get(name, ()))
            assert re.search(r"-q, --quiet +Say only", run(*words, "--help").stdout), name

    def test_an_update_tells_no_step_but_what_breaks_a_rule(self, tmp_path: Path) -> None:
        program = tmp_path / "bin" / "pulumi"
        program.parent.mkdir()
        new = {"custom": True}
        urn = "urn:pulumi:s::p::gcp:a/b:C::name"
        steps = [
            {"resOutputsEvent": {"metadata": {"op": "create", "type": "gcp:a/b:C", "urn": urn, "new": new}}},
            {"policyEvent": {"policyName": "rule", "message": "it is refused"}},
        ]
        lines = "\n".join(json.dumps(step) for step in steps)
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\n", encoding="utf-8")
        program.chmod(0o755)
        told: dict[bool, str] = {}
        for quiet in (False, True):
            output = io.StringIO()
            environment = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
            progress.be_quiet(quiet=quiet)
            try:
                pulumi_cli.Pulumi(tmp_path, "s", environment, output).update()
            finally:
                progress.be_quiet(quiet=False)
            told[quiet] = output.getvalue()
        assert "name" in told[False]
        assert "it is refused" in told[False]
        assert "it is refused" in told[True]
        assert len(told[True].splitlines()) < len(told[False].splitlines())
