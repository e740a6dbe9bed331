"""Worlds of which a look cannot list all: what is not seen is counted as it was seen last, and in doubt since then."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.spend import again
from tests.spend.lost import (
    HOUR,
    INSTANCES,
    Days,
    Lost,
    disk_of,
    hiding,
    hours_pass,
    machine,
    nothing_read,
    silence,
    told,
)
from tests.spend.simulator import ZONES, Odds, World, usd_an_hour

JOBS, DISKS = "aiplatform.googleapis.com/CustomJob", "compute.googleapis.com/Disk"


def live(seed: int) -> Days:
    """Yield the world whenever somebody looks at it, and at the end what came of it."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    there = World(chance, Odds(late=0.0, doubled=0.0, failing=0.0, numbered=chance.random() < 0.8))
    there.wait(chance.randint(1, 9) * HOUR)
    return KINDS[seed % len(KINDS)](there, chance)


def job(there: World, chance: random.Random) -> Days:
    """No log tells when a job ends."""
    config = {"zone": "europe-west4-b", "machine": "n1-standard-4", "gpus": 1, "spot": False}
    thing = there.create("customJobs", "job", config)
    hours_pass(there, chance)
    yield there
    spent = there.bill()
    hours_pass(there, chance)
    service = JOBS.partition("/")[0]
    whole = (service, f"//{service}/projects/p/locations/europe-west4", "what there is")
    there.hidden = {"customJobs": chance.choice([JOBS, *whole])}
    yield there
    yield told(there, "job", {thing.path: spent[thing.path]})


def logged(there: World, chance: random.Random) -> Days:
    """What logs tell of is in no doubt."""
    thing = machine(there)
    hours_pass(there, chance)
    yield there
    if deleted := chance.random() < 0.5:
        there.wait(there.now + HOUR)
        there.delete(thing)
    hours_pass(there, chance)
    there.hidden = hiding(chance, thing)
    yield there
    yield told(there, "logged", {}, gone=deleted)


def without_logs(there: World, chance: random.Random) -> Days:
    """Where logs fail, too, it may have ended when it was seen last; what was stopped may have been started."""
    thing = machine(there)
    hours_pass(there, chance)
    if chance.random() < 0.5:
        there.stop(thing)
        there.wait(there.now + HOUR)
    yield there
    seen = there.now
    others = nothing_read(there, chance, thing)
    if not thing.running:
        others[thing.path] += usd_an_hour(thing.kind, thing.config, running=True) * (there.now - seen) / HOUR
    yield there
    yield told(there, "without logs", others)


def gone_then_nothing(there: World, chance: random.Random) -> Days:
    """What logs said is gone is in no doubt, though nothing of its kind and no log is read later."""
    thing = machine(there)
    hours_pass(there, chance)
    yield there
    there.delete(thing)
    hours_pass(there, chance)
    yield there
    hours_pass(there, chance)
    there.hidden = hiding(chance, thing) | dict.fromkeys(("admin", "system"), "logs")
    yield there
    yield told(there, "gone, then nothing", {}, gone=True)


def disk_alone(there: World, chance: random.Random) -> Days:
    """Its disk was seen without its machine: when both are gone the disk was there until then."""
    thing = machine(there)
    born = dict.fromkeys(there.bill(), 0.0)
    hours_pass(there, chance)
    there.hidden = {"instances": INSTANCES}
    yield there
    there.hidden, spent = {}, there.bill()
    said = len(there.entries)
    there.wait(there.now + HOUR)
    there.delete(thing)
    silence(there, said)
    there.wait(there.now + HOUR)
    yield there
    # Neither has an end that anybody knows before it was missed.
    hours = (there.now - thing.made) / HOUR
    counted = {thing.path: usd_an_hour(thing.kind, thing.config, running=True) * hours}
    assert thing.boot
    counted[disk_of(thing)] = usd_an_hour("disks", thing.boot.config, running=True) * hours
    there.wait(there.now + HOUR)
    yield there
    yield told(there, "disk alone", {**born, disk_of(thing): spent[disk_of(thing)]}, counted, gone=True)


