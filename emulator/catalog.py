"""What Google has on offer: regions, zones, machine types, accelerators, public images, predefined roles, API names."""

from __future__ import annotations

import functools
import json
import re
import zlib
from importlib.resources import files
from pathlib import Path
from typing import Any

Json = dict[str, Any]
COMPUTE = "https://www.googleapis.com/compute/v1/"

_DATA: Json = json.loads(Path(__file__).with_name("catalog.json").read_text(encoding="utf-8"))
REGIONS: dict[str, str] = _DATA["regions"]  # region -> the letters of its zones
BUCKET_PLACES: dict[str, str] = _DATA["bucketPlaces"]  # beside the regions
FAMILIES: dict[str, Json] = _DATA["families"]
SMALL: dict[str, list[int]] = _DATA["sharedCore"]  # name -> vCPUs, MiB
ACCELERATORS: dict[str, list[str]] = _DATA["accelerators"]  # name -> zones in which it attaches
PUBLIC_PROJECTS: dict[str, Json] = _DATA["publicProjects"]  # what their image families are called, how large they are
ROLES: dict[str, list[str]] = _DATA["roles"]  # service -> its predefined roles
AGENTS: dict[str, str] = _DATA["agents"]  # domain of a service agent -> the API that makes it
BUILT_IN_GPUS = {"a2-highgpu": "nvidia-tesla-a100", "g2-standard": "nvidia-l4"}
DISK_TYPES = ("pd-standard", "pd-balanced", "pd-ssd", "pd-extreme", "hyperdisk-balanced")


def known_role(role: str) -> bool:
    """Is there such a predefined role? Of a service that is not listed here, any well-formed name passes."""
    service, _, rest = role.removeprefix("roles/").partition(".")
    if not rest:
        return service in ROLES[""]
    return service not in ROLES or rest in ROLES[service]


@functools.cache
def known_api(host: str) -> bool:
    """Is there an API of this name? By the names of the descriptions at hand, and a few more."""
    name = host.removesuffix(".googleapis.com")
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    return host != name and (name in _DATA["moreApis"] or any(f.name.startswith(name + ".") for f in folder.iterdir()))


def zone(name: str) -> str | None:
    """The zone's region, or None where there is no such zone."""
    region, _, letter = name.rpartition("-")
    return region if len(letter) == 1 and letter in REGIONS.get(region, "") else None


def zones() -> list[str]:
    """Every zone."""
    return [f"{region}-{letter}" for region, letters in sorted(REGIONS.items()) for letter in letters]


def number(text: str) -> str:
    """An id that is the same each time."""
    return str(1_000_000_000_000 + zlib.crc32(text.encode()) * 1000)


def lookup(path: str) -> Json | None:
    """projects/p/zones/z/machineTypes/t and the like: what Google itself keeps, or None."""
    parts = path.split("/")
    if len(parts) < 4:
        return None
    if parts[2] in ("zones", "regions") and len(parts) == 4:
        return _place(path, parts[2], parts[3])
    if parts[2] == "zones" and len(parts) == 6 and zone(parts[3]):
        maker = {"machineTypes": machine_type, "acceleratorTypes": accelerator, "diskTypes": _disk_type}.get(parts[4])
        return maker(path, parts[3], parts[5]) if maker else None
    if parts[2:4] == ["global", "images"] and parts[1] in PUBLIC_PROJECTS:
        return image(parts[1], parts[4:])
    return None


def _place(path: str, sort: str, name: str) -> Json | None:
    base = {"id": number(name), "name": name, "description": name, "status": "UP", "selfLink": COMPUTE + path}
    prefix = COMPUTE + path.split("/" + sort)[0]
    if sort == "zones" and (region := zone(name)):
        return base | {
            "kind": "compute#zone",
            "region": f"{prefix}/regions/{region}",
            "availableCpuPlatforms": ["Intel Broadwell"],
        }
    if sort == "regions" and name in REGIONS:
        return base | {"kind": "compute#region", "zones": [f"{prefix}/zones/{name}-{c}" for c in REGIONS[name]]}
    return None


