"""Services with folders and probes, an alert, last words of machines and several jobs: the real engine and provider."""

import json
from typing import Any

import pytest

from coursecloud.deploy import lifecycle
from tests import gcloud
from tests.e2e.conftest import PROJECT, Project
from tests.e2e.test_life import METHODS
from tests.project import CHANNEL, make_channel

CONFIG: dict[str, Any] = {
    "gcp:project": PROJECT,
    "gcp:region": "europe-west4",
    "coursecloud:lease": {"credit": {"amount": 200}},
    "coursecloud:machines": {
        "plain": {"beforeStop": "starter/checkpoint.sh"},
        "boxed": {"beforeStop": "starter/checkpoint.sh", "spot": True, "container": {"image": "trainer"}},
    },
    "coursecloud:builds": {
        "repository": {"owner": "a-group", "name": "project"},
        "triggers": {"api": {"branch": "^main$", "dockerfile": "Dockerfile"}},
    },
    "coursecloud:training": {
        "machineType": "g2-standard-4",
        "waitForGpu": "1h",
        "env": {"WANDB_PROJECT": "mlops"},
        "atOnce": 2,
        "jobs": {"small": {"args": ["--lr", "0.1"]}, "large": {"args": ["it's"]}, "third": {}},
    },
    "coursecloud:services": {
        "api": {
            "minInstances": 1,
            "concurrency": 8,
            "port": 8000,
            "startupPath": "/ready",
            "livenessPath": "/health",
            "volumes": {"models": {}, "data": {"path": "/app/data", "write": True}},
        },
        "report": {"volumes": {"data": {}, "staging": {}}},
    },
    "coursecloud:monitoring": {"channels": [CHANNEL]},
}


@pytest.fixture
def watched(project: Project) -> Project:
    """A project with the stack file, and the channel that somebody has made once."""
    project.stack_file("watched", CONFIG)
    make_channel(project.emulator, PROJECT)
    return project


def left(project: Project) -> list[str]:
    return [each["name"] for each in project.emulator.remaining() if CHANNEL not in each["name"]]


def test_it_lives_from_its_first_morning_to_its_end(watched: Project) -> None:
    assert lifecycle.up(watched.root, "watched", yes=True) == 0
    watched.unchanged("watched")
    state = json.dumps(watched.emulator.state())
    assert "5xx" in state
    assert "shutdown-script" in state

    assert lifecycle.down(watched.root, "watched", yes=True) == 0
    assert left(watched) == []
    assert lifecycle.up(watched.root, "watched", yes=True) == 0
    watched.unchanged("watched")

    assert lifecycle.finish(watched.root, "watched") == 0
    assert left(watched) == []
    # Who made the channel keeps it.
    assert CHANNEL in json.dumps(watched.emulator.state())
    asked = {call["id"] for call in watched.emulator.requests if call["id"]}
    assert asked <= set(METHODS.read_text(encoding="utf-8").split()), "add them, each with a test in tests/emulator"


def test_each_of_it_changes_in_place_and_goes_again(watched: Project) -> None:
    without = {key: value for key, value in CONFIG.items() if key != "coursecloud:monitoring"}
    without["coursecloud:services"] = {"api": {}, "report": {}}
    without["coursecloud:machines"] = {
        name: {key: value for key, value in machine.items() if key != "beforeStop"}
        for name, machine in CONFIG["coursecloud:machines"].items()
    }
    for config in (without, CONFIG, without):
        watched.stack_file("watched", config)
        assert lifecycle.up(watched.root, "watched", yes=True) == 0
        watched.unchanged("watched")


@gcloud.MISSING
def test_all_jobs_are_submitted_two_at_a_time_by_gcloud(watched: Project) -> None:
    assert lifecycle.up(watched.root, "watched", yes=True) == 0
    outputs = json.loads(watched.pulumi("stack", "output", "--json", "--stack", "watched").stdout)
    user = gcloud.Gcloud(watched.root.parent / "gcloud", watched.emulator)
    user.home.mkdir()
    line = outputs["commands"]["train all"].replace("sleep 30", "sleep 1")
    done = user.run(line)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    jobs = watched.emulator.world.of("aiplatform", "projects/locations/customJobs")
    assert {job.body["state"] for job in jobs} == {"JOB_STATE_SUCCEEDED"}
    assert all(job.body["jobSpec"]["scheduling"]["maxWaitDuration"] == "3600s" for job in jobs)
