"""Vertex AI: identities with the roles they need, and a job that a command submits."""

import json
from typing import Any

from coursecloud.plan.planning import Plan
from tests.infra.planned import PROJECT, Planner, names, of, one, roles

SECRETS = "coursecloud:secrets: {names: {KEY: [training], OTHER: [machines]}}"
TRAINING = "coursecloud:training: "


def job(plan: Plan) -> dict[str, Any]:
    found = plan.outputs["training"]["job"]
    return json.loads(found) if isinstance(found, str) else found


def test_training_reads_data_writes_models_and_no_more(plan_of: Planner) -> None:
    assert roles(plan_of(SECRETS), "training") == {
        ("roles/aiplatform.user", PROJECT),
        ("roles/logging.logWriter", PROJECT),
        ("roles/storage.objectUser", f"{PROJECT}-unit-models"),
        ("roles/storage.objectUser", f"{PROJECT}-unit-staging"),
        ("roles/storage.objectViewer", f"{PROJECT}-unit-data"),
        *(("roles/storage.bucketViewer", f"{PROJECT}-unit-{name}") for name in ("data", "models", "staging")),
        ("roles/artifactregistry.reader", "unit-docker"),
        ("roles/secretmanager.secretAccessor", "unit-KEY"),
    }


def test_prediction_reads_models_and_writes_nothing_but_its_log(plan_of: Planner) -> None:
    assert roles(plan_of(TRAINING + "{prediction: true}"), "prediction") == {
        ("roles/logging.logWriter", PROJECT),
        ("roles/storage.objectViewer", f"{PROJECT}-unit-models"),
        ("roles/artifactregistry.reader", "unit-docker"),
    }


def test_there_is_no_prediction_account_and_no_endpoint_unless_asked_for(dev: Plan) -> None:
    assert "prediction-account" not in names(dev, "serviceaccount.Account")
    assert names(dev, "vertex.AiEndpoint") == set()


def test_an_endpoint_comes_with_the_account_that_serves(plan_of: Planner) -> None:
    plan = plan_of(TRAINING + "{endpoint: true, region: europe-west4}")
    assert "prediction-account" in names(plan, "serviceaccount.Account")
    assert one(plan, "vertex.AiEndpoint", "endpoint").inputs["location"] == "europe-west4"


def test_no_training_means_no_account_and_no_output(plan_of: Planner) -> None:
    plan = plan_of(TRAINING + "{enabled: false}")
    assert names(plan, "serviceaccount.Account") == {"machines-account"}
    assert "training" not in plan.outputs


def test_nothing_that_bills_runs_because_of_training(dev: Plan) -> None:
    assert not of(dev, "vertex.AiIndex")
    assert not [resource for resource in dev.custom if resource.type.startswith("gcp:vertex/")]


def test_the_job_runs_as_the_account_of_training_with_an_end(plan_of: Planner) -> None:
    spec = job(plan_of(TRAINING + "{timeout: 90m}"))
    assert spec["serviceAccount"] == f"unit-training@{PROJECT}.iam.gserviceaccount.com"
    assert spec["scheduling"] == {"timeout": "5400s"}
    assert spec["baseOutputDirectory"]["outputUriPrefix"] == f"gs://{PROJECT}-unit-models/jobs"


def test_the_job_has_the_machine_gpu_and_price_that_the_stack_says(plan_of: Planner) -> None:
    text = (
        "{machineType: n1-standard-8, gpu: {model: t4, count: 2}, spot: true, image: docker.io/a/b:1, args: [--fast]}"
    )
    spec = job(plan_of("gcp:region: europe-west4", TRAINING + text))
    (pool,) = spec["workerPoolSpecs"]
    assert pool["machineSpec"] == {
        "machineType": "n1-standard-8",
        "acceleratorType": "NVIDIA_TESLA_T4",
        "acceleratorCount": 2,
    }
    assert pool["replicaCount"] == 1
    assert pool["containerSpec"]["imageUri"] == "docker.io/a/b:1"
    assert pool["containerSpec"]["args"] == ["--fast"]
    assert spec["scheduling"]["strategy"] == "SPOT"


def test_the_job_names_its_secrets_and_holds_no_value(plan_of: Planner) -> None:
    (pool,) = job(plan_of(SECRETS))["workerPoolSpecs"]
    env = {entry["name"]: entry["value"] for entry in pool["containerSpec"]["env"]}
    assert env == {
        "DATA_BUCKET": f"gs://{PROJECT}-unit-data",
        "MODELS_BUCKET": f"gs://{PROJECT}-unit-models",
        "KEY_SECRET": f"projects/{PROJECT}/secrets/unit-KEY/versions/latest",
    }


def test_a_gpu_newer_than_the_tables_is_passed_on_in_vertex_ais_spelling(plan_of: Planner) -> None:
    text = "{machineType: n1-standard-8, gpu: {model: nvidia-z9-x}}"
    plan = plan_of("coursecloud:allow: {gpus: [nvidia-z9-x]}", TRAINING + text)
    (pool,) = job(plan)["workerPoolSpecs"]
    assert pool["machineSpec"]["acceleratorType"] == "NVIDIA_Z9_X"


def test_a_plain_job_asks_for_no_gpu_no_spot_and_no_arguments(plan_of: Planner) -> None:
    spec = job(plan_of())
    (pool,) = spec["workerPoolSpecs"]
    assert pool["machineSpec"] == {"machineType": "e2-standard-4"}
    assert set(pool["containerSpec"]) == {"imageUri", "env"}
    assert spec["scheduling"] == {"timeout": f"{4 * 3600}s"}


def test_with_a_gpu_and_no_machine_type_a_job_runs_on_one_that_takes_gpus(plan_of: Planner) -> None:
    (pool,) = job(plan_of(TRAINING + "{gpu: {model: T4}}"))["workerPoolSpecs"]
    assert pool["machineSpec"]["machineType"] == "n1-standard-4"


def test_an_endpoint_is_named_labelled_and_placed_by_the_stack(plan_of: Planner) -> None:
    endpoint = one(plan_of(TRAINING + "{endpoint: true}"), "vertex.AiEndpoint", "endpoint").inputs
    assert endpoint["displayName"] == "unit-endpoint"
    assert endpoint["location"] == endpoint["region"] == "europe-west1"
    assert endpoint["labels"]["component"] == "training"
