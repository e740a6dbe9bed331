"""Cloud Run services."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from catalog import limits
from infra.names import variable
from infra.settings.effects import costs, updates
from infra.settings.images import RunImage
from infra.settings.problem import RuleViolationError
from infra.settings.types import (
    Bool,
    Duration,
    EnvironmentName,
    Int,
    Key,
    SecretId,
    Section,
    Shown,
    lasting,
    matching,
)

_SERVICE_VARIABLE = matching(
    f"(?={limits.pattern('variable-name')}$)[A-Za-z_][A-Za-z0-9_]*",
    "Cloud Run keeps PORT, K_SERVICE, K_REVISION, K_CONFIGURATION and X_GOOGLE_... to itself; the others are letters,"
    " digits and '_' and begin with no digit",
    "rename it; another port is the service's `port:`",
)
_VALUE_BYTES, _VARIABLES = limits.between("variables")["bytes"], limits.between("variables")["most"]

_OWN_VARIABLES = 20

ServiceVariable = Annotated[EnvironmentName, _SERVICE_VARIABLE]
"""The name of a variable of a Cloud Run service; a machine may have any."""

_FIRST_PORT, _LAST_PORT = limits.bounds("port")

_MEMORY = Shown(r"[0-9]{1,9}[MG]i", "memory is a whole number with Mi or Gi behind it", "write '512Mi' or '2Gi'")


def memory_mebibytes(text: str) -> int:
    """Read `512Mi` or `2Gi` as mebibytes."""
    match = re.fullmatch(r"([0-9]{1,9})([MG])i", text)
    if not match:
        raise RuleViolationError(_MEMORY.rule, _MEMORY.remedy)
    return int(match[1]) * (1024 if match[2] == "G" else 1)


def _memory(text: str) -> str:
    memory_mebibytes(text)
    return text


class Service(Section):
    """A Cloud Run service: bills while it answers, nothing while idle."""

    image: Annotated[RunImage, Field(examples=["demo:latest"])] = "us-docker.pkg.dev/cloudrun/container/hello"
    """An image of the stack's docker repository or a full image name; Google's sample until you have one."""
    port: Annotated[Int, Field(ge=_FIRST_PORT, le=_LAST_PORT, examples=[8080])] = 8080
    """Port that the container listens on."""
    cpu: Annotated[Literal[1, 2, 4], Field(examples=[1])] = 1
    """vCPUs of an instance."""
    memory: Annotated[str, AfterValidator(_memory), _MEMORY, Field(examples=["1Gi"])] = "512Mi"
    """Memory of an instance, e.g. `512Mi` or `2Gi`."""
    max_instances: Annotated[
        Int, costs("bounds what a flood of requests can bill."), Field(ge=1, le=10, examples=[2])
    ] = 2
    """Upper bound of instances; the lower is 0."""
    timeout: Annotated[
        Duration, lasting(limits.bounds("run-timeout"), "a request to Cloud Run"), Field(examples=["5m"])
    ] = Duration(300)
    """A request is cut off after this time, at most 1h."""
    env: Annotated[dict[ServiceVariable, str], Field(examples=[{"LOG_LEVEL": "info"}])] = Field(default_factory=dict)
    """Environment variables. Not for secrets."""
    secrets: Annotated[tuple[SecretId, ...], Field(examples=[["WANDB_API_KEY"]])] = ()
    """Secrets that the code reads itself: the variable NAME_SECRET holds the name of the newest version, with
    '_' for each hyphen of NAME."""
    mounted_secrets: Annotated[tuple[SecretId, ...], Field(examples=[["WANDB_API_KEY"]])] = ()
    """Secrets whose newest value is put into a variable of the same name ('_' for a hyphen). Cloud Run
    refuses the service until each has a value, so list one only after its value was added."""
    deployed_by: Annotated[
        Key | None,
        updates("the image is the build's from then on, or the stack file's again."),
        Field(examples=["release"]),
    ] = None
    """The build trigger (with `deploys: true`) that releases it. The image is then the build's: `image` here has no
    effect, no `up` sets it back, and a service that is made anew begins with the image last tagged `deployed`."""
    writes: Annotated[
        tuple[Literal["data", "models"], ...],
        updates("the grants are added or removed at once; what was written stays."),
        Field(examples=[["data"]]),
    ] = ()
    """Buckets to which services may add objects and whose objects they may read; they neither replace nor delete
    one. All services run as one account, so this holds for each of them."""
    public: Annotated[
        Bool,
        updates("the grant to everybody is added or removed at once."),
        costs("everybody's requests are yours to pay, up to `maxInstances`."),
        Field(examples=[True]),
    ] = False
    """Let everybody on the internet call it; otherwise only members of the team."""

    @override
    def rules(self) -> Iterator[RuleViolationError]:
        """Hold memory against vCPUs, and give each variable of the container one value."""
        low, high = limits.between("memory")["mebibytes"][str(self.cpu)]
        if not low <= memory_mebibytes(self.memory) <= high:
            yield RuleViolationError(
                f"{self.cpu} vCPU goes with {low}Mi to {high // 1024}Gi of memory, not {self.memory}",
                f"write memory between {low}Mi and {high // 1024}Gi, or another cpu",
                "cpu",
                "memory",
            )
        if wide := [name for name, value in self.env.items() if len(value.encode()) > _VALUE_BYTES]:
            yield RuleViolationError(
                f"Cloud Run takes {_VALUE_BYTES // 1024} KiB a variable, and {' and '.join(wide)} has more",
                "put it into the image or a bucket, and its name into the variable",
                "env",
            )
        # What the stack sets itself, the buckets' names among it, are few.
        if (count := len(self.env) + len(self.secrets) + len(self.mounted_secrets)) > _VARIABLES - _OWN_VARIABLES:
            yield RuleViolationError(
                f"Cloud Run takes {_VARIABLES} variables a container, of which the stack sets up to {_OWN_VARIABLES};"
                f" these are {count}",
                "put what belongs together into one file of the image",
                "env",
                "secrets",
                "mountedSecrets",
            )
        told = [(secret, f"{variable(secret)}_SECRET") for secret in self.secrets]
        mounted = [(secret, variable(secret)) for secret in self.mounted_secrets]
        for secret, name in (*told, *mounted):
            if not re.fullmatch(_SERVICE_VARIABLE.pattern, name):
                yield RuleViolationError(
                    f"the secret {secret} would be the variable {name}: {_SERVICE_VARIABLE.rule}",
                    "rename the secret",
                    "secrets",
                    "mountedSecrets",
                )
        for secret, name in mounted:
            if name in self.env or name in ("DATA_BUCKET", "MODELS_BUCKET", *dict(told).values()):
                whose = "of `env`" if name in self.env else "that the stack sets"
                yield RuleViolationError(
                    f"the variable {name} would have two values: the mounted secret's and the one {whose}",
                    f"list {secret} under `secrets` instead, or rename one of the two",
                    "mountedSecrets",
                    "env",
                    "secrets",
                )


Services = dict[Key, Annotated[Service, updates("a new revision takes over without a break; the address stays.")]]
