"""Training on Vertex AI, and what is served from there."""

from typing import Annotated

from pydantic import Field

from infra.settings.combinations import Is, Refused
from infra.settings.effects import costs, loses, replaces
from infra.settings.images import TrainingImage
from infra.settings.listed import listed
from infra.settings.machines import Gpu
from infra.settings.types import (
    Bool,
    Duration,
    Section,
    lasting,
)


class Training(Section):
    """Vertex AI custom training: an identity, a staging place and the command that submits a job."""

    enabled: Annotated[
        Bool,
        replaces("the service accounts are added or removed; finished jobs and models stay."),
        Field(examples=[False]),
    ] = True
    """Declare the service accounts and outputs for training; they cost nothing while no job runs."""
    region: Annotated[
        str | None,
        listed("region"),
        loses(
            "the next job runs there. An endpoint is made anew in the other region, without the models deployed to it."
        ),
        Field(examples=["europe-west4"]),
    ] = None
    """Region of the jobs; the stack's region unless given."""
    image: Annotated[TrainingImage, Field(examples=["trainer:latest"])] = "trainer:latest"
    """Container with the training code: an image of the stack's docker repository or a full image name."""
    machine_type: Annotated[
        str | None,
        listed("machineType"),
        costs("by the hour while a job runs: an n1-standard-4 $0.24 in europe-west1 (2026-08-20)."),
        Field(examples=["n1-standard-4"]),
    ] = None
    """Machine type of a job's worker; n1-standard-4 with a GPU and e2-standard-4 without unless given."""
    gpu: Annotated[
        Gpu | None,
        costs("each GPU bills with its job while it runs: a T4 $0.40 an hour in europe-west1 (2026-08-20)."),
        Field(examples=[{"model": "T4"}]),
    ] = None
    """GPUs of a job's worker."""
    spot: Annotated[
        Bool,
        costs("true: a job bills the Spot price; Google may interrupt it and starts it again."),
        Field(examples=[True]),
    ] = False
    """Run jobs on Spot capacity; Vertex AI starts an interrupted job again."""
    timeout: Annotated[
        Duration,
        lasting((60, 7 * 86400), "a custom job of Vertex AI"),
        costs("the longest that a job that hangs can bill."),
        Field(examples=["4h"]),
    ] = Duration(4 * 3600)
    """A job is cancelled after this time."""
    args: Annotated[tuple[str, ...], Field(examples=[["--epochs", "10"]])] = ()
    """Arguments of the training program."""
    prediction: Annotated[
        Bool, replaces("the service account is added or removed."), costs("nothing."), Field(examples=[True])
    ] = False
    """Also declare a service account for models that are served."""
    endpoint: Annotated[
        Bool,
        loses("true adds an endpoint; false deletes it with what is deployed to it."),
        costs("the endpoint is free; a model deployed to it bills around the clock until it is undeployed."),
        Field(examples=[True]),
    ] = False
    """Also declare an endpoint. It is free; a model deployed to it bills around the clock."""

    combinations = (
        Refused(
            rule="an endpoint and an account for prediction are part of training, which is not enabled",
            remedy="remove `endpoint` and `prediction`, or `enabled: false`",
            all_of=(Is("enabled", False),),
            any_of=(Is("endpoint", True), Is("prediction", True)),
        ),
    )

    @property
    def worker_type(self) -> str:
        """The machine type of a job's worker."""
        return self.machine_type or ("n1-standard-4" if self.gpu else "e2-standard-4")
