"""The stores of work: buckets, the artifact registry and secrets. Each is kept or not by one word."""

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from infra.names import Workload, variable
from infra.settings.effects import costs, loses, nothing, updates
from infra.settings.images import TAG
from infra.settings.listed import listed
from infra.settings.problem import RuleViolationError
from infra.settings.types import Bool, BucketName, Int, RepositoryName, SecretId, Section, matching


class DataBucket(Section):
    """The bucket of the data sets, versioned so that DVC's `version_aware` remotes work."""

    existing: Annotated[
        BucketName | None,
        loses(
            "the stack's own bucket is deleted with all its objects, and the named one is used in its place; a kept one"
            " is refused instead. Copy the data first. Taken out, the named bucket stays as it is, and an empty one of"
            " the stack's own takes its place."
        ),
        costs("what it bills for it bills without the stack too; `coursecloud:prices.resources` can say how much."),
        Field(examples=["our-mlops-data"]),
    ] = None
    """Use this bucket of the group's, in place of one that the stack makes. No `up`, `down` or `finish` changes its
    settings or objects, or deletes it. The stack's identities are let in on it; only these grants go with the stack."""
    keep_newest: Annotated[
        Int,
        updates(
            "the rule changes in place; a smaller number deletes old versions once they are also older than the lease."
        ),
        Field(ge=1, le=100, examples=[5]),
    ] = 3
    """This many replaced versions of an object are kept however old they are."""


class StagingBucket(Section):
    """The bucket for what is passed on once: source archives, staged packages, job outputs in transit."""

    days: Annotated[
        Int,
        updates("the rule changes in place; fewer days delete older objects within a day."),
        Field(ge=1, le=90, examples=[3]),
    ] = 7
    """An object is deleted this many days after it was written."""


class Storage(Section):
    """Cloud Storage buckets: `data`, `models` and `staging`."""

    keep: Annotated[
        Bool,
        nothing(
            "only what `make down` does changes: true leaves the buckets alone, false lets it delete them with all"
            " their objects."
        ),
        costs("with true, what is stored bills also overnight."),
        Field(examples=[True]),
    ] = False
    """Protect the data and models buckets: an evening's destroy leaves them and their objects alone."""
    location: Annotated[
        str | None,
        listed("location"),
        loses(
            "the buckets are deleted with all their objects and made anew; a kept bucket is refused instead. Copy"
            " the data first."
        ),
        Field(examples=["europe-west1", "EU"]),
    ] = None
    """Region or multi-region of the buckets; the stack's region unless given. Changing it replaces them."""
    data: DataBucket = DataBucket()
    """Data sets, versioned."""
    models: DataBucket = DataBucket()
    """Trained models and other artifacts, versioned."""
    staging: StagingBucket = StagingBucket()
    """Short-lived objects; never kept."""


class Registry(Section):
    """Artifact Registry: where docker images (and, if asked for, Python packages) are pushed."""

    keep: Annotated[
        Bool,
        nothing(
            "only what `make down` does changes: true leaves the repositories alone, false lets it delete them with"
            " all images."
        ),
        costs("with true, what is stored bills also overnight."),
        Field(examples=[True]),
    ] = False
    """Protect the repositories: an evening's destroy leaves them and their images alone."""
    existing: Annotated[
        RepositoryName | None,
        loses(
            "the stack's own repository is deleted with all its images, and the named one is used in its place; a kept"
            " one is refused instead. Taken out, the named repository stays as it is, and an empty one of the stack's"
            " own takes its place."
        ),
        Field(examples=["our-images"]),
    ] = None
    """Use this docker repository of the group's, in the stack's project and region, in place of one that the stack
    makes. No `up`, `down` or `finish` changes its settings or images, or deletes it. The stack's identities are let in
    on it; only these grants go with the stack."""
    python: Annotated[
        Bool,
        loses("true adds a repository; false deletes it with all its packages, and is refused for a kept one."),
        Field(examples=[True]),
    ] = False
    """Also make a repository for Python packages."""
    keep_newest: Annotated[Int, Field(ge=1, le=100, examples=[5])] = 5
    """This many newest versions of each image are kept."""
    keep_tags: Annotated[
        tuple[
            Annotated[
                str,
                matching(
                    TAG,
                    "a docker tag has letters, digits, '_', '.' and '-' and does not begin with '.' or '-'",
                    "write the beginning of the tags to keep, for example release",
                ),
            ],
            ...,
        ],
        Field(examples=[["release", "v"]]),
    ] = ("release", "v")
    """Images with a tag that begins with one of these are kept."""
    delete_after_days: Annotated[Int, Field(ge=1, le=365, examples=[14])] = 14
    """Every other version is deleted this many days after it was pushed."""


class Secrets(Section):
    """Secret Manager: containers whose values never enter the program, its state or its plan."""

    keep: Annotated[
        Bool,
        nothing(
            "only what `make down` does changes: true leaves the secrets alone, false lets it delete them with"
            " their values."
        ),
        Field(examples=[True]),
    ] = False
    """Protect the secrets: an evening's destroy leaves them and their versions alone."""
    names: Annotated[
        dict[SecretId, tuple[Workload, ...]],
        loses(
            "a name more adds an empty secret. A name removed or changed deletes the secret with its values, and is"
            " refused for a kept one; other readers only change who may read."
        ),
        Field(examples=[{"WANDB_API_KEY": ["machines", "training"]}]),
    ] = Field(default_factory=dict)
    """Each secret, and the workloads whose service account may read it."""

    @override
    def rules(self) -> Iterator[RuleViolationError]:
        """Want a variable of its own for each secret."""
        for one, other in combinations(self.names, 2):
            if variable(one) == variable(other):
                yield RuleViolationError(
                    f"{one} and {other} would be the same environment variable, which has '_' for a hyphen",
                    "rename one of them",
                    "names",
                )
