"""Days of a group, by chance from a seed: what is done to a world, and when somebody looks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.spend.simulator import DAY, MACHINES, ZONES, Odds, World


def world(seed: int) -> World:
    """Make the world of a seed, some kinder than others."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    odds = Odds(
        late=chance.choice([0.0, 0.05, 0.3]),
        doubled=chance.choice([0.0, 0.2]),
        failing=chance.choice([0.0, 0.0, 0.2, 0.5]),
        numbered=chance.random() < 0.8,
    )
    return World(chance, odds)


def days(there: World) -> Iterator[str]:
    """Live some days; yields `look` when somebody looks, and `morning` at the start of a day."""
    chance, made = there.random, 0
    if chance.random() < 0.3:
        # From before the lease: no log that is read has its creation.
        there.now = -3 * DAY
        for _ in range(chance.randint(1, 2)):
            _machine(there, f"old-{made}", declared=False)
            made += 1
        there.wait(0)
        for each in there.things:
            each.usd = 0.0
    for day in range(chance.randint(1, 5)):
        there.wait(max(there.now, day * DAY))
        there.morning()
        yield "morning"
        there.wait(max(there.now, day * DAY + chance.randint(7, 9) * 3600))
        for number in range(chance.randint(1, 3)):
            _machine(there, f"stack-{number}") if not _named(there, f"stack-{number}") else None
        if day == 0:
            _others(there)
        for _ in range(chance.randint(3, 9)):
            there.wait(there.now + chance.choice([5, 60, 240, 900, 3600, 7200]) + chance.randint(0, 60))
            if chance.random() < 0.45:
                yield "look"
            made += 1
            _event(there, made)
        there.wait(there.now + chance.randint(0, 3600))
        _evening(there)
        if chance.random() < 0.4:
            yield "look"
    there.wait(there.now + chance.randint(60, 30 * 3600))


def _named(there: World, name: str) -> bool:
    return any(each.name == name for each in there.there("instances"))


def _machine(there: World, name: str, **more: Any) -> None:
    chance = there.random
    machine = chance.choice(list(MACHINES))
    gpus = chance.choice([0, 0, 1]) if machine.startswith("n1-standard") else 0
    config = {
        "zone": "europe-west4-b" if gpus else chance.choice(ZONES),
        "machine": machine,
        "spot": chance.random() < 0.4,
        "gpus": gpus,
        "address": chance.random() < 0.7,
        "boot": chance.choice([10, 50, 200]),
        "bootType": chance.choice(["pd-standard", "pd-balanced", "pd-ssd"]),
        "bootGoes": chance.random() < 0.85,
    }
    kept = next((each for each in there.there("disks") if each.name == name), None)
    if kept:  # it starts from the disk that its predecessor left
        config |= {"zone": kept.config["zone"], "boot": kept.config["size"], "bootType": kept.config["type"]}
        if kept.config["zone"] != "europe-west4-b":
            config["gpus"] = 0
    there.create("instances", name, config, **more)


def _others(there: World) -> None:
    chance = there.random
    zone = chance.choice(ZONES)
    if chance.random() < 0.5:
        there.create("disks", "work", {"zone": zone, "size": chance.choice([20, 500]), "type": "pd-balanced"})
    if chance.random() < 0.3:
        there.create("addresses", "fixed", {"zone": zone})
    if chance.random() < 0.4:
        there.create("services", "api", {"zone": zone, "least": chance.choice([0, 1, 3]), "cpu": 1, "memory": 1})
    if chance.random() < 0.2:
        there.create("sql", "database", {"zone": zone}, declared=False)


def _event(there: World, number: int) -> None:
    chance, machines = there.random, there.there("instances")
    kind = chance.choice(
        ["stop", "start", "preempt", "inside", "restart", "resize", "delete", "by hand", "anew", "job", "end", "grow",
         "scale", "nothing", "blink"]
    )  # fmt: skip
    running = [each for each in machines if each.running]
    stopped = [each for each in machines if not each.running]
    if kind == "stop" and running:
        there.stop(chance.choice(running))
    elif kind == "start" and stopped:
        there.start(chance.choice(stopped))
    elif kind == "preempt" and running:
        there.stop(chance.choice(running), "system", "compute.instances.preempted")
    elif kind == "inside" and running:
        there.stop(chance.choice(running), "system", "compute.instances.guestTerminate")
    elif kind == "restart" and running:
        each = chance.choice(running)
        there.stop(each)
        there.wait(there.now + chance.choice([10, 300, 4000]))
        there.start(each)
    elif kind == "resize" and machines:
        each = chance.choice(machines)
        family = each.config["machine"].partition("-")[0]
        if each.running:
            there.stop(each)
            there.wait(there.now + 30)
        there.resize(each, machine=chance.choice([name for name in MACHINES if name.startswith(family)]))
        there.wait(there.now + chance.choice([20, 900]))
        there.start(each)
    elif kind in ("delete", "anew") and machines:
        each = chance.choice(machines)
        there.delete(each)
        if kind == "anew":
            there.wait(there.now + chance.choice([20, 600, 7200]))
            _machine(there, each.name)
    elif kind == "by hand":
        _machine(there, f"hand-{number}", declared=False)
    elif kind == "job":
        config = {"zone": "europe-west4-b", "machine": "n1-standard-4", "gpus": 1, "spot": False}
        there.create("customJobs", f"job-{number}", config)
    elif kind == "end" and (jobs := [each for each in there.there("customJobs") if each.running]):
        there.end_job(chance.choice(jobs))
    elif kind == "grow" and (disks := [each for each in there.there("disks") if each.name == "work"]):
        there.resize(disks[0], size=disks[0].config["size"] + 100)
    elif kind == "scale" and (services := there.there("services")):
        there.resize(services[0], least=chance.choice([0, 1, 2]))
    elif kind == "blink":  # made and gone before anybody looks
        _machine(there, f"blink-{number}")
        there.wait(there.now + chance.randint(200, 3000))
        there.delete(next(each for each in reversed(there.things) if each.name == f"blink-{number}"
                          and each.kind == "instances"))  # fmt: skip


def _evening(there: World) -> None:
    chance = there.random
    way = chance.choice(["down", "stop", "forgotten"])
    for each in there.there("instances"):
        if each.name.startswith("stack-") or chance.random() < 0.3:
            if way == "down":
                there.delete(each)
                there.wait(there.now + chance.randint(1, 40))
            elif way == "stop" and each.running:
                there.stop(each)
