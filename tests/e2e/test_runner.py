"""The program of whoever runs a course, with the real engine: up, no change, down to nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.course.test_program import IMAGE, NIGHT, ROSTER
from tests.e2e.conftest import Project
from tests.project import CHECKOUT

OWN = "mlops-course"


def test_the_job_and_its_night_come_and_go(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    here = project.root / "course"
    shutil.copytree(CHECKOUT / "course", here)
    if not (project.root / "coursecloud").exists():
        shutil.copytree(CHECKOUT / "coursecloud", project.root / "coursecloud")
    if not (project.root / ".venv").exists():
        (project.root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    (project.root / "autumn").mkdir()
    (project.root / "autumn/course.yaml").write_text(json.dumps(ROSTER | NIGHT), encoding="utf-8")
    world = project.emulator.world
    world.add_project(OWN, enabled=["storage.googleapis.com", "serviceusage.googleapis.com"])
    made = requests.post(
        f"{project.emulator.url}/storage/v1/b", params={"project": OWN}, json={"name": "mlops-course-state"}, timeout=30
    )
    assert made.ok, made.text
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project.root}/course-state")
    Path(project.root, "course-state").mkdir()

    def pulumi(*words: str) -> str:
        line = ["pulumi", *words, "--stack", "autumn", "--non-interactive"]
        done = subprocess.run(line, cwd=here, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    pulumi("stack", "init")
    pulumi("config", "set", "roster", "../autumn/course.yaml")
    pulumi("config", "set", "image", IMAGE)
    pulumi("up", "--yes", "--skip-preview")
    told = json.loads(pulumi("stack", "output", "--json"))
    assert told["nightly"] == "stops machines at 30 23 * * * (Europe/Copenhagen)"
    pulumi("preview", "--expect-no-changes")
    pulumi("destroy", "--yes", "--skip-preview")
    left = [each["name"] for each in project.emulator.remaining() if "mlops-course-state" not in each["name"]]
    assert left == []
