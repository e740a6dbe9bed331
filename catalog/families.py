"""Machine families and their types, read from `machines/FAMILY.json`."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.data import DATA, table


@dataclass(frozen=True)
class MachineType:
    """A machine type: vCPUs, GiB of memory, and the GPUs that come with it."""

    name: str
    family: str
    vcpus: int
    memory_gib: float
    zones: frozenset[str]
    billed_vcpus: float
    """vCPUs that Google bills; of a shared core a part."""
    gpu: str | None = None
    gpu_count: int = 0
    gpu_share: float = 1
    """The part of a GPU that it has, where it has less than one."""
    architecture: str = "X86_64"
    """X86_64 or ARM64: an image for one does not boot on the other."""
    disk_types: tuple[str, ...] = ()
    """Types of disks that it takes, in the order in which they are proposed."""
    extreme_vcpus: int = 0
    """vCPUs from which on it takes hyperdisk-extreme."""
    local_ssd_gib: float = 0
    """Local SSD that comes with it; what is on it is lost when the machine stops."""
    migrates: bool = True
    """False where Google stops it when its host is maintained."""
    spot: bool = True
    on_demand: bool = True
    """False where it is sold as Spot or by reservation only."""
    by_region: bool = False
    """The sources say which regions have it, not in which of their zones."""
    kin: str = ""
    """What it can be changed to in place: types with the same kin."""
    extended_gib: float = 0
    """What of its memory is beyond the family's most a vCPU, which has a price of its own."""
    premium: float = 1
    """What its vCPUs and memory cost, as a multiple of the family's rates: more than 1 for a size of one's own."""

    def takes(self, disk: str, *, boot: bool = False) -> bool:
        """Say whether it takes a type of disk, as its boot disk or beside that."""
        bootable = not boot or table("compute")["diskTypes"][disk]["boot"]
        return (
            disk in self.disk_types and bootable and (disk != "hyperdisk-extreme" or self.vcpus >= self.extreme_vcpus)
        )


def region_of(zone: str) -> str:
    """Name the region of a zone: its name without the last letter."""
    return zone.rpartition("-")[0]


@functools.cache
def families() -> dict[str, dict[str, Any]]:
    """Each machine family with all that is known of it, `machines/FAMILY.json`, in the order of every list."""
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (DATA / "machines").glob("*.json")}
    return dict(sorted(read.items(), key=lambda item: item[1]["order"]))


def of_family(family: str, of: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> MachineType:
    """Put together what a family and its entry say of a machine type."""
    said = {**of, **entry}
    gpu, local = entry.get("gpu", {}), entry.get("localSsdGib", 0)
    zones = entry.get("zones") or [
        zone for zone in of["zones"] if "regions" not in entry or region_of(zone) in entry["regions"]
    ]
    # Google changes no machine in place to or from local SSD, another processor, or a series with GPUs of its own.
    within = "type" if local else of.get("changesWithin", "")
    return MachineType(
        name=name,
        family=family,
        vcpus=entry["vcpus"],
        memory_gib=entry["memoryGib"],
        zones=frozenset(zones),
        billed_vcpus=entry.get("fraction", entry["vcpus"]),
        gpu=gpu.get("model"),
        gpu_count=gpu.get("count", 0),
        gpu_share=gpu.get("share", 1),
        architecture=of["architecture"],
        disk_types=tuple(sorted(said["diskTypes"], key=PROPOSED.index)),
        extreme_vcpus=of.get("leastVcpus", {}).get("hyperdisk-extreme", 0),
        local_ssd_gib=local,
        migrates=said.get("onHostMaintenance") != "TERMINATE",
        spot=said["spot"],
        on_demand=said.get("onDemand", True),
        by_region=of.get("zonesBy") == "region",
        kin=name if within == "type" else family if within else of["architecture"],
        extended_gib=entry.get("extendedGib", 0),
        premium=entry.get("premium", 1),
    )


PROPOSED = (
    "pd-balanced",
    "hyperdisk-balanced",
    "pd-ssd",
    "pd-standard",
    "hyperdisk-throughput",
    "hyperdisk-ml",
    "hyperdisk-extreme",
)
"""Types of disks in the order in which they are proposed: the first that a machine takes is its default."""
