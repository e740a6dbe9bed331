"""Virtual machines: made, changed, stopped, started, removed; what Google refuses of them."""

from __future__ import annotations

from typing import Any

import pytest
from clients import PROJECT, Google

ZONE = "europe-west1-b"
WHERE = {"project": PROJECT, "zone": ZONE}
T4 = [{"acceleratorType": f"zones/{ZONE}/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}]
N1 = f"zones/{ZONE}/machineTypes/n1-standard-4"


@pytest.fixture
def machines(google: Google) -> Any:
    google.network()
    return google.client("compute", "v1").instances()


def insert(machines: Any, google: Google, **more: Any) -> Any:
    return machines.insert(**WHERE, body=google.machine(**more))


def get(machines: Any, name: str = "vm") -> dict[str, Any]:
    found: dict[str, Any] = machines.get(**WHERE, instance=name).execute()
    return found


def test_a_machine_gets_what_google_gives_it(machines: Any, google: Google) -> None:
    google.account()
    account = {
        "email": "runner@my-project.iam.gserviceaccount.com",
        "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
    }
    nic: dict[str, Any] = {"subnetwork": "regions/europe-west1/subnetworks/sub", "accessConfigs": [{}]}
    insert(machines, google, serviceAccounts=[account], networkInterfaces=[nic]).execute()
    got = get(machines)
    assert got["status"] == "RUNNING"
    assert got["networkInterfaces"][0]["networkIP"] == "10.0.0.2"
    assert got["networkInterfaces"][0]["accessConfigs"][0]["natIP"]
    assert got["scheduling"]["onHostMaintenance"] == "MIGRATE"
    disk = google.client("compute", "v1").disks().get(**WHERE, disk="vm").execute()
    assert disk["users"] == [got["selfLink"]]


def test_a_stopped_machine_bills_only_its_disk_and_starts_again(machines: Any, google: Google) -> None:
    insert(machines, google).execute()
    machines.stop(**WHERE, instance="vm").execute()
    assert get(machines)["status"] == "TERMINATED"
    assert [r["type"] for r in google.emulator.remaining() if r["bills"]] == ["disks"]
    machines.start(**WHERE, instance="vm").execute()
    assert get(machines)["status"] == "RUNNING"
    assert {r["type"] for r in google.emulator.remaining() if r["bills"]} == {"disks", "instances"}


def test_a_machine_that_is_deleted_takes_its_own_disk_and_leaves_another(machines: Any, google: Google) -> None:
    disks = google.client("compute", "v1").disks()
    disks.insert(**WHERE, body={"name": "data", "sizeGb": "10"}).execute()
    insert(machines, google).execute()
    machines.attachDisk(
        **WHERE, instance="vm", body={"source": f"zones/{ZONE}/disks/data", "deviceName": "data"}
    ).execute()
    assert google.refused(disks.delete(**WHERE, disk="data"))["errors"][0]["reason"] == "resourceInUseByAnotherResource"
    insert(machines, google, name="two").execute()
    again = machines.attachDisk(**WHERE, instance="two", body={"source": f"zones/{ZONE}/disks/data"})
    assert google.refused(again)["errors"][0]["reason"] == "resourceInUseByAnotherResource"
    machines.detachDisk(**WHERE, instance="vm", deviceName="data").execute()
    machines.attachDisk(
        **WHERE, instance="vm", body={"source": f"zones/{ZONE}/disks/data", "deviceName": "data"}
    ).execute()
    machines.delete(**WHERE, instance="vm").execute()
    assert google.refused(disks.get(**WHERE, disk="vm"))["code"] == 404
    assert "users" not in disks.get(**WHERE, disk="data").execute()
    disks.delete(**WHERE, disk="data").execute()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"machineType": f"zones/{ZONE}/machineTypes/e2-mediun"}, "e2-mediun"),
        ({"disks": []}, "boot disk"),
        ({"networkInterfaces": []}, "network interface"),
        ({"networkInterfaces": [{"network": "global/networks/net"}]}, "Subnetwork should be specified"),
        ({"networkInterfaces": [{"subnetwork": "regions/europe-west1/subnetworks/none"}]}, "not found"),
        ({"scheduling": {"onHostMaintenance": "MAYBE"}}, "MAYBE"),
        ({"scheduling": {"maxRunDuration": {"seconds": "20"}, "instanceTerminationAction": "STOP"}}, "30 seconds"),
        ({"scheduling": {"maxRunDuration": {"seconds": "10368001"}, "instanceTerminationAction": "STOP"}}, "120 days"),
        ({"scheduling": {"maxRunDuration": {"seconds": "3600"}}}, "instanceTerminationAction"),
        ({"scheduling": {"provisioningModel": "SPOT", "automaticRestart": True}}, "cannot restart"),
        ({"guestAccelerators": T4}, "N1 machine types only"),
        (
            {"guestAccelerators": T4, "machineType": N1, "scheduling": {"onHostMaintenance": "MIGRATE"}},
            "live migration",
        ),
        ({"labels": {"Course Name": "x"}}, "Course Name"),
        ({"labels": {"course": "My Course"}}, "My Course"),
        ({"serviceAccounts": [{"email": "none@my-project.iam.gserviceaccount.com", "scopes": ["a"]}]}, "not found"),
        ({"metadata": {"items": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}}, "unique"),
        ({"resourcePolicies": ["regions/europe-west1/resourcePolicies/none"]}, "not found"),
    ],
)
def test_a_machine_that_google_would_not_make_is_refused_and_leaves_nothing(
    machines: Any, google: Google, change: dict[str, Any], words: str
) -> None:
    assert words in google.refused(insert(machines, google, **change))["message"]
    assert {r["type"] for r in google.emulator.remaining()} == {"networks", "subnetworks"}


