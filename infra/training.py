"""Vertex AI: the identities of training and prediction, where jobs stage, and the job that a command submits.

Deliberately absent: the job itself. A job runs once and bills while it runs; it is submitted by a command of
the outputs, not by every `pulumi up`.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from pulumi_gcp import vertex

from catalog import tables
from infra.component import Component, Place
from infra.registry import full_image
from infra.settings.training import Training as TrainingSettings
from infra.stores import Stores, environment

VERTEX_GPU = str.maketrans("abcdefghijklmnopqrstuvwxyz-", "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
"""Vertex AI writes nvidia-tesla-t4 as NVIDIA_TESLA_T4."""


class Training(Component):
    """Service accounts for training (and prediction, if asked for) with the roles that they need."""

    def __init__(
        self,
        place: Place,
        settings: TrainingSettings,
        *,
        stores: Stores,
    ):
        super().__init__("training", place)
        self.region = settings.region or place.region
        self.account = self.service_account("training", purpose="Vertex AI training jobs")
        # Experiments, TensorBoard and model upload from inside a job; the log of a job is written for it.
        self.grant_project("training", self.account, ["roles/aiplatform.user", "roles/logging.logWriter"])
        stores.storage.grant(
            "training-uses", self.account.member, "roles/storage.objectUser", "models", "staging", under=self
        )
        stores.storage.grant("training-reads", self.account.member, "roles/storage.objectViewer", "data", under=self)
        stores.storage.grant_seeing("training", self.account.member, "data", "models", "staging", under=self)
        stores.registry.grant("training-reads", self.account.member, "roles/artifactregistry.reader", under=self)
        stores.secrets.grant_reading("training", self.account.member, under=self)
        self.job = job(place, settings, stores.secrets.readable("training"))

        self.prediction = None
        if settings.prediction or settings.endpoint:
            self.prediction = self.service_account("prediction", purpose="served models")
            stores.storage.grant(
                "prediction-reads", self.prediction.member, "roles/storage.objectViewer", "models", under=self
            )
            stores.registry.grant(
                "prediction-reads", self.prediction.member, "roles/artifactregistry.reader", under=self
            )
            self.grant_project("prediction", self.prediction, ["roles/logging.logWriter"])
            stores.secrets.grant_reading("prediction", self.prediction.member, under=self)
        self.endpoint = (
            vertex.AiEndpoint(
                "endpoint",
                name=place.names.number("endpoint"),
                display_name=place.names.resource("endpoint"),
                project=place.project,
                location=self.region,
                region=self.region,
                labels=place.labelled("training"),
                opts=self.child("aiplatform"),
            )
            if settings.endpoint
            else None
        )
        self.register_outputs({})


def job(place: Place, settings: TrainingSettings, secrets: tuple[str, ...]) -> dict[str, Any]:
    """Describe a custom job as `gcloud ai custom-jobs create --config` takes it (CustomJobSpec, v1).

    A job's environment takes no references to secrets, so it holds the resource names of their newest
    versions, and the training code reads them with the job's own identity.
    """
    machine: dict[str, Any] = {"machineType": settings.worker_type}
    if settings.gpu:
        known = tables.gpu(settings.gpu.model)
        name = known.name if known else settings.gpu.model
        machine |= {"acceleratorType": name.translate(VERTEX_GPU), "acceleratorCount": settings.gpu.count}
    names = place.names
    variables = [{"name": name, "value": value} for name, value in environment(place, secrets).items()]
    container: dict[str, Any] = {"imageUri": full_image(place, settings.image), "env": variables}
    if settings.args:
        container["args"] = list(settings.args)
    scheduling: dict[str, Any] = {"timeout": f"{int(settings.timeout)}s"}
    if settings.spot:
        scheduling["strategy"] = "SPOT"
    return {
        "workerPoolSpecs": [{"machineSpec": machine, "replicaCount": 1, "containerSpec": container}],
        "scheduling": scheduling,
        "serviceAccount": f"{names.account('training')}@{place.project}.iam.gserviceaccount.com",
        "baseOutputDirectory": {"outputUriPrefix": f"gs://{names.bucket('models')}/jobs"},
    }


def submit_command(place: Place, settings: TrainingSettings, secrets: tuple[str, ...]) -> str:
    """Write the whole command that submits a training job, its configuration included."""
    config = job(place, settings, secrets)
    command = [
        "gcloud", "ai", "custom-jobs", "create",
        f"--project={place.project}",
        f"--region={settings.region or place.region}",
        f"--display-name={place.names.resource('train')}",
        f"--labels={','.join(f'{key}={value}' for key, value in sorted(place.labelled('training').items()))}",
        "--config=job.json",
    ]  # fmt: skip
    return f"printf '%s' {shlex.quote(json.dumps(config))} > job.json && {shlex.join(command)}"
