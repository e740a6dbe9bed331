"""Where a machine goes for which its zone has no capacity: along its fallback zones, as the stack file says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from coursecloud.deploy.session import Day
from infra.settings import Settings

EXHAUSTED = (
    "ZONE_RESOURCE_POOL_EXHAUSTED",
    "does not have enough resources available to fulfill the request",
)
"""How Compute Engine says that a zone has no capacity (both forms seen in the provider's messages)."""


def next_zones(
    settings: Settings, messages: Iterable[tuple[str, str]], existing: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """Decide which machines move where: name to the new zone and the fallback zones after it.

    `messages` are (URN, text) of an up that failed; `existing` the URNs that were there before it. A machine
    whose data disk was there before stays: moving would lose the disk's files.
    """
    moves: dict[str, tuple[str, ...]] = {}
    for urn, text in messages:
        name = urn.rpartition("::")[2]
        machine = settings.machines.get(name)
        if not machine or not machine.fallback_zones or not any(sign in text for sign in EXHAUSTED):
            continue
        if machine.data_disk and any(urn.endswith(f"::{name}-work") for urn in existing):
            continue
        moves[name] = machine.fallback_zones
    return moves


def move(day: Day, moves: Mapping[str, tuple[str, ...]], made: Collection[str]) -> None:
    """Write the new zone of each machine, and the fallback zones after it, into the stack file.

    `made` are the URNs that this command has created: an empty data disk among them follows its machine, also where
    it is to be kept.
    """
    run = day.pulumi.run
    for name, zones in moves.items():
        for urn in sorted(made):
            if urn.endswith(f"::{name}-work"):
                run("state unprotect", urn, "--yes")
        day.say(f"{name}: no capacity in {day.settings.zone_of(day.settings.machines[name])}; trying {zones[0]}")
        path = f"coursecloud:machines.{name}"
        run("config set", "--path", f"{path}.zone", zones[0])
        for index, zone in enumerate(zones[1:]):
            run("config set", "--path", f"{path}.fallbackZones[{index}]", zone)
        rest = f"[{len(zones) - 1}]" if len(zones) > 1 else ""
        run("config rm", "--path", f"{path}.fallbackZones{rest}")
