"""Training on Vertex AI, and what is served from there."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field
from typing_extensions import override

from catalog import tables
from infra.settings.combinations import Given, Is, Refused
from infra.settings.effects import costs, loses, replaces
from infra.settings.images import TrainingImage
from infra.settings.listed import listed
from infra.settings.machines import Gpu
from infra.settings.problem import RuleViolationError
from infra.settings.times import Duration, lasting
from infra.settings.types import Bool, EnvironmentName, Int, Key, Section, matching

WAIT = Duration(2 * 3600)
"""How long a job waits for a GPU unless the stack file says: Google's own day outlasts a working day."""

_VARIABLES = 100
"""Variables of a job's container (aiplatform v1, ContainerSpec.env, revision of google-api-python-client 2.202.0)."""
_OWN_VARIABLES = 20
"""Of which the stack keeps so many for itself: the buckets and the secrets."""

JobVariable = Annotated[
    EnvironmentName,
    matching(
        r"(?!(AIP_|CLOUD_ML_)|(CLUSTER_SPEC|TF_CONFIG|DATA_BUCKET|MODELS_BUCKET)$)[A-Za-z_][A-Za-z0-9_]*",
        "Vertex AI sets AIP_..., CLOUD_ML_..., CLUSTER_SPEC and TF_CONFIG of a job itself, and the stack DATA_BUCKET"
        " and MODELS_BUCKET; the others are letters, digits and '_' and begin with no digit",
        "rename it, for example WANDB_PROJECT",
    ),
]
"""The name of a variable of a training job (Vertex AI's own from memory of its documentation, 2026-11-28)."""


class Job(Section):
    """One of several jobs: what it has of its own behind what all have."""

    args: Annotated[tuple[str, ...], Field(examples=[["--lr", "0.1"]])] = ()
    """Arguments behind those of `training.args`."""
    env: Annotated[dict[JobVariable, str], Field(examples=[{"SEED": "1"}])] = Field(default_factory=dict)
    """Variables beside those of `training.env`, or in their place. Not for secrets."""


def _wait(value: object) -> object:
    return {True: WAIT, False: None}[value] if isinstance(value, bool) else value


_Wait = Annotated[Duration, lasting((60, 7 * 86400), "waiting for a GPU")]


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
    env: Annotated[dict[JobVariable, str], Field(examples=[{"WANDB_PROJECT": "mlops"}])] = Field(default_factory=dict)
    """Environment variables of the training program, beside the buckets' names and the secrets'. Not for secrets: a
    job's variables are readable by everyone who can see the job."""
    jobs: Annotated[
        dict[Key, Job],
        costs("as many jobs as there are entries bill, each while it runs, `atOnce` of them at a time."),
        Field(examples=[{"small": {"args": ["--lr", "0.1"]}, "large": {"args": ["--lr", "0.01"]}}]),
    ] = Field(default_factory=dict)
    """Several jobs by name, each with arguments of its own: one command submits one of them, another all, `atOnce` at
    a time."""
    at_once: Annotated[
        Int,
        costs("so many jobs, with so many machines and GPUs, bill at a time."),
        Field(ge=1, le=20, examples=[2]),
    ] = 1
    """So many of `jobs` run at a time: the command that submits all waits for one to end before it submits the next."""
    wait_for_gpu: Annotated[
        Annotated[_Wait | None, BeforeValidator(_wait, json_schema_input_type=Annotated[_Wait | bool | None, Field()])],
        costs("nothing while a job waits; while it runs it is counted at the full price."),
        Field(examples=["2h"]),
    ] = None
    """Let a job queue for a GPU instead of failing when there is none (Dynamic Workload Scheduler, FLEX_START), and
    give up after this time: `true` is 2h. For L4, A100, H100 and newer; it draws on the quota of preemptible GPUs."""
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
            rule="a job waits for a GPU at the full price or takes Spot capacity: Vertex AI has one strategy a job",
            remedy="remove `spot: true`, or `waitForGpu`",
            all_of=(Given("waitForGpu"), Is("spot", True)),
        ),
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

    @property
    def worker_gpu(self) -> tuple[str, int] | None:
        """The GPUs of a job's worker, attached or with its machine type: model and count."""
        kind = tables.machine_type(self.worker_type)
        if self.gpu:
            return self.gpu.model, self.gpu.count
        return (kind.gpu, kind.gpu_count) if kind and kind.gpu else None

    @property
    def most_at_once(self) -> int:
        """How many jobs the commands of the stack let run at a time."""
        return max(1, min(self.at_once, len(self.jobs)))

    @override
    def rules(self) -> Iterator[RuleViolationError]:
        """Bound the variables of each job, and keep a word of the commands."""
        yield from super().rules()
        if "all" in self.jobs:
            yield RuleViolationError(
                "`all` means every job where a command names one", "rename the job, for example 'every'", "jobs"
            )
        for count, whose in ((len({*self.env, *job.env}), name) for name, job in {"": Job(), **self.jobs}.items()):
            if count > _VARIABLES - _OWN_VARIABLES:
                yield RuleViolationError(
                    f"Vertex AI takes {_VARIABLES} variables a job, of which the stack keeps {_OWN_VARIABLES};"
                    f" {f'those of {whose}' if whose else 'these'} are {count}",
                    "put what belongs together into one file of the image",
                    "env",
                    *(["jobs"] if whose else []),
                )
