"""Vertex AI on the emulator: training jobs that queue and bill, endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from clients import PROJECT, Google

PARENT = f"projects/{PROJECT}"
PLACE = f"{PARENT}/locations/europe-west1"


def test_a_training_job_runs_its_course_and_bills_until_then(google: Google) -> None:
    jobs = google.client("aiplatform", "v1").projects().locations().customJobs()
    pool = {
        "machineSpec": {"machineType": "n1-standard-4"},
        "replicaCount": "1",
        "containerSpec": {"imageUri": "gcr.io/a/b"},
    }
    made = jobs.create(parent=PLACE, body={"displayName": "j", "jobSpec": {"workerPoolSpecs": [pool]}}).execute()
    assert google.emulator.remaining()[0]["bills"]
    assert "cancel" in google.refused(jobs.delete(name=made["name"]))["message"]
    states = [jobs.get(name=made["name"]).execute()["state"].removeprefix("JOB_STATE_") for _ in range(3)]
    assert states == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert not google.emulator.remaining()[0]["bills"]
    jobs.delete(name=made["name"]).execute()


@pytest.mark.parametrize(
    ("machine", "scheduling", "says"),
    [
        ({"machineType": "g2-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}, {}, ""),
        ({"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1}, {}, "T4"),
        ({"machineType": "n1-standard-4"}, {}, "without an accelerator"),
        (
            {"machineType": "g2-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1},
            {"timeout": "604801s"},
            "7 days",
        ),
    ],
)
def test_a_training_job_queues_for_some_gpus_only(
    google: Google, machine: dict[str, Any], scheduling: dict[str, str], says: str
) -> None:
    jobs = google.client("aiplatform", "v1").projects().locations().customJobs()
    pool = {"machineSpec": machine, "replicaCount": "1", "containerSpec": {"imageUri": "gcr.io/a/b"}}
    queued = {"strategy": "FLEX_START", "maxWaitDuration": "7200s", **scheduling}
    body: dict[str, Any] = {"displayName": "j", "jobSpec": {"workerPoolSpecs": [pool], "scheduling": queued}}
    create = jobs.create(parent=PLACE, body=body)
    if says:
        assert says in google.refused(create)["message"]
    else:
        assert create.execute()["jobSpec"]["scheduling"]["maxWaitDuration"] == "7200s"


def test_an_endpoint_with_a_model_on_it_stays(google: Google) -> None:
    endpoints = google.client("aiplatform", "v1").projects().locations().endpoints()
    name = endpoints.create(parent=PLACE, body={"displayName": "e"}).execute()["response"]["name"]
    kept = next(iter(google.emulator.world.of("aiplatform", "projects/locations/endpoints")))
    kept.body["deployedModels"] = [{"id": "1"}]
    assert "deployed models" in google.refused(endpoints.delete(name=name))["message"]
