"""Time that passes: what stops, goes or comes free by itself, and when."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from clients import PROJECT, Google

ZONE = "europe-west1-b"
WHERE = {"project": PROJECT, "zone": ZONE}
PLACE = {"project": PROJECT, "region": "europe-west1"}
LIMIT = {"maxRunDuration": {"seconds": "28800"}, "instanceTerminationAction": "STOP"}
NIGHT = {"resourcePolicies": ["regions/europe-west1/resourcePolicies/night"]}


@pytest.fixture
def machines(google: Google) -> Any:
    google.network()
    return google.client("compute", "v1").instances()


def make(machines: Any, google: Google, **more: Any) -> dict[str, Any]:
    nic: dict[str, Any] = {"subnetwork": "regions/europe-west1/subnetworks/sub", "accessConfigs": [{}]}
    machines.insert(**WHERE, body=google.machine(networkInterfaces=[nic], **more)).execute()
    return get(machines)


def get(machines: Any) -> dict[str, Any]:
    found: dict[str, Any] = machines.get(**WHERE, instance="vm").execute()
    return found


def let_agent(google: Google) -> None:
    member = f"serviceAccount:service-{google.number}@compute-system.iam.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/compute.instanceAdmin.v1", "members": [member]}]}
    google.client("cloudresourcemanager", "v1").projects().setIamPolicy(
        resource=PROJECT, body={"policy": policy}
    ).execute()


def schedule(google: Google, **when: str) -> None:
    """A schedule of its own time zone, in which the machine's agent may stop."""
    let_agent(google)
    fields = {"vmStopSchedule": "stop", "vmStartSchedule": "start"}
    body: dict[str, Any] = {f: {"schedule": when[w]} for f, w in fields.items() if w in when}
    policies = google.client("compute", "v1").resourcePolicies()
    body["timeZone"] = "Asia/Tokyo"
    policies.insert(**PLACE, body={"name": "night", "instanceSchedulePolicy": body}).execute()


def test_a_machine_stops_when_its_time_is_over_and_each_start_gives_it_the_whole_time(
    machines: Any, google: Google
) -> None:
    started = datetime.fromisoformat(make(machines, google, scheduling=LIMIT)["lastStartTimestamp"])
    google.emulator.pass_time(hours=7)
    assert get(machines)["status"] == "RUNNING"
    google.emulator.pass_time(hours=2)
    stopped = get(machines)
    assert stopped["status"] == "TERMINATED"
    assert datetime.fromisoformat(stopped["lastStopTimestamp"]) == started + timedelta(hours=8)
    assert "natIP" not in stopped["networkInterfaces"][0]["accessConfigs"][0]
    assert [r["type"] for r in google.emulator.remaining() if r["bills"]] == ["disks"]
    machines.start(**WHERE, instance="vm").execute()
    google.emulator.pass_time(hours=7)
    assert get(machines)["status"] == "RUNNING"
    google.emulator.pass_time(days=30)
    assert get(machines)["status"] == "TERMINATED"


def test_a_machine_without_a_limit_runs_on(machines: Any, google: Google) -> None:
    make(machines, google)
    google.emulator.pass_time(days=40)
    assert get(machines)["status"] == "RUNNING"


def test_a_machine_whose_limit_deletes_it_is_gone_with_its_own_disk(machines: Any, google: Google) -> None:
    make(machines, google, scheduling=LIMIT | {"instanceTerminationAction": "DELETE"})
    google.emulator.pass_time(hours=9)
    assert {r["type"] for r in google.emulator.remaining()} == {"networks", "subnetworks"}


def test_a_schedule_stops_a_machine_in_its_time_zone(machines: Any, google: Google) -> None:
    schedule(google, stop="30 23 * * *")
    make(machines, google, **NIGHT)
    google.emulator.pass_time(days=1)
    stopped = get(machines)
    assert stopped["status"] == "TERMINATED"
    when = datetime.fromisoformat(stopped["lastStopTimestamp"])
    assert (when.hour, when.minute) == (14, 30)  # Tokyo is nine hours ahead, all year


