"""What Google refuses because of the state that a thing, a project or a token is in."""

from __future__ import annotations

import time
from typing import Any

import pytest
from clients import PROJECT, Google

ZONE = "europe-west1-b"
WHERE = {"project": PROJECT, "zone": ZONE}


@pytest.fixture
def machines(google: Google) -> Any:
    google.network()
    return google.client("compute", "v1").instances()


def with_disk(google: Google) -> dict[str, Any]:
    body = google.machine()
    body["disks"].append({"source": f"zones/{ZONE}/disks/data", "deviceName": "data"})
    return body


def data_disk(google: Google) -> Any:
    disks = google.client("compute", "v1").disks()
    disks.insert(**WHERE, body={"name": "data", "sizeGb": "10"}).execute()
    return disks


def reason(error: dict[str, Any]) -> tuple[int, str]:
    return error["code"], error["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("order", "told"),
    [("name", (409, "alreadyExists")), ("disk", (400, "resourceInUseByAnotherResource"))],
)
def test_of_a_machine_that_is_there_either_its_name_or_its_disk_is_told(
    machines: Any, google: Google, order: str, told: tuple[int, str]
) -> None:
    data_disk(google)
    google.emulator.use({"order": order})
    machines.insert(**WHERE, body=with_disk(google)).execute()
    before = google.emulator.remaining()
    assert reason(google.refused(machines.insert(**WHERE, body=with_disk(google)))) == told
    assert google.emulator.remaining() == before
    # Without a disk of its own there is only the name to tell.
    assert reason(google.refused(machines.insert(**WHERE, body=google.machine())))[0] == 409


def test_a_disk_is_on_one_machine_and_stays_while_it_is(machines: Any, google: Google) -> None:
    disks = data_disk(google)
    machines.insert(**WHERE, body=with_disk(google)).execute()
    second = with_disk(google) | {"name": "two"}
    used = (400, "resourceInUseByAnotherResource")
    assert reason(google.refused(machines.insert(**WHERE, body=second))) == used
    assert reason(google.refused(disks.delete(**WHERE, disk="data"))) == used
    machines.stop(**WHERE, instance="vm").execute()
    assert reason(google.refused(disks.delete(**WHERE, disk="data"))) == used
    machines.delete(**WHERE, instance="vm").execute()
    disks.delete(**WHERE, disk="data").execute()


def test_a_machine_that_is_stopping_is_told_so_until_it_has_stopped(machines: Any, google: Google) -> None:
    machines.insert(**WHERE, body=google.machine()).execute()
    google.emulator.use({"stopping": 3600})
    operation = machines.stop(**WHERE, instance="vm").execute()
    assert operation["status"] == "RUNNING"
    assert machines.get(**WHERE, instance="vm").execute()["status"] == "STOPPING"
    assert "instances" in {r["type"] for r in google.emulator.remaining() if r["bills"]}
    assert reason(google.refused(machines.start(**WHERE, instance="vm"))) == (400, "resourceNotReady")
    small = {"machineType": f"zones/{ZONE}/machineTypes/e2-small"}
    assert "stopped" in google.refused(machines.setMachineType(**WHERE, instance="vm", body=small))["message"]
    again = google.client("compute", "v1").zoneOperations().get(**WHERE, operation=operation["name"])
    assert again.execute()["status"] == "RUNNING"
    google.emulator.pass_time(hours=2)
    assert again.execute()["status"] == "DONE"
    assert machines.get(**WHERE, instance="vm").execute()["status"] == "TERMINATED"
    machines.start(**WHERE, instance="vm").execute()


def test_stopping_ends_by_itself_and_a_machine_can_go_meanwhile(machines: Any, google: Google) -> None:
    machines.insert(**WHERE, body=google.machine()).execute()
    google.emulator.use({"stopping": 0.2})
    machines.stop(**WHERE, instance="vm").execute()
    time.sleep(0.25)
    assert machines.get(**WHERE, instance="vm").execute()["status"] == "TERMINATED"
    machines.start(**WHERE, instance="vm").execute()
    machines.stop(**WHERE, instance="vm").execute()
    machines.delete(**WHERE, instance="vm").execute()
    time.sleep(0.25)
    assert google.refused(machines.get(**WHERE, instance="vm"))["code"] == 404


