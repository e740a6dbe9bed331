"""The whole life of each committed stack, with the real engine and provider on the emulator."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from coursecloud.deploy import lifecycle
from coursecloud.plan.outputs import sections
from coursecloud.rehearse.calls import count
from tests import gcloud
from tests.e2e.conftest import PROJECT, Project, Record
from tests.project import CHANNEL, everything, make_channel

METHODS = Path(__file__).parent.parent / "emulator/methods.txt"
"""The API methods that lives ask for; tests/emulator calls each of them with Google's own client."""

STACKS = ["dev", *(pytest.param(stack, marks=pytest.mark.long) for stack in ("gpu", "full", "everything"))]


def protected(project: Project, stack: str) -> set[str]:
    state = json.loads(project.pulumi("stack", "export", "--stack", stack).stdout)
    resources: list[dict[str, Any]] = state["deployment"].get("resources") or []
    return {resource["urn"] for resource in resources if resource.get("protect")}


def upload(project: Project, bucket: str, name: str) -> None:
    url = f"{project.emulator.url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}"
    request = urllib.request.Request(url, data=b"42", method="POST", headers={"Authorization": "Bearer any"})  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_lives_from_its_first_morning_to_its_end(project: Project, stack: str, record_property: Record) -> None:
    if stack == "everything":
        project.stack_file(stack, everything(PROJECT))
        make_channel(project.emulator, PROJECT)
    assert lifecycle.up(project.root, stack, yes=True) == 0
    first = count(list(project.emulator.requests))
    project.unchanged(stack)
    bucket = f"{PROJECT}-{stack}-data"
    upload(project, bucket, "work.csv")
    kept = protected(project, stack)

    assert lifecycle.down(project.root, stack, yes=True) == 0
    assert protected(project, stack) == kept
    left = json.dumps(project.emulator.state())
    assert ("work.csv" in left) == bool(kept), (
        "an evening loses the objects of what is kept, or keeps those of the rest"
    )

    assert lifecycle.up(project.root, stack, yes=True) == 0
    project.unchanged(stack)
    assert ("work.csv" in json.dumps(project.emulator.state())) == bool(kept)

    assert lifecycle.finish(project.root, stack) == 0
    # A channel is whose who made it.
    assert [each for each in project.emulator.remaining() if CHANNEL not in each["name"]] == []

    asked = {call["id"] for call in project.emulator.requests if call["id"]}
    project.note(
        record_property,
        {"stack": stack, "calls of the first up": first.total, "writes": first.writes, "methods": sorted(asked)},
    )
    assert asked <= set(METHODS.read_text(encoding="utf-8").split()), "add them, each with a test in tests/emulator"


@pytest.mark.long
@gcloud.MISSING
def test_the_commands_of_the_outputs_work_on_what_up_has_made(project: Project) -> None:
    # Google switches Logging on in each project that is made in its console.
    project.emulator.world.projects[PROJECT].services.add("logging.googleapis.com")
    assert lifecycle.up(project.root, "full", yes=True) == 0
    outputs = json.loads(project.pulumi("stack", "output", "--json", "--stack", "full").stdout)
    user = gcloud.Gcloud(project.root.parent / "gcloud", project.emulator)
    (user.home / "data").mkdir(parents=True)
    (user.home / "data/measured.csv").write_text("1,2\n")
    (user.home / "models").mkdir()
    (user.home / "models/model.pt").write_text("weights")
    for name, line in [pair for section in sections(outputs["commands"]).values() for pair in section.items()]:
        if command := gcloud.runnable(name, line):
            done = user.run(command, typed="a secret\n")
            assert done.returncode == 0, f"{name}: {command}\n{done.stderr}"
    assert lifecycle.down(project.root, "full", yes=True) == 0


@pytest.mark.long
def test_a_stack_with_federation_comes_back_after_its_end(project: Project) -> None:
    # The deleted pool's id stays blocked for 30 days; the new one must be another.
    project.stack_file(
        "x",
        {"gcp:project": "rehearsal-project-1", "coursecloud:machines": {}, "coursecloud:github": {"repositoryId": 1}},
    )
    for _ in range(2):
        assert lifecycle.up(project.root, "x", yes=True) == 0
        assert lifecycle.finish(project.root, "x") == 0
    assert project.emulator.remaining() == []


@pytest.mark.long
def test_a_machine_without_capacity_comes_up_in_its_fallback_zone(project: Project) -> None:
    machine = {"zone": "europe-west1-b", "fallbackZones": ["europe-west1-c"]}
    project.stack_file("x", {"gcp:project": "rehearsal-project-1", "coursecloud:machines": {"trainer": machine}})
    fault = {
        "match": "compute.instances.insert",
        "count": 1,
        "operation": "ZONE_RESOURCE_POOL_EXHAUSTED",
    }
    project.emulator.use({"faults": [fault]})
    assert lifecycle.up(project.root, "x", yes=True) == 0
    written = (project.root / "Pulumi.x.yaml").read_text(encoding="utf-8")
    assert "zone: europe-west1-c" in written
    project.unchanged("x")
    assert lifecycle.finish(project.root, "x") == 0
    assert project.emulator.remaining() == []
