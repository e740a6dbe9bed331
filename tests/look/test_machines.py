"""Machines: what is done to them and what they do by themselves comes out of the logs as what the ledger counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.look.conftest import MACHINES, REGION, WHERE, ZONE, Project, acts, change, of

DISKS = f"//compute.googleapis.com/{WHERE}/disks"
SPOT = {"provisioningModel": "SPOT", "instanceTerminationAction": "STOP"}


def test_a_running_machine_is_found_with_all_that_decides_its_price(project: Project) -> None:
    project.machine(scheduling=SPOT, guestAccelerators=[], labels={"managed-by": "coursecloud", "stack": "dev"})
    seen = project.look(stack="dev")
    found = of(seen)
    assert (found.running, found.declared, found.shape.type) == (True, True, "gcp:compute/instance:Instance")
    inputs = found.shape.inputs
    assert (inputs["machineType"], inputs["zone"]) == ("e2-medium", ZONE)
    assert inputs["bootDisk"] == {"initializeParams": {"size": 20, "type": "pd-standard"}}
    assert inputs["networkInterfaces"] == [{"accessConfigs": [{}]}]
    assert inputs["scheduling"]["provisioningModel"] == "SPOT"  # type: ignore[index]
    assert found.since is not None
    assert abs(found.since - seen.at) < timedelta(minutes=1)
    assert not [each for each in seen.found if "/disks/" in each.resource], "a boot disk is its machine's"
    assert seen.unread == ()
    assert seen.project == project.emulator.world.projects["my-project"].number
    assert project.look(stack="full") != seen
    assert not of(project.look(stack="full")).declared


def test_the_log_says_the_same_of_it_as_the_list(project: Project) -> None:
    project.machine()
    seen = project.look()
    made = change(seen, "create")
    assert made.incarnation == of(seen).incarnation
    assert made.by == "operator@example.com"
    assert made.shape is not None
    assert made.shape.inputs["machineType"] == "e2-medium"
    told = made.shape.inputs["bootDisk"]["initializeParams"]  # type: ignore[index]
    assert (told["size"], told["type"]) == (20, "pd-standard")  # pyright: ignore
    assert seen.complete_until is not None
    assert timedelta() < seen.at - seen.complete_until < timedelta(minutes=5)


def test_a_day_of_a_machine_in_its_order(project: Project) -> None:
    project.machine(scheduling=SPOT)
    project.emulator.pass_time(hours=1)
    project.event("preempt")
    project.emulator.pass_time(hours=1)
    project.do("start")
    project.emulator.pass_time(hours=1)
    project.event("shutdown")
    project.do("setMachineType", body={"machineType": f"zones/{ZONE}/machineTypes/e2-standard-4"})
    project.do("start")
    project.compute("DELETE", f"zones/{ZONE}/instances/vm")
    seen = project.look()
    assert acts(seen) == ["create", "stop", "start", "stop", "resize", "start", "delete"]
    mine = [each for each in seen.changes if each.resource == f"{MACHINES}/vm"]
    reasons = ["", "compute.instances.preempted", "", "compute.instances.guestTerminate", "", "", ""]
    assert [each.reason for each in mine] == reasons
    assert [each.by == "system" for each in mine] == [bool(reason) for reason in reasons]
    assert mine[4].shape is not None
    assert mine[4].shape.inputs["machineType"] == "e2-standard-4"
    assert round((mine[1].at - mine[0].at).total_seconds() / 3600, 1) == 1.0
    assert seen.found == ()
    assert len({each.id for each in seen.changes}) == len(seen.changes)


def test_the_same_name_made_anew_is_another_thing(project: Project) -> None:
    project.machine()
    project.compute("DELETE", f"zones/{ZONE}/instances/vm")
    project.machine(machineType=f"zones/{ZONE}/machineTypes/e2-standard-2")
    seen = project.look()
    first, gone, second = [each for each in seen.changes if each.resource == f"{MACHINES}/vm"]
    assert first.incarnation == gone.incarnation != second.incarnation == of(seen).incarnation


@pytest.mark.parametrize("fault", ["operation", "status"])
def test_what_came_to_nothing_starts_nothing(project: Project, fault: str) -> None:
    how = {"operation": "ZONE_RESOURCE_POOL_EXHAUSTED"} if fault == "operation" else {"status": 403, "applied": False}
    project.emulator.use({"faults": [{"match": "compute.instances.insert", **how}]})
    if fault == "operation":
        project.machine()
    else:
        with pytest.raises(AssertionError):
            project.machine()
    project.emulator.use({})
    project.machine("other")
    project.do("stop", "other")
    project.emulator.use({"quotas": {"CPUS_ALL_REGIONS": 0}})
    project.do("start", "other")
    seen = project.look()
    assert acts(seen) == []
    assert acts(seen, f"{MACHINES}/other") == ["create", "stop"], "a start without quota is none"
    assert not of(seen, f"{MACHINES}/other").running
    assert of(seen, f"{MACHINES}/other").stopped is not None


def test_a_stop_takes_effect_when_the_machine_has_stopped(project: Project) -> None:
    project.machine()
    project.emulator.use({"stopping": 1800})
    project.do("stop")
    seen = project.look()
    assert acts(seen) == ["create"]
    assert of(seen).running, "a machine that is stopping bills"
    project.emulator.pass_time(hours=1)
    later = project.look()
    gap = change(later, "stop").at - change(later, "create").at
    assert timedelta(minutes=29) < gap < timedelta(minutes=32)


def test_an_operation_without_its_end_is_said(project: Project) -> None:
    project.machine()
    project.emulator.use({"stopping": 7200})
    project.do("stop")
    assert project.look().unread == ()
    project.emulator.pass_time(hours=1)
    ((what, why),) = project.look().unread
    assert what == f"{MACHINES}/vm"
    assert "no log has its end yet" in why


@pytest.mark.parametrize("action", ["STOP", "DELETE"])
def test_the_end_of_its_time_limit(project: Project, action: str) -> None:
    project.machine(scheduling={"maxRunDuration": {"seconds": "3600"}, "instanceTerminationAction": action})
    project.emulator.pass_time(hours=2)
    seen = project.look()
    end = change(seen, {"STOP": "stop", "DELETE": "delete"}[action])
    assert abs((end.at - change(seen, "create").at).total_seconds() - 3600) < 5
    assert end.reason == f"compute.instances.deferred{action.capitalize()}"


def test_a_preempted_machine_that_is_to_go_is_gone(project: Project) -> None:
    project.machine(scheduling=SPOT | {"instanceTerminationAction": "DELETE"})
    project.event("preempt")
    assert acts(project.look()) == ["create", "delete"]


def test_a_host_that_fails_is_a_stop_and_a_start(project: Project) -> None:
    project.machine()
    project.event("host-error")
    project.event("maintenance")
    seen = project.look()
    assert acts(seen) == ["create", "stop", "start"]
    assert seen.unread == ()


def test_a_nightly_stop_is_by_the_agent(project: Project) -> None:
    number = project.emulator.world.projects["my-project"].number
    member = f"serviceAccount:service-{number}@compute-system.iam.gserviceaccount.com"
    policy = {"policy": {"bindings": [{"role": "roles/compute.instanceAdmin.v1", "members": [member]}]}}
    project.ask("POST", "cloudresourcemanager/v1/projects/my-project:setIamPolicy", policy)
    night = {"vmStopSchedule": {"schedule": "0 20 * * *"}, "timeZone": "Europe/Copenhagen"}
    project.compute("POST", f"regions/{REGION}/resourcePolicies", {"name": "night", "instanceSchedulePolicy": night})
    project.machine(resourcePolicies=[f"regions/{REGION}/resourcePolicies/night"])
    project.emulator.pass_time(days=1)
    stop = change(project.look(), "stop")
    assert (stop.at.hour, stop.at.minute, stop.reason) == (19, 0, "instance schedule")


def test_disks_beside_the_boot_disk_come_and_go_with_their_machine(project: Project) -> None:
    image = "projects/debian-cloud/global/images/family/debian-12"
    boot = {"boot": True, "autoDelete": False, "initializeParams": {"sourceImage": image, "diskSizeGb": "30"}}
    data = {"autoDelete": True, "initializeParams": {"diskName": "data", "diskSizeGb": "50", "diskType": f"zones/{ZONE}/diskTypes/pd-ssd"}}  # fmt: skip # noqa: E501
    project.machine(disks=[boot, data])
    project.compute("POST", f"zones/{ZONE}/disks", {"name": "own", "sizeGb": "100"})
    seen = project.look()
    assert of(seen, f"{DISKS}/data").shape.inputs["type"] == "pd-ssd"
    assert acts(seen, f"{DISKS}/data") == ["create"]
    assert change(seen, "create", f"{DISKS}/data").incarnation == of(seen, f"{DISKS}/data").incarnation
    assert change(seen, "create", f"{DISKS}/own").shape == of(seen, f"{DISKS}/own").shape
    project.compute("DELETE", f"zones/{ZONE}/instances/vm")
    project.compute("POST", f"zones/{ZONE}/disks/own/resize", {"sizeGb": "200"})
    later = project.look()
    assert acts(later, f"{DISKS}/data") == ["create", "delete"]
    assert acts(later, f"{DISKS}/vm") == ["create"], "a boot disk that stays is a disk from then on"
    stays = change(later, "create", f"{DISKS}/vm").shape
    assert stays is not None
    assert (stays.inputs["size"], of(later, f"{DISKS}/vm").shape.inputs["size"]) == (30, 30)
    grown = change(later, "resize", f"{DISKS}/own").shape
    assert grown is not None
    assert grown.inputs["size"] == of(later, f"{DISKS}/own").shape.inputs["size"] == 200


def test_a_boot_disk_that_grows_is_its_machine_that_grows(project: Project) -> None:
    project.machine()
    project.compute("POST", f"zones/{ZONE}/disks/vm/resize", {"sizeGb": "60"})
    seen = project.look()
    grown = change(seen, "resize")
    assert grown.shape is not None
    assert grown.shape.inputs["bootDisk"]["initializeParams"]["size"] == 60  # type: ignore[index]
    assert acts(seen, f"{DISKS}/vm") == []


def test_a_change_of_a_machine_older_than_what_is_read_says_what_changed_alone(project: Project) -> None:
    project.machine()
    project.emulator.pass_time(hours=2)
    since = project.emulator.world.time()
    project.do("stop")
    project.do("setMachineType", body={"machineType": f"zones/{ZONE}/machineTypes/e2-standard-4"})
    seen = project.look(since)
    assert acts(seen) == ["stop", "resize"]
    told = change(seen, "resize").shape
    assert told is not None
    assert told.inputs == {"machineType": "e2-standard-4"}
    assert seen.since == since


def test_what_a_machine_was_made_as_is_not_guessed_from_what_it_is(project: Project) -> None:
    """The entry with the request comes after the one of the operation's end: until then nothing says what it was."""
    project.emulator.use({"late": 3600})
    project.machine()
    project.do("stop")
    project.emulator.pass_time(hours=0.5)
    made = change(project.look(), "create")
    assert made.shape is None
    project.do("setMachineType", body={"machineType": f"zones/{ZONE}/machineTypes/e2-standard-4"})
    assert change(project.look(), "create").shape is None
    project.emulator.pass_time(hours=2)
    later = change(project.look(), "create")
    assert later.id == made.id
    assert later.shape is not None
    assert later.shape.inputs["machineType"] == "e2-medium"


