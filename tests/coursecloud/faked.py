"""A project of stack `x` beside a fake `pulumi`, and an emulator of Google in which there is nothing."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from coursecloud.deploy import lifecycle, process
from coursecloud.deploy.preconditions import CREDENTIALS
from coursecloud.deploy.session import Ask
from coursecloud.plan import planning
from emulator import Emulator
from tests.project import ROOT

Json = dict[str, Any]
PROJECT = "some-project-1"
STACK = f"config: {{gcp:project: {PROJECT}}}\n"
UP = "up --yes --skip-preview"
DOWN = "destroy --yes --skip-preview --continue-on-error --exclude-protected"
FINISH = "destroy --yes --skip-preview --continue-on-error"
APIS = ("artifactregistry", "cloudresourcemanager", "compute", "iam", "run", "secretmanager", "storage")
"""What an earlier up has enabled."""
ALWAYS = ("--json", "--non-interactive")
READS = ("stack ls", "stack export", "preview", "refresh --preview-only", "import --preview-only")


def answer(*events: Json | list[Json], code: int = 0, state: list[Json] | None = None, **more: Any) -> Json:
    """Give one answer of the fake `pulumi`; `state` is what the stack holds afterwards."""
    flat = [event for each in events for event in (each if isinstance(each, list) else [each])]
    held: Json = {} if state is None else {"state": {"resources": state}}
    return {"events": flat, "code": code} | held | more


@dataclass
class Fake:
    """The project's folder, and what its `pulumi` was asked and answers."""

    root: Path
    folder: Path
    emulator: Emulator

    def answers(self, command: str, *answers: Json) -> None:
        """Say what the next calls of a command get; `preview --refresh` and `refresh --preview-only` are two more."""
        listed = self._read("answers")
        listed[command] = [*listed.get(command, []), *answers]
        self._write("answers", listed)

    def holds(self, *resources: Json, **more: Any) -> None:
        """Say what the state holds."""
        self._write("state", {"version": 3, "deployment": {"resources": list(resources), **more}})

    def stacks(self, **current: bool) -> None:
        """Say which stacks there are, and whether they are selected."""
        self._write("stacks", [{"name": name, "current": chosen} for name, chosen in current.items()])

    @property
    def selected(self) -> str:
        """Name the selected stack."""
        return next((each["name"] for each in self._read("stacks") if each["current"]), "")

    @property
    def state(self) -> Json:
        """Give what the state holds now."""
        return self._read("state")["deployment"]

    @property
    def asked(self) -> list[Json]:
        """Give each call as it was made: `words`, `passphrase`, and `file` where one was named."""
        return [json.loads(line) for line in (self.folder / "calls").read_text(encoding="utf-8").splitlines()]

    @property
    def calls(self) -> list[str]:
        """Give the words of each call but those that all have."""
        return [_short(call["words"]) for call in self.asked]

    @property
    def changes(self) -> list[str]:
        """Give the calls that may change anything, but for the making of the stack."""
        return [call for call in self.calls if not call.startswith((*READS, "stack init", "stack select"))]

    @property
    def commands(self) -> list[str]:
        """Give the first words of what may change anything."""
        return [call.split()[0] for call in self.changes]

    def file(self, command: str) -> Any:
        """Give the content of the file that the last call of a command named."""
        return next(call.get("file") for call in reversed(self.asked) if " ".join(call["words"]).startswith(command))

    def stack_file(self, text: str) -> None:
        """Write the stack file."""
        (self.root / "Pulumi.x.yaml").write_text(text, encoding="utf-8")

    def up(self, *, yes: bool = True, ask: Ask | None = None, lose: Collection[str] = (), **more: Any) -> int:
        return lifecycle.up(self.root, "x", yes=yes, ask=ask, lose=lose, **more)

    def down(self, *, yes: bool = True, ask: Ask | None = None, lose: Collection[str] = (), **more: Any) -> int:
        return lifecycle.down(self.root, "x", yes=yes, ask=ask, lose=lose, **more)

    def finish(self, *, confirm: Ask = lambda _: True, **more: Any) -> int:
        return lifecycle.finish(self.root, "x", confirm=confirm, **more)

    def run(self, command: str) -> int:
        """Run one of the three."""
        return cast("int", getattr(self, command)())

    def _read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def _write(self, name: str, content: object) -> None:
        (self.folder / name).write_text(json.dumps(content), encoding="utf-8")


_plans: dict[tuple[str, str], planning.Plan] = {}
_make = planning.make


def _planned_once(stack: str, file: Path, root: Path) -> planning.Plan:
    """Plan each stack file's text once a run: all these projects have the same program."""
    key = (stack, file.read_text(encoding="utf-8"))
    if key not in _plans:
        _plans[key] = _make(stack, file, root)
    return _plans[key]


def _short(words: list[str]) -> str:
    kept = [word for word in words if word not in ALWAYS]
    if "--stack" in kept:
        at = kept.index("--stack")
        del kept[at : at + 2]
    return " ".join(kept)


@pytest.fixture(scope="session")
def empty_cloud() -> Iterator[Emulator]:
    """Give one emulator to all tests: nothing of theirs is made in it."""
    with Emulator(projects=[PROJECT]) as emulator:
        emulator.world.projects[PROJECT].services.update(f"{api}.googleapis.com" for api in APIS)
        yield emulator


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_cloud: Emulator) -> Fake:
    """Make it; what the lifecycle asks Google itself finds an empty project."""
    made = Fake(tmp_path / "project", tmp_path / "fake", empty_cloud)
    binaries = tmp_path / "bin"
    for folder in (made.root, made.folder, binaries):
        folder.mkdir()
    program = Path(__file__).parent / "fake_pulumi.py"
    (binaries / "pulumi").write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{program}" "$@"\n', encoding="utf-8")
    (binaries / "pulumi").chmod(0o755)
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, made.root)
    for name in ("catalog", "infra", "starter"):
        (made.root / name).symlink_to(ROOT / name, target_is_directory=True)
    made.stack_file(STACK)
    made.holds()
    (made.folder / "calls").touch()
    (made.folder / "answers").write_text("{}", encoding="utf-8")
    made.stacks()
    for name in (*CREDENTIALS, "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in empty_cloud.env(PROJECT).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FAKE_PULUMI", str(made.folder))
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(process, "LOOK", 0.005)
    monkeypatch.setattr(planning, "make", _planned_once)
    return made


class Said:
    """What the commands have said since the last look."""

    def __init__(self, captured: pytest.CaptureFixture[str]):
        self._captured = captured

    def __call__(self) -> str:
        return self._captured.readouterr().out

    def lines(self) -> list[str]:
        """Give the lines."""
        return self().splitlines()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Give what the commands have said."""
    return Said(capsys)
