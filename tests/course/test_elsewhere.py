"""A course whose roster names a bucket and a job: this machine and Cloud Run go on with each other's runs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from coursecloud.cli.commands.course import cloud_run, group
from coursecloud.cli.commands.course.cloud_run import CloudRun, tasks_for
from coursecloud.course import handed
from coursecloud.course.journal import Journal
from coursecloud.course.lease import Leases
from coursecloud.course.record import Record, Result
from coursecloud.deploy.cloud import Cloud
from coursecloud.deploy.preconditions import RefusedError
from emulator import Emulator
from tests.course import bucket
from tests.course.test_command import APIS, GROUPS, REGION, Course
from tests.project import CHECKOUT, ROOT

STATES = "mlops-course-state"
JOB = f"projects/{bucket.PROJECT}/locations/{REGION}/jobs/course"
IMAGE = f"{REGION}-docker.pkg.dev/{bucket.PROJECT}/images/course@sha256:" + "0" * 64


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Course]:
    for stack, project in GROUPS.items():
        text = (
            f"config:\n  gcp:project: {project}\n  coursecloud:lease: {{starts: 2026-11-01, ends: 2099-12-17}}\n"
            f"  coursecloud:course: {{backend: gs://{STATES}/{project}}}\n"
        )
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(cloud_run, "POLL", 0.1)
    roster = {"table": "groups.csv", "record": f"gs://{bucket.BUCKET}", "job": JOB}
    (tmp_path / "course.yaml").write_text(json.dumps(roster), encoding="utf-8")
    apis = [f"{api}.googleapis.com" for api in APIS]
    with Emulator(projects=[bucket.PROJECT, *GROUPS.values()], enabled=apis) as emulator:
        made = Course(tmp_path, emulator)
        for name in (bucket.BUCKET, STATES):
            made.ask("POST", "storage/v1/b", {"name": name}, project=bucket.PROJECT)
        template = {"template": {"template": {"containers": [{"image": IMAGE}]}}}
        made.ask("POST", f"run/v2/{JOB.rpartition('/jobs/')[0]}/jobs", template, jobId="course")
        yield made


def record(course: Course) -> Record:
    return Record(bucket.objects(course.emulator))


def started(course: Course, words: list[str], count: int) -> list[subprocess.CompletedProcess[str]]:
    """Start the tasks of an execution as Cloud Run does: the image's entry point, its arguments, variables."""
    done: list[subprocess.CompletedProcess[str]] = []
    for index in range(count):
        place = {"CLOUD_RUN_JOB": "course", "CLOUD_RUN_EXECUTION": "course-x", "CLOUD_RUN_TASK_ATTEMPT": "0"}
        place |= {"CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_COUNT": str(count)}
        environment = {**os.environ, **course.emulator.env(), **place, "PYTHONPATH": str(CHECKOUT)}
        line = [sys.executable, "-m", "coursecloud.cli.commands.course.task", *words]
        done.append(subprocess.run(
            line, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=300, check=False
        ))  # fmt: skip
    return done