def test_a_boot_disk_that_stays_says_so_also_when_that_is_said_later(project: Project) -> None:
    project.machine()
    goes = of(project.look()).shape.inputs["bootDisk"]
    assert isinstance(goes, dict)
    assert "autoDelete" not in goes
    device = project.compute("GET", f"zones/{ZONE}/instances/vm")["disks"][0]["deviceName"]
    project.do("setDiskAutoDelete", autoDelete="false", deviceName=device)
    seen = project.look()
    told = change(seen, "resize").shape
    assert told is not None
    for shape in (told, of(seen).shape):
        assert shape.inputs["bootDisk"]["autoDelete"] is False  # type: ignore[index]
    project.compute("DELETE", f"zones/{ZONE}/instances/vm")
    assert change(project.look(), "create", f"{DISKS}/vm").shape == of(project.look(), f"{DISKS}/vm").shape


def test_a_machine_on_a_disk_of_another_name_is_as_large_as_that(project: Project) -> None:
    project.compute("POST", f"zones/{ZONE}/disks", {"name": "own", "sizeGb": "100"})
    source = f"{WHERE}/disks/own"
    project.machine(disks=[{"boot": True, "autoDelete": False, "source": source}])
    seen = project.look()
    boot = {"initializeParams": {"size": 100, "type": "pd-standard"}, "autoDelete": False, "source": "own"}
    made = change(seen, "create").shape
    assert made is not None
    assert (made.inputs["bootDisk"], of(seen).shape.inputs["bootDisk"]) == (boot, boot)