def test_a_schedule_that_also_starts_starts_it_again(machines: Any, google: Google) -> None:
    schedule(google, stop="0 20 * * *", start="0 8 * * *")
    make(machines, google, **NIGHT)
    google.emulator.pass_time(days=3)
    then = get(machines)
    hours = [datetime.fromisoformat(then[f"last{what}Timestamp"]).hour for what in ("Start", "Stop")]
    assert hours == [23, 11]


def test_a_schedule_whose_agent_lost_its_permission_stops_nothing(machines: Any, google: Google) -> None:
    schedule(google, stop="0 20 * * *")
    make(machines, google, **NIGHT)
    google.client("cloudresourcemanager", "v1").projects().setIamPolicy(
        resource=PROJECT, body={"policy": {"bindings": []}}
    ).execute()
    google.emulator.pass_time(days=2)
    assert get(machines)["status"] == "RUNNING"


def test_a_deleted_role_is_back_within_a_week_and_its_id_free_after_37_days(google: Google) -> None:
    roles, parent = google.client("iam", "v1").projects().roles(), f"projects/{PROJECT}"
    name = f"{parent}/roles/starter"
    made = {"roleId": "starter", "role": {"includedPermissions": ["compute.instances.start"]}}
    roles.create(parent=parent, body=made).execute()
    manager = google.client("cloudresourcemanager", "v1").projects()
    bound = {"policy": {"bindings": [{"role": name, "members": ["user:a@example.com"]}]}}
    manager.setIamPolicy(resource=PROJECT, body=bound).execute()
    roles.delete(name=name).execute()
    google.emulator.pass_time(days=6)
    assert roles.get(name=name).execute()["deleted"]
    manager.setIamPolicy(resource=PROJECT, body=bound).execute()  # what is bound may stay bound
    more = {"policy": {"bindings": [{"role": name, "members": ["user:a@example.com", "user:b@example.com"]}]}}
    assert "does not exist" in google.refused(manager.setIamPolicy(resource=PROJECT, body=more))["message"]
    roles.undelete(name=name, body={}).execute()
    assert "deleted" not in roles.get(name=name).execute()
    roles.delete(name=name).execute()
    google.emulator.pass_time(days=8)
    assert google.refused(roles.get(name=name))["code"] == 404
    assert google.refused(roles.undelete(name=name, body={}))["code"] == 404
    assert roles.list(parent=parent, showDeleted=True).execute() == {}
    assert "bindings" not in manager.getIamPolicy(resource=PROJECT).execute()
    blocked = google.refused(roles.create(parent=parent, body=made))
    assert (blocked["status"], "marked for deletion" in blocked["message"]) == ("FAILED_PRECONDITION", True)
    google.emulator.pass_time(days=28)
    assert "marked for deletion" in google.refused(roles.create(parent=parent, body=made))["message"]
    google.emulator.pass_time(days=2)
    assert roles.create(parent=parent, body=made).execute()["name"] == name


def test_a_deleted_pools_id_is_free_after_thirty_days(google: Google) -> None:
    pools = google.client("iam", "v1").projects().locations().workloadIdentityPools()
    parent = f"projects/{PROJECT}/locations/global"
    request = pools.create(parent=parent, workloadIdentityPoolId="github", body={})
    request.execute()
    pools.delete(name=f"{parent}/workloadIdentityPools/github").execute()
    google.emulator.pass_time(days=29)
    assert google.refused(request)["code"] == 409
    google.emulator.pass_time(days=2)
    assert request.execute()["done"]


