"""Which machines run, and starting those that do not."""

import json
from collections.abc import Iterator
from importlib.resources import files

import pytest

from coursecloud.deploy import machine_status
from tests.coursecloud import deployed
from tests.coursecloud.deployed import PLACE, Deployed

MACHINE = f"{PLACE}/instances/dev-workbench"


@pytest.fixture
def stack() -> Iterator[Deployed]:
    yield from deployed.deploy()


def statuses(stack: Deployed) -> dict[str, str]:
    return {machine.name: machine.status for machine in machine_status.running(stack.cloud, stack.resources)}


def test_a_machine_is_as_compute_engine_says(stack: Deployed) -> None:
    start = len(stack.emulator.requests)
    assert statuses(stack) == {"workbench": "RUNNING"}
    assert stack.asked(start) == ["compute.instances.list"]
    stack.cloud.call("POST", "compute", f"{MACHINE}/stop")
    assert statuses(stack) == {"workbench": "TERMINATED"}
    stack.cloud.call("DELETE", "compute", MACHINE)
    assert statuses(stack) == {"workbench": "GONE"}


def test_every_status_of_google_is_known() -> None:
    document = json.loads((files("googleapiclient") / "discovery_cache/documents/compute.v1.json").read_text())
    enum = set(document["schemas"]["Instance"]["properties"]["status"]["enum"])
    assert enum == {machine_status.RUNNING, *machine_status.VERBS, *machine_status.PASSING, "DEPROVISIONING"}


def test_what_is_not_told_is_not_known(stack: Deployed) -> None:
    stack.emulator.use({"deny": {"emulator-token": ["compute.*"]}})
    (machine,) = machine_status.running(stack.cloud, stack.resources)
    assert machine.status == "UNKNOWN"
    assert machine.unread.startswith("not read: whether dev-workbench runs: Google answers 403")


def test_a_stopped_machine_is_started_and_waited_for(stack: Deployed) -> None:
    stack.cloud.call("POST", "compute", f"{MACHINE}/stop")
    machines = machine_status.running(stack.cloud, stack.resources)
    assert [machine.stopped for machine in machines] == [True]
    stack.emulator.use({"polls": 2})
    assert machine_status.start(stack.cloud, machines) == {}
    assert statuses(stack) == {"workbench": "RUNNING"}
    assert len(stack.slept) >= 2


def test_one_that_runs_is_left_alone(stack: Deployed) -> None:
    machines = machine_status.running(stack.cloud, stack.resources)
    assert machine_status.start(stack.cloud, machines) == {}
    assert "compute.instances.start" not in stack.asked()


def test_one_that_is_stopping_is_waited_for(stack: Deployed) -> None:
    body = stack.emulator.world.resources[f"compute:{MACHINE}"].body
    body["status"] = "STOPPING"
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            body["status"] = "TERMINATED"

    assert machine_status.start(stack.cloud, machine_status.running(stack.cloud, stack.resources), sleep=sleep) == {}
    assert (len(slept), body["status"]) == (3, "RUNNING")


def test_a_zone_without_capacity_is_said_in_googles_words(stack: Deployed) -> None:
    stack.cloud.call("POST", "compute", f"{MACHINE}/stop")
    stack.emulator.use({"faults": [{"match": "compute.instances.start", "operation": "ZONE_RESOURCE_POOL_EXHAUSTED"}]})
    said = machine_status.start(stack.cloud, machine_status.running(stack.cloud, stack.resources))
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in said["workbench"]


def test_nothing_is_waited_for_without_end(stack: Deployed) -> None:
    body = stack.emulator.world.resources[f"compute:{MACHINE}"].body
    machines = machine_status.running(stack.cloud, stack.resources)
    body["status"] = "STOPPING"
    assert machine_status.start(stack.cloud, machines, seconds=0, sleep=stack.slept.append) == {
        "workbench": "it was STOPPING after 0 seconds"
    }
    body["status"] = "DEPROVISIONING"
    assert machine_status.start(stack.cloud, machines) == {
        "workbench": "it is DEPROVISIONING, from which nothing is started"
    }


def test_one_that_is_gone_is_not_started(stack: Deployed) -> None:
    machines = machine_status.running(stack.cloud, stack.resources)
    stack.cloud.call("DELETE", "compute", MACHINE)
    assert machine_status.start(stack.cloud, machines)["workbench"].startswith("Google answers 404")


def test_one_that_is_suspended_is_resumed(stack: Deployed) -> None:
    """Compute Engine refuses to start it."""
    body = stack.emulator.world.resources[f"compute:{MACHINE}"].body
    body["status"] = "SUSPENDED"
    machine_status.start(
        stack.cloud, machine_status.running(stack.cloud, stack.resources), seconds=0.5, sleep=stack.slept.append
    )
    assert "compute.instances.resume" in stack.asked()
    assert "compute.instances.start" not in stack.asked()


def test_of_a_list_without_end_no_machine_is_said_to_be_gone(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_status, "PAGES", 0)
    (machine,) = machine_status.running(stack.cloud, stack.resources)
    assert machine.status == "UNKNOWN"
    assert "only the first 0 machines" in machine.unread
