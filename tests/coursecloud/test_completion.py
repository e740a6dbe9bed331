"""What a TAB offers: commands, options, stacks, keys of a stack file, gates."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coursecloud.cli import complete, explain
from coursecloud.review.gates import GATES
from tests.coursecloud.tabs import asked
from tests.project import ROOT

BASH = shutil.which("bash")


def offered(line: str, shell: str = "bash", cwd: Path = ROOT) -> list[str]:
    """Ask as a shell does; gives what it would show, without the descriptions."""
    environment = {**os.environ, **asked(shell, line), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "coursecloud"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd, env=environment)
    assert done.stderr == ""
    if shell == "bash":
        return done.stdout.split()
    return [
        each.replace(r"\\:", ":")
        for each in re.findall(r'^(?:_arguments .*?\(\()?"((?:[^"\\]|\\.)*)"', done.stdout, re.M)
    ]


CASES: list[tuple[str, list[str]]] = [
    ("p", ["plan", "prices"]),
    ("prices ", ["check", "refresh"]),
    ("plan --al", ["--all"]),
    ("plan --stack ", ["dev", "full", "gpu"]),
    ("check -s g", ["gpu"]),
    ("up --stack d", ["dev"]),
    ("review --stack f", ["full"]),
    ("review --fail-on d", ["delete", "data-loss"]),
    ("review --fail-on c", ["credit", "cost>"]),
    ("explain mac", ["machines"]),
    ("explain coursecloud:mac", ["coursecloud:machines"]),
    ("explain storage.", ["storage.keep", "storage.location", "storage.data", "storage.models", "storage.staging"]),
    ("explain machines.gp", ["machines.gpu"]),
    ("explain machines.trainer.gpu.", ["machines.trainer.gpu.model", "machines.trainer.gpu.count"]),
    ("explain guardrails.exceptions.re", ["guardrails.exceptions.resource", "guardrails.exceptions.reason"]),
    ("explain maxRunR", ["maxRunReason"]),
    ("explain machines.trainer.nothing.", []),
    ("explain storage.data.keepNewest.x", []),
    ("export --format ", ["terraform-plan"]),
]


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[line for line, _ in CASES])
def test_bash_is_offered(line: str, expected: list[str]) -> None:
    assert offered(line) == expected


@pytest.mark.parametrize(("line", "expected"), [case for case in CASES if case[1]][::3])
def test_zsh_is_offered_the_same(line: str, expected: list[str]) -> None:
    assert offered(line, "zsh") == expected


def test_zsh_shows_what_a_command_is_for() -> None:
    environment = {**os.environ, **asked("zsh", "pla")}
    command = [sys.executable, "-m", "coursecloud"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert "Show what" in done.stdout


def test_the_stacks_are_those_of_the_folder_of_the_options_or_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.group-07.yaml").write_text("broken: [")
    assert offered(f"plan --folder {tmp_path} --stack ") == ["group-07"]
    assert offered("plan --stack ", cwd=tmp_path) == ["group-07"]
    inside = ROOT / "starter"
    assert offered("plan --stack g", cwd=inside) == ["gpu"]


@pytest.mark.skipif(BASH is None, reason="this machine has no bash")
def test_the_script_that_bash_is_given_completes(tmp_path: Path) -> None:
    program = tmp_path / "coursecloud"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m coursecloud "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "_COURSECLOUD_COMPLETE": "source_bash"}
    script = subprocess.run([program], check=True, capture_output=True, text=True, cwd=ROOT, env=environment).stdout
    line = "COMP_WORDS=(coursecloud plan --stack f) COMP_CWORD=3"
    lines = f'{script}\n{line}\n_coursecloud_completion "{program}"\necho "${{COMPREPLY[@]}}"\n'
    done = subprocess.run([str(BASH), "-c", lines], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "full\n"


def test_without_the_schema_nothing_is_offered_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    for broken in ("no-such-file.json", "Pulumi.yaml"):
        monkeypatch.setattr(complete, "_SCHEMA", broken)
        assert complete.keys("machines.") == []


def test_every_key_that_is_offered_is_explained() -> None:
    waiting = complete.keys("")
    assert len(waiting) > 10
    seen: set[str] = set()
    while waiting:
        key = waiting.pop()
        seen.add(key)
        assert explain.find(key)
        waiting += [below for below in complete.keys(f"{key}.") if below not in seen]
    assert {"machines.gpu.count", "lease.credit.amount", "services.env"} <= seen


def test_every_gate_is_offered() -> None:
    assert complete.gates("") == [gate.removesuffix("X") for gate in GATES]
    assert len(json.dumps(GATES)) > 50
