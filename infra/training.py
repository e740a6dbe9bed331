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
from infra.settings.training import Job
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
        secrets = stores.secrets.readable("training")
        self.job = job(place, settings, secrets)
        self.jobs = {name: job(place, settings, secrets, name) for name in settings.jobs}

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


def job(place: Place, settings: TrainingSettings, secrets: tuple[str, ...], name: str | None = None) -> dict[str, Any]:
    """Describe a custom job as `gcloud ai custom-jobs create --config` takes it (CustomJobSpec, v1).

    `name` is one of the stack file's `jobs`. A job's environment takes no references to secrets, so it holds the
    resource names of their newest versions, and the training code reads them with the job's own identity.
    """
    own = settings.jobs[name] if name else Job()
    machine: dict[str, Any] = {"machineType": settings.worker_type}
    if settings.worker_gpu:
        # Vertex AI wants the GPUs that come with a machine type named, too.
        model, count = settings.worker_gpu
        known = tables.gpu(model)
        machine |= {
            "acceleratorType": (known.name if known else model).translate(VERTEX_GPU),
            "acceleratorCount": count,
        }
    names = place.names
    variables = settings.env | own.env | environment(place, secrets)
    container: dict[str, Any] = {
        "imageUri": full_image(place, settings.image),
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }
    if args := [*settings.args, *own.args]:
        container["args"] = args
    scheduling: dict[str, Any] = {"timeout": f"{int(settings.timeout)}s"}
    if settings.spot:
        scheduling["strategy"] = "SPOT"
    if settings.wait_for_gpu:
        scheduling |= {"strategy": "FLEX_START", "maxWaitDuration": f"{int(settings.wait_for_gpu)}s"}
    return {
        "workerPoolSpecs": [{"machineSpec": machine, "replicaCount": 1, "containerSpec": container}],
        "scheduling": scheduling,
        "serviceAccount": names.email("training"),
        "baseOutputDirectory": {"outputUriPrefix": f"gs://{names.bucket('models')}/jobs"},
    }


def submit_command(place: Place, settings: TrainingSettings, secrets: tuple[str, ...], name: str | None = None) -> str:
    """Write the whole command that submits a training job, its configuration included."""
    file = f"job-{name}.json" if name else "job.json"
    config = json.dumps(job(place, settings, secrets, name))
    shown = place.names.resource("train", *([name] if name else []))
    return f"printf '%s' {shlex.quote(config)} > {file} && {shlex.join(_create(place, settings, shown, file))}"


def submit_all_command(place: Place, settings: TrainingSettings, secrets: tuple[str, ...]) -> str:
    """Write the command that submits all jobs, so many at a time, and ends when the last has.

    Vertex AI has no limit to how many jobs of somebody's run, so the command waits for one to end before it submits
    the next. Interrupted, it submits no more; what runs goes on.
    """
    files = {name: f"job-{name}.json" for name in settings.jobs}
    written = [
        f"printf '%s' {shlex.quote(json.dumps(job(place, settings, secrets, name)))} > {file}"
        for name, file in files.items()
    ]
    shown = {name: place.names.resource("train", name) for name in settings.jobs}
    # Capitals stand in nothing else of the command; what is put in their place, the shell has to see.
    create = shlex.join(_create(place, settings, "SHOWN", "FILE", "--format=value(name)"))
    create = create.replace("SHOWN", '"$2"').replace("FILE", '"$1"')
    # What Vertex AI does not answer is asked again: the limit has to hold on a bad line, too.
    each = (
        f"id=$({create}) || exit 1; "
        "until state=$(gcloud ai custom-jobs describe \"$id\" '--format=value(state)') && "
        "case $state in *_SUCCEEDED|*_FAILED|*_CANCELLED|*_EXPIRED) ;; *) false;; esac; do sleep 30; done; "
        'echo "$2 $state"; case $state in *_SUCCEEDED) ;; *) exit 1;; esac'
    )
    listed = shlex.join(["printf", r"%s %s\n", *(word for name in files for word in (files[name], shown[name]))])
    return " && ".join([*written, f"{listed} | xargs -n 2 -P {settings.at_once} sh -c {shlex.quote(each)} train"])


def _create(place: Place, settings: TrainingSettings, shown: str, file: str, *more: str) -> list[str]:
    labels = ",".join(f"{key}={value}" for key, value in sorted(place.labelled("training").items()))
    return [
        "gcloud", "ai", "custom-jobs", "create",
        f"--project={place.project}",
        f"--region={settings.region or place.region}",
        f"--display-name={shown}",
        f"--labels={labels}",
        f"--config={file}",
        *more,
    ]  # fmt: skip
