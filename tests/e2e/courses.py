"""An instructor's folder beside a clone, projects of groups on an emulator, and the real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.rehearse.stage import scrubbed
from emulator import Emulator
from tests.e2e.conftest import TOOLS
from tests.machine import FOUND
from tests.project import make

WANTS_ENGINE = pytest.mark.skipif(
    bool(TOOLS.missing), reason="; ".join(f"{each.what}: {each.remedy}" for each in TOOLS.missing)
)
LIMIT = 600


class Course:
    """An instructor's folder beside a clone, and a terminal in the clone."""

    def __init__(self, clone: Path, folder: Path, emulator: Emulator):
        self.clone, self.folder, self.emulator = clone, folder, emulator

    def run(self, *words: str, code: int = 0, answer: str = "") -> str:
        done = CliRunner().invoke(app, ["course", *words, "--folder", str(self.folder)], input=answer)
        logs = "\n".join(path.read_text(encoding="utf-8")[-1500:] for path in self.folder.glob(".course/logs/*/*.log"))
        assert done.exit_code == code, f"{done.output}\n{done.exception!r}\n{logs}"
        return done.stdout if "--json" in words else done.output

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "coursecloud", "course", *words, "--folder", str(self.folder)]
        return subprocess.Popen(line, cwd=self.clone, start_new_session=True)

    def put(self, bucket: str, name: str) -> None:
        url = f"{self.emulator.url}/upload/storage/v1/b/{bucket}/o"
        assert requests.post(url, params={"uploadType": "media", "name": name}, data=b"work", timeout=30).ok

    def state(self, stack: str) -> dict[str, Any]:
        (file,) = self.folder.glob(f".pulumi-state/.pulumi/stacks/*/{stack}.json")
        return json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}

    def resources(self, stack: str) -> int:
        return len(self.state(stack).get("resources") or [])

    def nothing_pending(self, stacks: Sequence[str]) -> None:
        """See that no stack has an operation that nobody ended, and none is locked."""
        for stack in stacks:
            assert not self.state(stack).get("pending_operations"), stack
        assert not list(self.folder.glob(".pulumi-state/.pulumi/locks/**/*.json"))


@contextmanager
def taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, projects: Sequence[str]) -> Generator[Course]:
    """Give a course whose groups may have these projects."""
    clone, folder, home = make(tmp_path / "clone"), tmp_path / "course", tmp_path / "home"
    (clone / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    folder.mkdir()
    (home / ".pulumi").mkdir(parents=True)
    if TOOLS.plugins:
        (home / ".pulumi/plugins").symlink_to(TOOLS.plugins, target_is_directory=True)
    with Emulator(projects=list(projects)) as emulator:
        for project in emulator.world.projects.values():
            project.services.add("logging.googleapis.com")  # as in every new project of Google's
        environment = scrubbed({**os.environ, **FOUND}, emulator.env(projects[0]), home)
        del environment["PULUMI_BACKEND_URL"]  # Pulumi.yaml's own
        for name in set(os.environ) - set(environment):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(clone)
        yield Course(clone, folder, emulator)


def stack_file(folder: Path, stack: str, project: str, **course: Any) -> Path:
    """Write a small group's stack file."""
    config = {
        "gcp:project": project,
        "coursecloud:course": {"group": stack, **course},
        "coursecloud:lease": {"starts": "2026-11-01", "ends": "2099-12-17"},
    }
    path = folder / f"Pulumi.{stack}.yaml"
    path.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    return path
