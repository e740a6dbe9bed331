"""The next command for each thing that bills: what ends it, what is lost with it, and what goes on billing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from coursecloud.cost.compute import addresses
from coursecloud.plan.nested import blocks
from coursecloud.spend.account import Entry
from coursecloud.spend.lives import DISK, INSTANCE
from infra.names import Names
from infra.settings import Settings

_COMPUTES = frozenset(
    {"gcp:compute/instance:Instance", "gcp:cloudrunv2/service:Service", "gcp:tpu/v2Vm:V2Vm",
     "gcp:vertex/aiEndpoint:AiEndpoint"}
)  # fmt: skip
SERVICE, ENDPOINT = "run.googleapis.com/Service", "aiplatform.googleapis.com/Endpoint"
_JOBS = frozenset(
    {"aiplatform.googleapis.com/CustomJob", "aiplatform.googleapis.com/HyperparameterTuningJob",
     "run.googleapis.com/Execution"}
)  # fmt: skip
_STOPS = frozenset({INSTANCE, SERVICE, *_JOBS})
"""What `coursecloud stop` and `start` know by its name."""


def computes(entry: Entry) -> bool:
    """Say whether something runs, and does not only store or reserve; what nobody knows is taken to run."""
    shape = entry.life.shape
    return shape is None or shape.type in _COMPUTES or not shape.type


@dataclass(frozen=True)
class Commands:
    """The commands of a stack, for what is there now."""

    settings: Settings
    machines: Mapping[str, bool]
    """Machines that are there, by their full names, and whether each is the stack's: a boot disk goes with its own."""
    names: Mapping[str, int]
    """How many things that `stop` and `start` know have a name."""

    @classmethod
    def of(cls, settings: Settings, there: Iterable[Entry]) -> Commands:
        """Take what is there."""
        made, machines = Names(settings.project, settings.stack, settings.existing), dict[str, bool]()
        names = dict[str, int]()
        for each in there:
            if _asset(each) == INSTANCE:
                machines[each.life.resource] = each.life.declared
            # The stack file's `trainer` means `dev-trainer`, so somebody's own `trainer` does not go by that name.
            for name in {each.name, made.resource(each.name)} if _asset(each) in _STOPS else ():
                names[name] = names.get(name, 0) + 1
        return cls(settings, machines, names)

    @property
    def down(self) -> str:
        """The command that takes the whole stack."""
        return f"coursecloud down --stack {self.settings.stack}"

    def boots(self, entry: Entry) -> bool:
        """Say whether a disk is the boot disk of a machine that is there."""
        return _asset(entry) == DISK and self._machine(entry) in self.machines

    def ending(self, entry: Entry) -> tuple[str, str]:
        """Give the command that ends what something costs, and what that loses; Google's own where ours has none."""
        resource, last = entry.life.resource, entry.life.resource.rpartition("/")[2]
        project, asset = f"--project={self.settings.project}", _asset(entry)
        zone, region = f"--zone={_place(resource)}", f"--region={_place(resource)}"
        declared = self.machines[self._machine(entry)] if self.boots(entry) else entry.life.declared
        if asset in _STOPS and (asset != INSTANCE or entry.state == "runs"):
            return f"coursecloud stop {self._called(entry)} --stack {self.settings.stack}", _loses(entry)
        if asset == INSTANCE and declared:
            return f"coursecloud start {self._called(entry)} --stack {self.settings.stack}", "nothing; it bills again"
        if declared:
            return self.down, "the whole stack but for what is kept; it counts the data that go, and asks"
        if asset == INSTANCE:
            return f"gcloud compute instances delete {last} {zone} {project}", "its boot disk and what is on it"
        if self.boots(entry):
            return f"gcloud compute instances delete {last} {zone} {project}", "its machine and the data on it"
        if asset == DISK:
            return f"gcloud compute disks delete {last} {zone} {project}", "the data on it"
        if asset == "compute.googleapis.com/Address":
            return f"gcloud compute addresses delete {last} {region} {project}", "the address itself"
        if asset == ENDPOINT:
            model = next((str(each["id"]) for each in _models(entry) if each.get("id")), "MODEL")
            undeploy = f"gcloud ai endpoints undeploy-model {last} --deployed-model-id={model} {region} {project}"
            return undeploy, "nothing; the model stays, and it answers nobody"
        console = f"https://console.cloud.google.com/home/dashboard?project={self.settings.project}"
        return console, "this tool has no command for it"

    def _called(self, entry: Entry) -> str:
        """Give the name by which `stop` knows it: its own, or its path where another thing has that name."""
        if self.names.get(entry.name, 1) == 1:
            return entry.name
        return entry.life.resource.partition("/projects/")[2].partition("/")[2]

    def _machine(self, entry: Entry) -> str:
        return entry.life.resource.replace("/disks/", "/instances/")


def _loses(entry: Entry) -> str:
    if _asset(entry) == SERVICE:
        return "nothing; it answers nobody until it is started"
    if _asset(entry) in _JOBS:
        return "what the job has not saved"
    address = entry.life.shape and addresses(entry.life.shape.inputs)
    return f"what is in memory and on local SSD; its disks go on billing{', its address does not' if address else ''}"


def _models(entry: Entry) -> Iterable[Mapping[str, object]]:
    return blocks(entry.life.shape.inputs.get("deployedModels")) if entry.life.shape else ()


def _asset(entry: Entry) -> str:
    return entry.life.shape.asset if entry.life.shape else ""


def _place(resource: str) -> str:
    """Give the zone or region in a full name."""
    parts = resource.split("/")
    places = [after for before, after in itertools.pairwise(parts)
              if before in ("zones", "regions", "locations")]  # fmt: skip
    return places[0] if places else "global"
