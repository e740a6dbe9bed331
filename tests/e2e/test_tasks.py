"""The image's entry point with the real engine: tasks with one host name and the same numbers, killed and helped."""

from __future__ import annotations

import json
import os
import shutil
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

from course import runner
from coursecloud.cli.application import app
from coursecloud.course.objects import Objects
from coursecloud.course.record import Record, Result, Shared
from coursecloud.deploy.cloud import Cloud
from tests.e2e import courses
from tests.e2e.courses import LIMIT

pytestmark = courses.WANTS_ENGINE
GROUPS = {f"g{number}": f"mlops-course-g{number}" for number in (1, 2, 3)}
COURSE, RECORD, STATES = "mlops-course-own", "mlops-course-runs", "mlops-course-state"
CONTAINER = ("--dev-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--unshare-uts", "--hostname", "localhost")
BWRAP = shutil.which("bwrap")


class Course(courses.Course):
    """An instructor's folder beside a clone, and containers that have the clone alone."""

    def __init__(self, made: courses.Course):
        super().__init__(made.clone, made.folder, made.emulator)
        environment = made.emulator.env(COURSE)
        self.record = Record(Objects(RECORD, lambda: Cloud(environment, {})))

    def begin(self, verb: str, *stacks: str) -> Shared:
        asked: dict[str, Any] = {"only": [], "where": [], "failed": False, "lose": [], "to": None}
        return self.record.begin(verb, asked, stacks or list(GROUPS), {"named": list(GROUPS)})

    def task(self, run: Shared | str, index: int, count: int, attempt: int = 0) -> subprocess.Popen[str]:
        """Start a task of a run, or of the night that the execution's name tells."""
        night = run if isinstance(run, str) else ""
        place = {
            "CLOUD_RUN_JOB": "course", "CLOUD_RUN_EXECUTION": night or "course-x", "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": str(count), "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        }  # fmt: skip
        words = ["--record", f"gs://{RECORD}", *(["--run", run.id] if isinstance(run, Shared) else ["--nightly"])]
        line = [sys.executable, "-m", "coursecloud.cli.commands.course.task", *words]
        inside = [str(BWRAP), *CONTAINER, "--die-with-parent"] if BWRAP else []
        return subprocess.Popen(
            [*inside, *line], cwd=self.clone, env={**os.environ, **place}, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def names(self, stack: str) -> list[str]:
        return [name for each in self.emulator.remaining() if GROUPS[stack] in (name := str(each["name"]))]

    def made(self, stack: str) -> int:
        return len(self.names(stack))

    def night(self, execution: str) -> dict[str, Result]:
        return dict(self.record.results(f"night-{execution}"))

    def locks(self, stack: str) -> list[dict[str, Any]]:
        url = f"{self.emulator.url}/storage/v1/b/{STATES}/o"
        prefix = f"{GROUPS[stack]}/.pulumi/locks/"
        listed = requests.get(url, params={"prefix": prefix}, timeout=30).json().get("items", [])
        names = [each["name"] for each in listed]
        return [requests.get(f"{url}/{name.replace('/', '%2F')}?alt=media", timeout=30).json() for name in names]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Course]:
    with courses.taught(tmp_path, monkeypatch, [COURSE, *GROUPS.values()]) as made:
        for stack, project in GROUPS.items():
            courses.stack_file(made.folder, stack, project, backend=f"gs://{STATES}/{project}")
        roster = {"table": "groups.csv", "record": f"gs://{RECORD}"}
        (made.folder / "course.yaml").write_text(json.dumps(roster), encoding="utf-8")
        (made.folder / "members.g1.yaml").write_text("- user:ada@example.com\n", encoding="utf-8")
        projects = made.emulator.world.projects
        for project in projects.values():
            project.services.add("storage.googleapis.com")
        # Google counts a runner's calls to its own project, where `course/` enables what a stack can need.
        projects[COURSE].services |= {f"{api}.googleapis.com" for api in runner.APIS}
        for name in (RECORD, STATES):
            told = {"project": COURSE}
            assert requests.post(f"{made.emulator.url}/storage/v1/b", params=told, json={"name": name}, timeout=30).ok
        yield Course(made)


def ended(task: subprocess.Popen[str]) -> str:
    said, _ = task.communicate(timeout=LIMIT)
    assert task.returncode == 0, said
    return said


def kill(task: subprocess.Popen[str]) -> None:
    os.killpg(task.pid, signal.SIGKILL)
    with task:
        task.wait(30)


def test_tasks_that_are_killed_and_helped_bring_each_stack_up_once_and_down_to_nothing(course: Course) -> None:
    course.run("hand")
    up = course.begin("up")
    first, second = course.task(up, 0, 2), course.task(up, 1, 2)
    # Task 0 works on g1: its container goes when half of it is made, and nothing of it is left but a lock.
    until = time.monotonic() + LIMIT
    while course.made("g1") < 8 and time.monotonic() < until:
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.2)
    kill(first)
    ended(second)
    (left,) = course.locks("g1")
    results = course.record.results(up.id)
    assert {stack: result.state for stack, result in results.items()} == {"g1": "working", "g2": "done"}
    if BWRAP:
        assert left["hostname"] == "localhost"
    # Its next attempt has the same host name and numbers of processes; the lease tells that the first one died.
    course.emulator.pass_time(hours=0.1)
    said = ended(course.task(up, 0, 2, attempt=1))
    assert "g1: done" in said
    assert course.locks("g1") == []
    results = course.record.results(up.id)
    assert {result.state for result in results.values()} == {"done"}
    assert results["g1"].tries == 1, "the kill counts as a try"
    assert course.record.open() == []
    assert "3 of 3 groups are up" in course.run("up", "--yes"), "and nothing changes on this machine"

    # A task begins to take all down and dies; this machine does the rest, and lifts no lock of it unasked.
    down = course.begin("finish")
    task = course.task(down, 0, 1)
    until = time.monotonic() + LIMIT
    before = course.made("g1")
    while course.made("g1") >= before and time.monotonic() < until:
        assert task.poll() is None, task.communicate()[0]
        time.sleep(0.1)
    kill(task)
    course.emulator.pass_time(hours=0.1)
    held = CliRunner().invoke(app, ["course", "finish", "--folder", str(course.folder)], input="3\n")
    assert held.exit_code == 2, "without a terminal nothing is finished"
    ended(course.task(down, 0, 1, attempt=1))
    assert {result.state for result in course.record.results(down.id).values()} == {"done"}
    names = [str(each) for each in course.emulator.remaining()]
    assert [each for each in names if any(project in each for project in GROUPS.values()) and STATES not in each] == []


