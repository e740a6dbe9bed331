"""A course with the real engine on the emulator: groups in projects of their own, up to finished with nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.course.journal import Journal
from coursecloud.rehearse.stage import scrubbed
from emulator import Emulator
from tests.e2e.conftest import TOOLS
from tests.machine import FOUND
from tests.project import make

pytestmark = pytest.mark.skipif(
    bool(TOOLS.missing), reason="; ".join(f"{each.what}: {each.remedy}" for each in TOOLS.missing)
)
COUNT = int(os.environ.get("COURSECLOUD_GROUPS", "4"))
"""Groups: as many as the machine bears in the time that one has; 4 took 7 minutes on two busy cores (2026-11-28)."""
GROUPS = {f"g{number:02}": f"mlops-course-g{number:02}" for number in range(1, COUNT + 1)}
BROKEN = "g02"
LIMIT = 600


class Course:
    """An instructor's folder beside a clone, and a terminal in the clone."""

    def __init__(self, clone: Path, folder: Path, emulator: Emulator):
        self.clone, self.folder, self.emulator = clone, folder, emulator

    def run(self, *words: str, code: int = 0, answer: str = "") -> str:
        done = CliRunner().invoke(app, ["course", *words, "--folder", str(self.folder)], input=answer)
        logs = "\n".join(path.read_text(encoding="utf-8")[-1500:] for path in self.folder.glob(".course/logs/*/*.log"))
        assert done.exit_code == code, f"{done.output}\n{logs}"
        return done.stdout if "--json" in words else done.output

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "coursecloud", "course", *words, "--folder", str(self.folder)]
        return subprocess.Popen(line, cwd=self.clone, start_new_session=True)

    def put(self, stack: str, name: str) -> None:
        url = f"{self.emulator.url}/upload/storage/v1/b/{GROUPS[stack]}-{stack}-data/o"
        assert requests.post(url, params={"uploadType": "media", "name": name}, data=b"work", timeout=30).ok

    def resources(self, stack: str) -> int:
        (file,) = self.folder.glob(f".pulumi-state/.pulumi/stacks/*/{stack}.json")
        state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
        listed: list[Any] = state.get("resources") or []
        return len(listed)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Course]:
    clone, folder, home = make(tmp_path / "clone"), tmp_path / "course", tmp_path / "home"
    (clone / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    folder.mkdir()
    (home / ".pulumi").mkdir(parents=True)
    if TOOLS.plugins:
        (home / ".pulumi/plugins").symlink_to(TOOLS.plugins, target_is_directory=True)
    for stack, project in GROUPS.items():
        config = {
            "gcp:project": project,
            "coursecloud:course": {"group": stack},
            "coursecloud:lease": {"starts": "2026-11-01", "ends": "2099-12-17"},
            "coursecloud:storage": {"keep": True},
        }
        (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    with Emulator(projects=list(GROUPS.values())) as emulator:
        for project in emulator.world.projects.values():
            project.services.add("logging.googleapis.com")  # as in every new project of Google's
        environment = scrubbed({**os.environ, **FOUND}, emulator.env(GROUPS["g01"]), home)
        del environment["PULUMI_BACKEND_URL"]  # Pulumi.yaml's own
        for name in set(os.environ) - set(environment):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(clone)
        yield Course(clone, folder, emulator)


def test_from_up_with_a_broken_one_to_all_finished_and_nothing_left(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = course.folder / f"Pulumi.{BROKEN}.yaml"
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace(GROUPS[BROKEN], "nobodys-project"), encoding="utf-8")
    said = course.run("up", "--yes", code=1)
    assert f"course up: {COUNT - 1} of {COUNT} groups are up, 1 FAILED." in said
    assert f"FAILED   {BROKEN}: " in said
    # Pulumi has written its salt into the file since.
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("nobodys-project", GROUPS[BROKEN]), encoding="utf-8")
    course.run("up", "--yes", "--failed")
    told = json.loads(course.run("status", "--json", "--html", str(course.folder / "course.html")))
    assert {row["lastUp"]["state"] for row in told["groups"]} == {"done"}
    assert all(row["spent"] is not None for row in told["groups"])
    page = (course.folder / "course.html").read_text(encoding="utf-8")
    assert all(project in page for project in GROUPS.values())

    course.put("g01", "files/md5/ab/cd")
    # The buckets are kept, the disks of the machines are not: nobody can count what is on them.
    said = course.run("down", "--yes", code=3)
    assert f"course down: 0 of {COUNT} groups are down, {COUNT} refused." in said
    assert "Disk workbench-work" in said
    course.run("down", "--yes", "--failed", "--lose", "Disk")
    assert all(course.resources(stack) for stack in GROUPS)  # what is kept

    monkeypatch.setattr("coursecloud.cli.commands.course.asking.somebody", lambda: True)
    said = course.run("finish", code=3, answer=f"{COUNT}\n")
    assert f"course finish: {COUNT - 1} of {COUNT} groups are finished, 1 refused." in said
    assert "neither kept nor saved" in said
    assert course.resources("g01") > 0
    course.run("save", "--yes", "--to", str(course.folder / "saved"), "--only", "g0*")
    course.put("g01", "later")
    assert "1 of 1 groups are finished" in course.run("finish", "--failed", answer="1\n")
    assert (course.folder / "saved/g01/data/later").read_bytes() == b"work"
    assert course.emulator.remaining() == []


def test_a_runner_that_is_killed_is_gone_on_with(course: Course) -> None:
    first = course.started("up", "--yes", "--at-once", "2")
    begun = course.folder / ".course/logs/run-1"
    end = time.time() + LIMIT
    while not any("created" in path.read_text(encoding="utf-8") for path in begun.glob("*.log")):
        assert first.poll() is None
        assert time.time() < end
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    said = course.run("up", "--yes", "--at-once", "2")
    assert "that are left of the run of" in said
    assert f"course up: {COUNT} of {COUNT} groups are up." in said
    assert Journal(course.folder).counts(1) == {"done": COUNT}
    for stack in GROUPS:
        state = json.loads(next(course.folder.glob(f".pulumi-state/.pulumi/stacks/*/{stack}.json")).read_text("utf-8"))
        assert not (state["checkpoint"]["latest"] or {}).get("pending_operations")
    assert not list(course.folder.glob(".pulumi-state/.pulumi/locks/**/*.json"))
