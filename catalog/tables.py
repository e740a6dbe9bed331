"""Dated facts about Google Cloud, read from `catalog/*.json`. None means unknown, never 'no'."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog import custom_types
from catalog.data import DATA as DATA
from catalog.data import table as table
from catalog.families import PROPOSED, of_family
from catalog.families import MachineType as MachineType
from catalog.families import families as families
from catalog.families import region_of as region_of


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


@functools.cache
def regions() -> dict[str, tuple[str, ...]]:
    """Each region with its zones."""
    return {name: tuple(entry["zones"]) for name, entry in table("compute")["regions"].items()}


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


def image_published(path: str) -> bool | None:
    """Say whether Google gives out the image PROJECT/FAMILY; None where the table cannot tell, as of single images.

    >>> [image_published(f"debian-cloud/{each}") for each in ("debian-12", "debian-9", "debian12", "debian-14", "sid")]
    [True, False, False, None, None]
    """
    project, _, family = path.partition("/")
    known: list[str] = table("images")["published"].get(project, [])
    if family in known:
        return True
    if family_projects(family):
        return False if known else None
    release = _release(family)
    other = re.search(_ONE_IMAGE, family) or any(family.startswith(f"{each}-") for each in known)
    return False if release and not other and release <= max(map(_release, known), default=0) else None


def lacks_docker(path: str, image: Image | None) -> bool:
    """Say whether an image, PROJECT/FAMILY or one of the table, is known to come without docker."""
    return (image.project if image else path.partition("/")[0]) in table("images")["withoutDocker"]


def family_projects(family: str) -> list[str]:
    """Name the public projects that give out a family."""
    return [project for project, families in table("images")["published"].items() if family in families]


_ONE_IMAGE = r"-v[0-9]{8}|(-[0-9]+){3}$"
"""What ends the name of an image of a family: `debian-12-bookworm-v20260115`, `cos-121-18867-624-2`."""


def _release(family: str) -> int:
    found = re.search(r"(?<!arm)(?<!amd)(?<!\d)\d{1,4}(?!\d)", family)
    return int(found[0]) if found else 0


IMAGE = re.compile(r"(?:.*?projects/)?([a-z][a-z0-9:.-]*)/(?:global/images/)?(?:family/)?(.+)")
"""An image that names its project, in any of the provider's forms: the project, and the image or family."""


def licensed(image: str, own: str) -> bool:
    """Say whether an image may bill a licence beside its machine: one of a project that is neither `own` nor known.

    A name alone is an image or family of the own project, or else of the public one that the provider knows by how it
    begins: what begins as one that bills may be that.

    >>> [licensed(i, "mine-1") for i in ("debian-cloud/debian-13", "windows-cloud/windows-2022", "mine", "mine-1/x")]
    [False, True, False, False]
    >>> [licensed(i, "mine-1") for i in ("debian-13", "windows-2022", "ubuntu-2404-lts-amd64", "ubuntu-pro-2404-lts")]
    [False, True, False, True]
    """
    found, facts = IMAGE.fullmatch(image), table("images")
    if found:
        return found[1] not in (own, *facts["freeProjects"])
    return "/" in image or image.startswith(tuple(facts["licensedNames"]))


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