def test_a_zone_that_does_not_exist_is_refused(machines: Any, google: Google) -> None:
    request = machines.insert(project=PROJECT, zone="europe-west1-z", body=google.machine())
    assert "europe-west1-z" in google.refused(request)["message"]


def test_a_gpu_that_the_zone_has_not_is_refused(machines: Any, google: Google) -> None:
    gpu = [{"acceleratorType": f"zones/{ZONE}/acceleratorTypes/nvidia-tesla-v100", "acceleratorCount": 1}]
    assert google.refused(insert(machines, google, machineType=N1, guestAccelerators=gpu))["code"] == 404


def test_without_gpu_quota_the_operation_fails_and_nothing_stays(machines: Any, google: Google) -> None:
    google.emulator.use({"quotas": {"GPUS_ALL_REGIONS": 0}})
    operation = insert(
        machines, google, machineType=N1, guestAccelerators=T4, scheduling={"onHostMaintenance": "TERMINATE"}
    )
    error = operation.execute()["error"]["errors"][0]
    assert error["code"] == "QUOTA_EXCEEDED"
    assert "GPUS_ALL_REGIONS" in error["message"]
    assert google.refused(machines.get(**WHERE, instance="vm"))["code"] == 404
    assert "disks" not in {r["type"] for r in google.emulator.remaining()}


def test_the_quota_is_used_up_by_running_machines_only(machines: Any, google: Google) -> None:
    google.emulator.use({"quotas": {"GPUS_ALL_REGIONS": 1}})
    gpu = {"machineType": N1, "guestAccelerators": T4, "scheduling": {"onHostMaintenance": "TERMINATE"}}
    assert "error" not in insert(machines, google, **gpu).execute()
    assert "error" in insert(machines, google, **gpu, name="two").execute()
    machines.stop(**WHERE, instance="vm").execute()
    assert "error" not in insert(machines, google, **gpu, name="two").execute()
    assert "error" in machines.start(**WHERE, instance="vm").execute()
    quotas = google.client("compute", "v1").projects().get(project=PROJECT).execute()["quotas"]
    assert [q for q in quotas if q["metric"] == "GPUS_ALL_REGIONS"] == [
        {"metric": "GPUS_ALL_REGIONS", "limit": 1, "usage": 1}
    ]


def test_what_needs_a_stopped_machine_is_refused_while_it_runs(machines: Any, google: Google) -> None:
    insert(machines, google).execute()
    requests = [
        machines.setMachineType(**WHERE, instance="vm", body={"machineType": f"zones/{ZONE}/machineTypes/e2-small"}),
        machines.setServiceAccount(**WHERE, instance="vm", body={}),
        machines.updateShieldedInstanceConfig(**WHERE, instance="vm", body={"enableSecureBoot": True}),
        machines.setMachineResources(**WHERE, instance="vm", body={}),
    ]
    for request in requests:
        assert "stopped" in google.refused(request)["message"]
    machines.stop(**WHERE, instance="vm").execute()
    for request in requests:
        assert request.execute()["status"] == "DONE"
    assert get(machines)["machineType"].endswith("/e2-small")
    assert get(machines)["shieldedInstanceConfig"]["enableSecureBoot"]


