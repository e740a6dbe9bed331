"""The settings of a stack as one frozen value, and the sections that its file can have."""

import functools
from typing import Annotated, Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from catalog import tables
from infra.settings.delivery import Builds, GitHub, Team
from infra.settings.effects import costs, loses, nothing, replaces, updates
from infra.settings.guardrails import Guardrails
from infra.settings.lease import Course, Lease
from infra.settings.listed import listed
from infra.settings.machines import Machine, Machines
from infra.settings.monitoring import Monitoring
from infra.settings.network import Network
from infra.settings.prices import OwnPrices
from infra.settings.services import Services
from infra.settings.stores import Registry, Secrets, Storage
from infra.settings.training import Training
from infra.settings.types import ProjectId, Section, matching
from infra.settings.usage import Usage

DEFAULT_REGION = "europe-west1"
EXAMPLE_PROJECT = "example-project-id"
"""The project id of the committed stack files: planned by everybody, deployed by nobody."""

ENCRYPTED_PROJECT = "encrypted-project-"
"""Begins what stands in a plan for an encrypted project id, which only Pulumi's engine can read."""


NewMachineType = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9]{0,15}(-[a-z0-9]{1,20}){1,6}",
        "a machine type is its series and size in lower-case letters, digits and hyphens",
        "copy it from `gcloud compute machine-types list`, for example n5-standard-4",
    ),
]
NewGpu = Annotated[
    str,
    matching(
        r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*",
        "a GPU is named in letters, digits and hyphens",
        "copy it from `gcloud compute accelerator-types list`",
    ),
]
NewZone = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9]*(-[a-z0-9]+)+-[a-z]",
        "a zone is its region and a letter behind it",
        "copy it from `gcloud compute zones list`, for example europe-west1-c",
    ),
]
Role = Annotated[
    str,
    matching(
        r"roles/(browser|[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z0-9]+)+)",
        "a role is roles/SERVICE.NAME",
        "write for example roles/bigquery.jobUser, with its 'roles/'",
    ),
]


class Allow(Section):
    """What the dated tables do not know but you do; marked unknown in the plan and in costs."""

    machine_types: Annotated[tuple[NewMachineType, ...], Field(examples=[["n5-standard-4"]])] = ()
    """Machine types newer than the table; the machine then names its `image`, which has to fit its processor."""
    gpus: Annotated[tuple[NewGpu, ...], Field(examples=[["nvidia-z9-80gb"]])] = ()
    """GPU models newer than the table, by Google's name."""
    zones: Annotated[tuple[NewZone, ...], Field(examples=[["europe-west1-c"]])] = ()
    """Zones newer than the table, or whose offer you looked up yourself."""
    roles: Annotated[tuple[Role, ...], Field(examples=[["roles/bigquery.futureUser"]])] = ()
    """Predefined roles newer than the table, for `team.extraRoles`."""


