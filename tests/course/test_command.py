"""`coursecloud course` on projects of an emulator: each group by a process of its own, and what is refused."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.course.journal import Journal
from coursecloud.course.outcome import Outcome
from emulator import Emulator
from tests.project import ROOT

GROUPS = {"g1": "mlops-g1", "g2": "mlops-g2", "g3": "mlops-g3"}
ZONE, REGION = "europe-west1-b", "europe-west1"
APIS = ["aiplatform", "cloudresourcemanager", "compute", "iam", "logging", "run", "serviceusage", "storage"]

BWRAP = shutil.which("bwrap")


class Course:
    """A folder with a stack file a group, and the projects of the groups."""

    def __init__(self, folder: Path, emulator: Emulator):
        self.folder, self.emulator = folder, emulator

    def run(self, *words: str, code: int = 0, answer: str = "") -> str:
        line = ["course", *words, "--folder", str(self.folder)]
        env = {"NO_COLOR": "1", **self.emulator.env(GROUPS["g1"])}
        done = CliRunner().invoke(app, line, env=env, input=answer)
        assert done.exit_code == code, f"{done.output}{done.exception!r}"
        return done.stdout if "--json" in words or "--csv" in words else done.output

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        answer = requests.request(method, f"{self.emulator.url}/{path}", json=body, params=query, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def machine(self, stack: str) -> None:
        project = GROUPS[stack]
        where = f"compute/v1/projects/{project}"
        self.ask("POST", f"{where}/global/networks", {"name": "net", "autoCreateSubnetworks": False})
        sub = {"name": "sub", "network": "global/networks/net", "ipCidrRange": "10.0.0.0/24"}
        self.ask("POST", f"{where}/regions/{REGION}/subnetworks", sub)
        boot = {"sourceImage": "projects/debian-cloud/global/images/family/debian-12", "diskSizeGb": "20"}
        body: dict[str, Any] = {
            "name": f"{stack}-trainer",
            "machineType": f"zones/{ZONE}/machineTypes/e2-medium",
            "disks": [{"boot": True, "autoDelete": True, "initializeParams": boot}],
            "networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/sub"}],
            "labels": {"managed-by": "coursecloud", "stack": stack},
        }
        self.ask("POST", f"{where}/zones/{ZONE}/instances", body)

    def status(self, stack: str) -> str:
        return self.ask("GET", f"compute/v1/projects/{GROUPS[stack]}/zones/{ZONE}/instances/{stack}-trainer")["status"]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Course]:
    for stack, project in GROUPS.items():
        text = f"config:\n  gcp:project: {project}\n  coursecloud:lease: {{starts: 2026-11-01, ends: 2099-12-17}}\n"
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(ROOT)
    with Emulator(projects=list(GROUPS.values()), enabled=[f"{api}.googleapis.com" for api in APIS]) as emulator:
        yield Course(tmp_path, emulator)


def test_the_way_of_an_evening_is_to_look_to_stop_and_to_look_again(course: Course) -> None:
    course.machine("g2")
    told = json.loads(course.run("status", "--json"))
    running = {row["stack"]: row["running"] for row in told["groups"]}
    assert running == {"g1": [], "g2": ["g2-trainer"], "g3": []}
    assert told["headline"].startswith("3 groups: ")
    said = course.run("stop", "--yes")
    assert "course stop: 3 of 3 groups have stopped." in said
    assert course.status("g2") == "TERMINATED"
    rows = list(csv.DictReader(io.StringIO(course.run("status", "--csv"))))
    assert [row["running"] for row in rows] == ["", "", ""]
    course.run("status", "--known", "--html", str(course.folder / "course.html"))
    assert "mlops-g2" in (course.folder / "course.html").read_text(encoding="utf-8")


def test_one_group_that_google_refuses_stops_no_other_and_is_done_by_failed(course: Course) -> None:
    course.machine("g1")
    course.machine("g3")
    name = course.folder / "Pulumi.g2.yaml"
    right = name.read_text(encoding="utf-8")
    name.write_text(right.replace("mlops-g2", "nobodys-project"), encoding="utf-8")
    told = json.loads(course.run("stop", "--yes", "--json", code=1))
    assert {each["stack"]: each["state"] for each in told["groups"]} == {"g1": "done", "g2": "failed", "g3": "done"}
    assert Path(told["groups"][1]["log"]).is_file()
    assert course.status("g1") == course.status("g3") == "TERMINATED"
    assert "course stop --failed" in course.run("stop", "--yes", "--failed", code=1)
    name.write_text(right, encoding="utf-8")
    assert "1 of 1 groups have stopped" in course.run("stop", "--yes", "--failed")
    assert "no group is chosen" in course.run("stop", "--yes", "--failed", code=2)


def test_save_gives_each_group_a_folder_and_wants_no_bucket_that_is_not_there(course: Course) -> None:
    bucket = "mlops-g1-g1-data"
    course.ask("POST", "storage/v1/b", {"name": bucket, "location": REGION}, project="mlops-g1")
    url = f"{course.emulator.url}/upload/storage/v1/b/{bucket}/o"
    assert requests.post(url, params={"uploadType": "media", "name": "a"}, data=b"work", timeout=30).ok
    said = course.run("save", "--yes", "--to", str(course.folder / "saved"))
    assert "3 of 3 groups have their buckets saved" in said
    assert "NOT saved  anybody's code: it is in each group's own repository" in said
    assert (course.folder / "saved/g1/data/a").read_bytes() == b"work"
    # The folder is handed on: each group's process begins, and finds no Pulumi here.
    said = course.run("down", "--yes", code=3)
    assert "3 refused" in said
    assert "ulumi is not on PATH" in said


def test_a_dry_run_and_a_question_without_an_answer_do_nothing(course: Course) -> None:
    course.machine("g1")
    assert "3 groups, dry run" in course.run("stop", "--dry-run")
    assert "asks first" in course.run("stop", code=2)
    assert course.status("g1") == "RUNNING"
    assert not Journal(course.folder).open()
    assert "nobody is there to type it" in course.run("finish", code=2, answer="3\n")


@pytest.mark.parametrize("words", [("up", "--dry-run"), ("down", "--dry-run"), ("status", "--known"), ("plan",)])
def test_what_only_says_writes_nothing_beside_the_stack_files(course: Course, words: tuple[str, ...]) -> None:
    before = {path: path.read_bytes() for path in course.folder.rglob("*") if path.is_file()}
    course.run(*words)
    assert {path: path.read_bytes() for path in course.folder.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(
    not BWRAP or bool(subprocess.run([BWRAP, "--dev-bind", "/", "/", "true"], capture_output=True).returncode),
    reason="makes a folder that not even root can write by bubblewrap, which is not here or may not (apt install it)",
)
def test_a_journal_that_nobody_may_write_is_read(course: Course) -> None:
    journal = Journal(course.folder)
    task = journal.take(journal.begin("stop", {}, GROUPS).id, 1e12)
    assert task
    journal.settle(task, Outcome(1), "failed", tries=1)
    journal.close()
    assert not list(course.folder.glob(".course/journal.sqlite-*"))  # beside it there is nothing that reading may take
    line = [sys.executable, "-m", "coursecloud", "course", "stop", "--folder", str(course.folder)]
    bound = [str(BWRAP), "--dev-bind", "/", "/", "--ro-bind", str(course.folder), str(course.folder)]
    done = subprocess.run([*bound, *line, "--failed", "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert "1 group, dry run" in done.stdout, done.stderr


@pytest.mark.parametrize("words", [("up", "--dry-run"), ("status", "--known"), ("stop", "--yes"), ("diff",)])
def test_a_damaged_journal_is_said_with_what_to_do(course: Course, words: tuple[str, ...]) -> None:
    (course.folder / "course.yaml").write_text("groups: {g1: {project: mlops-g1}}\n")
    (course.folder / ".course").mkdir()
    (course.folder / ".course/journal.sqlite").write_text("no database")
    said = course.run(*words, code=2)
    assert ".course/journal.sqlite, the journal of the course: file is not a database" in said
    assert "can be moved away" in said


def test_finish_takes_the_number_of_groups_and_no_other(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coursecloud.cli.commands.course.asking.somebody", lambda: True)
    assert "was not confirmed" in course.run("finish", code=2, answer="2\n")
    assert "was not confirmed" in course.run("finish", code=2, answer="y\n")
    # With the number it begins; without Pulumi each group says what is missing.
    assert "0 of 3 groups are finished, 3 refused" in course.run("finish", code=3, answer="3\n")


def test_a_run_that_was_cut_off_goes_on_and_afresh_begins_anew(course: Course) -> None:
    journal = Journal(course.folder)
    key: dict[str, Any] = {"only": [], "where": [], "failed": False, "lose": [], "to": None}
    run = journal.begin("stop", key, GROUPS)
    done, cut = journal.take(run.id, 1e12), journal.take(run.id, 1e12)
    assert done
    assert cut  # its runner was killed
    journal.settle(done, Outcome(0), "done", tries=0)
    said = course.run("stop", "--yes")
    assert "2 groups that are left of the run of" in said
    assert "1 are settled" in said
    assert {each.state for each in journal.tasks(run.id)} == {"done"}
    assert "3 groups\n" in course.run("stop", "--yes", "--afresh")


def test_another_command_on_the_same_groups_waits_for_who_is_at_work_and_gives_up_what_was_cut_off(
    course: Course,
) -> None:
    journal = Journal(course.folder)
    run = journal.begin("up", {}, GROUPS)
    with journal.own(run.id):
        assert "at work on these groups already: process" in course.run("stop", "--yes", code=2)
    assert journal.open()
    course.run("stop", "--yes")
    assert not journal.open()
    assert journal.run(run.id).note == "given up for `course stop`"


def test_groups_are_chosen_by_what_their_files_say(course: Course) -> None:
    assert "  g2\n" in course.run("stop", "--dry-run", "--where", "project=*-g2")
    assert "no group is chosen" in course.run("stop", "--dry-run", "--where", "days-left<7", code=2)
    assert "days-left" in course.run("stop", "--dry-run", "--where", "days-lef=7", code=2)
    assert "there is no such group" in course.run("stop", "--dry-run", "--only", "g9", code=2)


def test_the_plan_adds_the_groups_up_and_names_the_file_with_a_mistake(course: Course) -> None:
    text = "config: {gcp:project: mlops-g3, coursecloud:leese: {}}"
    (course.folder / "Pulumi.g3.yaml").write_text(text, encoding="utf-8")
    told = json.loads(course.run("plan", "--json", code=2))
    assert told["totals"]["money"]["USD"]["groups"] == 2
    assert told["totals"]["mistakes"] == 1
    assert "leese" in told["mistakes"][0]
