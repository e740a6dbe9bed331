"""Everything else that bills by the hour: services, jobs, endpoints, what is known by name only, what is not read."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from coursecloud.deploy.cloud import Cloud, CloudError
from coursecloud.deploy.endpoints import APIS
from coursecloud.look import look, places, shapes
from coursecloud.look.entries import unique
from coursecloud.look.kinds import Kind, kinds, known_apis, table
from tests.look.conftest import MACHINES, PROJECT, REGION, ZONE, Project, acts, change, of

PLACE = f"projects/{PROJECT}/locations/{REGION}"
SERVICE = f"//run.googleapis.com/{PLACE}/services/api"
BOX = {"image": "docker.io/library/nginx", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpuIdle": True}}


def serve(project: Project, least: int, method: str = "POST", **more: Any) -> None:
    body = {"template": {"containers": [BOX], "scaling": {"minInstanceCount": least}}, **more}
    path = f"run/v2/{PLACE}/services"
    project.ask(method, path if method == "POST" else f"{path}/api", body, **({"serviceId": "api"} if method == "POST" else {}))  # fmt: skip # noqa: E501


def test_a_service_bills_by_the_hour_by_its_least_instances(project: Project) -> None:
    serve(project, 1)
    serve(project, 2, "PATCH")
    project.ask("PATCH", f"run/v2/{PLACE}/services/api", {"scaling": {"scalingMode": "MANUAL", "manualInstanceCount": 0}}, updateMask="scaling")  # fmt: skip # noqa: E501
    seen = project.look()
    assert acts(seen, SERVICE) == ["create", "resize", "resize"]
    leasts = [each.shape.inputs["template"]["scaling"]["minInstanceCount"] for each in seen.changes if each.shape]  # type: ignore[index]
    assert leasts == [1, 2, 0]
    found = of(seen, SERVICE)
    assert (found.running, found.shape.type) == (False, "gcp:cloudrunv2/service:Service")
    assert found.shape.inputs["template"]["scaling"]["minInstanceCount"] == 0  # type: ignore[index]
    assert found.shape.inputs["template"]["containers"][0]["resources"]["limits"]["cpu"] == "1"  # type: ignore[index]
    project.ask("DELETE", f"run/v2/{PLACE}/services/api")
    assert acts(project.look(), SERVICE)[-1] == "delete"


def test_a_service_is_found_wherever_it_is_without_any_log(project: Project) -> None:
    serve(project, 1)
    seen = look(PROJECT, project.cloud(), None)
    assert of(seen, SERVICE).running
    assert (seen.changes, seen.complete_until, seen.since) == ((), None, None)
    assert [what for what, _ in seen.unread] == ["Cloud Run's and Vertex AI's other regions"]


def train(project: Project, **more: Any) -> str:
    spec = {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1}
    pool = {"machineSpec": spec, "replicaCount": "2", "containerSpec": {"imageUri": "x"}}
    body = {"displayName": "train", "jobSpec": {"workerPoolSpecs": [pool]}} | more
    return str(project.ask("POST", f"aiplatform/v1/{PLACE}/customJobs", body)["name"]).rpartition("/")[2]


def test_a_job_bills_from_its_own_start_to_its_own_end(project: Project) -> None:
    name = train(project)
    job = f"//aiplatform.googleapis.com/{PLACE}/customJobs/{name}"
    assert not of(project.look(), job).running, "a job that waits bills nothing"
    project.ask("GET", f"aiplatform/v1/{PLACE}/customJobs/{name}")
    project.emulator.pass_time(hours=1)
    running = project.look()
    found = of(running, job)
    assert (found.running, found.shape.asset) == (True, "aiplatform.googleapis.com/CustomJob")
    gpu = [{"type": "nvidia-tesla-t4", "count": 1}]
    assert found.shape.inputs["pools"] == [{"machineType": "n1-standard-4", "guestAccelerators": gpu, "count": 2}]
    assert change(running, "create", job).at == found.since
    project.ask("POST", f"aiplatform/v1/{PLACE}/customJobs/{name}:cancel", {})
    ended = project.look()
    assert acts(ended, job) == ["create", "delete"]
    assert round((change(ended, "delete", job).at - change(ended, "create", job).at).total_seconds() / 3600, 1) == 1.0
    assert not [each for each in ended.found if each.resource == job]


def test_a_job_that_was_deleted_is_told_by_the_log_alone(project: Project) -> None:
    name = train(project)
    project.ask("POST", f"aiplatform/v1/{PLACE}/customJobs/{name}:cancel", {})
    project.ask("DELETE", f"aiplatform/v1/{PLACE}/customJobs/{name}")
    seen = project.look()
    job = f"//aiplatform.googleapis.com/{PLACE}/customJobs/{name}"
    assert acts(seen, job) == ["create", "delete", "delete"]
    told = change(seen, "create", job).shape
    assert told is not None
    assert told.inputs["pools"][0]["machineType"] == "n1-standard-4"  # type: ignore[index]


def test_an_endpoint_bills_by_the_models_on_it(project: Project) -> None:
    made = project.ask("POST", f"aiplatform/v1/{PLACE}/endpoints", {"displayName": "e"})["response"]["name"]
    end = f"//aiplatform.googleapis.com/{PLACE}/endpoints/{made.rpartition('/')[2]}"
    assert project.look().found == (), "an empty endpoint is free"
    own = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}
    path = f"aiplatform/v1/{PLACE}/endpoints/{end.rpartition('/')[2]}"
    for _ in range(2):
        body = {"deployedModel": {"model": f"{PLACE}/models/1", "dedicatedResources": own}}
        project.ask("POST", f"{path}:deployModel", body)
    seen = project.look()
    models = of(seen, end).shape.inputs["deployedModels"]
    assert [(each["machineType"], each["count"]) for each in models] == [("n1-standard-2", 1)] * 2  # type: ignore[attr-defined]
    for model in list(models):  # type: ignore[call-overload]
        project.ask("POST", f"{path}:undeployModel", {"deployedModelId": model["id"]})
    assert acts(project.look(), end) == ["create", "resize", "resize", "delete"]
    project.look()


def test_regions_are_those_that_are_named_or_that_the_log_names(project: Project) -> None:
    train(project)
    asked = project.emulator.requests
    start = len(asked)
    project.look(regions=["europe-west4"])
    regional = [call["path"] for call in asked[start:] if "/customJobs?" in call["path"]]
    assert {re.search("locations/([^/]*)/", path)[1] for path in regional} == {REGION, "europe-west4"}  # type: ignore[index]


def test_what_older_looks_found_is_asked_for_where_it_was(project: Project) -> None:
    """Of a job that was begun yesterday the logs since this morning say nothing: its region has to be named."""
    job = f"//aiplatform.googleapis.com/{PLACE}/customJobs/{train(project)}"
    project.emulator.pass_time(hours=30)
    morning = project.emulator.world.time()
    assert not [each for each in project.look(morning).found if each.resource == job]
    assert places([job, f"{MACHINES}/vm"]) == {REGION}
    assert of(project.look(morning, regions=places([job])), job).resource == job


def test_a_look_is_cheap_and_only_reads(project: Project) -> None:
    project.machine()
    start = len(project.emulator.requests)
    cloud = project.cloud()
    project.look(cloud=cloud)
    made = project.emulator.requests[start:]
    assert not [call["id"] for call in made if call["write"]]
    assert cloud.calls == len(made) <= 20
    assert len([call for call in made if call["id"] == "logging.entries.list"]) == 1


def test_an_api_that_is_off_has_nothing(project: Project) -> None:
    held = project.emulator.world.projects[PROJECT]
    held.services -= {"run.googleapis.com", "aiplatform.googleapis.com"}
    try:
        seen = project.look(regions=[REGION])
    finally:
        held.services |= {"run.googleapis.com", "aiplatform.googleapis.com"}
    assert (seen.found, seen.unread) == ((), ())


def test_where_logging_is_off_it_is_said_how_to_switch_it_on(project: Project) -> None:
    held = project.emulator.world.projects[PROJECT]
    held.services.remove("logging.googleapis.com")
    try:
        unread = dict(project.look().unread)
    finally:
        held.services.add("logging.googleapis.com")
    assert any("gcloud services enable logging.googleapis.com --project=my-project" in why for why in unread.values())


def test_an_api_of_which_nothing_is_known_is_named(project: Project) -> None:
    project.emulator.world.projects[PROJECT].services.add("mysterious.googleapis.com")
    ((what, why),) = project.look().unread
    assert what == "mysterious.googleapis.com"
    assert "is not known here" in why


def test_who_may_not_look_is_told_of_what(project: Project) -> None:
    project.machine()
    project.emulator.use({"deny": {"student": ["compute.disks.list", "logging.*"]}})
    seen = project.look(cloud=project.cloud("student"), regions=[REGION])
    unread = dict(seen.unread)
    assert "403" in unread["compute.googleapis.com/Disk"]
    assert [what for what in unread if what.startswith("the audit logs since")]
    assert seen.complete_until is None
    assert of(seen).running, "what could be read is there"


def test_who_may_not_see_which_apis_are_on_still_gets_all_the_rest(project: Project) -> None:
    project.machine()
    project.emulator.use({"deny": {"student": ["serviceusage.*"]}})
    seen = project.look(cloud=project.cloud("student"), regions=[REGION])
    assert of(seen).running
    assert seen.project == project.emulator.world.projects[PROJECT].number
    assert any("which APIs are on" in what for what, _ in seen.unread)


def test_an_api_that_fails_for_ever_is_unread_and_one_that_fails_at_times_is_not(project: Project) -> None:
    project.machine()
    every = {"match": "compute.instances.aggregatedList", "status": 503, "count": 0}
    project.emulator.use({"faults": [every, {"match": "logging.entries.list", "status": 503, "count": 2}]})
    seen = project.look()
    assert [what for what, _ in seen.unread] == ["compute.googleapis.com/Instance"]
    assert acts(seen) == ["create"]
    project.emulator.use({"faults": [{"match": "*", "each": True, "status": 503, "count": 1}]})
    assert project.look().unread == ()


def test_what_was_done_in_a_way_that_is_not_known_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.machine()
    project.do("setTags", body={"items": [], "fingerprint": project.compute("GET", f"zones/{ZONE}/instances/vm")["tags"]["fingerprint"]})  # fmt: skip # noqa: E501
    assert project.look().unread == ()
    methods = table()["methods"]
    monkeypatch.setitem(methods, "nothing", [each for each in methods["nothing"] if each != "instances.setTags"])
    ((what, why),) = project.look().unread
    assert what == f"{MACHINES}/vm"
    assert "compute.instances.setTags" in why


def test_a_project_that_is_not_there_is_googles_refusal(project: Project) -> None:
    with pytest.raises(CloudError, match="403"):
        look("no-such-project", project.cloud(), project.start)


def _description(kind: Kind) -> dict[str, Any]:
    version = APIS[kind.at or kind.api].rstrip("/").rpartition("/")[2]
    name = f"{kind.api}.{version}.json"
    found: dict[str, Any] = json.loads(
        (files("googleapiclient") / "discovery_cache/documents" / name).read_text("utf-8")
    )
    return found


def _lists(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}

    def walk(part: dict[str, Any]) -> None:
        for method in part.get("methods", {}).values():
            found[method.get("flatPath", method["path"])] = method
        for inner in part.get("resources", {}).values():
            walk(inner)

    walk(described)
    return found


def _split(mask: str) -> list[str]:
    """Split a field mask at the commas outside parentheses."""
    parts, depth = [""], 0
    for letter in mask:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _check(schemas: dict[str, Any], schema: dict[str, Any], mask: str, where: str) -> list[str]:
    wrong: list[str] = []
    for each in _split(mask):
        head, paren, inner = each.partition("(")
        at: dict[str, Any] | None = schema
        for name in head.split("/"):
            while at is not None and "$ref" in at:
                at = schemas[at["$ref"]]
            if at is None:
                break
            at = at.get("additionalProperties") if name == "*" else at.get("properties", {}).get(name)
            at = at["items"] if at and at.get("type") == "array" else at
        while at is not None and "$ref" in at:
            at = schemas[at["$ref"]]
        if at is None:
            wrong.append(f"{where}: {head}")
        elif paren:
            wrong += _check(schemas, at, inner[:-1], where)
    return wrong


def test_each_kind_is_asked_for_as_googles_description_has_it() -> None:
    wrong: list[str] = []
    for kind in kinds():
        described = _description(kind)
        version = APIS[kind.at or kind.api].rstrip("/").rpartition("/")[2]
        path = re.sub(r"\{\w+\}|(?<=/)-(?=/|$)", "{}", kind.path)
        prefix = "" if kind.api == "compute" else f"{version}/"
        known = {re.sub(r"\{\+?\w+\}", "{}", name): method for name, method in _lists(described).items()}
        method = known.get(f"{prefix}{path}")
        if method is None:
            wrong.append(f"{kind.asset}: no {prefix}{path}")
            continue
        wrong += [f"{kind.asset}: no {name}" for name in kind.parameters or {} if name not in method["parameters"]]
        wrong += _check(described["schemas"], method["response"], kind.mask, kind.asset)
        for name in (kind.made, kind.since, kind.end, kind.only, kind.id, str((kind.runs or {}).get("field", ""))):
            if name and not re.search(rf"[(,/]{name}[,()]", kind.mask):
                wrong.append(f"{kind.asset}: {name} is read and not asked for")
    assert not wrong, "\n".join(wrong)


def test_a_kind_is_named_once_and_its_type_is_one_that_is_known() -> None:
    from catalog import types

    assets = [kind.asset for kind in kinds()]
    assert len(assets) == len(set(assets))
    unknown = [kind.type for kind in kinds() if kind.type and types.of(kind.type) is None]
    assert not unknown
    assert {"compute", "iam", "storage"} <= known_apis()
    assert not {kind.api for kind in kinds()} & {api for apis in table()["otherwise"].values() for api in apis}


def test_addresses_of_all_apis_are_known() -> None:
    assert not [kind.asset for kind in kinds() if (kind.at or kind.api) not in APIS]
    assert isinstance(Cloud({}, {}).calls, int)


def test_an_api_that_is_off_has_nothing_also_where_nobody_says_which_are_on(project: Project) -> None:
    project.machine()
    held = project.emulator.world.projects[PROJECT]
    held.services -= {"run.googleapis.com", "aiplatform.googleapis.com"}
    project.emulator.use({"deny": {"student": ["serviceusage.*"]}})
    try:
        seen = project.look(cloud=project.cloud("student"), regions=[REGION])
    finally:
        held.services |= {"run.googleapis.com", "aiplatform.googleapis.com"}
    assert not [what for what, _ in seen.unread if what.startswith(("run.", "aiplatform."))]


def test_a_job_that_began_before_what_is_read_is_no_change(project: Project) -> None:
    name = train(project)
    project.ask("GET", f"aiplatform/v1/{PLACE}/customJobs/{name}")
    project.emulator.pass_time(hours=1)
    seen = project.look(project.emulator.world.time(), regions=[REGION])
    job = f"//aiplatform.googleapis.com/{PLACE}/customJobs/{name}"
    assert of(seen, job).running
    assert acts(seen, job) == []


def test_a_search_runs_several_trials_at_a_time() -> None:
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "2"}
    body = {"displayName": "s", "parallelTrialCount": 3, "trialJobSpec": {"workerPoolSpecs": [pool]}}
    assert shapes.job(body, {})["pools"] == [{"machineType": "n1-standard-4", "count": 6}]


def test_an_entry_that_was_delivered_twice_is_taken_as_it_came_first() -> None:
    entry = {"logName": "l", "insertId": "x", "timestamp": "2026-11-28T10:00:00.123456789Z"}
    deliveries = [{**entry, "receiveTimestamp": f"2026-11-28T1{hour}:00:00Z"} for hour in (2, 1)]
    assert unique(deliveries) == [deliveries[1]]


def test_whoever_may_view_the_whole_project_is_refused_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = "user:bob@example.com"
    policy = {"bindings": [{"role": "roles/viewer", "members": [viewer]}]}
    project.ask("POST", f"cloudresourcemanager/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})
    monkeypatch.setattr(project.emulator, "enforce_iam", True)
    seen = project.look(cloud=project.cloud(project.emulator.token(viewer)), regions=[REGION])
    assert [each for each in seen.unread if "ermission" in str(each)] == []
    assert {call["status"] for call in project.emulator.requests if call.get("as") == viewer} == {200}
