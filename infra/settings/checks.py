"""Rules between settings, and between settings and the dated tables: pure, every breach at once."""

import difflib
import ipaddress
from collections.abc import Callable, Collection, Iterator
from itertools import combinations
from pathlib import Path

from infra import names, tables
from infra.settings.model import Settings
from infra.settings.problem import MISSING, Problem, nearest
from infra.settings.workloads import Gpu, Machine

Check = Callable[[Settings, Path], Iterator[Problem]]


def check(settings: Settings, broken: set[str], folder: Path) -> list[Problem]:
    """Run every rule whose sections could be read; a rule on top of a broken section would only confuse."""
    return [
        problem
        for rule, sections in _RULES.items()
        if not broken.intersection(sections)
        for problem in rule(settings, folder)
    ]


def _places(settings: Settings, _: Path) -> Iterator[Problem]:
    known = tables.regions()
    allowed_regions = {tables.region_of(zone) for zone in settings.allow.zones}
    for path, region in [
        ("gcp:region", settings.region),
        ("coursecloud:training.region", settings.training.region),
        *((f"coursecloud:network.subnets.{region}", region) for region in settings.network.subnets or ()),
    ]:
        if region and region not in known and region not in allowed_regions:
            yield Problem(path, region, f"the table of {_dated()} has no such region", nearest(region, known))
    if settings.zone and tables.region_of(settings.zone) != settings.region:
        yield Problem(
            "gcp:zone",
            settings.zone,
            f"the zone is not in the stack's region, {settings.region}",
            f"one of {', '.join(known.get(settings.region, ())) or 'its zones'}, or leave gcp:zone out",
        )
    elif settings.zone:
        yield from _zone_known("gcp:zone", settings.zone, settings)
    location = settings.storage.location
    places = tables.table("compute")["storageLocations"]
    locations = {*known, *allowed_regions, *(place.lower() for place in places["multiRegions"])}
    if location and location.lower() not in locations:
        yield Problem(
            "coursecloud:storage.location",
            location,
            "Cloud Storage has no such location",
            nearest(location, locations),
        )


def _stack_name(settings: Settings, _: Path) -> Iterator[Problem]:
    if not names.STACK.fullmatch(settings.stack):
        yield Problem(
            f"Pulumi.{settings.stack}.yaml",
            settings.stack,
            "the name of a stack has 1 to 40 letters, digits, '-', '_' and '.', and begins with a letter",
            "rename the stack file, for example Pulumi.group-07.yaml",
        )


def _subnets(settings: Settings, _: Path) -> Iterator[Problem]:
    ranges = {region: ipaddress.ip_network(cidr) for region, cidr in settings.subnets.items()}
    for (first, one), (second, other) in combinations(ranges.items(), 2):
        if one.overlaps(other):
            yield Problem(
                f"coursecloud:network.subnets.{second}",
                str(other),
                f"it overlaps the range of {first}, {one}",
                "give each region a range of its own, for example 10.10.0.0/20 and 10.10.16.0/20",
            )
    if settings.region not in settings.subnets:
        yield Problem(
            "coursecloud:network.subnets",
            MISSING,
            f"the stack's own region, {settings.region}, has no subnet",
            f"add `{settings.region}: 10.10.0.0/20`",
        )


def _machines(settings: Settings, folder: Path) -> Iterator[Problem]:
    for name, machine in settings.machines.items():
        path = f"coursecloud:machines.{name}"
        yield from _machine_type(path, machine.machine_type, machine.gpu, settings)
        yield from _zones(path, machine, settings)
        yield from _files(path, machine, folder)
        yield from _disks(path, machine, settings)
        if f"{name}-work" in settings.machines:
            yield Problem(f"{path}-work", MISSING, f"the data disk of '{name}' has this name", "rename one of the two")
        included = tables.machine_types().get(machine.machine_type)
        if included and included.gpu and not machine.spot and not machine.on_demand_gpu:
            yield Problem(
                f"{path}.machineType",
                machine.machine_type,
                f"the type comes with {included.gpu_count} {included.gpu} at the full price, a costly default",
                "add `spot: true`, or `onDemandGpu: true` if an interruption would lose work",
            )


