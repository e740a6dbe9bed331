"""Dated facts about Google Cloud, read from `catalog/*.json`. None means unknown, never 'no'."""

import functools
import json
from dataclasses import dataclass
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
    zones: frozenset[str]
    doubtful_zones: frozenset[str]
    """Zones in which only some of the sources have it."""


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
    local_ssd_gib: float = 0
    """GiB of local SSD that come with it, and bill with it."""


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
            zones=frozenset(entry["zones"]),
            doubtful_zones=frozenset(entry.get("doubtfulZones", ())),
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
    """Each machine type by name."""
    return {
        name: MachineType(
            name=name,
            family=family,
            vcpus=entry["vcpus"],
            memory_gib=entry["memoryGib"],
            zones=frozenset(entry.get("zones") or of["zones"]),
            billed_vcpus=entry.get("fraction", entry["vcpus"]),
            gpu=entry.get("gpu", {}).get("model"),
            gpu_count=entry.get("gpu", {}).get("count", 0),
            local_ssd_gib=entry.get("localSsdGib", 0),
        )
        for family, of in families().items()
        for name, entry in of["machineTypes"].items()
    }


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

    @property
    def path(self) -> str:
        """PROJECT/FAMILY, as the provider takes it."""
        return f"{self.project}/{self.family}"


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
        )
        for name, entry in table("images")["families"].items()
    }
