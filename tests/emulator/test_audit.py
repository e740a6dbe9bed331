"""Audit logs: what is done here, and what happens by itself, is written down as Google writes it, late where asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clients import PROJECT, Google
from test_clock import LIMIT, NIGHT, PLACE, WHERE, let_agent, make

ACTIVITY = f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity"
SYSTEM = f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Fsystem_event"
PATH = f"projects/{PROJECT}/zones/europe-west1-b/instances/vm"
MACHINE = f'protoPayload.resourceName="{PATH}"'


@pytest.fixture
def machines(google: Google) -> Any:
    google.network()
    return google.client("compute", "v1").instances()


def entries(google: Google, query: str = MACHINE, **more: Any) -> list[dict[str, Any]]:
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query, "pageSize": 1000} | more
    found: list[dict[str, Any]] = google.client("logging", "v2").entries().list(body=body).execute().get("entries", [])
    return found


def said(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Method and which end of its operation."""
    ends = [(e["protoPayload"]["methodName"], e.get("operation", {})) for e in found]
    return [(m, "".join(w for w in ("first", "last") if o.get(w))) for m, o in ends]


def event(google: Google, name: str, machine: str = "vm") -> tuple[int, Any]:
    return google.ask("/_emulator/event", json.dumps({"event": name, "machine": machine}))


def test_an_operation_is_told_at_its_beginning_and_at_its_end(google: Google, machines: Any) -> None:
    made = make(machines, google)
    first, last = entries(google)
    assert said([first, last]) == [("v1.compute.instances.insert", "first"), ("v1.compute.instances.insert", "last")]
    assert first["logName"] == last["logName"] == ACTIVITY
    assert first["insertId"] != last["insertId"]
    assert first["operation"]["id"] == last["operation"]["id"]
    assert first["resource"] == {
        "type": "gce_instance",
        "labels": {"project_id": PROJECT, "zone": "europe-west1-b", "instance_id": made["id"]},
    }
    payload = first["protoPayload"]
    assert payload["authenticationInfo"]["principalEmail"] == "operator@example.com"
    assert payload["request"]["machineType"].endswith("e2-medium")
    assert payload["request"]["disks"][0]["initializeParams"]["sourceImage"].endswith("debian-12")
    assert payload["response"]["targetId"] == made["id"]
    assert last["protoPayload"]["request"] == {"@type": "type.googleapis.com/compute.instances.insert"}
    assert first["severity"] == "NOTICE"


def test_what_starts_nothing_says_so(google: Google, machines: Any) -> None:
    fault = {"match": "compute.instances.insert", "operation": "ZONE_RESOURCE_POOL_EXHAUSTED"}
    google.emulator.use({"faults": [fault]})
    machines.insert(**WHERE, body=google.machine()).execute()
    google.emulator.use({"quotas": {"CPUS_ALL_REGIONS": 0}})
    machines.insert(**WHERE, body=google.machine()).execute()
    google.emulator.use({})
    google.refused(machines.insert(**WHERE, body=google.machine(machineType="zones/europe-west1-b/machineTypes/no")))
    told = entries(google, 'severity=ERROR protoPayload.methodName:"instances.insert"')
    assert [e["protoPayload"]["status"]["message"].split(":")[0] for e in told[:2]] == [
        "ZONE_RESOURCE_POOL_EXHAUSTED",
        "QUOTA_EXCEEDED",
    ]
    assert [e.get("operation", {}).get("last") for e in told] == [True, True, None]


def test_a_stop_ends_when_the_machine_has_stopped(google: Google, machines: Any) -> None:
    make(machines, google)
    google.emulator.use({"stopping": 3600})
    machines.stop(**WHERE, instance="vm").execute()
    assert said(entries(google))[2:] == [("v1.compute.instances.stop", "first")]
    google.emulator.pass_time(hours=2)
    first, last = entries(google)[2:]
    assert (first["timestamp"] < last["timestamp"], last["operation"]["last"]) == (True, True)
    assert machines.get(**WHERE, instance="vm").execute()["lastStopTimestamp"][:19] == last["timestamp"][:19]


def test_everything_that_decides_what_a_machine_costs_is_told(google: Google, machines: Any) -> None:
    make(machines, google)
    machines.stop(**WHERE, instance="vm").execute()
    kind = {"machineType": "zones/europe-west1-b/machineTypes/e2-standard-4"}
    machines.setMachineType(**WHERE, instance="vm", body=kind).execute()
    machines.start(**WHERE, instance="vm").execute()
    google.client("compute", "v1").disks().resize(**WHERE, disk="vm", body={"sizeGb": "60"}).execute()
    google.client("compute", "v1").addresses().insert(**PLACE, body={"name": "ip"}).execute()
    machines.delete(**WHERE, instance="vm").execute()
    told = entries(google, f'logName="{ACTIVITY}" operation.first=true protoPayload.methodName!~"(networks|insert)$"')
    words = ["stop", "setMachineType", "start", "resize", "delete"]
    assert [e["protoPayload"]["methodName"].rpartition(".")[2] for e in told] == words
    assert told[1]["protoPayload"]["request"]["machineType"].endswith("e2-standard-4")
    assert told[3]["protoPayload"]["request"]["sizeGb"] == "60"
    assert told[3]["resource"]["type"] == "gce_disk"
    (address, _) = entries(google, 'protoPayload.methodName:"addresses.insert"')
    assert address["protoPayload"]["resourceName"].endswith("/regions/europe-west1/addresses/ip")
    assert entries(google)[-1]["resource"]["labels"]["instance_id"] == told[0]["resource"]["labels"]["instance_id"]