def test_a_group_that_wants_it_is_taken_down_at_night_but_for_what_somebody_would_lose(course: Course) -> None:
    machine = {"machineType": "e2-medium", "dataDisk": {"sizeGb": 20, "keep": True}}
    for stack in GROUPS:
        path = course.folder / f"Pulumi.{stack}.yaml"
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["config"]["coursecloud:course"]["nightly"] = "down" if stack == "g1" else "no"
        content["config"]["coursecloud:machines"] = {"trainer": machine}
        content["config"]["coursecloud:training"] = {"enabled": False}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    course.run("hand")
    ended(course.task(course.begin("up", "g1"), 0, 1))
    bucket = next(name for name in course.names("g1") if name.endswith("-staging"))
    url = f"{course.emulator.url}/storage/v1/b/{bucket.rpartition('/')[2]}/o"
    put = {"uploadType": "media", "name": "model"}
    assert requests.post(url.replace("/storage", "/upload/storage"), params=put, data=b"work", timeout=30).ok
    whole = course.names("g1")
    ended(course.task("night-1", 0, 1))
    held = course.night("night-1")["g1"]
    assert (held.state, f"gs://{bucket.rpartition('/')[2]}" in held.words) == ("refused", True), held.words
    assert course.names("g1") == whole
    assert requests.delete(f"{url}/model", timeout=30).ok
    ended(course.task("night-2", 0, 1))
    second = course.night("night-2")
    assert {stack: result.state for stack, result in second.items()} == dict.fromkeys(GROUPS, "done"), second["g1"]
    left = course.names("g1")
    assert [name for name in left if "/instances/" in name or name == bucket] == []
    assert sum(name.endswith("trainer-work") for name in left) == 1, left