def test_labels_metadata_and_tags_want_the_present_fingerprint(machines: Any, google: Google) -> None:
    insert(machines, google).execute()
    old = get(machines)
    labels = {"labels": {"a": "b"}, "labelFingerprint": old["labelFingerprint"]}
    metadata = {"items": [{"key": "a", "value": "b"}], "fingerprint": old["metadata"]["fingerprint"]}
    tags = {"items": ["x"], "fingerprint": old["tags"]["fingerprint"]}
    for call, body in ((machines.setLabels, labels), (machines.setMetadata, metadata), (machines.setTags, tags)):
        call(**WHERE, instance="vm", body=body).execute()
        assert google.refused(call(**WHERE, instance="vm", body=body))["code"] == 412
    new = get(machines)
    assert (new["labels"], new["tags"]["items"], new["metadata"]["items"][0]["key"]) == ({"a": "b"}, ["x"], "a")


def test_other_changes_of_a_running_machine(machines: Any, google: Google) -> None:
    insert(machines, google).execute()
    machines.setScheduling(
        **WHERE, instance="vm", body={"automaticRestart": False, "onHostMaintenance": "TERMINATE"}
    ).execute()
    limit = {"maxRunDuration": {"seconds": "3600"}, "instanceTerminationAction": "STOP"}
    assert "stopped" in google.refused(machines.setScheduling(**WHERE, instance="vm", body=limit))["message"]
    nic = {"networkInterface": "nic0"}
    machines.addAccessConfig(**WHERE, instance="vm", **nic, body={"name": "external-nat"}).execute()
    assert get(machines)["networkInterfaces"][0]["accessConfigs"][0]["natIP"]
    machines.deleteAccessConfig(**WHERE, instance="vm", **nic, accessConfig="external-nat").execute()
    machines.setDiskAutoDelete(**WHERE, instance="vm", autoDelete=False, deviceName="persistent-disk-0").execute()
    machines.reset(**WHERE, instance="vm").execute()
    assert machines.getSerialPortOutput(**WHERE, instance="vm").execute()["contents"] == ""
    machines.setDeletionProtection(**WHERE, resource="vm", deletionProtection=True).execute()
    assert "protected" in google.refused(machines.delete(**WHERE, instance="vm"))["message"]
    machines.setDeletionProtection(**WHERE, resource="vm", deletionProtection=False).execute()
    machines.delete(**WHERE, instance="vm").execute()
    assert [r["type"] for r in google.emulator.remaining() if r["bills"]] == ["disks"]


def test_a_schedule_needs_its_agent_to_be_let_and_the_machines_region(machines: Any, google: Google) -> None:
    policies = google.client("compute", "v1").resourcePolicies()
    schedule = {"vmStopSchedule": {"schedule": "0 20 * * *"}, "timeZone": "Europe/Oslo"}
    policies.insert(
        project=PROJECT, region="europe-west1", body={"name": "night", "instanceSchedulePolicy": schedule}
    ).execute()
    night = {"resourcePolicies": ["regions/europe-west1/resourcePolicies/night"]}
    assert google.refused(insert(machines, google, **night))["code"] == 412
    manager = google.client("cloudresourcemanager", "v1").projects()
    member = f"serviceAccount:service-{google.number}@compute-system.iam.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/compute.instanceAdmin.v1", "members": [member]}]}
    manager.setIamPolicy(resource=PROJECT, body={"policy": policy}).execute()
    insert(machines, google, **night).execute()
    used = policies.delete(project=PROJECT, region="europe-west1", resourcePolicy="night")
    assert google.refused(used)["errors"][0]["reason"] == "resourceInUseByAnotherResource"
    machines.removeResourcePolicies(**WHERE, instance="vm", body=night).execute()
    machines.addResourcePolicies(**WHERE, instance="vm", body=night).execute()
    machines.removeResourcePolicies(**WHERE, instance="vm", body=night).execute()
    used.execute()


def test_a_request_id_that_comes_again_does_nothing_twice(machines: Any, google: Google) -> None:
    request = {"requestId": "6f0f1d0e-6f0f-4d0e-9f0f-1d0e6f0f1d0e"}
    first = machines.insert(**WHERE, body=google.machine(), **request).execute()
    assert machines.insert(**WHERE, body=google.machine(), **request).execute() == first
    assert google.refused(insert(machines, google))["code"] == 409