def kept_disk(there: World, chance: random.Random) -> Days:
    """A boot disk outlives its machine, and goes before anybody has listed it."""
    thing = machine(there, bootGoes=False)
    hours_pass(there, chance)
    yield there
    there.delete(thing)
    spent, said = there.bill(), there.now
    there.wait(there.now + HOUR)
    assert thing.boot
    there.drop(thing.boot)
    hours_pass(there, chance)
    yield there
    hour = usd_an_hour("disks", thing.boot.config, running=True)
    counted = {disk_of(thing): spent[disk_of(thing)] + hour * (there.now - said) / HOUR}
    yield told(there, "kept disk", {disk_of(thing): spent[disk_of(thing)]}, counted, gone=True)


def untyped(there: World, chance: random.Random) -> Days:
    """Of what type a boot disk is, which the list of disks alone tells, is known of its machine's first hour, too."""
    machine(there)
    silence(there, 0)
    hours_pass(there, chance)
    there.hidden = {"disks": DISKS}
    yield there
    there.hidden = {}
    hours_pass(there, chance)
    yield there
    hours_pass(there, chance)
    there.hidden = {"disks": DISKS}
    yield there
    yield told(there, "untyped", {})


def appeared(there: World, chance: random.Random) -> Days:
    """Where neither log nor API tells since when, it may be since the last look that would have found it."""
    if looked := chance.random() < 0.7:
        yield there
    begin = there.now if looked else 0
    there.wait(there.now + HOUR)
    there.hidden = {"routers": "compute.googleapis.com/Router"}
    if looked:
        yield there
    there.hidden = {}
    router = there.create("routers", "router", {"zone": ZONES[0]}, logged=False)
    hours_pass(there, chance)
    yield there
    unknown = usd_an_hour("routers", router.config, running=True) * (there.now - begin) / HOUR
    seen = there.bill()[router.path]
    there.wait(there.now + HOUR)
    yield there
    since = there.bill()[router.path] - seen
    yield told(there, "appeared", {router.path: since}, {router.path: unknown + since})


def never_typed(there: World, chance: random.Random) -> Days:
    """Of what type a boot disk is nobody knows while nothing lists disks, so neither does what it costs."""
    thing = machine(there)
    silence(there, 0)
    hours_pass(there, chance)
    there.hidden = {"disks": DISKS}
    yield there
    bill = {path: usd for path, usd in there.bill().items() if path == thing.path}
    yield Lost(there, "never typed", {path: (usd, usd) for path, usd in bill.items()}, high=True, gone=frozenset(),
               unknown=frozenset({disk_of(thing)}))  # fmt: skip


def kept_unseen(there: World, chance: random.Random) -> Days:
    """A boot disk that outlives its machine is in no doubt where the machine is, though nothing lists disks then."""
    thing = machine(there, bootGoes=False)
    hours_pass(there, chance)
    yield there
    spent, said = there.bill(), len(there.entries)
    there.wait(there.now + HOUR)
    there.delete(thing)
    silence(there, said)
    hours_pass(there, chance)
    there.hidden = {"disks": DISKS}
    yield there
    whole = usd_an_hour(thing.kind, thing.config, running=True) * (there.now - thing.made) / HOUR
    disk = there.bill()[disk_of(thing)]
    bounds = {thing.path: (spent[thing.path], whole), disk_of(thing): (disk, disk)}
    yield Lost(there, "kept unseen", bounds, high=True, gone=frozenset({thing.path}))


def seen_alone_then_nothing(there: World, chance: random.Random) -> Days:
    """What may be of a disk that was seen without its machine, and of which nothing tells now, is counted once."""
    thing = machine(there)
    hours_pass(there, chance)
    there.hidden = {"instances": INSTANCES}
    yield there
    seen = there.bill()[disk_of(thing)]
    there.hidden = {}
    hours_pass(there, chance)
    yield there
    there.hidden, spent = {}, there.bill()
    hours_pass(there, chance)
    there.hidden = {"instances": INSTANCES, "disks": DISKS, **dict.fromkeys(("admin", "system"), "logs")}
    yield there
    assert seen < spent[disk_of(thing)]
    yield told(there, "seen alone, then nothing", spent)


KINDS: tuple[Callable[[World, random.Random], Days], ...] = (
    job, logged, without_logs, disk_alone, kept_disk, untyped, appeared, never_typed, kept_unseen,
    seen_alone_then_nothing, gone_then_nothing, again.seen_twice_in_minutes, again.made_again, again.started_unseen,
    again.stopped_in_minutes, again.resized_as_somebody_looks, again.replaced,
    again.started_for_seconds, again.stop_that_failed_then_nothing, again.resized_unseen,
)  # fmt: skip