def test_what_machines_do_by_themselves_is_in_the_other_log(google: Google, machines: Any) -> None:
    spot = {"provisioningModel": "SPOT", "instanceTerminationAction": "STOP"}
    make(machines, google, scheduling=spot)
    assert event(google, "preempt") == (200, {"status": "TERMINATED"})
    machines.start(**WHERE, instance="vm").execute()
    assert event(google, "shutdown") == (200, {"status": "TERMINATED"})
    told = entries(google, f'{MACHINE} logName="{SYSTEM}"')
    names = ["compute.instances.preempted", "compute.instances.guestTerminate"]
    assert [e["protoPayload"]["methodName"] for e in told] == names
    assert [e["operation"]["producer"] for e in told] == names
    assert all(e["operation"]["first"] and e["operation"]["last"] for e in told)
    assert told[0]["operation"]["id"].startswith("systemevent-")
    assert told[0]["protoPayload"]["authenticationInfo"] == {"principalEmail": "system@google.com"}
    assert told[1]["protoPayload"]["authenticationInfo"] == {}


def test_a_host_that_fails_restarts_its_machine_elsewhere(google: Google, machines: Any) -> None:
    before = make(machines, google)["lastStartTimestamp"]
    assert event(google, "host-error") == (200, {"status": "RUNNING"})
    assert [m for m, _ in said(entries(google, f'logName="{SYSTEM}"'))] == [
        "compute.instances.hostError",
        "compute.instances.automaticRestart",
    ]
    assert machines.get(**WHERE, instance="vm").execute()["lastStartTimestamp"] > before
    machines.simulateMaintenanceEvent(**WHERE, instance="vm").execute()
    assert said(entries(google, f'logName="{SYSTEM}"'))[-1][0] == "compute.instances.migrateOnHostMaintenance"


@pytest.mark.parametrize("action", ["STOP", "DELETE"])
def test_the_end_of_a_time_limit_is_an_event_of_its_time(google: Google, machines: Any, action: str) -> None:
    made = make(machines, google, scheduling=LIMIT | {"instanceTerminationAction": action})
    google.emulator.pass_time(days=2)
    (told,) = entries(google, f'logName="{SYSTEM}"')
    assert told["protoPayload"]["methodName"] == f"compute.instances.deferred{action.capitalize()}"
    begun = made["lastStartTimestamp"]
    assert told["timestamp"][:10] >= begun[:10]
    assert (int(told["timestamp"][11:13]) - int(begun[11:13])) % 24 == 8
    assert told["timestamp"][13:19] == begun[13:19]


def test_a_schedule_acts_in_the_name_of_its_agent(google: Google, machines: Any) -> None:
    let_agent(google)
    policy = {"instanceSchedulePolicy": {"vmStopSchedule": {"schedule": "0 20 * * *"}, "timeZone": "UTC"}}
    google.client("compute", "v1").resourcePolicies().insert(**PLACE, body={"name": "night", **policy}).execute()
    make(machines, google, **NIGHT)
    google.emulator.pass_time(days=1)
    assert not entries(google, f'logName="{SYSTEM}"')
    first, last = entries(google, f'{MACHINE} protoPayload.methodName:"stop"')
    assert first["protoPayload"]["authenticationInfo"]["principalEmail"].endswith(
        "@compute-system.iam.gserviceaccount.com"
    )
    assert (first["timestamp"][11:19], last["operation"]["last"]) == ("20:00:00", True)


def test_entries_come_late_out_of_order_and_twice_where_asked(google: Google, machines: Any) -> None:
    google.emulator.use({"late": 7200, "twice": True})
    for name in ("vm", "vm2", "vm3"):
        machines.insert(**WHERE, body=google.machine(name=name)).execute()
    query = 'protoPayload.methodName:"instances.insert"'
    assert entries(google, query) == []
    google.emulator.pass_time(hours=1)
    some = entries(google, query)
    google.emulator.pass_time(hours=6)
    everything = entries(google, query)
    seen = [e["insertId"] for e in everything]
    assert 0 < len({e["insertId"] for e in some}) < len(set(seen)) == 6
    assert all(seen.count(each) == 2 for each in seen)
    older = [e["timestamp"] for e in everything if e["insertId"] not in {s["insertId"] for s in some}]
    assert min(older) < max(e["timestamp"] for e in some), "a later one was delivered before an earlier one"
    assert all(e["receiveTimestamp"] > e["timestamp"] for e in everything)


