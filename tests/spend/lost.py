"""Worlds whose logs never come: what a look sees is counted, and what it cannot know is in doubt, to the cent.

Each is one thing that happens between two looks, and whose entry no log delivers. What is in doubt is worked out here
from what the world did: the time in which nobody knows, at the price of the difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.spend.simulator import ZONES, Odds, Thing, World, usd_an_hour

KINDS = (
    "deleted", "restarted", "resized", "grown", "scaled", "addressed", "stopped", "dropped", "anew",
    "unmade", "stopped at last",
)  # fmt: skip
NEVER = 10**9
"""Seconds after which an entry comes that never does."""
HOUR = 3600
INSTANCES = "compute.googleapis.com/Instance"
NOWHERE = "//compute.googleapis.com/projects/p/zones/europe-west9-a"


@dataclass(frozen=True)
class Lost:
    """What a world has lived, and what of it nobody can know at its second look."""

    world: World
    kind: str
    bounds: dict[str, tuple[float, float]]
    """By path: between what its cost may be, in USD. What is in doubt is the difference."""
    high: bool
    """Whether the dearer is counted: what may have run. Else what it was until it was seen as another."""
    gone: frozenset[str]
    """Paths of what is there no more, as the look sees by not finding it."""
    unknown: frozenset[str] = frozenset()
    """Paths of what nobody knows enough of to price it."""


Days = Iterator["Lost | World"]


def live(seed: int) -> Iterator[Lost | World]:
    """Yield the world where somebody looks at it, and at the end what came of it."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    there = World(chance, Odds(late=0.0, doubled=0.0, failing=0.0, numbered=chance.random() < 0.8))
    kind = KINDS[seed % len(KINDS)]
    there.wait(chance.randint(1, 9) * 3600)
    thing = _MAKERS.get(kind, machine)(there)
    if kind == "anew":
        # Logs tell all of one of the same name before.
        there.delete(thing)
        there.wait(there.now + 600)
        thing = there.create("instances", thing.name, dict(thing.config))
    if kind == "unmade":
        silence(there, 0)
    there.wait(there.now + chance.randint(1, 5) * 3600)
    late = kind == "anew" and chance.random() < 0.5
    there.hidden = {"admin": "its logs"} if late else {}
    yield there
    there.hidden = {}
    seen, said, before = there.now, len(there.entries), usd_an_hour(thing.kind, thing.config, thing.running)
    spent = there.bill()
    there.wait(there.now + chance.randint(600, 9000))
    until, begun = _happens(there, kind, thing), there.bill()
    silence(there, said, said + 1 if late else None)
    if kind == "resized" and chance.random() < 0.5:
        # Somebody starts once more what runs.
        there.wait(there.now + 600)
        there.say(thing, "start")
    if kind == "stopped at last":
        # What a log tells of then says nothing of the stop before.
        there.wait(there.now + 600)
        there.stop(thing)
    there.wait(there.now + chance.randint(600, 9000))
    if kind in ("deleted", "dropped"):
        # What has nothing to do with it hides nothing of it.
        there.hidden = {"sql": chance.choice(["sqladmin.googleapis.com/Instance", "sqladmin.googleapis.com", NOWHERE])}
    yield there
    bounds = _bounds(there, kind, thing, seen, until, before, spent, begun)
    yield Lost(there, kind, bounds, kind not in ("grown", "scaled", "addressed"), _gone(kind, thing))


def machine(there: World, **more: Any) -> Thing:
    chance = there.random
    config = {
        "zone": chance.choice(ZONES), "machine": chance.choice(["e2-medium", "e2-standard-4"]), "spot": False,
        "gpus": 0, "address": chance.random() < 0.5, "boot": chance.choice([50, 500]), "bootType": "pd-balanced",
        "bootGoes": True,
    } | more  # fmt: skip
    return there.create("instances", "stack-1", config)


def _disk(there: World) -> Thing:
    return there.create("disks", "work", {"zone": ZONES[0], "size": 200, "type": "pd-ssd"})


def _hidden(there: World) -> Thing:
    return machine(there, address=False)


def _service(there: World) -> Thing:
    return there.create("services", "api", {"zone": ZONES[0], "least": 1, "cpu": 1, "memory": 1})


_MAKERS: dict[str, Callable[[World], Thing]] = {
    "grown": _disk,
    "scaled": _service,
    "dropped": _disk,
    "addressed": _hidden,
}