@pytest.fixture
def cloud(course: Course, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have the emulator's job do its work: each start also starts the tasks that it asks for."""
    counts: list[int] = []
    start = CloudRun.start

    def begin(self: CloudRun, run: str, tasks: int, *, lift: bool) -> str:
        execution = start(self, run, tasks, lift=lift)
        told = course.ask("GET", f"run/v2/{execution}")
        counts.append(int(told["taskCount"]))
        for each in started(course, told["template"]["containers"][0]["args"], counts[-1]):
            assert each.returncode == 0, each.stdout + each.stderr
        return execution

    monkeypatch.setattr(CloudRun, "start", begin)
    return counts


def test_this_machine_works_under_leases_and_writes_the_record_that_others_read(course: Course) -> None:
    course.machine("g2")
    assert "3 of 3 groups have stopped" in course.run("stop", "--yes")
    assert course.status("g2") == "TERMINATED"
    shared = record(course)
    (name,) = shared.objects.listed("ended/")
    results = shared.results(name.removeprefix("ended/").removesuffix(".json"))
    assert {stack: result.state for stack, result in results.items()} == dict.fromkeys(GROUPS, "done")
    assert (shared.objects.listed("leases/"), shared.open()) == ({}, [])


def test_the_same_command_goes_on_with_what_another_machine_began(course: Course) -> None:
    course.machine("g1")
    asked: dict[str, Any] = {"only": [], "where": [], "failed": False, "lose": [], "to": None}
    begun = record(course).begin("stop", asked, list(GROUPS), {})
    record(course).write(begun.id, "g1", Result("done", code=0, words="elsewhere", ended=1.0), 0)
    said = course.run("stop", "--yes")
    assert "2 groups that are left of the run" in said
    assert "3 of 3 groups have stopped" in said
    assert course.status("g1") == "RUNNING", "it was settled elsewhere, so it is not done again"
    assert record(course).open() == []


def test_another_command_on_groups_that_a_runner_works_on_is_refused(course: Course) -> None:
    begun = record(course).begin("up", {}, ["g1", "g2"], {})
    elsewhere = Leases(record(course).objects, "another machine", "laptop", "`course up`")
    with elsewhere.hold("g2", lambda: None):
        assert "`course up` on laptop" in course.run("stop", "--yes", code=2)
    assert [run.id for run in record(course).open()] == [begun.id], "it is not given up"
    assert "3 of 3 groups have stopped" in course.run("stop", "--yes")
    assert record(course).open() == []


def test_the_job_does_it_and_this_machine_has_its_results_and_reasons(course: Course, cloud: list[int]) -> None:
    course.machine("g1")
    course.machine("g3")
    name = course.folder / "Pulumi.g2.yaml"
    name.write_text(name.read_text(encoding="utf-8").replace("gcp:project: mlops-g2", "gcp:project: nobodys-project"),
                    encoding="utf-8")  # fmt: skip
    said = course.run("stop", "--yes", "--engine", "cloud-run", "--at-once", "2", code=1)
    assert "course stop: 2 of 3 groups have stopped, 1 FAILED." in said, said
    assert "nobodys-project" in said
    assert course.status("g1") == course.status("g3") == "TERMINATED"
    assert cloud == [2]
    failed = Journal(course.folder).latest("stop")["g2"]
    assert failed.state == "failed"
    assert "nobodys-project" in (course.folder / ".course/logs/run-1/g2.log").read_text(encoding="utf-8")
    assert not Journal(course.folder).open()
    # What failed there is done here.
    name.write_text(name.read_text(encoding="utf-8").replace("nobodys-project", "mlops-g2"), encoding="utf-8")
    assert "1 of 1 groups have stopped" in course.run("stop", "--yes", "--failed")


def test_what_only_this_machine_has_is_beside_the_state_and_nowhere_else(course: Course, cloud: list[int]) -> None:
    (course.folder / "members.g1.yaml").write_text("- user:ada@example.com\n", encoding="utf-8")
    (course.folder / "secret").write_text("correct horse\n", encoding="utf-8")
    course.run("hand", "--only", "g1", "--passphrase-file", str(course.folder / "secret"))
    assert "a passphrase is of one stack" in course.run(
        "hand", "--passphrase-file", str(course.folder / "secret"), code=2
    )
    course.run("stop", "--yes", "--engine", "cloud-run")
    with_ada: list[str] = []
    for each in (bucket.BUCKET, STATES):
        for item in course.ask("GET", f"storage/v1/b/{each}/o").get("items", []):
            url = f"{course.emulator.url}/storage/v1/b/{each}/o/{item['name'].replace('/', '%2F')}?alt=media"
            content = requests.get(url, timeout=30).text
            if "ada@example.com" in content or "correct horse" in content:
                with_ada.append(f"{each}/{item['name']}")
    assert with_ada == [f"{STATES}/mlops-g1/.coursecloud/g1.json"]
    assert cloud == [1]
    folder = course.folder / "task"
    folder.mkdir()
    environment = course.emulator.env()
    own = handed.fetch(record(course).objects, "g1", folder, lambda: Cloud(environment, {}))
    assert own.passphrase == "correct horse"
    members = folder / "members.g1.yaml"
    assert (members.read_text(encoding="utf-8"), members.stat().st_mode & 0o777) == (
        "- user:ada@example.com\n",
        0o600,
    )


def test_a_group_whose_members_are_not_handed_over_is_refused_and_no_member_loses_access(
    course: Course, cloud: list[int]
) -> None:
    (course.folder / "members.g1.yaml").write_text("- user:ada@example.com\n", encoding="utf-8")
    course.run("hand")
    beside = f"storage/v1/b/{STATES}/o/mlops-g1%2F.coursecloud%2Fg1.json"
    assert requests.delete(f"{course.emulator.url}/{beside}", timeout=30).ok
    objects = record(course).objects
    begun = record(course).begin("stop", {}, ["g1"], {})
    (done,) = started(course, ["--record", f"gs://{bucket.BUCKET}", "--run", begun.id], 1)
    assert done.returncode == 0, done.stdout + done.stderr
    result, _ = Record(objects).result(begun.id, "g1")
    assert (result.state, "take the members' access away" in result.words) == ("refused", True)
    assert cloud == []
    given = argparse.Namespace(stack="g1", members=True, root=course.folder / "elsewhere")
    with pytest.raises(RefusedError, match="take the members' access away"):
        group.members_there(given)
    given.root = course.folder
    group.members_there(given)


def test_at_night_machines_stop_jobs_go_on_and_a_stack_file_says_no(course: Course) -> None:
    for stack in GROUPS:
        course.machine(stack)
    name = course.folder / "Pulumi.g2.yaml"
    text = name.read_text(encoding="utf-8")
    name.write_text(text.replace("{backend:", '{nightly: "no", backend:'), encoding="utf-8")
    training(course, "mlops-g3")
    course.run("hand")
    tasks = started(course, ["--record", f"gs://{bucket.BUCKET}", "--nightly"], 2)
    assert [each.returncode for each in tasks] == [0, 0], tasks[0].stdout + tasks[0].stderr
    assert [course.status(stack) for stack in GROUPS] == ["TERMINATED", "RUNNING", "TERMINATED"]
    jobs = course.ask("GET", f"aiplatform/v1/projects/mlops-g3/locations/{REGION}/customJobs")["customJobs"]
    assert jobs[0]["state"] in ("JOB_STATE_PENDING", "JOB_STATE_RUNNING"), "a training over night is meant to be one"
    results = record(course).results("night-course-x")
    assert {stack: result.state for stack, result in results.items()} == dict.fromkeys(GROUPS, "done")
    assert "says no" in results["g2"].words


def training(course: Course, project: str) -> None:
    body = {
        "displayName": "digits",
        "jobSpec": {"workerPoolSpecs": [{
            "machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1",
            "containerSpec": {"imageUri": f"{REGION}-docker.pkg.dev/{project}/images/train:v1"},
        }]},
    }  # fmt: skip
    course.ask("POST", f"aiplatform/v1/projects/{project}/locations/{REGION}/customJobs", body)


def test_down_at_night_leaves_a_group_alone_of_which_a_job_runs(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in course.emulator.env("mlops-g1").items():
        monkeypatch.setenv(key, value)
    given = argparse.Namespace(stack="g1", verb="down", night=True, root=course.folder)
    group.idle(given)
    training(course, "mlops-g1")
    with pytest.raises(RefusedError, match=r"job .* (waits|runs)"):
        group.idle(given)
    given.night = False
    group.idle(given)


def test_what_is_missing_for_cloud_run_is_said_before_anything_is_done(course: Course) -> None:
    roster = course.folder / "course.yaml"
    roster.write_text(json.dumps({"record": f"gs://{bucket.BUCKET}"}), encoding="utf-8")
    assert "which job works" in course.run("stop", "--yes", "--engine", "cloud-run", code=2)
    roster.write_text("table: groups.csv\n", encoding="utf-8")
    assert "add `record` and `job`" in course.run("stop", "--yes", "--engine", "cloud-run", code=2)
    roster.write_text(json.dumps({"record": "gs://no-such-bucket-here"}), encoding="utf-8")
    assert "nothing is begun" in course.run("stop", "--yes", code=2)
    roster.write_text(json.dumps({"record": "mlops"}), encoding="utf-8")
    assert "gs://mlops-course-runs" in course.run("stop", "--yes", code=2)
    roster.write_text(json.dumps({"record": f"gs://{bucket.BUCKET}", "job": JOB}), encoding="utf-8")
    name = course.folder / "Pulumi.g1.yaml"
    name.write_text(name.read_text(encoding="utf-8").replace("gs://", "file://"), encoding="utf-8")
    assert "share a state in Cloud Storage" in course.run("stop", "--yes", "--engine", "cloud-run", code=2)


@pytest.mark.parametrize(
    ("stacks", "at_once", "tasks"),
    [(1, 0, 1), (60, 0, 6), (500, 0, 50), (5000, 0, 100), (60, 20, 20), (3, 9, 3)],
)
def test_ten_stacks_share_a_cold_start_unless_more_are_asked_for(stacks: int, at_once: int, tasks: int) -> None:
    assert tasks_for(stacks, at_once) == tasks