def _training(settings: Settings, _: Path) -> Iterator[Problem]:
    training = settings.training
    path = "coursecloud:training"
    yield from _machine_type(path, training.machine_type, training.gpu, settings)
    region = training.region or settings.region
    if region in tables.regions():
        if region not in tables.table("compute")["vertexRegions"]:
            yield Problem(f"{path}.region", region, "Vertex AI does not train in this region", "use europe-west4")
        yield from _offered(f"{path}.region", training.machine_type, training.gpu, tables.regions()[region], settings)
    if (training.endpoint or training.prediction) and not training.enabled:
        yield Problem(f"{path}.enabled", False, "an endpoint or a prediction account is part of training", "remove it")


def _machine_type(path: str, name: str, gpu: Gpu | None, settings: Settings) -> Iterator[Problem]:
    known = tables.machine_types()
    machine_type = known.get(name)
    if machine_type is None and name not in settings.allow.machine_types:
        yield Problem(
            f"{path}.machineType",
            name,
            f"the table of {_dated()} has no such machine type",
            f"{_close(name, known)} A newer one: list it under coursecloud:allow.machineTypes",
        )
    if gpu is None:
        return
    accelerator = tables.gpu(gpu.model)
    if accelerator is None:
        if gpu.model not in settings.allow.gpus:
            known_gpus = {entry.short: entry for entry in tables.gpus().values()}
            yield Problem(
                f"{path}.gpu.model",
                gpu.model,
                f"the table of {_dated()} has no such GPU",
                f"{nearest(gpu.model, known_gpus)} A newer one: list it under coursecloud:allow.gpus",
            )
        return
    if not accelerator.attached:
        carriers = [entry.name for entry in known.values() if entry.gpu == accelerator.name]
        yield Problem(
            f"{path}.gpu",
            gpu.model,
            f"a {accelerator.short} is not attached: it comes with the machine type",
            f"remove `gpu:` and take machineType {' or '.join(carriers[:3])}",
        )
        return
    if machine_type and machine_type.family not in accelerator.families:
        yield Problem(
            f"{path}.gpu.model",
            gpu.model,
            f"a {accelerator.short} attaches to {' and '.join(accelerator.families)} machines only,"
            f" and {name} is {machine_type.family}",
            f"take machineType {accelerator.families[0]}-standard-4, or g2-standard-4, which comes with an L4",
        )
    if gpu.count not in accelerator.counts:
        yield Problem(
            f"{path}.gpu.count",
            gpu.count,
            f"a machine takes {_alternatives(accelerator.counts)} {accelerator.short}",
            f"write count: {min(accelerator.counts, key=lambda count: (abs(count - gpu.count), count))}",
        )
    elif machine_type and machine_type.vcpus > accelerator.max_vcpus.get(gpu.count, 10**6):
        enough = [count for count, vcpus in accelerator.max_vcpus.items() if vcpus >= machine_type.vcpus]
        yield Problem(
            f"{path}.machineType",
            name,
            f"{gpu.count} {accelerator.short} go with at most {accelerator.max_vcpus[gpu.count]} vCPUs, and"
            f" {name} has {machine_type.vcpus}",
            f"take {accelerator.families[0]}-standard-8" + (f", or count: {min(enough)}" if enough else ""),
        )


def _close(name: str, known: Collection[str]) -> str:
    # Of 131 machine types only a likely one is worth naming.
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else "common ones are e2-medium, n1-standard-4, g2-standard-4."


def _zones(path: str, machine: Machine, settings: Settings) -> Iterator[Problem]:
    zones = [("zone", settings.zone_of(machine))]
    zones += [(f"fallbackZones[{index}]", zone) for index, zone in enumerate(machine.fallback_zones)]
    seen: set[str] = set()
    for key, zone in zones:
        if zone in seen:
            yield Problem(f"{path}.{key}", zone, "the zone is named twice", "name each zone once")
        seen.add(zone)
        unknown = list(_zone_known(f"{path}.{key}", zone, settings))
        yield from unknown
        if unknown:
            continue
        if tables.region_of(zone) not in settings.subnets:
            yield Problem(
                f"{path}.{key}",
                zone,
                f"the network has no subnet in {tables.region_of(zone)}",
                f"add `{settings.region}: 10.10.0.0/20` and `{tables.region_of(zone)}: 10.10.16.0/20` under"
                " coursecloud:network.subnets",
            )
        yield from _offered(f"{path}.{key}", machine.machine_type, machine.gpu, (zone,), settings)
    if machine.fallback_zones and machine.data_disk and machine.data_disk.keep:
        yield Problem(
            f"{path}.fallbackZones",
            list(machine.fallback_zones),
            "a kept data disk stays in its zone, and its machine with it",
            "remove fallbackZones, or `keep: true` of the data disk and keep the work in a bucket",
        )


