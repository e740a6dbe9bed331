"""Rules between a machine type, its GPU, its zone and its disks, by the dated tables of what Google offers."""

import ipaddress
from collections.abc import Iterator

from catalog import tables
from infra.settings import fitting, vertex
from infra.settings.machines import Machine
from infra.settings.model import Settings
from infra.settings.offers import dated, offered, pair
from infra.settings.problem import MISSING, Findings, Problem, nearest


def check(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Yield the breach of every rule."""
    for name, machine in settings.machines.items():
        path = f"coursecloud:machines.{name}"
        yield from pair(path, machine.machine_type, machine.gpu, settings, found)
        yield from _zones(path, machine, settings, found)
        yield from fitting.check(path, machine, settings, found)
        if machine.data_disk and f"{name}-work" in settings.machines:
            yield Problem(f"{path}-work", MISSING, f"the data disk of '{name}' has this name", "rename one of the two")
    yield from vertex.check(settings, found)


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
        yield from offered(where, path, machine.machine_type, machine.gpu, anywhere or (zone,), settings, found)


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
