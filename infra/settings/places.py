"""Rules about where things are: regions, zones, locations, and a network with room in each region."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from catalog import tables
from infra.settings import regions
from infra.settings.hardware import free_range, known_region, known_zone
from infra.settings.images import registry_place
from infra.settings.model import Settings
from infra.settings.offers import dated
from infra.settings.problem import MISSING, Findings, Problem, likely, nearest


def check(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Yield the breach of every rule."""
    yield from _places(settings, found)
    yield from _subnets(settings, found)
    yield from _room(settings, found)
    yield from _registries(settings, found)


def _places(settings: Settings, found: Findings) -> Iterator[Problem]:
    known = tables.regions()
    named = [
        ("gcp:region", settings.region),
        ("coursecloud:training.region", settings.training.region),
        *((f"coursecloud:network.subnets.{region}", region) for region in settings.network.subnets or ()),
    ]
    for path, region in named:
        if region is not None and not known_region(region, settings) and found.sound("coursecloud:allow.zones"):
            yield Problem(path, region, f"the table of {dated()} has no such region", regions.meant(region))
    zone = settings.zone
    if zone and found.sound("gcp:region") and known_region(settings.region, settings):
        zones = known.get(settings.region, ())
        remedy = f"write one of {', '.join(zones) or 'its zones'}, or leave gcp:zone out"
        if tables.region_of(zone) != settings.region:
            yield Problem("gcp:zone", zone, f"the zone is not in the stack's region, {settings.region}", remedy)
        elif not known_zone(zone, settings) and found.sound("coursecloud:allow.zones"):
            yield Problem("gcp:zone", zone, f"the table of {dated()} has no such zone", remedy)
    places = tables.table("compute")["storageLocations"]
    wide = [place.lower() for place in (*places["multiRegions"], *places["dualRegions"])]
    location = settings.storage.location
    one_of = f"write a region such as {settings.region}, or one of {', '.join(wide)}"
    if location and location.lower() not in wide and not known_region(location.lower(), settings):
        yield Problem("coursecloud:storage.location", location, "Cloud Storage has no such location", one_of)
    for index, region in enumerate(settings.guardrails.regions or ()):
        if region.lower() in wide or known_region(region.lower(), settings):
            continue
        if found.sound("coursecloud:allow.zones"):
            yield Problem(
                f"coursecloud:guardrails.regions[{index}]",
                region,
                f"the table of {dated()} has no such region or multi-region",
                nearest(region, (*known, *wide), one_of),
            )


def _subnets(settings: Settings, found: Findings) -> Iterator[Problem]:
    ranges = {region: ipaddress.IPv4Network(cidr) for region, cidr in settings.subnets.items()}
    for (first, one), (second, other) in combinations(ranges.items(), 2):
        if one.overlaps(other):
            yield Problem(
                f"coursecloud:network.subnets.{second}",
                str(other),
                f"it overlaps the range of {first}, {one}",
                f"give each region a range of its own, for example {free_range(settings)}",
            )
    # A misspelt region among the subnets is probably the missing one.
    readable = found.sound("coursecloud:network.subnets", "gcp:region")
    if (
        readable
        and settings.region not in ranges
        and all(known_region(region, settings) for region in (settings.region, *ranges))
    ):
        yield Problem(
            "coursecloud:network.subnets",
            MISSING,
            f"the stack's own region, {settings.region}, has no subnet",
            f"add `{settings.region}: {free_range(settings)}`",
        )


_RESERVED = 4
"""Addresses of each subnet that Google keeps (cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet,
from memory, 2026-11-29)."""


def _room(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Want an address for each machine of a subnet."""
    if not found.sound("coursecloud:machines", "coursecloud:network.subnets", "gcp:region", "gcp:zone"):
        return
    there = Counter(tables.region_of(settings.zone_of(machine)) for machine in settings.machines.values())
    for region, cidr in settings.subnets.items():
        network = ipaddress.IPv4Network(cidr)
        if there[region] > (room := network.num_addresses - _RESERVED):
            rule = f"{there[region]} machines are in {region}, and a /{network.prefixlen} has {room} addresses for them"
            path, wider = f"coursecloud:network.subnets.{region}", network.supernet(new_prefix=20)
            yield Problem(path, cidr, f"{rule}: Google keeps {_RESERVED}", f"write a wider one, for example {wider}")


def _registries(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Want the region in the name of an image to be one."""
    images = {f"coursecloud:services.{name}.image": service.image for name, service in settings.services.items()}
    images["coursecloud:training.image"] = settings.training.image
    for name, machine in settings.machines.items():
        if machine.container:
            images[f"coursecloud:machines.{name}.container.image"] = machine.container.image
    for path, image in images.items():
        place = registry_place(image) or ""
        if "-" not in place or known_region(place, settings) or not found.sound("coursecloud:allow.zones"):
            continue
        meant = likely(place, tables.regions(), closer=True)
        remedy = f"did you mean '{image.replace(place, meant, 1)}'?" if meant else "write for example europe-west1"
        yield Problem(path, image, f"the table of {dated()} has no region '{place}'", remedy)
