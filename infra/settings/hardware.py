"""Rules between a machine type, its GPU, its zone and its disks, by the dated tables of what Google offers."""

import difflib
import ipaddress
import math
from collections.abc import Collection, Iterator, Sequence

from catalog import custom_types, tables
from infra.settings import fitting
from infra.settings.machines import Gpu, Machine
from infra.settings.model import Settings
from infra.settings.problem import MISSING, Findings, Problem, nearest


def check(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Yield the breach of every rule."""
    for name, machine in settings.machines.items():
        path = f"coursecloud:machines.{name}"
        yield from _pair(path, machine.machine_type, machine.gpu, settings, found)
        yield from _zones(path, machine, settings, found)
        yield from fitting.check(path, machine, settings, found)
        if machine.data_disk and f"{name}-work" in settings.machines:
            yield Problem(f"{path}-work", MISSING, f"the data disk of '{name}' has this name", "rename one of the two")
    yield from _training(settings, found)


def dated() -> str:
    """Give the date of the tables."""
    return str(tables.table("compute")["date"])


def known_region(region: str, settings: Settings) -> bool:
    """Say whether a region is in the table, or has a zone that the stack allows."""
    return region in tables.regions() or any(tables.region_of(zone) == region for zone in settings.allow.zones)


def known_zone(zone: str, settings: Settings) -> bool:
    """Say whether a zone is in the table, or among those that the stack file allows beside it."""
    return zone in tables.regions().get(tables.region_of(zone), ()) or zone in settings.allow.zones


def free_range(settings: Settings) -> str:
    """Find a range that no subnet of the stack overlaps."""
    taken = [ipaddress.IPv4Network(cidr) for cidr in settings.subnets.values()]
    ranges = ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=20)
    free = (r for r in ranges if r.network_address >= _FIRST and not any(r.overlaps(other) for other in taken))
    return str(next(free, "10.10.0.0/20"))


_FIRST = ipaddress.IPv4Address("10.10.0.0")


def _training(settings: Settings, found: Findings) -> Iterator[Problem]:
    training, path = settings.training, "coursecloud:training"
    yield from _pair(path, training.worker_type, training.gpu, settings, found)
    if not training.enabled:
        return
    yield from _trains(path, settings, found)
    yield from _waits(path, settings, found)
    region = training.region or settings.region
    zones = tables.regions().get(region)
    if zones is None:
        return
    if not found.sound(f"{path}.region", *([] if training.region else ["gcp:region"])):
        return
    if region not in tables.table("compute")["vertexRegions"]:
        yield Problem(
            f"{path}.region", region, "Vertex AI does not train here", "write europe-west4, or `enabled: false`"
        )
        return
    yield from _offered(f"{path}.region", path, training.worker_type, training.gpu, zones, settings, found)


def _trains(path: str, settings: Settings, found: Findings) -> Iterator[Problem]:
    """Hold a job's machine type against those that Vertex AI trains on: fewer than Compute Engine makes."""
    name, facts = settings.training.worker_type, tables.table("vertex")
    # What no table knows is said by `_pair`.
    if not tables.machine_type(name) or name in facts["training"] or name in settings.allow.machine_types:
        return
    if found.sound(f"{path}.machineType", "coursecloud:allow.machineTypes"):
        near = _trained(name, facts["training"])
        yield Problem(
            f"{path}.machineType",
            name,
            f"Vertex AI trains on fewer types than Compute Engine makes, and not on this one (list of {facts['date']})",
            f"write {' or '.join(near)}. If Google has added it: list it under coursecloud:allow.machineTypes",
        )


def _waits(path: str, settings: Settings, found: Findings) -> Iterator[Problem]:
    """Hold a job that waits for a GPU against the GPUs that can be waited for."""
    wait, gpu, facts = settings.training.wait_for_gpu, settings.training.worker_gpu, tables.table("vertex")
    if not wait or not found.sound(f"{path}.waitForGpu", f"{path}.gpu", f"{path}.machineType"):
        return
    shorts = [known.short for name in facts["flexStart"] if (known := tables.gpu(name))]
    remedy = f"write machineType: g2-standard-4, which comes with an L4, or another with one of {', '.join(shorts)}"
    if gpu is None:
        # Of a type that no table knows, nobody knows whether it brings one.
        if tables.machine_type(settings.training.worker_type):
            rule = f"{settings.training.worker_type} without `gpu` has none to wait for"
            yield Problem(f"{path}.waitForGpu", str(wait), rule, f"{remedy}, or remove `waitForGpu`")
        return
    known = tables.gpu(gpu[0])
    if known and known.name not in facts["flexStart"]:
        rule = (
            f"Google queues jobs for {', '.join(shorts)} only (Dynamic Workload Scheduler, list of {facts['date']}),"
            f" and the job has a {known.short}"
        )
        yield Problem(f"{path}.waitForGpu", str(wait), rule, f"remove `waitForGpu`; to wait, {remedy}")


def _trained(name: str, known: Sequence[str]) -> list[str]:
    """Propose types of Vertex AI: the next larger of its series and kind, else those of everybody."""
    wanted = tables.machine_type(name)
    alike = [entry for entry in map(tables.machine_type, known) if entry and wanted and entry.gpu == wanted.gpu]
    kin = [entry for entry in alike if wanted and entry.family == wanted.family and entry.vcpus >= wanted.vcpus]
    kin.sort(key=lambda entry: (entry.vcpus, abs(entry.memory_gib - (wanted.memory_gib if wanted else 0))))
    others = ["g2-standard-4", "a2-highgpu-1g"] if wanted and wanted.gpu else ["e2-standard-4", "n1-standard-4"]
    same = alike if wanted and wanted.gpu else []
    return [entry.name for entry in (kin or same)[:2]] or others


def _pair(path: str, name: str, gpu: Gpu | None, settings: Settings, found: Findings) -> Iterator[Problem]:
    """Hold a machine type and a GPU against the tables and against each other."""
    known = tables.machine_types()
    trained = tables.table("vertex")["training"] if path == "coursecloud:training" else ()
    machine_type = tables.machine_type(name)
    sound = found.sound(f"{path}.machineType")
    allowed = name in settings.allow.machine_types or not found.sound("coursecloud:allow.machineTypes")
    own = custom_types.mistake(name)
    if machine_type is None and not allowed and own:
        yield Problem(f"{path}.machineType", name, *own)
    elif machine_type is None and not allowed:
        yield Problem(
            f"{path}.machineType",
            name,
            f"the table of {dated()} has no such machine type",
            f"{_close(name, trained or known)} A newer one: list it under coursecloud:allow.machineTypes",
        )
    if gpu is None or not found.sound(f"{path}.gpu.model"):
        return
    accelerator = tables.gpu(gpu.model)
    if accelerator is None:
        if gpu.model not in settings.allow.gpus and found.sound("coursecloud:allow.gpus"):
            shorts = ", ".join(sorted(entry.short for entry in tables.gpus().values()))
            yield Problem(
                f"{path}.gpu.model",
                gpu.model,
                f"the table of {dated()} has no such GPU",
                f"write one of {shorts}. A newer one: list it under coursecloud:allow.gpus",
            )
        return
    short = accelerator.short
    if not accelerator.attached:
        carriers = [entry for entry in known.values() if entry.gpu == accelerator.name]
        exact = [entry.name for entry in carriers if entry.gpu_count == gpu.count] or [carriers[0].name]
        yield Problem(
            f"{path}.gpu",
            gpu.model,
            f"the {short} is not attached: it comes with the machine type",
            f"remove `gpu:` and write machineType: {exact[0]}",
        )
        return
    if machine_type and sound and _series(name) not in accelerator.families:
        yield Problem(
            f"{path}.gpu.model",
            gpu.model,
            f"the {short} attaches to {' and '.join(accelerator.families)} machines only, and {name} is"
            f" {_series(name)}",
            f"write machineType: {accelerator.families[0]}-standard-4, or without `gpu:` g2-standard-4, which comes"
            " with an L4",
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
    elif machine_type and sound and machine_type.vcpus > accelerator.max_vcpus[gpu.count]:
        most = accelerator.max_vcpus[gpu.count]
        enough = [count for count, vcpus in accelerator.max_vcpus.items() if vcpus >= machine_type.vcpus]
        yield Problem(
            f"{path}.machineType",
            name,
            f"{gpu.count} {short} go with at most {most} vCPUs, and {name} has {machine_type.vcpus}",
            f"write machineType: {accelerator.families[0]}-standard-8"
            + (f", or count: {min(enough)}" if enough else ""),
        )
    elif machine_type and sound and machine_type.memory_gib > accelerator.max_memory_gib.get(gpu.count, math.inf):
        most_gib = accelerator.max_memory_gib[gpu.count]
        yield Problem(
            f"{path}.machineType",
            name,
            f"{gpu.count} {short} go with at most {most_gib:g} GiB of memory, and {name} has"
            f" {machine_type.memory_gib:g}",
            f"write machineType: {accelerator.families[0]}-standard-8",
        )


def _zones(path: str, machine: Machine, settings: Settings, found: Findings) -> Iterator[Problem]:
    given = bool(machine.zone)
    # The region's own mistake is said at the region; here the zone would only be made from it.
    source = [f"{path}.zone", *([] if given else ["gcp:region", "gcp:zone"])]
    usable = given or _sound_zone(settings)
    zones = [("zone", settings.zone_of(machine))] if usable and found.sound(*source) else []
    zones += [(f"fallbackZones[{index}]", zone) for index, zone in enumerate(machine.fallback_zones)]
    for index, (key, zone) in enumerate(zones):
        where = f"{path}.{key}"
        if index and zone == zones[0][1]:
            yield Problem(where, zone, "this is the first zone already", "remove it")
        unknown = list(_zone_known(where, zone, settings, found))
        yield from unknown
        if unknown:
            continue
        subnets = found.sound("coursecloud:network.subnets", "gcp:region") and settings.region in settings.subnets
        if subnets and known_region(settings.region, settings) and tables.region_of(zone) not in settings.subnets:
            missing = [] if settings.network.subnets else [f"`{settings.region}: {settings.subnets[settings.region]}`"]
            missing.append(f"`{tables.region_of(zone)}: {free_range(settings)}`")
            yield Problem(
                where,
                zone,
                f"the network has no subnet in {tables.region_of(zone)}",
                f"add {' and '.join(missing)} under coursecloud:network.subnets",
            )
        anywhere = tables.regions().get(settings.region) if key == "zone" and not given and not settings.zone else None
        yield from _offered(where, path, machine.machine_type, machine.gpu, anywhere or (zone,), settings, found)


def _sound_zone(settings: Settings) -> bool:
    """Say whether the zone of a machine that names none is one; what is wrong with it is said at gcp:zone."""
    if settings.zone is None:
        return known_region(settings.region, settings)
    return known_zone(settings.zone, settings) and tables.region_of(settings.zone) == settings.region


def _zone_known(path: str, zone: str, settings: Settings, found: Findings) -> Iterator[Problem]:
    every = [name for zones in tables.regions().values() for name in zones]
    if known_zone(zone, settings) or not found.sound("coursecloud:allow.zones"):
        return
    regional = tables.regions().get(tables.region_of(zone)) or tables.regions().get(zone)
    own = f"write for example {', '.join(tables.regions().get(settings.region, ())) or 'europe-west1-b'}."
    yield Problem(
        path,
        zone,
        f"the table of {dated()} has no such zone",
        (f"write one of {', '.join(regional)}." if regional else nearest(zone, every, own))
        + " A newer one: list it under coursecloud:allow.zones",
    )


def _offered(
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
