"""Cloud Run services: they scale to nothing, hold no secret value, and are public only where the stack says so."""

import json
from typing import Any

import pytest

from coursecloud.plan.planning import Plan
from tests.infra.planned import PROJECT, Planner, account, grants, of, one, roles

SERVICES = """\
coursecloud:secrets: {names: {KEY: [services]}}
coursecloud:services:
  open: {public: true, maxInstances: 3, cpu: 2, memory: 2Gi, port: 9000, timeout: 1m}
  closed: {mountedSecrets: [KEY], env: {MODE: demo}, image: 'app:1'}"""


def service(plan: Plan, name: str) -> dict[str, Any]:
    return dict(one(plan, "cloudrunv2.Service", name).inputs)


def test_every_service_scales_to_nothing_and_to_few(plan_of: Planner) -> None:
    scaling = {s.name: s.inputs["template"]["scaling"] for s in of(plan_of(SERVICES), "cloudrunv2.Service")}
    assert scaling == {
        "open": {"minInstanceCount": 0, "maxInstanceCount": 3},
        "closed": {"minInstanceCount": 0, "maxInstanceCount": 2},
    }


def test_a_service_bills_only_while_it_answers(plan_of: Planner) -> None:
    for found in of(plan_of(SERVICES), "cloudrunv2.Service"):
        (container,) = found.inputs["template"]["containers"]
        assert container["resources"]["cpuIdle"] is True


def test_only_the_service_that_says_so_is_public(plan_of: Planner) -> None:
    assert {(grant.target, grant.role) for grant in grants(plan_of(SERVICES), "allUsers")} == {
        ("unit-open", "roles/run.invoker")
    }


def test_no_service_keeps_a_destroy_from_ending(full: Plan) -> None:
    assert of(full, "cloudrunv2.Service")
    assert all(found.inputs["deletionProtection"] is False for found in of(full, "cloudrunv2.Service"))


def test_services_run_as_their_own_account_that_reads_and_no_more(plan_of: Planner) -> None:
    plan = plan_of(SERVICES)
    email = account(plan, "services").removeprefix("serviceAccount:")
    assert all(found.inputs["template"]["serviceAccount"] == email for found in of(plan, "cloudrunv2.Service"))
    assert roles(plan, "services") == {
        ("roles/logging.logWriter", PROJECT),
        ("roles/storage.objectViewer", f"{PROJECT}-unit-models"),
        ("roles/storage.bucketViewer", f"{PROJECT}-unit-models"),
        ("roles/artifactregistry.reader", "unit-docker"),
        ("roles/secretmanager.secretAccessor", "unit-KEY"),
    }


@pytest.mark.parametrize(("writes", "buckets"), [("[data]", {"data"}), ("[data, models]", {"data", "models"})])
def test_services_add_objects_where_the_stack_file_says_and_replace_none(
    plan_of: Planner, writes: str, buckets: set[str]
) -> None:
    held = roles(plan_of(f"coursecloud:services: {{demo: {{writes: {writes}}}, other: {{}}}}"), "services")
    assert {on for role, on in held if role == "roles/storage.objectCreator"} == {
        f"{PROJECT}-unit-{name}" for name in buckets
    }
    for role in ("roles/storage.objectViewer", "roles/storage.bucketViewer"):
        assert {on for each, on in held if each == role} == {f"{PROJECT}-unit-{name}" for name in buckets | {"models"}}
    assert not [role for role, _ in held if role in ("roles/storage.objectUser", "roles/storage.objectAdmin")]


