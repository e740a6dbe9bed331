"""The next command for each thing that bills: what ends it, what is lost with it, and what goes on billing."""

from __future__ import annotations

import itertools
from collections.abc import Collection

from coursecloud.cost.compute import has_address
from coursecloud.spend.account import Entry
from infra.settings import Settings

_COMPUTES = frozenset(
    {"gcp:compute/instance:Instance", "gcp:cloudrunv2/service:Service", "gcp:tpu/v2Vm:V2Vm",
     "gcp:vertex/aiEndpoint:AiEndpoint"}
)  # fmt: skip


def computes(entry: Entry) -> bool:
    """Say whether something runs, and does not only store or reserve; what nobody knows is taken to run."""
    shape = entry.life.shape
    return shape is None or shape.type in _COMPUTES or not shape.type


def ending(entry: Entry, settings: Settings, machines: Collection[str] = ()) -> tuple[str, str]:
    """Give the command that ends what something costs, and what that loses; by Google's own tool where it can.

    `machines` are the full names of those that are there: a boot disk goes with its own.
    """
    shape, name = entry.life.shape, entry.name
    place = _place(entry.life.resource)
    project = f"--project={settings.project}"
    down = f"coursecloud down --stack {settings.stack}"
    kind, asset = (shape.type, shape.asset) if shape else ("", "")
    match kind or asset:
        case "gcp:compute/instance:Instance" if entry.state == "runs":
            loses = "what is in memory and on local SSD; its disks go on billing"
            if shape and has_address(shape.inputs):
                loses += ", its address does not"
            return f"gcloud compute instances stop {name} --zone={place} {project}", loses
        case "gcp:compute/instance:Instance" if entry.life.declared:
            return f"gcloud compute instances start {name} --zone={place} {project}", "nothing; it bills again"
        case "gcp:compute/instance:Instance":
            return f"gcloud compute instances delete {name} --zone={place} {project}", "its boot disk and what is on it"
        case "gcp:cloudrunv2/service:Service":
            return (
                f"gcloud run services update {name} --region={place} --min=0 {project}",
                "nothing; a request starts it",
            )
        case "aiplatform.googleapis.com/CustomJob":
            return f"gcloud ai custom-jobs cancel {name} --region={place} {project}", "what the job has not saved"
        case "aiplatform.googleapis.com/HyperparameterTuningJob":
            return (
                f"gcloud ai hp-tuning-jobs cancel {name} --region={place} {project}",
                "what trials have not saved",
            )
        case "gcp:vertex/aiEndpoint:AiEndpoint":
            return f"gcloud ai endpoints describe {name} --region={place} {project}", "it lists the models to undeploy"
        case _ if entry.life.declared:
            return down, "what is not kept; `down` counts the data that go, and asks"
        case "gcp:compute/disk:Disk" if entry.life.resource.replace("/disks/", "/instances/") in machines:
            return f"gcloud compute instances delete {name} --zone={place} {project}", "its machine and the data on it"
        case "gcp:compute/disk:Disk":
            return f"gcloud compute disks delete {name} --zone={place} {project}", "the data on it"
        case "gcp:compute/address:Address":
            return f"gcloud compute addresses delete {name} --region={place} {project}", "the address itself"
        case _:
            console = f"https://console.cloud.google.com/home/dashboard?project={settings.project}"
            return console, "this tool has no command for it"


def _place(resource: str) -> str:
    """Give the zone or region in a full name."""
    parts = resource.split("/")
    places = [after for before, after in itertools.pairwise(parts)
              if before in ("zones", "regions", "locations")]  # fmt: skip
    return places[0] if places else "global"
