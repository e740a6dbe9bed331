"""A stack file beside the program, and a project on the emulator in which things were made by REST."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from coursecloud.deploy.cloud import Cloud
from coursecloud.operate import session
from coursecloud.operate.session import Operation
from tests.look.conftest import PROJECT, Project
from tests.look.conftest import emulated as emulated
from tests.look.conftest import project as project
from tests.project import CHECKOUT, ROOT

OURS = {"managed-by": "coursecloud", "stack": "dev"}
STACK = f"""# Of group 7.
config:
  gcp:project: {PROJECT}   # theirs
  coursecloud:lease:
    starts: 2099-01-04
    ends: 2099-01-29  # a Thursday
    credit: {{amount: 50}}
"""


@dataclass
class Desk:
    """Somebody at a terminal: what is answered, and what was said."""

    root: Path
    project: Project
    said: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    told: dict[str, Any] = field(default_factory=dict[str, Any])

    def run(
        self, command: str, action: Callable[[Operation], int], *, answer: bool = True, scenario: Any = None
    ) -> int:
        """Run a command; the scenario holds from after the question on."""
        self.said.clear()
        self.told.clear()

        def ask(question: str) -> bool:
            self.asked.append(question)
            if scenario:
                self.project.emulator.use(scenario)
            return answer

        operation = session.begin(
            command, self.root, "dev", yes=False, ask=ask, say=self.said.append, told=self.told,
            environment=self.project.emulator.env(),
        )  # fmt: skip
        return action(operation)

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def file(self, text: str) -> Path:
        path = self.root / "Pulumi.dev.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def typed(self, *words: str, answer: str = "") -> tuple[int, str, str]:
        """Run the command line itself, in a process of its own."""
        environment = {**os.environ, **self.project.emulator.env(), "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"}
        line = [sys.executable, "-m", "coursecloud", *words]
        done = subprocess.run(
            line, cwd=self.root, env=environment, input=answer, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = self.typed(*words, "--json")
        return code, json.loads(out)


@pytest.fixture
def desk(project: Project, tmp_path: Path) -> Desk:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    for name in ("infra", "catalog", "coursecloud", "starter"):
        (root / name).symlink_to(ROOT / name)
    made = Desk(root, project)
    made.file(STACK)
    return made


def state(desk: Desk, name: str) -> str:
    return str(desk.project.compute("GET", f"zones/europe-west1-b/instances/{name}")["status"])


def cloud(desk: Desk) -> Cloud:
    return desk.project.cloud()