def size_of(name: str, where: str = "") -> tuple[int, int, int] | None:
    """vCPUs, MiB and built-in GPUs of a machine type, or None where there is none such (in this zone)."""
    if name in SMALL:
        return SMALL[name][0], SMALL[name][1], 0
    custom = re.fullmatch(r"(?:e2|n1|n2|n2d)-custom-(\d+)-(\d+)|custom-(\d+)-(\d+)", name)
    if custom:
        cpus, memory = (int(g) for g in custom.groups() if g)
        return (cpus, memory, 0) if memory % 256 == 0 and (cpus == 1 or cpus % 2 == 0) else None
    gpus = re.fullmatch(r"a2-highgpu-([1248])g", name)
    if gpus:
        count = int(gpus[1])
        return (12 * count, 85 * 1024 * count, count) if not where or where in _DATA["a2Zones"] else None
    family, _, size = name.rpartition("-")
    if family not in FAMILIES or not size.isdigit():
        return None
    family_of = FAMILIES[family]
    if int(size) not in family_of["sizes"] or (where and family_of["zones"] and where not in family_of["zones"]):
        return None
    built_in = {24: 2, 48: 4, 96: 8}.get(int(size), 1) if family == "g2-standard" else 0
    return int(size), int(int(size) * family_of["gibPerCpu"] * 1024), built_in


def machine_type(path: str, where: str, name: str) -> Json | None:
    """The machine type as Google tells it, or None where the zone has none such."""
    size = size_of(name, where)
    if size is None:
        return None
    body: Json = {
        "kind": "compute#machineType",
        "id": number(name),
        "name": name,
        "guestCpus": size[0],
        "memoryMb": size[1],
        "zone": where,
        "selfLink": COMPUTE + path,
        "isSharedCpu": name in SMALL,
        "architecture": "X86_64",
        "maximumPersistentDisks": 128,
        "maximumPersistentDisksSizeGb": "263168",
        "description": f"{size[0]} vCPUs, {size[1] / 1024:g} GB RAM",
        "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
    }
    if size[2]:
        gpu = BUILT_IN_GPUS[name.rpartition("-")[0]]
        body["accelerators"] = [{"guestAcceleratorType": gpu, "guestAcceleratorCount": size[2]}]
    return body


def machine_types(where: str) -> list[str]:
    """The names of all machine types of a zone."""
    names = [f"{family}-{n}" for family, known in FAMILIES.items() for n in known["sizes"]]
    names += [*SMALL, *(f"a2-highgpu-{n}g" for n in (1, 2, 4, 8))]
    return sorted(n for n in names if size_of(n, where))


def accelerator(path: str, where: str, name: str) -> Json | None:
    """The accelerator type as Google tells it, or None where the zone has none such."""
    if where not in ACCELERATORS.get(name, []):
        return None
    return {
        "kind": "compute#acceleratorType",
        "id": number(name),
        "name": name,
        "zone": COMPUTE + path.split("/accel")[0],
        "selfLink": COMPUTE + path,
        "maximumCardsPerInstance": 4,
        "description": name.replace("-", " ").upper(),
    }


def _disk_type(path: str, _where: str, name: str) -> Json | None:
    if name not in DISK_TYPES:
        return None
    return {
        "kind": "compute#diskType",
        "id": number(name),
        "name": name,
        "selfLink": COMPUTE + path,
        "zone": COMPUTE + path.split("/diskTypes")[0],
        "validDiskSize": "10GB-65536GB",
        "defaultDiskSizeGb": "500",
    }


def image(project: str, rest: list[str]) -> Json | None:
    """A family's newest image, or that image by its own name; the family's name is no image (404 comes first)."""
    rule, size = PUBLIC_PROJECTS[project]["families"], PUBLIC_PROJECTS[project]["diskGb"]
    if rest[0] == "family" and len(rest) == 2 and re.fullmatch(rule, rest[1]):
        family = rest[1]
    elif len(rest) == 1 and (dated := re.fullmatch(r"(.+)-v\d{8}", rest[0])) and re.fullmatch(rule, dated[1]):
        family = dated[1]
    else:
        return None
    name = f"{family}-v20260801"
    return {
        "kind": "compute#image",
        "id": number(name),
        "name": name,
        "family": family,
        "status": "READY",
        "diskSizeGb": str(size),
        "selfLink": f"{COMPUTE}projects/{project}/global/images/{name}",
        "archiveSizeBytes": "1000000000",
        "sourceType": "RAW",
        "creationTimestamp": "2026-08-01T00:00:00.000-07:00",
        "architecture": "ARM64" if "arm64" in family else "X86_64",
        "licenses": [f"{COMPUTE}projects/{project}/global/licenses/{family}"],
        "labelFingerprint": "42WmSpB8rSM=",
        "guestOsFeatures": [{"type": "VIRTIO_SCSI_MULTIQUEUE"}, {"type": "UEFI_COMPATIBLE"}, {"type": "GVNIC"}],
        "storageLocations": ["us"],
        "licenseCodes": [number(family)],
    }