def test_filters_pages_and_order(google: Google, machines: Any) -> None:
    make(machines, google)
    machines.stop(**WHERE, instance="vm").execute()
    logs = google.client("logging", "v2").entries()
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": MACHINE, "pageSize": 3, "orderBy": "timestamp desc"}
    first = logs.list(body=body).execute()
    second = logs.list(body=body | {"pageToken": first["nextPageToken"]}).execute()
    assert "nextPageToken" not in second
    times = [e["timestamp"] for e in [*first["entries"], *second["entries"]]]
    assert (len(times), times) == (4, sorted(times, reverse=True))
    start = times[0]
    for query, many in {
        f'timestamp>="{start}"': 1,
        f'timestamp>"{start}"': 0,
        f'logName=("{ACTIVITY}" OR "{SYSTEM}") AND {MACHINE}': 4,
        f'log_id("cloudaudit.googleapis.com/activity") {MACHINE} -operation.last=true': 2,
        'resource.type="gce_instance"\nprotoPayload.methodName:"STOP"': 2,
        'protoPayload.request."@type"="type.googleapis.com/compute.instances.stop"': 2,
        'protoPayload.request.@type = type.googleapis.com/compute.instances.insert': 2,
        f'{MACHINE} protoPayload.methodName=~"(start|stop)$"': 2,
        f'({MACHINE} OR resource.type="gce_disk") NOT operation.first=true': 2,
        f'{MACHINE} protoPayload.no.such="x"': 0,
    }.items():  # fmt: skip
        assert len(entries(google, query)) == many, query


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"filter": 'a="b'}, "Unparseable filter"),
        ({"filter": "(a=b"}, "Unparseable filter"),
        ({"filter": 'timestamp>"monday"'}, "is no time"),
        ({"filter": 'resource.type=~"("'}, "no regular expression"),
        ({"orderBy": "severity"}, "order_by"),
        ({"resourceNames": []}, "resource_names"),
    ],
)
def test_what_cannot_be_read_is_refused(google: Google, machines: Any, more: dict[str, Any], why: str) -> None:
    make(machines, google)
    body = {"resourceNames": [f"projects/{PROJECT}"]} | more
    assert why in google.refused(google.client("logging", "v2").entries().list(body=body))["message"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"event": "explode", "machine": "vm"}, "there are preempt"),
        ({"event": "preempt", "machine": "vm"}, "is no Spot machine"),
        ({"event": "shutdown", "machine": "nobody"}, "0 machines are called"),
        ({"event": "shutdown"}, "it is an object such as"),
    ],
)
def test_an_event_that_cannot_be_is_refused(google: Google, machines: Any, given: dict[str, str], why: str) -> None:
    make(machines, google)
    status, answer = google.ask("/_emulator/event", json.dumps(given))
    assert (status, why in answer["error"]) == (400, True), answer


def test_services_jobs_and_endpoints_are_told_too(google: Google) -> None:
    where = f"projects/{PROJECT}/locations/europe-west1"
    services = google.client("run", "v2").projects().locations().services()
    template = {"containers": [{"image": "docker.io/library/nginx"}], "scaling": {"minInstanceCount": 1}}
    services.create(parent=where, serviceId="api", body={"template": template}).execute()
    services.patch(name=f"{where}/services/api", body={"template": template}).execute()
    vertex = google.client("aiplatform", "v1").projects().locations()
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1", "containerSpec": {"imageUri": "x"}}
    body = {"displayName": "train", "jobSpec": {"workerPoolSpecs": [pool]}}
    job = vertex.customJobs().create(parent=where, body=body).execute()
    vertex.customJobs().cancel(name=job["name"], body={}).execute()
    end = vertex.endpoints().create(parent=where, body={"displayName": "e"}).execute()["response"]["name"]
    sized = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}
    model = {"deployedModel": {"model": f"{where}/models/1", "dedicatedResources": sized}}
    deployed = vertex.endpoints().deployModel(endpoint=end, body=model).execute()["response"]["deployedModel"]
    vertex.endpoints().undeployModel(endpoint=end, body={"deployedModelId": deployed["id"]}).execute()
    services.delete(name=f"{where}/services/api").execute()
    told = entries(google, f'logName="{ACTIVITY}" -operation.last=true')
    assert [e["protoPayload"]["methodName"].removeprefix("google.cloud.") for e in told] == [
        "run.v2.Services.CreateService", "run.v2.Services.UpdateService",
        "aiplatform.v1.JobService.CreateCustomJob", "aiplatform.v1.JobService.CancelCustomJob",
        "aiplatform.v1.EndpointService.CreateEndpoint", "aiplatform.v1.EndpointService.DeployModel",
        "aiplatform.v1.EndpointService.UndeployModel", "run.v2.Services.DeleteService",
    ]  # fmt: skip
    assert told[0]["protoPayload"]["request"]["service"]["template"]["scaling"] == {"minInstanceCount": 1}
    assert told[0]["resource"]["labels"]["service_name"] == "api"
    assert told[2]["protoPayload"]["response"]["name"] == job["name"]
    assert told[2]["protoPayload"]["request"]["customJob"]["displayName"] == "train"
    assert told[3]["protoPayload"]["resourceName"].endswith(job["name"].rpartition("/")[2])
    assert told[5]["protoPayload"]["request"]["deployedModel"]["dedicatedResources"] == sized