def test_a_spot_machine_is_preempted_and_another_is_not(machines: Any, google: Google) -> None:
    spot = {"provisioningModel": "SPOT"}
    for name, rules in (("vm", {}), ("spot", spot), ("gone", spot | {"instanceTerminationAction": "DELETE"})):
        machines.insert(**WHERE, body=google.machine(name=name, scheduling=rules)).execute()
        machines.simulateMaintenanceEvent(**WHERE, instance=name).execute()
    found = machines.list(**WHERE).execute()["items"]
    assert {m["name"]: m["status"] for m in found} == {"vm": "RUNNING", "spot": "TERMINATED"}


def test_everything_of_an_api_that_was_switched_off_is_refused_and_there_again_afterwards(
    machines: Any, google: Google
) -> None:
    machines.insert(**WHERE, body=google.machine()).execute()
    usage = google.client("serviceusage", "v1").services()
    name = f"projects/{PROJECT}/services/compute.googleapis.com"
    careful = usage.disable(name=name, body={"checkIfServiceHasUsage": "CHECK"})
    assert google.refused(careful)["status"] == "FAILED_PRECONDITION"
    usage.disable(name=name, body={"disableDependentServices": True}).execute()
    for request in (machines.get(**WHERE, instance="vm"), machines.delete(**WHERE, instance="vm")):
        error = google.refused(request)
        assert (error["code"], error["details"][0]["reason"]) == (403, "SERVICE_DISABLED")
    usage.enable(name=name, body={}).execute()
    assert machines.get(**WHERE, instance="vm").execute()["status"] == "RUNNING"


def test_what_is_in_another_project_keeps_no_api_on(machines: Any, google: Google) -> None:
    machines.insert(**WHERE, body=google.machine()).execute()
    usage = google.client("serviceusage", "v1").services()
    name = "projects/other-project/services/compute.googleapis.com"
    usage.enable(name=name, body={}).execute()
    assert usage.disable(name=name, body={"checkIfServiceHasUsage": "CHECK"}).execute()["done"]


def test_from_some_request_on_the_token_has_expired_until_somebody_logs_in(machines: Any, google: Google) -> None:
    google.emulator.use({"expires": 2})
    machines.insert(**WHERE, body=google.machine()).execute()
    machine = f"/compute/v1/projects/{PROJECT}/zones/{ZONE}/instances/vm"
    asked: list[tuple[str, str | None]] = [
        (machine, None),
        (f"{machine}/stop", ""),
        (f"/pubsub/v1/projects/{PROJECT}/topics", None),
    ]
    for path, body in asked:
        status, answer = google.ask(path, body)
        assert (status, answer["error"]["status"]) == (401, "UNAUTHENTICATED")
        assert answer["error"]["details"][0]["reason"] == "ACCESS_TOKEN_EXPIRED"
    assert google.ask("/_emulator/login", "")[0] == 200
    assert google.ask(machine)[1]["status"] == "RUNNING"


def test_keys_of_accounts_are_made_but_in_an_organization(google: Google) -> None:
    email = google.account()
    keys = google.client("iam", "v1").projects().serviceAccounts().keys()
    name = f"projects/{PROJECT}/serviceAccounts/{email}"
    made = keys.create(name=name, body={}).execute()
    assert made["privateKeyData"]
    assert [k["name"] for k in keys.list(name=name).execute()["keys"]] == [made["name"]]
    keys.delete(name=made["name"]).execute()
    assert keys.list(name=name).execute() == {"keys": []}
    google.emulator.use({"organization": True})
    assert "disableServiceAccountKeyCreation" in google.refused(keys.create(name=name, body={}))["message"]