def test_an_address_that_a_running_machine_uses_is_not_counted_twice(project: Project) -> None:
    project.compute("POST", f"regions/{REGION}/addresses", {"name": "ip"})
    name = f"//compute.googleapis.com/projects/my-project/regions/{REGION}/addresses/ip"
    seen = project.look()
    assert of(seen, name).running
    assert change(seen, "create", name).shape is not None
    project.emulator.world.get("compute", name.removeprefix("//compute.googleapis.com/")).body["users"] = [  # type: ignore[union-attr]
        f"https://www.googleapis.com/compute/v1/{WHERE}/instances/vm"
    ]
    project.machine()
    assert not of(project.look(), name).running
    project.do("stop")
    assert of(project.look(), name).running


def test_late_and_doubled_entries_come_to_the_same_in_the_end(project: Project) -> None:
    project.emulator.use({"late": 7200, "twice": True})
    project.machine()
    project.do("stop")
    project.do("start")
    assert project.look().changes == ()
    project.emulator.pass_time(hours=1)
    part = project.look()
    project.emulator.pass_time(hours=6)
    whole = project.look()
    assert acts(whole) == ["create", "stop", "start"]
    assert {each.id for each in part.changes} <= {each.id for each in whole.changes}
    assert whole.complete_until is not None
    assert whole.at - whole.complete_until >= timedelta(hours=1), "what came late today may still be coming"
    assert whole == project.look() or whole.changes == project.look().changes
