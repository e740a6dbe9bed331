"""Bad days: errors by scenario, operations that fail, connections that end, waiting, the command line."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from clients import PROJECT, Google, ask

from emulator.faults import OPERATION_ERRORS, Scenario
from emulator.services import ALL

ROOT = Path(__file__).resolve().parents[2]
PARENT = f"projects/{PROJECT}"


def topic(google: Google, name: str = "t-1") -> Any:
    return google.client("pubsub", "v1").projects().topics().create(name=f"{PARENT}/topics/{name}", body={})


@pytest.mark.parametrize(
    ("status", "form"),
    [
        (429, "RESOURCE_EXHAUSTED"),
        (503, "UNAVAILABLE"),
        (500, "INTERNAL"),
        (502, "UNAVAILABLE"),
        (409, "ALREADY_EXISTS"),
    ],
)
def test_a_call_fails_as_often_as_the_scenario_says_and_then_works(google: Google, status: int, form: str) -> None:
    google.emulator.use(
        {"faults": [{"match": "pubsub.projects.topics.create", "status": status, "nth": 2, "count": 2}]}
    )
    assert topic(google, "t-1").execute()
    for _ in range(2):
        error = google.refused(topic(google, "t-2"))
        assert (error["code"], error["status"]) == (status, form)
    assert topic(google, "t-2").execute()


def test_two_faults_of_one_method_count_each_for_itself(google: Google) -> None:
    faults = [{"match": "pubsub.*", "nth": 1, "status": 503}, {"match": "pubsub.*", "nth": 2, "status": 429}]
    google.emulator.use({"faults": faults})
    assert [google.refused(topic(google))["code"] for _ in range(2)] == [503, 429]
    assert topic(google).execute()


def test_a_fault_can_be_bound_to_one_resource(google: Google) -> None:
    google.emulator.use({"faults": [{"match": "*", "path": "*/topics/t-2", "status": 503, "count": 0}]})
    assert topic(google, "t-1").execute()
    assert google.refused(topic(google, "t-2"))["code"] == 503


def test_every_kind_of_write_can_go_wrong_once_by_one_rule(google: Google) -> None:
    google.emulator.use({"faults": [{"match": "*", "writes": True, "each": True, "status": 503}]})
    compute = google.client("compute", "v1")
    assert compute.networks().list(project=PROJECT).execute()
    projects = google.client("cloudresourcemanager", "v1").projects()
    assert projects.getIamPolicy(resource=PROJECT, body={}).execute()["etag"]
    network = compute.networks().insert(project=PROJECT, body={"name": "net", "autoCreateSubnetworks": False})
    for request in (topic(google), network):
        assert google.refused(request)["code"] == 503
        assert request.execute()
    assert topic(google, "t-2").execute()
    hit = {"pubsub.projects.topics.create": 1, "compute.networks.insert": 1}
    assert google.emulator.scenario.faults[0].hit == hit
    writes = [call["id"] for call in google.emulator.requests if call["write"]]
    assert set(writes) == set(hit)


def test_an_error_may_come_after_all_was_done(google: Google) -> None:
    google.emulator.use({"faults": [{"match": "pubsub.*", "status": 500, "applied": True}]})
    assert google.refused(topic(google))["code"] == 500
    assert google.refused(topic(google))["code"] == 409


@pytest.mark.parametrize(("cut", "done"), [("before", False), ("after", True)])
def test_a_connection_ends_in_the_middle_of_the_answer(google: Google, cut: str, done: bool) -> None:
    google.emulator.use({"faults": [{"match": "pubsub.*", "cut": cut}]})
    address = google.emulator.url.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(address)) as wire:
        wire.request("PUT", f"/pubsub/v1/{PARENT}/topics/t-1", body="{}")
        with wire.getresponse() as answer, pytest.raises(http.client.IncompleteRead):
            answer.read()
    assert bool(google.emulator.remaining()) is done


def test_latency_and_delay_make_answers_late(google: Google) -> None:
    google.emulator.use({"latency": 0.05, "faults": [{"match": "pubsub.*", "delay": 0.1}]})
    start = time.perf_counter()
    topic(google).execute()
    assert time.perf_counter() - start >= 0.15


@pytest.mark.parametrize(
    "code",
    ["ZONE_RESOURCE_POOL_EXHAUSTED", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "QUOTA_EXCEEDED", "GPUS_ALL_REGIONS"],
)
def test_an_operation_is_taken_on_and_comes_to_nothing(google: Google, code: str) -> None:
    google.network()
    google.emulator.use({"faults": [{"match": "compute.instances.insert", "operation": code}]})
    compute = google.client("compute", "v1")
    insert = compute.instances().insert(project=PROJECT, zone="europe-west1-b", body=google.machine())
    operation = insert.execute()
    assert operation["status"] == "DONE"
    assert operation["error"]["errors"][0]["code"] == code.replace("GPUS_ALL_REGIONS", "QUOTA_EXCEEDED")
    assert operation["httpErrorStatusCode"] == OPERATION_ERRORS[code][0]
    assert not re.search(r"{\w+}", json.dumps(operation)), "a name is not filled in"
    if code == "QUOTA_EXCEEDED":
        info = operation["error"]["errors"][0]["errorDetails"][0]["quotaInfo"]
        assert info["dimensions"] == {"region": "europe-west1"}
        assert "in region europe-west1" in operation["error"]["errors"][0]["message"]
    got = compute.zoneOperations().get(project=PROJECT, zone="europe-west1-b", operation=operation["name"]).execute()
    assert got == operation
    assert "error" not in insert.execute()


def test_a_long_running_operation_of_another_api_fails_too(google: Google) -> None:
    google.emulator.use({"faults": [{"match": "artifactregistry.*.create", "operation": "RESOURCE_EXHAUSTED"}]})
    repositories = google.client("artifactregistry", "v1").projects().locations().repositories()
    request = repositories.create(
        parent=f"{PARENT}/locations/europe-west1", repositoryId="i", body={"format": "DOCKER"}
    )
    operation = request.execute()
    assert (operation["done"], operation["error"]["code"]) == (True, 8)
    assert google.emulator.remaining() == []


def test_operations_can_take_their_time(google: Google) -> None:
    google.emulator.use({"polls": 2})
    compute = google.client("compute", "v1")
    operation = compute.networks().insert(project=PROJECT, body={"name": "net"}).execute()
    get = compute.globalOperations().get(project=PROJECT, operation=operation["name"])
    assert [operation["status"], *(get.execute()["status"] for _ in range(3))] == [
        "RUNNING",
        "RUNNING",
        "RUNNING",
        "DONE",
    ]
    slow = compute.networks().insert(project=PROJECT, body={"name": "two"}).execute()
    wait = compute.globalOperations().wait(project=PROJECT, operation=slow["name"])
    assert wait.execute()["status"] == "DONE"
    services = google.client("serviceusage", "v1")
    enable = services.services().enable(name=f"{PARENT}/services/dns.googleapis.com", body={}).execute()
    states = [enable["done"], *(services.operations().get(name=enable["name"]).execute()["done"] for _ in range(3))]
    assert states == [False, False, False, True]


MEANINGLESS: list[tuple[Any, str]] = [
    ({"faults": [{"match": "*", "sttaus": 500}]}, "unknown key ['sttaus'] in faults[0]"),
    ({"fautls": []}, "unknown key ['fautls'] in scenario"),
    ([], "scenario is []"),
    ({"faults": ["compute.*"]}, "faults[0] is 'compute.*'"),
    ({"faults": {"match": "*"}}, "faults is {'match': '*'}"),
    ({"faults": [{"status": 503}]}, "faults[0] has no `match`"),
    ({"faults": [{"match": "*", "status": "503"}]}, "status is '503'"),
    ({"faults": [{"match": "*", "status": True}]}, "status is True"),
    ({"faults": [{"match": "*", "count": -1}]}, "count is -1"),
    ({"faults": [{"match": "*", "delay": "2s"}]}, "delay is '2s'"),
    ({"faults": [{"match": "*", "cut": "middle"}]}, "cut is 'middle'; it is one of before, after"),
    ({"faults": [{"match": "*", "operation": "ZONE_FULL"}]}, "operation is 'ZONE_FULL'; it is one of ZONE_RES"),
    ({"faults": [{"match": "*", "seen": {}}]}, "unknown key ['seen']"),
    ({"latency": -1}, "latency is -1"),
    ({"latency": None}, "latency is None"),
    ({"quotas": {"GPUS_ALL_REGIONS": "none"}}, "quotas is"),
    ({"quotas": []}, "quotas is []"),
    ({"deny": ["compute.*"]}, "deny is"),
    ({"deny": {"token": "compute.*"}}, "deny is"),
    ({"polls": 1.5}, "polls is 1.5"),
]


@pytest.mark.parametrize(("raw", "words"), MEANINGLESS)
def test_a_scenario_that_means_nothing_is_an_error(raw: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Scenario.read(raw)


def test_a_scenario_can_be_given_over_http_and_tells_what_it_hit(google: Google) -> None:
    google.ask("/_emulator/scenario", json.dumps({"faults": [{"match": "pubsub.*", "status": 503}]}))
    google.refused(topic(google))
    _, told = google.ask("/_emulator/scenario")
    create = "pubsub.projects.topics.create"
    assert told["faults"] == [{"match": "pubsub.*", "seen": 1, "hit": 1, "methods": {create: 1}}]
    assert google.ask("/_emulator/scenario", '{"fautls": []}')[0] == 400


def test_the_command_serves_and_says_what_to_export(tmp_path: Path) -> None:
    scenario = tmp_path / "s.json"
    scenario.write_text('{"faults": [{"match": "pubsub.*", "status": 503}]}')
    command = [sys.executable, "-m", "emulator", "--project", PROJECT, "--scenario", str(scenario)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        # Where the tests run in the background of a shell, a child would inherit that it ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as served:
        assert served.stdout is not None
        lines = [served.stdout.readline()]
        while not lines[-1].startswith("export no_proxy"):
            lines.append(served.stdout.readline())
        found = dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
        assert found["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"] == found["EMULATOR_URL"] + "/compute/beta/"
        assert found["HTTPS_PROXY"] == found["EMULATOR_URL"]
        assert ask(found["EMULATOR_URL"], "/_emulator/remaining") == (200, [])
        served.send_signal(signal.SIGINT)
        assert "0 requests" in served.stdout.read()


def test_every_endpoint_that_is_exported_leads_to_an_api(google: Google) -> None:
    endpoints = {k: v for k, v in google.emulator.env().items() if "ENDPOINT" in k}
    assert len(endpoints) > 30
    for name, url in endpoints.items():
        service, *version = url.removeprefix(google.emulator.url).strip("/").split("/")
        assert service in ALL, name
        assert not version or version[0] in ALL[service].versions, name