class Settings(Section):
    """All that a stack file says, checked. Nothing outside this package reads configuration."""

    stack: str
    """Name of the stack, from the file's own name `Pulumi.STACK.yaml`."""
    project: Annotated[
        ProjectId,
        loses(
            "a stack that is up lives in its project, and `up` refuses another one. To move, bring up a second"
            " stack in the other project and copy the data, or `finish` this one first."
        ),
        costs("nothing by itself; its billing account pays for all that the stack has."),
        Field(examples=["mlops-group-07"]),
    ]
    """Id of the Google Cloud project that everything is made in and billed to."""
    region: Annotated[
        str,
        listed("region"),
        loses(
            "buckets, images, machines and services are deleted and made anew in the other region, empty; what is"
            " kept is refused instead. Copy the data first."
        ),
        costs(
            "prices differ by region: an n1-standard-4 is $0.190 an hour in us-central1 and $0.209 in europe-west1"
            " (2026-08-20)."
        ),
        Field(examples=["europe-west1", "europe-west4", "us-central1"]),
    ] = DEFAULT_REGION
    """Where things are: buckets, images, machines, services and, unless they say otherwise, training."""
    zone: Annotated[
        str | None,
        listed("zone"),
        loses(
            "machines that name no zone are made anew in the other zone, and their data disks with them, empty; a"
            " kept disk is refused instead."
        ),
        costs("nothing by itself."),
        Field(examples=["europe-west1-b"]),
    ] = None
    """Zone of the machines that name none; the region's first that has the machine type unless given."""
    course: Annotated[Course, updates("only labels change, in place."), costs("nothing.")] = Course()
    lease: Annotated[
        Lease,
        nothing("costs and limits are worked out anew; nothing that is deployed changes."),
        costs("nothing; it bounds what the rest may cost."),
    ] = Lease()
    usage: Annotated[
        Usage,
        nothing("costs are worked out anew; nothing that is deployed changes."),
        costs("nothing; it says how much of the rest you expect to use."),
    ] = Usage()
    prices: Annotated[
        OwnPrices,
        nothing("costs are worked out anew; nothing that is deployed changes."),
        costs("nothing; it says what Google asks where the dated tables do not know it."),
    ] = OwnPrices()
    network: Annotated[Network, updates("networks change in place."), costs("the network itself is free.")] = Network()
    storage: Annotated[
        Storage,
        updates("the buckets change in place."),
        costs("about $0.02 for each GB in a month, old versions included; multi-region EU $0.026 (2026-08-20)."),
    ] = Storage()
    registry: Annotated[
        Registry,
        updates("the cleanup rules change in place and are applied about once a day."),
        costs("$0.10 for each GB in a month above the first 0.5 GB of the billing account (2026-08-20)."),
    ] = Registry()
    secrets: Annotated[
        Secrets,
        updates("who may read what changes in place."),
        costs("$0.06 a month for each active version of a secret (2026-08-20)."),
    ] = Secrets()
    builds: Annotated[
        Builds,
        updates("triggers change in place; running builds go on."),
        costs(
            "2,500 build minutes a month are free for the billing account on the default machine; after them $0.006"
            " a minute (2026-08-20). Every image pushed is stored in the registry."
        ),
    ] = Builds()
    machines: Annotated[
        Machines,
        loses(
            "a machine more is added. One that is removed or renamed is deleted with its boot disk and its data"
            " disk; a kept disk is refused instead."
        ),
        costs(
            "by the hour while it runs; its disks also while it is stopped. An e2-medium with 40 GB of disks:"
            " $0.037 an hour and $4 a month (europe-west1, 2026-08-20)."
        ),
        Field(examples=[{"trainer": {"machineType": "n1-standard-4", "gpu": {"model": "T4"}, "spot": True}}]),
    ] = Field(default_factory=lambda: {"workbench": Machine()})
    """Virtual machines by name; each stops by itself. One e2-medium named `workbench` unless given."""
    training: Annotated[
        Training,
        nothing("only the command that submits a job changes; jobs that run go on."),
        costs("nothing by itself. A job bills while it runs, 15% more than a machine of the same type (2026-08-20)."),
    ] = Training()
    services: Annotated[
        Services,
        replaces(
            "a service more is added; one that is removed or renamed is deleted and its address with it. It holds"
            " no data."
        ),
        costs(
            "while it answers: $0.000024 a vCPU-second and $0.0000025 a GiB-second after the free share of the"
            " billing account; nothing while idle (2026-08-20)."
        ),
        Field(examples=[{"demo": {"memory": "1Gi", "public": True}}]),
    ] = Field(default_factory=dict)
    """Cloud Run services by name: they bill while they answer, and nothing while idle."""
    monitoring: Annotated[
        Monitoring,
        updates("the alert is added, changed or removed in place; it holds nothing."),
        costs(
            "counted as $0.10 a month for each condition (one on services, one on builds) and about $0.03 for each"
            " service and for all builds (2026-11-28); what Google bills may be less."
        ),
        Field(examples=[{"channels": ["12345678901234567890"]}]),
    ] = Monitoring()
    github: Annotated[
        GitHub | None,
        updates("the federation changes in place."),
        costs("nothing."),
        Field(examples=[{"repositoryId": 123456789, "deploy": True}]),
    ] = None
    team: Annotated[
        Team, updates("grants are added and removed at once; nobody's data changes."), costs("nothing.")
    ] = Team()
    allow: Annotated[
        Allow,
        nothing("it only lets other keys name what the tables do not know."),
        costs("what it allows has no known price: look it up, and write it under coursecloud:prices."),
    ] = Allow()
    members_by_file: SkipJsonSchema[tuple[str, ...]] = ()
    """Members, by their key, whom `members.STACK.yaml` added to the team; another clone may lack that file."""
    guardrails: Annotated[
        Guardrails,
        nothing("rules are held against the plan anew; nothing that is deployed changes."),
        costs("nothing."),
    ] = Guardrails()

    @functools.cached_property
    def existing(self) -> dict[str, str]:
        """Give the names of the group's own buckets and repository, by what the stack would make in their place."""
        found = {
            "data": self.storage.data.existing,
            "models": self.storage.models.existing,
            "docker": self.registry.existing,
        }
        return {name: own for name, own in found.items() if own}

    @functools.cached_property
    def subnets(self) -> dict[str, str]:
        """The range of each region's subnet."""
        return self.network.subnets or {self.region: "10.10.0.0/20"}

    def zone_of(self, machine: Machine) -> str:
        """Where a machine runs: its own zone, else the stack's, else the region's first that has it."""
        if machine.zone:
            return machine.zone
        accelerator = tables.gpu(machine.gpu.model) if machine.gpu else None
        offered = (
            *tables.zones_for(tables.machine_type(machine.machine_type), accelerator, self.region),
            *(zone for zone in self.allow.zones if tables.region_of(zone) == self.region),
        )
        if self.zone and (self.zone in offered or not offered):
            return self.zone
        return next(iter((*offered, *tables.regions().get(self.region, ()))), f"{self.region}-b")

    def image_of(self, machine: Machine) -> tables.Image | None:
        """The image of a machine from the table; None for one that the table does not have."""
        name = machine.image
        if name is None:
            name = "deep-learning" if machine.gpu or tables.brings_gpu(machine.machine_type) else ""
            name = name or ("container-optimized" if machine.container else "debian")
            if tables.architecture(machine.machine_type) == "ARM64":
                name += "-arm"
        known = tables.images()
        return known.get(name) or next((image for image in known.values() if image.path == name), None)

    def boot_disk_type(self, machine: Machine) -> str:
        """The type of a machine's boot disk: the file's, else the first that its series boots from."""
        return machine.boot_disk.type or next(iter(tables.disk_types(machine.machine_type, boot=True)), "pd-balanced")

    def data_disk_type(self, machine: Machine) -> str:
        """The type of a machine's data disk: the file's, else the first that its series takes."""
        given = machine.data_disk.type if machine.data_disk else None
        return given or next(iter(tables.disk_types(machine.machine_type)), "pd-balanced")


SECTIONS: dict[str, Any] = {
    name: Machines if name == "machines" else Services if name == "services" else field.annotation
    for name, field in Settings.model_fields.items()
    if name not in ("stack", "project", "region", "zone", "members_by_file")
}
"""The type of each section that a stack file can have under `coursecloud:`."""
SECTIONS["github"] = GitHub