def test_a_secret_ends_at_its_time_and_a_version_after_its_delay(google: Google) -> None:
    secrets, parent = google.client("secretmanager", "v1").projects().secrets(), f"projects/{PROJECT}"
    automatic: dict[str, Any] = {"replication": {"automatic": {}}}
    secrets.create(parent=parent, secretId="short", body=automatic | {"ttl": "864000s"}).execute()
    secrets.create(parent=parent, secretId="slow", body=automatic | {"versionDestroyTtl": "172800s"}).execute()
    for name in ("short", "slow"):
        secrets.addVersion(parent=f"{parent}/secrets/{name}", body={"payload": {"data": "c2VjcmV0"}}).execute()
    at_once = secrets.addVersion(parent=f"{parent}/secrets/short", body={"payload": {"data": "c2VjcmV0"}}).execute()
    assert secrets.versions().destroy(name=at_once["name"], body={}).execute()["destroyTime"]
    assert len([r for r in google.emulator.remaining() if r["bills"]]) == 2
    version = f"{parent}/secrets/slow/versions/1"
    held = secrets.versions().destroy(name=version, body={}).execute()
    assert (held["state"], bool(held["scheduledDestroyTime"])) == ("DISABLED", True)
    assert secrets.versions().enable(name=version, body={}).execute()["state"] == "ENABLED"
    secrets.versions().destroy(name=version, body={}).execute()
    google.emulator.pass_time(days=3)
    assert secrets.versions().get(name=version).execute()["state"] == "DESTROYED"
    assert secrets.get(name=f"{parent}/secrets/short").execute()["expireTime"]
    google.emulator.pass_time(days=8)
    assert google.refused(secrets.get(name=f"{parent}/secrets/short"))["code"] == 404


def test_a_condition_that_has_expired_lets_nobody_in(machines: Any, google: Google) -> None:
    schedule(google, stop="0 20 * * *")
    member = f"serviceAccount:service-{google.number}@compute-system.iam.gserviceaccount.com"
    due = (datetime.now().astimezone() + timedelta(days=5)).isoformat()
    condition = {"title": "lease", "expression": f'request.time < timestamp("{due}")'}
    bound = {"role": "roles/compute.instanceAdmin.v1", "members": [member], "condition": condition}
    policy = {"version": 3, "bindings": [bound]}
    google.client("cloudresourcemanager", "v1").projects().setIamPolicy(
        resource=PROJECT, body={"policy": policy}
    ).execute()
    make(machines, google, **NIGHT)
    google.emulator.pass_time(days=6)
    assert get(machines)["status"] == "TERMINATED"
    machines.start(**WHERE, instance="vm").execute()
    google.emulator.pass_time(days=2)
    assert get(machines)["status"] == "RUNNING"


def test_the_clock_is_moved_by_control_and_everything_is_made_at_its_time(google: Google) -> None:
    status, before = google.ask("/_emulator/clock")
    assert status == 200
    status, after = google.ask("/_emulator/clock", '{"days": 8, "hours": 2}')
    passed = datetime.fromisoformat(after["now"]) - datetime.fromisoformat(before["now"])
    assert (status, passed.days, passed.seconds // 3600) == (200, 8, 2)
    bucket = google.client("storage", "v1").buckets().insert(project=PROJECT, body={"name": "later"}).execute()
    assert bucket["timeCreated"] >= after["now"]


@pytest.mark.parametrize(
    "said",
    ["{}", "[]", '{"days": -1}', '{"days": 0}', '{"weeks": 1}', '{"days": "8"}', '{"days": true}', '{"days": 1e9}'],
)
def test_time_that_cannot_pass_is_refused_and_does_not(google: Google, said: str) -> None:
    before = google.emulator.world.ahead
    status, answer = google.ask("/_emulator/clock", said)
    assert (status, bool(answer["error"])) == (400, True)
    assert google.emulator.world.ahead == before


def test_a_copy_is_come_back_to_more_than_once(google: Google) -> None:
    buckets = google.client("storage", "v1").buckets()
    buckets.insert(project=PROJECT, body={"name": "kept-bucket"}).execute()
    kept = google.emulator.copy()
    for _ in range(2):
        buckets.delete(bucket="kept-bucket").execute()
        google.emulator.pass_time(days=1)
        google.emulator.restore(kept)
        assert buckets.get(bucket="kept-bucket").execute()["name"] == "kept-bucket"
        assert google.emulator.world.ahead == timedelta()
    assert json.dumps(google.emulator.state())