def test_a_listed_secret_is_told_by_the_name_of_its_version(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:secrets: {names: {KEY: [services]}}", "coursecloud:services: {demo: {secrets: [KEY]}}")
    (container,) = service(plan, "demo")["template"]["containers"]
    variables = {variable["name"]: variable["value"] for variable in container["envs"]}
    assert variables["KEY_SECRET"] == f"projects/{PROJECT}/secrets/unit-KEY/versions/latest"
    assert variables["MODELS_BUCKET"] == f"gs://{PROJECT}-unit-models"


def test_a_variable_of_a_secret_is_one_that_a_shell_can_read(plan_of: Planner) -> None:
    config = """coursecloud:secrets: {names: {hf-token: [services]}}
coursecloud:services: {told: {secrets: [hf-token]}, mounted: {mountedSecrets: [hf-token]}}"""
    plan = plan_of(config)
    for name, variable in (("told", "hf_token_SECRET"), ("mounted", "hf_token")):
        (container,) = service(plan, name)["template"]["containers"]
        assert variable in {entry["name"] for entry in container["envs"]}


def test_a_mounted_secret_is_a_reference_and_its_service_waits_until_it_may_read(plan_of: Planner) -> None:
    plan = plan_of(SERVICES)
    (container,) = service(plan, "closed")["template"]["containers"]
    variables = {variable.pop("name"): variable for variable in map(dict, container["envs"])}
    assert variables["KEY"] == {"valueSource": {"secretKeyRef": {"secret": "unit-KEY", "version": "latest"}}}
    assert variables["MODE"] == {"value": "demo"}
    access = one(plan, "secretmanager.SecretIamMember", "services-reads-KEY")
    assert access.urn in one(plan, "cloudrunv2.Service", "closed").dependencies
    assert access.urn not in one(plan, "cloudrunv2.Service", "open").dependencies


def test_a_service_is_as_the_stack_says(plan_of: Planner) -> None:
    plan = plan_of(SERVICES)
    template = service(plan, "open")["template"]
    (container,) = template["containers"]
    assert template["timeout"] == "60s"
    assert container["ports"] == {"containerPort": 9000}
    assert container["resources"]["limits"] == {"cpu": "2", "memory": "2Gi"}
    (closed,) = service(plan, "closed")["template"]["containers"]
    assert closed["image"] == f"europe-west1-docker.pkg.dev/{PROJECT}/unit-docker/app:1"


def test_no_environment_variable_holds_a_secret(full: Plan) -> None:
    for found in of(full, "cloudrunv2.Service"):
        for container in found.inputs["template"]["containers"]:
            for variable in container["envs"]:
                assert ("valueSource" in variable) != ("value" in variable), json.dumps(variable)
                assert variable["name"] != "WANDB_API_KEY" or "value" not in variable


def test_a_service_is_reached_from_the_internet_by_whoever_may_call_it(plan_of: Planner) -> None:
    for found in of(plan_of(SERVICES), "cloudrunv2.Service"):
        assert found.inputs["ingress"] == "INGRESS_TRAFFIC_ALL"


def test_the_variables_of_a_service_come_in_one_order_whatever_the_file_has(plan_of: Planner) -> None:
    (container,) = service(plan_of("coursecloud:services: {demo: {env: {Z: z, A: a}}}"), "demo")["template"][
        "containers"
    ]
    names = [variable["name"] for variable in container["envs"]]
    assert names == ["A", "DATA_BUCKET", "MODELS_BUCKET", "Z"]


MOUNTS = """\
coursecloud:services:
  api: {volumes: {models: {}, data: {path: /app/data, write: true}}}
  report: {volumes: {data: {path: /data}, staging: {path: /in}}}
  plain: {}"""


def test_a_mounted_bucket_is_a_folder_and_read_only_unless_it_says_write(plan_of: Planner) -> None:
    template = service(plan_of(MOUNTS), "api")["template"]
    assert template["volumes"] == [
        {"name": "data", "gcs": {"bucket": f"{PROJECT}-unit-data", "readOnly": False}},
        {"name": "models", "gcs": {"bucket": f"{PROJECT}-unit-models", "readOnly": True}},
    ]
    assert template["containers"][0]["volumeMounts"] == [
        {"name": "data", "mountPath": "/app/data"},
        {"name": "models", "mountPath": "/mnt/models"},
    ]
    assert template["executionEnvironment"] == "EXECUTION_ENVIRONMENT_GEN2"


def test_services_write_the_buckets_that_one_may_write_and_read_the_others_that_are_mounted(plan_of: Planner) -> None:
    on_buckets = {(role, on) for role, on in roles(plan_of(MOUNTS), "services") if role.startswith("roles/storage")}
    assert on_buckets == {
        ("roles/storage.objectViewer", f"{PROJECT}-unit-models"),
        ("roles/storage.objectViewer", f"{PROJECT}-unit-staging"),
        ("roles/storage.objectUser", f"{PROJECT}-unit-data"),
        *(("roles/storage.bucketViewer", f"{PROJECT}-unit-{bucket}") for bucket in ("data", "models", "staging")),
    }


def test_a_service_that_mounts_waits_until_its_account_may(plan_of: Planner) -> None:
    plan = plan_of(MOUNTS)
    grants = {one(plan, "storage.BucketIAMMember", f"services-{name}").urn for name in ("read-models", "write-data")}
    assert grants <= set(one(plan, "cloudrunv2.Service", "api").dependencies)
    assert not grants & set(one(plan, "cloudrunv2.Service", "plain").dependencies)


def test_a_service_without_the_new_keys_is_as_it_was(plan_of: Planner) -> None:
    template = service(plan_of(MOUNTS), "plain")["template"]
    assert template.keys() == {"serviceAccount", "timeout", "scaling", "containers"}
    assert template["containers"][0].keys() == {"image", "ports", "resources", "envs"}


def test_a_service_is_asked_where_it_says_whether_it_is_ready_and_well(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:services: {api: {port: 8000, startupPath: /ready, livenessPath: /health}}")
    (container,) = service(plan, "api")["template"]["containers"]
    start, live = container["startupProbe"], container["livenessProbe"]
    assert (start["httpGet"], live["httpGet"]) == (
        {"path": "/ready", "port": 8000},
        {"path": "/health", "port": 8000},
    )
    # Cloud Run bounds a start by 240 s: all of it is given to a model that loads slowly.
    assert start["periodSeconds"] * start["failureThreshold"] == 240


def test_instances_that_wait_and_requests_an_instance_are_as_the_stack_file_says(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:services: {api: {minInstances: 1, concurrency: 1}}")
    template = service(plan, "api")["template"]
    assert template["scaling"] == {"minInstanceCount": 1, "maxInstanceCount": 2}
    assert template["maxInstanceRequestConcurrency"] == 1
