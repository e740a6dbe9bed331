"""What each edit of a stack file does to the machine and its data disk, by the real provider's word."""

import copy
import json
from typing import Any

import pytest

from tests.e2e.conftest import Project

Config = dict[str, Any]
BASE: Config = {
    "gcp:project": "rehearsal-project-1",
    "gcp:region": "europe-west4",
    "coursecloud:training": {"enabled": False},
    "coursecloud:machines": {
        "trainer": {
            "machineType": "n1-standard-4",
            "gpu": {"model": "T4"},
            "spot": True,
            "zone": "europe-west4-b",
            "startupScript": "starter/setup.sh",
        }
    },
}
EDITS: dict[str, tuple[Config, dict[str, str]]] = {
    "nothing": ({}, {}),
    "machine type": ({"machineType": "n1-standard-8"}, {"trainer": "update"}),
    "boot disk grows": ({"bootDisk": {"sizeGb": 80}}, {"trainer": "update"}),
    "data disk grows": ({"dataDisk": {"sizeGb": 40}}, {"trainer-work": "update"}),
    "data disk shrinks": ({"dataDisk": {"sizeGb": 10}}, {"trainer": "update", "trainer-work": "replace"}),
    "labels": ({"labels": {"team": "a"}}, {"trainer": "update", "trainer-work": "update"}),
    "start-up script": ({"startupScript": None, "dataDisk": {}}, {"trainer": "update"}),
    "run limit": ({"maxRun": "4h"}, {"trainer": "replace"}),
    "another GPU count": ({"gpu": {"model": "T4", "count": 2}}, {"trainer": "replace"}),
    "no GPU": ({"gpu": None, "image": "deep-learning"}, {"trainer": "replace"}),
    "not Spot": ({"spot": False, "onDemandGpu": True}, {"trainer": "replace"}),
    "zone": ({"zone": "europe-west4-c"}, {"trainer": "replace", "trainer-work": "replace"}),
    "no data disk": ({"dataDisk": None}, {"trainer": "update", "trainer-work": "delete"}),
}
"""Each edit of the machine, and what happens to which resource of it; everything else stays."""


def edited(changes: Config) -> Config:
    config = copy.deepcopy(BASE)
    config["coursecloud:machines"]["trainer"] |= changes
    return config


def operations(project: Project) -> dict[str, str]:
    steps: list[dict[str, Any]] = json.loads(project.pulumi("preview", "--json", "--stack", "x").stdout)["steps"]
    found = {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}
    return {name: op for name, op in found.items() if name != "coursecloud-x"}


@pytest.mark.long
def test_every_edit_of_a_machine_does_what_the_settings_say_and_settles(project: Project) -> None:
    project.stack_file("x", BASE)
    assert project.pulumi("stack", "init", "x").returncode == 0
    assert project.pulumi("up", "--yes", "--skip-preview", "--stack", "x").returncode == 0
    for name, (changes, expected) in EDITS.items():
        project.stack_file("x", edited(changes))
        assert {"edit": name, **operations(project)} == {"edit": name, **expected}
    # Google shrinks no boot disk in place, so nothing comes after the one that grows.
    for name in sorted(EDITS, key="boot disk grows".__eq__):
        project.stack_file("x", edited(EDITS[name][0]))
        done = project.pulumi("up", "--yes", "--skip-preview", "--stack", "x")
        assert done.returncode == 0, f"{name}: {done.stdout}"
        project.unchanged("x")
