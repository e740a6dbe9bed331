"""What computes: the network, machines, Vertex AI training and Cloud Run services."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from infra.names import variable
from infra.settings.images import ImageName, MachineImage
from infra.settings.problem import RefusedError
from infra.settings.types import Bool, Duration, Int, Key, LabelValue, SecretId, Section, Shown, lasting, matching

DiskType = Literal["pd-standard", "pd-balanced", "pd-ssd"]


EnvironmentName = Annotated[
    str,
    matching(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "the name of an environment variable has letters, digits and '_' and does not begin with a digit",
        "rename it, for example WANDB_PROJECT",
    ),
]

_SERVICE_VARIABLE = matching(
    r"(?!X_GOOGLE_|(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION)$)[A-Za-z_][A-Za-z0-9_]*",
    "Cloud Run keeps PORT, K_SERVICE, K_REVISION, K_CONFIGURATION and X_GOOGLE_... to itself; the others are letters,"
    " digits and '_' and begin with no digit",
    "rename it; another port is the service's `port:`",
)
ServiceVariable = Annotated[EnvironmentName, _SERVICE_VARIABLE]
"""The name of a variable of a Cloud Run service; a machine may have any."""

_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _range(value: str) -> str:
    remedy = "write a range such as 10.10.0.0/20"
    try:
        network = ipaddress.IPv4Network(value, strict=False)
    except ValueError:
        raise RefusedError("a range is an IPv4 address and a prefix", remedy) from None
    if not 16 <= network.prefixlen <= 29 or not any(network.subnet_of(private) for private in _PRIVATE):
        raise RefusedError("a subnet is part of 10/8, 172.16/12 or 192.168/16 with a prefix of /16 to /29", remedy)
    if str(network) != value:
        raise RefusedError("a range is written as its first address and its prefix", f"write {network}")
    if network.overlaps(ipaddress.ip_network("172.17.0.0/16")):
        raise RefusedError("172.17.0.0/16 is docker's own bridge on every machine", remedy)
    return value


Range = Annotated[
    str,
    AfterValidator(_range),
    Shown(
        r"(10|172|192)\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/(1[6-9]|2[0-9])",
        "a subnet is part of 10/8, 172.16/12 or 192.168/16 with a prefix of /16 to /29",
        "write a range such as 10.10.0.0/20",
    ),
]


class Network(Section):
    """The stack's own VPC network: SSH only through Identity-Aware Proxy, nothing else comes in."""

    subnets: dict[str, Range] | None = None
    """Range of the subnet in each region; one of 10.10.0.0/20 in the stack's region unless given."""
    egress: Literal["address", "nat"] = "address"
    """How machines reach the internet: an `address` each ($0.005/h, no ingress but IAP), or Cloud `nat`
    (no addresses on machines; dearer for one machine, as each GiB of a download bills too)."""


class Gpu(Section):
    """GPUs of a machine or of a training job."""

    model: str
    """Google's name or its short form: nvidia-tesla-t4 or T4."""
    count: Annotated[Int, Field(ge=1, le=16)] = 1
    """How many."""


class BootDisk(Section):
    """The disk with the operating system; it goes with the machine."""

    size_gb: Annotated[Int, Field(ge=10, le=2000)] | None = None
    """Size in GB; at least what the image needs. It can grow in place; Google refuses to shrink it."""
    type: DiskType = "pd-balanced"
    """Kind of disk. Changing it replaces the machine."""


class DataDisk(Section):
    """A disk of its own for the work, mounted at /mnt/disks/work; it outlives a replaced machine."""

    size_gb: Annotated[Int, Field(ge=10, le=10_000)] = 20
    """Size in GB. Growing it keeps the data; a smaller size replaces the disk."""
    type: DiskType = "pd-balanced"
    """Kind of disk. Changing it replaces the disk and loses its data."""
    keep: Bool = False
    """Protect the disk: an evening's destroy leaves it and its files alone."""


