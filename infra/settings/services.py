"""Cloud Run services."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from catalog import limits
from infra.names import variable
from infra.settings.effects import costs, updates
from infra.settings.images import RunImage
from infra.settings.problem import RuleViolationError
from infra.settings.times import Duration, lasting
from infra.settings.types import Bool, EnvironmentName, Int, Key, SecretId, Section, Shown, matching

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

_MEMORY = Shown(r"[1-9][0-9]{0,8}[MG]i", "memory is a whole number with Mi or Gi behind it", "write '512Mi' or '2Gi'")


def memory_mebibytes(text: str) -> int:
    """Read `512Mi` or `2Gi` as mebibytes."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([MG])i", text)
    if not match:
        raise RuleViolationError(_MEMORY.rule, _MEMORY.remedy)
    return int(match[1]) * (1024 if match[2] == "G" else 1)


def _memory(text: str) -> str:
    memory_mebibytes(text)
    return text


BucketName = Literal["data", "models", "staging"]
"""A bucket of the stack."""

_SECOND_GENERATION = 512
"""MiB that Cloud Run's second generation takes at least, and only it mounts buckets."""

_HTTP_PATH = matching(
    r"/[!-~]{0,255}",
    "a path of the service begins with '/' and has no spaces",
    "write for example /health",
)


class Volume(Section):
    """A bucket of the stack, seen as a folder by the service's code (Cloud Storage FUSE)."""

    path: Annotated[
        Annotated[
            str,
            matching(
                r"(?!/(dev|proc|sys)(/|$))(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){1,5}",
                "a folder begins with '/' and is not /dev, /proc, /sys or in one of them, which Cloud Run keeps to"
                " itself",
                "write for example /mnt/models",
            ),
        ]
        | None,
        Field(examples=["/app/models"]),
    ] = None
    """Folder of the container in which the bucket's objects are files; /mnt/ with the bucket's name behind it unless
    given."""
    write: Annotated[
        Bool,
        updates("the services' grant on the bucket changes at once, and a new revision takes over."),
        costs("nothing by itself; what is written is stored."),
        Field(examples=[True]),
    ] = False
    """Let the service write there, too. Two that write one file at a time lose what the first wrote, and all services
    run as one account: what one may write, the code of another could."""


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
    """Upper bound of instances."""
    min_instances: Annotated[
        Int,
        costs(
            "an instance that waits bills around the clock until `make down`: of 1 vCPU and 512Mi $0.32 a day"
            " (2026-11-28); 0 costs nothing while idle."
        ),
        Field(ge=0, le=10, examples=[1]),
    ] = 0
    """Instances that are there before anybody asks, so that nobody waits for a start."""
    concurrency: Annotated[
        Annotated[Int, Field(ge=1, le=1000)] | None,
        costs("fewer requests an instance mean more instances, up to `maxInstances`."),
        Field(examples=[8]),
    ] = None
    """Requests that one instance answers at a time: 1 for code that takes one; Google's 80 unless given."""
    startup_path: Annotated[Annotated[str, _HTTP_PATH] | None, Field(examples=["/ready"])] = None
    """Path that answers with 200 once the service is ready, such as when its model is loaded: asked every 10 seconds,
    and no request comes before. An instance that is not ready after 4 minutes, Google's most, is started anew. Unless
    given it is ready when its port is open."""
    liveness_path: Annotated[
        Annotated[str, _HTTP_PATH] | None,
        costs("each answer bills like a request's time; only an instance that is there is asked."),
        Field(examples=["/health"]),
    ] = None
    """Path that answers with 200 while the service is well: asked every 30 seconds, and an instance that fails three
    times is started anew."""
    volumes: Annotated[
        dict[BucketName, Volume],
        updates("a new revision takes over; the grant to read or write the bucket is added or removed with it."),
        costs("reads and writes bill as operations of the bucket; the mount itself is free."),
        Field(examples=[{"models": {}, "data": {"path": "/app/data", "write": True}}]),
    ] = Field(default_factory=dict[BucketName, Volume])
    """Buckets of the stack as folders, /mnt/models for `models: {}`: read-only unless `write` says otherwise."""
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
        if self.min_instances > self.max_instances:
            yield RuleViolationError(
                f"{self.min_instances} instances at least are more than {self.max_instances} at most",
                f"write minInstances: {self.max_instances} or less, or raise maxInstances",
                "minInstances",
                "maxInstances",
            )
        yield from self._volumes()
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

    def _volumes(self) -> Iterator[RuleViolationError]:
        """Want a folder of its own for each bucket, and the memory of the generation that mounts them."""
        if self.volumes and memory_mebibytes(self.memory) < _SECOND_GENERATION:
            yield RuleViolationError(
                f"a service that mounts a bucket has at least {_SECOND_GENERATION}Mi of memory, not {self.memory}:"
                " Google's second generation of instances, which alone mounts them",
                f"write memory: {_SECOND_GENERATION}Mi or more, or leave `volumes` out",
                "volumes",
                "memory",
            )
        for (one, first), (other, second) in combinations(self.folders.items(), 2):
            if f"{first}/".startswith(f"{second}/") or f"{second}/".startswith(f"{first}/"):
                yield RuleViolationError(
                    f"the folder of {one}, {first}, and that of {other}, {second}, are one in the other",
                    f"give each its own, for example /mnt/{one} and /mnt/{other}",
                    "volumes",
                )

    @property
    def folders(self) -> dict[BucketName, str]:
        """The folder of each bucket that is mounted, by the bucket's name."""
        return {bucket: volume.path or f"/mnt/{bucket}" for bucket, volume in sorted(self.volumes.items())}


Services = dict[Key, Annotated[Service, updates("a new revision takes over without a break; the address stays.")]]