def _zone_known(path: str, zone: str, settings: Settings) -> Iterator[Problem]:
    every = [name for zones in tables.regions().values() for name in zones]
    if zone not in every and zone not in settings.allow.zones:
        remedy = nearest(zone, tables.regions().get(tables.region_of(zone)) or every)
        yield Problem(
            path,
            zone,
            f"the table of {_dated()} has no such zone",
            f"{remedy} A newer one: list it under coursecloud:allow.zones",
        )


def _offered(
    path: str, type_name: str, gpu: Gpu | None, zones: tuple[str, ...], settings: Settings
) -> Iterator[Problem]:
    """Hold a machine type and a GPU against zones of which at least one must have both."""
    machine_type = tables.machine_types().get(type_name)
    accelerator = tables.gpu(gpu.model) if gpu else None
    if machine_type and accelerator and machine_type.family not in accelerator.families:
        return  # said already, and there is no zone to propose
    for what, offered in (
        (type_name, machine_type.zones if machine_type else None),
        (accelerator.short if accelerator else "", accelerator.zones if accelerator else None),
    ):
        if offered is None or any(zone in offered or zone in settings.allow.zones for zone in zones):
            continue
        both = offered & (machine_type.zones if machine_type else offered)
        region = tables.region_of(zones[0])
        near = sorted(both, key=lambda zone: (zone.split("-")[0] != region.split("-")[0], zone))
        nearby = [zone for zone in near if tables.region_of(zone) == region] or near
        doubtful = [zone for zone in zones if zone in _doubtful(what)]
        if doubtful:
            yield Problem(
                path,
                doubtful[0],
                f"sources disagree whether {doubtful[0]} has {what} (table of {_dated()})",
                f"look it up with `gcloud compute {_LOOK_UP[what == type_name]} list`, then list the zone under"
                f" coursecloud:allow.zones; {', '.join(nearby[:3])} have it",
            )
            continue
        yield Problem(
            path,
            zones[0] if len(zones) == 1 else region,
            f"there is no {what} in {'zone ' + zones[0] if len(zones) == 1 else 'region ' + region}"
            f" (table of {_dated()})",
            f"use {', '.join(nearby[:4])}" + ("" if nearby != near else ", in another region"),
        )


def _files(path: str, machine: Machine, folder: Path) -> Iterator[Problem]:
    if machine.startup_script is None:
        return
    script = folder / machine.startup_script
    if Path(machine.startup_script).is_absolute() or not script.resolve().is_relative_to(folder.resolve()):
        rule, remedy = "the script lies outside the project", "put it into the project, e.g. scripts/setup.sh"
    elif not script.is_file():
        rule, remedy = f"there is no such file in {folder.resolve()}", "create it or correct the path"
    elif script.stat().st_size > 200_000:
        rule, remedy = (
            "Compute Engine takes 256 KB of metadata a value",
            "fetch the bulk from the data bucket",
        )
    else:
        try:
            script.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            rule, remedy = "the script is not UTF-8 text", "save it as UTF-8"
        else:
            return
    yield Problem(f"{path}.startupScript", machine.startup_script, rule, remedy)


def _disks(path: str, machine: Machine, settings: Settings) -> Iterator[Problem]:
    image = settings.image_of(machine)
    if image is None and "/" not in (machine.image or ""):
        yield Problem(
            f"{path}.image",
            machine.image,
            "the table of images has no such image",
            f"{nearest(machine.image or '', tables.images())} Another one: write PROJECT/FAMILY",
        )
    elif image and machine.boot_disk.size_gb and machine.boot_disk.size_gb < image.min_gib:
        yield Problem(
            f"{path}.bootDisk.sizeGb",
            machine.boot_disk.size_gb,
            f"the image {image.path} needs {image.min_gib} GB",
            f"write sizeGb: {image.min_gib} or more, or leave it out",
        )