def _happens(there: World, kind: str, thing: Thing) -> int:
    """Do it; gives up to when nobody can know how it was, or the present."""
    chance, more = there.random, dict[str, Any]()
    if kind in ("deleted", "anew", "dropped"):
        there.delete(thing)
    if kind == "anew":
        there.wait(there.now + chance.randint(600, 3000))
        there.create("instances", thing.name, dict(thing.config))
        return there.now
    if kind in ("restarted", "resized", "stopped at last"):
        there.stop(thing)
        there.wait(there.now + chance.randint(600, 3000))
        if kind == "resized":
            there.resize(thing, machine=other_type(thing), address=False)
        there.start(thing)
        return there.now
    if kind == "stopped":
        there.stop(thing)
        return there.now
    if kind in ("grown", "scaled", "addressed"):
        more = {"grown": {"size": 400}, "scaled": {"least": chance.choice([0, 3])}, "addressed": {"address": True}}[
            kind
        ]
        there.resize(thing, **more)
    return -1


def silence(there: World, start: int, until: int | None = None) -> None:
    """Let entries never come."""
    for entry in there.entries[start:until]:
        entry.received += NEVER


def _bounds(
    there: World,
    kind: str,
    thing: Thing,
    seen: int,
    until: int,
    before: float,
    spent: dict[str, float],
    begun: dict[str, float],
) -> dict[str, tuple[float, float]]:
    """Say between what each thing's cost may be, by what two looks and the times of the API tell."""
    hours = (there.now - seen) / 3600
    now = usd_an_hour(thing.kind, thing.config, thing.running)
    bill, path = there.bill(), thing.path
    found = {each: (usd, usd) for each, usd in bill.items()}
    disk = path.replace("/instances/", "/disks/")
    if kind in ("deleted", "dropped"):
        found[path] = (spent[path], spent[path] + before * hours)
        if kind == "deleted":
            found[disk] = (spent[disk], spent[disk] + usd_an_hour("disks", _boot_of(thing), running=True) * hours)
    elif kind in ("grown", "scaled", "addressed"):
        # What it was until it was seen as another comes first, whether it is dearer or not.
        found[path] = (spent[path] + before * hours, spent[path] + now * hours)
    elif kind in ("restarted", "resized", "stopped at last"):
        # It ran from when it was started, which the API tells; before that it ran, or stood still.
        after = bill[path] - begun[path]
        found[path] = (spent[path] + after, spent[path] + before * (until - seen) / 3600 + after)
    elif kind == "anew":
        # It is another, made at a time that the API tells; until then the one before was there, or nothing.
        for each, hour in ((path, before), (disk, usd_an_hour("disks", _boot_of(thing), running=True))):
            after = hour * (there.now - until) / 3600
            found[each] = (spent[each] + after, spent[each] + hour * (until - seen) / 3600 + after)
    return found


def _boot_of(thing: Thing) -> dict[str, Any]:
    assert thing.boot
    return thing.boot.config


def _gone(kind: str, thing: Thing) -> frozenset[str]:
    if kind not in ("deleted", "dropped"):
        return frozenset()
    return frozenset({thing.path, thing.path.replace("/instances/", "/disks/")})


def told(
    there: World, kind: str, others: dict[str, float], counted: dict[str, float] | None = None, *, gone: bool = False
) -> Lost:
    """Say what has to be counted, the bill unless it is given, and what it may be instead."""
    bill = there.bill() | (counted or {})
    bounds = {path: (others.get(path, usd), usd) for path, usd in bill.items()}
    return Lost(there, kind, bounds, high=True, gone=frozenset(bounds if gone else ()))


def hiding(chance: random.Random, thing: Thing) -> dict[str, Any]:
    """Hide machines by a name that Google may give: their kind, its service, a place, or words that nobody foresaw."""
    place = f"//compute.googleapis.com/projects/p/zones/{thing.config['zone']}"
    whole = ("compute.googleapis.com", place, f"{place}/instances/{thing.name}", "all that/compute.googleapis.com has")
    name = chance.choice([INSTANCES, *whole])
    return dict.fromkeys(("instances",) if "nstance" in name else ("instances", "disks"), name)


def nothing_read(there: World, chance: random.Random, thing: Thing) -> dict[str, float]:
    """Hide a machine and all logs; gives by path what was spent until now, of what may have ended since."""
    spent = there.bill()
    hours_pass(there, chance)
    there.hidden = hiding(chance, thing)
    paths = [thing.path, *([disk_of(thing)] if "disks" in there.hidden else [])]
    there.hidden |= dict.fromkeys(("admin", "system"), "logs")
    return {path: spent[path] for path in paths}


def other_type(thing: Thing) -> str:
    """Give a machine type that a machine is not of."""
    return "e2-standard-4" if thing.config["machine"] == "e2-medium" else "e2-medium"


def disk_of(thing: Thing) -> str:
    return thing.path.replace("/instances/", "/disks/")


def hours_pass(there: World, chance: random.Random) -> None:
    there.wait(there.now + chance.randint(1, 5) * HOUR)
