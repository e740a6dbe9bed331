"""The settings of a stack as one frozen value, and the sections that its file can have."""

import functools
from typing import Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from catalog import tables
from infra.settings.delivery import Builds, GitHub, Team
from infra.settings.guardrails import Guardrails
from infra.settings.lease import Course, Lease
from infra.settings.stores import Registry, Secrets, Storage
from infra.settings.types import ProjectId, Section
from infra.settings.usage import Usage
from infra.settings.workloads import Machine, Machines, Network, Services, Training

DEFAULT_REGION = "europe-west1"
EXAMPLE_PROJECT = "example-project-id"
"""The project id of the committed stack files: planned by everybody, deployed by nobody."""

ENCRYPTED_PROJECT = "encrypted-project-id"
"""Stands in a plan for an encrypted project id, which only Pulumi's engine can read."""


class Allow(Section):
    """What the dated tables do not know but you do; marked unknown in the plan and in costs."""

    machine_types: tuple[str, ...] = ()
    """Machine types newer than the table."""
    gpus: tuple[str, ...] = ()
    """GPU models newer than the table, by Google's name."""
    zones: tuple[str, ...] = ()
    """Zones newer than the table, or whose offer you looked up yourself."""


class Settings(Section):
    """All that a stack file says, checked. Nothing outside this package reads configuration."""

    stack: str
    """Name of the stack, from the file's own name `Pulumi.STACK.yaml`."""
    project: ProjectId
    """Id of the Google Cloud project that everything is made in and billed to."""
    region: str = DEFAULT_REGION
    """Where things are: buckets, images, machines, services and, unless they say otherwise, training."""
    zone: str | None = None
    """Zone of the machines that name none; the region's first that has the machine type unless given."""
    course: Course = Course()
    lease: Lease = Lease()
    usage: Usage = Usage()
    network: Network = Network()
    storage: Storage = Storage()
    registry: Registry = Registry()
    secrets: Secrets = Secrets()
    builds: Builds = Builds()
    machines: Machines = Field(default_factory=lambda: {"workbench": Machine()})
    """Virtual machines by name; each stops by itself. One e2-medium named `workbench` unless given."""
    training: Training = Training()
    services: Services = Field(default_factory=dict)
    """Cloud Run services by name: they bill while they answer, and nothing while idle."""
    github: GitHub | None = None
    team: Team = Team()
    allow: Allow = Allow()
    members_by_file: SkipJsonSchema[tuple[str, ...]] = ()
    """Members, by their key, whom `members.STACK.yaml` added to the team; another clone may lack that file."""
    guardrails: Guardrails = Guardrails()

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
            *tables.zones_for(tables.machine_types().get(machine.machine_type), accelerator, self.region),
            *(zone for zone in self.allow.zones if tables.region_of(zone) == self.region),
        )
        if self.zone and (self.zone in offered or not offered):
            return self.zone
        return next(iter((*offered, *tables.regions().get(self.region, ()))), f"{self.region}-b")

    def image_of(self, machine: Machine) -> tables.Image | None:
        """The image of a machine from the table; None for one that the table does not have."""
        name = machine.image
        if name is None:
            has_gpu = machine.gpu or getattr(tables.machine_types().get(machine.machine_type), "gpu", None)
            name = "deep-learning" if has_gpu else "container-optimized" if machine.container else "debian"
        return tables.images().get(name)


SECTIONS: dict[str, Any] = {
    name: Machines if name == "machines" else Services if name == "services" else field.annotation
    for name, field in Settings.model_fields.items()
    if name not in ("stack", "project", "region", "zone", "members_by_file")
}
"""The type of each section that a stack file can have under `coursecloud:`."""
SECTIONS["github"] = GitHub
