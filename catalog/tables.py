"""Dated facts about Google Cloud, read from `catalog/*.json`. None means unknown, never 'no'."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent


@functools.cache
def table(name: str) -> dict[str, Any]:
    """Read one data file; each has `source` and `date` beside its facts."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class GpuModel:
    """A GPU: Google's name, its short name, and what it goes with."""

    name: str
    short: str
    families: tuple[str, ...]
    counts: tuple[int, ...]
    attached: bool
    """True where it is attached to a machine; False where it comes with the machine type."""
    max_vcpus: dict[int, int]
    max_memory_gib: dict[int, float]
    zones: frozenset[str]
    doubtful_zones: frozenset[str]
    """Zones in which only some of the sources have it."""
    quota: Mapping[str, str] = field(default_factory=dict[str, str])
    """Google's names of its quotas: `onDemand` and `spot` of Compute Engine, `training` of Vertex AI, and `family`
    where one quota counts all families."""


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


@functools.cache
def regions() -> dict[str, tuple[str, ...]]:
    """Each region with its zones."""
    return {name: tuple(entry["zones"]) for name, entry in table("compute")["regions"].items()}


def region_of(zone: str) -> str:
    """Name the region of a zone: its name without the last letter."""
    return zone.rpartition("-")[0]


@functools.cache
def families() -> dict[str, dict[str, Any]]:
    """Each machine family with all that is known of it, `machines/FAMILY.json`, in the order of every list."""
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (DATA / "machines").glob("*.json")}
    return dict(sorted(read.items(), key=lambda item: item[1]["order"]))


@functools.cache
def gpus() -> dict[str, GpuModel]:
    """Each GPU by Google's name."""
    return {
        name: GpuModel(
            name=name,
            short=entry["name"],
            families=(family,),
            counts=tuple(entry["counts"]),
            attached=entry["attached"],
            max_vcpus={int(count): vcpus for count, vcpus in entry.get("maxVcpus", {}).items()},
            max_memory_gib={int(count): gib for count, gib in entry.get("maxMemoryGib", {}).items()},
            zones=frozenset(entry["zones"]),
            doubtful_zones=frozenset(entry.get("doubtfulZones", ())),
            quota=entry["quota"],
        )
        for family, of in families().items()
        for name, entry in of["gpus"].items()
    }


def gpu(model: str) -> GpuModel | None:
    """Look a GPU up by Google's name or its short one, in any letter case."""
    wanted = model.lower()
    return next(
        (
            entry
            for name, entry in gpus().items()
            if wanted in (name, entry.short.lower(), name.removeprefix("nvidia-").removeprefix("tesla-"))
        ),
        None,
    )


@functools.cache
def machine_types() -> dict[str, MachineType]:
    """Each machine type by name; sizes of one's own are read by `machine_type`."""
    return {
        name: of_family(family, of, name, entry)
        for family, of in families().items()
        for name, entry in of["machineTypes"].items()
    }


def machine_type(name: str) -> MachineType | None:
    """Look a machine type up, one of Google's or a size of one's own."""
    from catalog import custom_types

    return machine_types().get(name) or custom_types.machine_type(name)


def series(name: str) -> dict[str, Any]:
    """Give what is known of the series of a machine type, which may itself be newer than the table; {} if nothing."""
    return families().get(name.partition("-")[0], {})


def brings_gpu(name: str) -> bool:
    """Say whether a machine type comes with a GPU, by its series where the table lacks the type."""
    known = machine_type(name)
    return bool(known.gpu) if known else any(not entry["attached"] for entry in series(name).get("gpus", {}).values())


def architecture(name: str) -> str:
    """Say what processor a machine type has, X86_64 or ARM64, by its series; empty where nothing is known."""
    known = machine_type(name)
    return known.architecture if known else series(name).get("architecture", "")


def disk_types(name: str, *, boot: bool = False) -> tuple[str, ...]:
    """List the types of disks that a machine type takes, the proposed one first; none where nothing is known."""
    known = machine_type(name)
    takes = known.disk_types if known else sorted(series(name).get("diskTypes", ()), key=PROPOSED.index)
    return tuple(
        kind
        for kind in takes
        if (known is None or known.takes(kind, boot=boot)) and (not boot or table("compute")["diskTypes"][kind]["boot"])
    )


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


def zones_for(machine_type: MachineType | None, accelerator: GpuModel | None, region: str) -> tuple[str, ...]:
    """List the zones of a region, in Google's order, that have a machine type and a GPU."""
    return tuple(
        zone
        for zone in regions().get(region, ())
        if (machine_type is None or zone in machine_type.zones) and (accelerator is None or zone in accelerator.zones)
    )


@dataclass(frozen=True)
class Image:
    """A public operating system image: where it comes from and what it needs."""

    project: str
    family: str
    min_gib: int
    secure_boot: bool
    gpu_driver: bool
    architecture: str

    @property
    def path(self) -> str:
        """PROJECT/FAMILY, as the provider takes it."""
        return f"{self.project}/{self.family}"


def image_architecture(path: str) -> str:
    """Say for what processor the image PROJECT/FAMILY is, X86_64 or ARM64; empty where nothing is known."""
    project, _, family = path.partition("/")
    known = {image.path: image.architecture for image in images().values()}
    if path in known:
        return known[path]
    if re.search(r"(^|-)(arm64|aarch64)(-|$)", family):
        return "ARM64"
    return "X86_64" if project in table("images")["x86Projects"] else ""


@functools.cache
def images() -> dict[str, Image]:
    """Each image of the table by the name that stack files use."""
    return {
        name: Image(
            project=entry["project"],
            family=entry["family"],
            min_gib=entry["minGib"],
            secure_boot=entry["secureBoot"],
            gpu_driver=entry["gpuDriver"],
            architecture=entry.get("architecture", "X86_64"),
        )
        for name, entry in table("images")["families"].items()
    }