class Container(Section):
    """A container that the machine runs from its start-up script."""

    image: ImageName
    """An image of the stack's docker repository (`trainer:latest`) or a full image name."""
    args: tuple[str, ...] = ()
    """Arguments after the image's entry point."""
    env: dict[EnvironmentName, str] = Field(default_factory=dict)
    """Environment variables. Not for secrets: they are readable by everyone who can see the machine."""


class Machine(Section):
    """A virtual machine that stops by itself."""

    machine_type: str = "e2-medium"
    """Machine type; changing it stops and starts the machine but does not replace it."""
    gpu: Gpu | None = None
    """GPUs to attach. Changing them replaces the machine; its data disk stays."""
    zone: str | None = None
    """Where it runs: the first zone of the stack's region that has the type unless given."""
    fallback_zones: tuple[str, ...] = ()
    """Zones to try in this order when Google has no capacity in `zone`, until the machine's data disk is there."""
    spot: Bool = False
    """Spot price (60-90% less); Google may stop the machine at any time."""
    on_demand_gpu: Bool = False
    """Says that a GPU without Spot is meant."""
    image: MachineImage | None = None
    """Name of the image table or PROJECT/FAMILY; chosen by the machine's use unless given."""
    boot_disk: BootDisk = BootDisk()
    """The disk with the operating system."""
    data_disk: DataDisk | None = DataDisk()
    """The disk with the work; `null` for none."""
    startup_script: str | None = None
    """Path of a shell script, from the project's folder, that runs as root at each start."""
    container: Container | None = None
    """A container to run instead of working on the machine by hand."""
    max_run: Annotated[Duration, lasting("30s", "120d", "a machine's run on Compute Engine")] = Duration(8 * 3600)
    """The machine is stopped this long after each start. Changing it replaces the machine (Google's rule)."""
    max_run_reason: str | None = None
    """Why `max_run` is above 24h."""
    labels: dict[str, LabelValue] = Field(default_factory=dict)
    """Further labels of this machine."""

    @override
    def rules(self) -> Iterator[RefusedError]:
        """Want a reason for what is long or dear, and one way of working."""
        if self.max_run > 86400 and not self.max_run_reason:
            yield RefusedError(
                f"a run limit above 24h ({self.max_run}) needs a reason: a forgotten machine is the whole"
                " cost tail of a course",
                "shorten maxRun, or add `maxRunReason:` with one sentence",
                "maxRun",
                "maxRunReason",
            )
        if self.container and self.startup_script:
            yield RefusedError(
                "a machine runs a container or a start-up script, not both",
                "call docker in the script, or put the work into the image",
                "container",
                "startupScript",
            )
        if self.gpu and not self.spot and not self.on_demand_gpu:
            yield RefusedError(
                "a GPU at the full price is a costly default",
                "add `spot: true`, or `onDemandGpu: true` if an interruption would lose work",
                "gpu",
                "spot",
                "onDemandGpu",
            )


class Training(Section):
    """Vertex AI custom training: an identity, a staging place and the command that submits a job."""

    enabled: Bool = True
    """Declare the service accounts and outputs for training; they cost nothing while no job runs."""
    region: str | None = None
    """Region of the jobs; the stack's region unless given."""
    image: ImageName = "trainer:latest"
    """Container with the training code: an image of the stack's docker repository or a full image name."""
    machine_type: str | None = None
    """Machine type of a job's worker; n1-standard-4 with a GPU and e2-standard-4 without unless given."""
    gpu: Gpu | None = None
    """GPUs of a job's worker."""
    spot: Bool = False
    """Run jobs on Spot capacity; Vertex AI starts an interrupted job again."""
    timeout: Annotated[Duration, lasting("1m", "7d", "a custom job of Vertex AI")] = Duration(4 * 3600)
    """A job is cancelled after this time."""
    args: tuple[str, ...] = ()
    """Arguments of the training program."""
    prediction: Bool = False
    """Also declare a service account for models that are served."""
    endpoint: Bool = False
    """Also declare an endpoint. It is free; a model deployed to it bills around the clock."""

    @property
    def worker_type(self) -> str:
        """The machine type of a job's worker."""
        return self.machine_type or ("n1-standard-4" if self.gpu else "e2-standard-4")

    @override
    def rules(self) -> Iterator[RefusedError]:
        """Want training on for what is part of it."""
        if (self.endpoint or self.prediction) and not self.enabled:
            yield RefusedError(
                "an endpoint and an account for prediction are part of training, which is not enabled",
                "remove `endpoint` and `prediction`, or `enabled: false`",
                "enabled",
                "endpoint",
                "prediction",
            )


