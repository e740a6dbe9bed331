"""What Google offers, by its dated tables: a machine type and its GPU, and zones that have both."""

import difflib
import math
import re
from collections.abc import Collection, Iterator

from catalog import custom_types, tables
from infra.settings.machines import Gpu
from infra.settings.model import Settings
from infra.settings.problem import Findings, Problem


def dated() -> str:
    """Give the date of the tables."""
    return str(tables.table("compute")["date"])


def pair(path: str, name: str, gpu: Gpu | None, settings: Settings, found: Findings) -> Iterator[Problem]:
    """Hold a machine type and a GPU against the tables and against each other."""
    yield from _type_known(path, name, settings, found)
    if gpu is None or not found.sound(f"{path}.gpu.model"):
        return
    accelerator = tables.gpu(gpu.model)
    if accelerator is None:
        yield from _unknown_gpu(path, gpu, settings, found)
    elif not accelerator.attached:
        carriers = [entry for entry in tables.machine_types().values() if entry.gpu == accelerator.name]
        exact = [entry.name for entry in carriers if entry.gpu_count == gpu.count] or [carriers[0].name]
        there = next((entry for entry in carriers if entry.name == name), None)
        remedy = f"remove `gpu:` and write machineType: {exact[0]}"
        if there and gpu.count in (1, there.gpu_count):
            remedy = f"remove `gpu:`: {name} has {there.gpu_count} of them"
        yield Problem(
            f"{path}.gpu",
            gpu.model,
            f"the {accelerator.short} is not attached: it comes with the machine type",
            remedy,
        )
    else:
        machine_type = tables.machine_type(name) if found.sound(f"{path}.machineType") else None
        yield from _attached(path, machine_type, gpu, accelerator, found)


def _type_known(path: str, name: str, settings: Settings, found: Findings) -> Iterator[Problem]:
    allowed = name in settings.allow.machine_types or not found.sound("coursecloud:allow.machineTypes")
    if tables.machine_type(name) or allowed:
        return
    if own := custom_types.mistake(name):
        yield Problem(f"{path}.machineType", name, *own)
        return
    trained = tables.table("vertex")["training"] if path == "coursecloud:training" else ()
    yield Problem(
        f"{path}.machineType",
        name,
        f"the table of {dated()} has no such machine type",
        f"{_close(name, trained or tables.machine_types())} A newer one: list it under coursecloud:allow.machineTypes",
    )


def _unknown_gpu(path: str, gpu: Gpu, settings: Settings, found: Findings) -> Iterator[Problem]:
    if gpu.model in settings.allow.gpus or not found.sound("coursecloud:allow.gpus"):
        return
    shorts = ", ".join(sorted(entry.short for entry in tables.gpus().values()))
    # Vertex AI writes NVIDIA_TESLA_T4, SkyPilot T4:1, a shop Tesla T4.
    bare = re.sub(r"^nvidia[-_ ]*|(?<![a-z])tesla[-_ ]*|[:x ]+[0-9]{1,2}$", "", gpu.model.strip().lower())
    meant = tables.gpu(bare) or tables.gpu(bare.replace("_", "-"))
    yield Problem(
        f"{path}.gpu.model",
        gpu.model,
        f"the table of {dated()} has no such GPU",
        f"did you mean '{meant.short}'?"
        if meant
        else f"write one of {shorts}. A newer one: list it under coursecloud:allow.gpus",
    )


def _attached(
    path: str, machine_type: tables.MachineType | None, gpu: Gpu, accelerator: tables.GpuModel, found: Findings
) -> Iterator[Problem]:
    """Hold how many of a GPU are attached against the GPU, and against the machine type where that is sound."""
    short, first = accelerator.short, accelerator.families[0]
    if machine_type and _series(machine_type.name) not in accelerator.families:
        yield Problem(
            f"{path}.gpu.model",
            gpu.model,
            f"the {short} attaches to {' and '.join(accelerator.families)} machines only, and {machine_type.name} is"
            f" {_series(machine_type.name)}",
            f"write machineType: {first}-standard-4, or without `gpu:` g2-standard-4, which comes with an L4",
        )
        machine_type = None
    if not found.sound(f"{path}.gpu.count"):
        return
    if gpu.count not in accelerator.counts:
        yield Problem(
            f"{path}.gpu.count",
            gpu.count,
            f"a machine takes {_alternatives(accelerator.counts)} {short}",
            f"write count: {min(accelerator.counts, key=lambda count: (abs(count - gpu.count), count))}",
        )
    elif machine_type:
        yield from _bounds(path, machine_type, gpu, accelerator)