def _secrets(settings: Settings, _: Path) -> Iterator[Problem]:
    known = settings.secrets.names
    for name, service in settings.services.items():
        listed = [(f"secrets[{index}]", secret) for index, secret in enumerate(service.secrets)]
        listed += [(f"mountedSecrets[{index}]", secret) for index, secret in enumerate(service.mounted_secrets)]
        for key, secret in listed:
            path = f"coursecloud:services.{name}.{key}"
            if secret not in known:
                yield Problem(path, secret, "coursecloud:secrets.names has no such secret", nearest(secret, known))
            elif "services" not in known[secret]:
                yield Problem(
                    path,
                    secret,
                    "services may not read this secret",
                    f"add `services` to coursecloud:secrets.names.{secret}",
                )


def _labels(settings: Settings, _: Path) -> Iterator[Problem]:
    places = [("coursecloud:course.labels", settings.course.labels)]
    places += [(f"coursecloud:machines.{name}.labels", m.labels) for name, m in settings.machines.items()]
    for path, labels in places:
        for key in sorted(set(labels) & names.OWN_LABELS):
            yield Problem(f"{path}.{key}", labels[key], "the stack sets this label itself", "rename yours")
    count = len(settings.course.labels) + max((len(m.labels) for m in settings.machines.values()), default=0)
    if count > 64 - len(names.OWN_LABELS):
        yield Problem(
            "coursecloud:course.labels",
            MISSING,
            f"a resource takes 64 labels, of which the stack sets {len(names.OWN_LABELS)}; these are {count}",
            "remove some",
        )


def _cron(settings: Settings, _: Path) -> Iterator[Problem]:
    schedule = settings.lease.stop_schedule
    if schedule and (wrong := cron_mistake(schedule)):
        yield Problem(
            "coursecloud:lease.stopSchedule",
            schedule,
            wrong,
            "write for example '0 20 * * *', 20:00 every day",
        )


def _project(settings: Settings, _: Path) -> Iterator[Problem]:
    for word in ("google", "ssl"):
        if word in settings.project:
            yield Problem(
                "gcp:project",
                settings.project,
                f"Google gives out no project id with '{word}' in it",
                "copy the ID column of `gcloud projects list`",
            )


_CRON_FIELDS = (
    ("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)
)  # fmt: skip


def cron_mistake(line: str) -> str | None:
    """Say what is wrong with a cron line as instance schedules take it, or None if nothing is.

    Five fields of numbers, `*`, lists, ranges and steps; Google runs a schedule at most hourly.
    """
    fields = line.split()
    if len(fields) != len(_CRON_FIELDS):
        return f"a cron line has five fields, this one has {len(fields)}"
    for text, (name, low, high) in zip(fields, _CRON_FIELDS, strict=True):
        for part in text.split(","):
            body, _, step = part.partition("/")
            ends = [] if body == "*" else body.split("-")
            numbers = [*ends, *([step] if "/" in part else [])]
            if len(ends) > 2 or not all(number.isdigit() for number in numbers):
                return f"'{text}' is not a {name}"
            values = [int(end) for end in ends]
            if not all(low <= value <= high for value in values) or values != sorted(values):
                return f"a {name} is {low} to {high}, not '{part}'"
            if "/" in part and not 1 <= int(step) <= high:
                return f"a step of the {name} is 1 to {high}, not '{step}'"
    if not fields[0].isdigit():
        return "an instance schedule runs at most once an hour: its minute is one number"
    return None


_LOOK_UP = {True: "machine-types", False: "accelerator-types"}


def _doubtful(what: str) -> frozenset[str]:
    accelerator = tables.gpu(what)
    carried = tables.machine_types().get(what)
    name = accelerator.name if accelerator else carried.gpu if carried else None
    entry = tables.table("compute")["gpus"].get(name or "", {})
    return frozenset(entry.get("doubtfulZones", ()))


def _dated() -> str:
    return str(tables.table("compute")["date"])


def _alternatives(numbers: tuple[int, ...]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} or {last}" if most else last


_RULES: dict[Check, set[str]] = {
    _project: {"project"},
    _stack_name: set(),
    _places: {"region", "allow"},
    _subnets: {"region", "network"},
    _machines: {"region", "allow", "network"},
    _training: {"region", "allow", "training"},
    _secrets: {"secrets"},
    _labels: {"course"},
    _cron: {"lease"},
}
"""Each rule with the sections that must be readable for it to make sense."""