_MEMORY = Shown(r"[0-9]{1,9}[MG]i", "memory is a whole number with Mi or Gi behind it", "write '512Mi' or '2Gi'")


def memory_mebibytes(text: str) -> int:
    """Read `512Mi` or `2Gi` as mebibytes."""
    match = re.fullmatch(r"([0-9]{1,9})([MG])i", text)
    if not match:
        raise RefusedError(_MEMORY.rule, _MEMORY.remedy)
    return int(match[1]) * (1024 if match[2] == "G" else 1)


def _memory(text: str) -> str:
    memory_mebibytes(text)
    return text


class Service(Section):
    """A Cloud Run service: bills while it answers, nothing while idle."""

    image: ImageName = "us-docker.pkg.dev/cloudrun/container/hello"
    """An image of the stack's docker repository or a full image name; Google's sample until you have one."""
    port: Annotated[Int, Field(ge=1, le=65535)] = 8080
    """Port that the container listens on."""
    cpu: Literal[1, 2, 4] = 1
    """vCPUs of an instance."""
    memory: Annotated[str, AfterValidator(_memory), _MEMORY] = "512Mi"
    """Memory of an instance, e.g. `512Mi` or `2Gi`."""
    max_instances: Annotated[Int, Field(ge=1, le=10)] = 2
    """Upper bound of instances; the lower is 0."""
    timeout: Annotated[Duration, lasting("1s", "1h", "a request to Cloud Run")] = Duration(300)
    """A request is cut off after this time, at most 1h."""
    env: dict[ServiceVariable, str] = Field(default_factory=dict)
    """Environment variables. Not for secrets."""
    secrets: tuple[SecretId, ...] = ()
    """Secrets that the code reads itself: the variable NAME_SECRET holds the name of the newest version, with
    '_' for each hyphen of NAME."""
    mounted_secrets: tuple[SecretId, ...] = ()
    """Secrets whose newest value is put into a variable of the same name ('_' for a hyphen). Cloud Run
    refuses the service until each has a value, so list one only after its value was added."""
    public: Bool = False
    """Let everybody on the internet call it; otherwise only members of the team."""

    @override
    def rules(self) -> Iterator[RefusedError]:
        """Hold memory against vCPUs, and give each variable of the container one value."""
        least = 512 if self.cpu <= 2 else 2048
        if not least <= memory_mebibytes(self.memory) <= 4096 * self.cpu:
            yield RefusedError(
                f"{self.cpu} vCPU goes with {least}Mi to {4 * self.cpu}Gi of memory, not {self.memory}",
                f"write memory between {least}Mi and {4 * self.cpu}Gi, or another cpu",
                "cpu",
                "memory",
            )
        told = [(secret, f"{variable(secret)}_SECRET") for secret in self.secrets]
        mounted = [(secret, variable(secret)) for secret in self.mounted_secrets]
        for secret, name in (*told, *mounted):
            if not re.fullmatch(_SERVICE_VARIABLE.pattern, name):
                yield RefusedError(
                    f"the secret {secret} would be the variable {name}: {_SERVICE_VARIABLE.rule}",
                    "rename the secret",
                    "secrets",
                    "mountedSecrets",
                )
        for secret, name in mounted:
            if name in self.env or name in ("DATA_BUCKET", "MODELS_BUCKET", *dict(told).values()):
                whose = "of `env`" if name in self.env else "that the stack sets"
                yield RefusedError(
                    f"the variable {name} would have two values: the mounted secret's and the one {whose}",
                    f"list {secret} under `secrets` instead, or rename one of the two",
                    "mountedSecrets",
                    "env",
                    "secrets",
                )


Machines = dict[Key, Machine]
Services = dict[Key, Service]