def _bounds(path: str, machine_type: tables.MachineType, gpu: Gpu, accelerator: tables.GpuModel) -> Iterator[Problem]:
    """Hold a machine's vCPUs and memory against what goes with so many of a GPU."""
    larger = f"write machineType: {accelerator.families[0]}-standard-8"
    together = f"{gpu.count} {accelerator.short} go with at most"
    vcpus, gib = accelerator.max_vcpus[gpu.count], accelerator.max_memory_gib.get(gpu.count, math.inf)
    if machine_type.vcpus > vcpus:
        enough = [count for count, most in accelerator.max_vcpus.items() if most >= machine_type.vcpus]
        yield Problem(
            f"{path}.machineType",
            machine_type.name,
            f"{together} {vcpus} vCPUs, and {machine_type.name} has {machine_type.vcpus}",
            larger + (f", or count: {min(enough)}" if enough else ""),
        )
    elif machine_type.memory_gib > gib:
        rule = f"{together} {gib:g} GiB of memory, and {machine_type.name} has {machine_type.memory_gib:g}"
        yield Problem(f"{path}.machineType", machine_type.name, rule, larger)


def offered(
    where: str,
    path: str,
    type_name: str,
    gpu: Gpu | None,
    zones: tuple[str, ...],
    settings: Settings,
    found: Findings,
) -> Iterator[Problem]:
    """Hold a machine type and a GPU against zones of which at least one must have both."""
    machine_type = tables.machine_type(type_name) if found.sound(f"{path}.machineType") else None
    accelerator = tables.gpu(gpu.model) if gpu and found.sound(f"{path}.gpu.model") else None
    if accelerator and not accelerator.attached:
        return  # said already
    if machine_type and accelerator and _series(type_name) not in accelerator.families:
        return  # said already, and there is no zone to propose
    if not found.sound("coursecloud:allow.zones") or any(zone in settings.allow.zones for zone in zones):
        return
    places = [entry.zones for entry in (machine_type, accelerator) if entry]
    if not places or any(all(zone in offered for offered in places) for zone in zones):
        return
    what = type_name if machine_type and not any(zone in machine_type.zones for zone in zones) else "both together"
    if accelerator and not any(zone in accelerator.zones for zone in zones):
        what = accelerator.short
    both: frozenset[str] = places[0].intersection(*places)
    region = tables.region_of(zones[0])
    near = sorted(both, key=lambda zone: (zone.split("-")[0] != region.split("-")[0], zone))
    one = len(zones) == 1
    nearby = [zone for zone in near if tables.region_of(zone) == region]
    value = zones[0] if one else region
    regions = list(dict.fromkeys(map(tables.region_of, near)))[:4]
    if doubtful := [zone for zone in zones if zone in _doubtful(what)]:
        if nearby:
            others = ", ".join(nearby[:3])
        elif where.endswith(".region"):
            others = ", ".join(regions)
        else:
            others = f"{', '.join(near[:3])} (and its region as gcp:region)"
        yield Problem(
            where,
            value,
            f"sources disagree whether {' and '.join(doubtful)} {'have' if doubtful[1:] else 'has'} {what}"
            f" (table of {dated()})",
            f"take one of {others}, or look {doubtful[0]} up with `gcloud compute {_LOOK_UP[what == type_name]} list`"
            " and list it under coursecloud:allow.zones",
        )
        return
    if not near:
        remedy = "take another machine type or GPU: no zone has both"
    elif nearby:
        remedy = f"write {' or '.join(nearby[:4])}"
    elif where.endswith(".region"):
        remedy = f"write {' or '.join(regions)}"
    else:
        zone = f" and zone: {near[0]}" if one else ""
        remedy = f"write gcp:region: {regions[0]}{zone}; it is also in {' and '.join(near[1:4])}"
    rule = f"there is no {what} in {'zone' if one else 'region'} {value} (table of {dated()})"
    yield Problem(where, value, rule, remedy)


def _close(name: str, known: Collection[str]) -> str:
    # Of 131 machine types only a likely one is worth naming.
    close = difflib.get_close_matches(name[:100].lower(), known, n=1, cutoff=0.7)
    return f"did you mean '{close[0]}'?" if close else "common ones are e2-medium, n1-standard-4, g2-standard-4."


def _series(machine_type: str) -> str:
    if machine_type.startswith("custom-"):
        return "n1"
    # Not the table's family: f1-micro and g1-small bill as n1, but shared cores take no GPU.
    return machine_type.partition("-")[0]


_LOOK_UP = {True: "machine-types", False: "accelerator-types"}


def _doubtful(what: str) -> frozenset[str]:
    accelerator = tables.gpu(what)
    carried = tables.machine_type(what)
    name = accelerator.name if accelerator else carried.gpu if carried else None
    known = tables.gpus().get(name or "")
    return known.doubtful_zones if known else frozenset()


def _alternatives(numbers: tuple[int, ...]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} or {last}" if most else last
