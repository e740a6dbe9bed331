"""Worlds of which a look cannot list all: what is not seen is counted as it was seen last, and in doubt since then."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.spend.lost import Lost, machine, silence
from tests.spend.simulator import ZONES, Odds, Thing, World, usd_an_hour

HOUR = 3600
JOBS, INSTANCES = "aiplatform.googleapis.com/CustomJob", "compute.googleapis.com/Instance"
DISKS = "compute.googleapis.com/Disk"
Days = Iterator[Lost | World]


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
    _wait(there, chance)
    yield there
    spent = there.bill()
    _wait(there, chance)
    service = JOBS.partition("/")[0]
    whole = (service, f"//{service}/projects/p/locations/europe-west4", "what there is")
    there.hidden = {"customJobs": chance.choice([JOBS, *whole])}
    yield there
    yield _told(there, "job", {thing.path: spent[thing.path]})


def logged(there: World, chance: random.Random) -> Days:
    """What logs tell of is in no doubt."""
    thing = machine(there)
    _wait(there, chance)
    yield there
    if deleted := chance.random() < 0.5:
        there.wait(there.now + HOUR)
        there.delete(thing)
    _wait(there, chance)
    there.hidden = _machines(chance, thing)
    yield there
    yield _told(there, "logged", {}, gone=deleted)


def without_logs(there: World, chance: random.Random) -> Days:
    """Where logs fail, too, it may have ended when it was seen last; what was stopped may have been started."""
    thing = machine(there)
    _wait(there, chance)
    if chance.random() < 0.5:
        there.stop(thing)
        there.wait(there.now + HOUR)
    yield there
    spent, seen = there.bill(), there.now
    _wait(there, chance)
    there.hidden = _machines(chance, thing)
    others = {thing.path: spent[thing.path]}
    if not thing.running:
        others[thing.path] += usd_an_hour(thing.kind, thing.config, running=True) * (there.now - seen) / HOUR
    if "disks" in there.hidden:
        others[_disk(thing)] = spent[_disk(thing)]
    there.hidden |= dict.fromkeys(("admin", "system"), "logs")
    yield there
    yield _told(there, "without logs", others)


def gone_then_nothing(there: World, chance: random.Random) -> Days:
    """What logs said is gone is in no doubt, though nothing of its kind and no log is read later."""
    thing = machine(there)
    _wait(there, chance)
    yield there
    there.delete(thing)
    _wait(there, chance)
    yield there
    _wait(there, chance)
    there.hidden = _machines(chance, thing) | dict.fromkeys(("admin", "system"), "logs")
    yield there
    yield _told(there, "gone, then nothing", {}, gone=True)


def disk_alone(there: World, chance: random.Random) -> Days:
    """Its disk was seen without its machine: when both are gone the disk was there until then."""
    thing = machine(there)
    born = dict.fromkeys(there.bill(), 0.0)
    _wait(there, chance)
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
    counted[_disk(thing)] = usd_an_hour("disks", thing.boot.config, running=True) * hours
    there.wait(there.now + HOUR)
    yield there
    yield _told(there, "disk alone", {**born, _disk(thing): spent[_disk(thing)]}, counted, gone=True)


def kept_disk(there: World, chance: random.Random) -> Days:
    """A boot disk outlives its machine, and goes before anybody has listed it."""
    thing = machine(there, bootGoes=False)
    _wait(there, chance)
    yield there
    there.delete(thing)
    spent, said = there.bill(), there.now
    there.wait(there.now + HOUR)
    assert thing.boot
    there.drop(thing.boot)
    _wait(there, chance)
    yield there
    hour = usd_an_hour("disks", thing.boot.config, running=True)
    counted = {_disk(thing): spent[_disk(thing)] + hour * (there.now - said) / HOUR}
    yield _told(there, "kept disk", {_disk(thing): spent[_disk(thing)]}, counted, gone=True)


def untyped(there: World, chance: random.Random) -> Days:
    """Of what type a boot disk is, which the list of disks alone tells, is known of its machine's first hour, too."""
    machine(there)
    silence(there, 0)
    _wait(there, chance)
    there.hidden = {"disks": DISKS}
    yield there
    there.hidden = {}
    _wait(there, chance)
    yield there
    yield _told(there, "untyped", {})


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
    _wait(there, chance)
    yield there
    unknown = usd_an_hour("routers", router.config, running=True) * (there.now - begin) / HOUR
    seen = there.bill()[router.path]
    there.wait(there.now + HOUR)
    yield there
    since = there.bill()[router.path] - seen
    yield _told(there, "appeared", {router.path: since}, {router.path: unknown + since})


def never_typed(there: World, chance: random.Random) -> Days:
    """Of what type a boot disk is nobody knows while nothing lists disks, so neither does what it costs."""
    thing = machine(there)
    silence(there, 0)
    _wait(there, chance)
    there.hidden = {"disks": DISKS}
    yield there
    bill = {path: usd for path, usd in there.bill().items() if path == thing.path}
    yield Lost(there, "never typed", {path: (usd, usd) for path, usd in bill.items()}, high=True, gone=frozenset(),
               unknown=frozenset({_disk(thing)}))  # fmt: skip


def kept_unseen(there: World, chance: random.Random) -> Days:
    """A boot disk that outlives its machine is in no doubt where the machine is, though nothing lists disks then."""
    thing = machine(there, bootGoes=False)
    _wait(there, chance)
    yield there
    spent, said = there.bill(), len(there.entries)
    there.wait(there.now + HOUR)
    there.delete(thing)
    silence(there, said)
    _wait(there, chance)
    there.hidden = {"disks": DISKS}
    yield there
    whole = usd_an_hour(thing.kind, thing.config, running=True) * (there.now - thing.made) / HOUR
    disk = there.bill()[_disk(thing)]
    bounds = {thing.path: (spent[thing.path], whole), _disk(thing): (disk, disk)}
    yield Lost(there, "kept unseen", bounds, high=True, gone=frozenset({thing.path}))


def seen_alone_then_nothing(there: World, chance: random.Random) -> Days:
    """What may be of a disk that was seen without its machine, and of which nothing tells now, is counted once."""
    thing = machine(there)
    _wait(there, chance)
    there.hidden = {"instances": INSTANCES}
    yield there
    seen = there.bill()[_disk(thing)]
    there.hidden = {}
    _wait(there, chance)
    yield there
    there.hidden, spent = {}, there.bill()
    _wait(there, chance)
    there.hidden = {"instances": INSTANCES, "disks": DISKS, **dict.fromkeys(("admin", "system"), "logs")}
    yield there
    assert seen < spent[_disk(thing)]
    yield _told(there, "seen alone, then nothing", spent)


def seen_twice_in_minutes(there: World, chance: random.Random) -> Days:
    """What two looks within two minutes see is taken as it was seen, where the API gives no times of it."""
    there.untold = frozenset({"since", "stopped"})
    thing = machine(there)
    _wait(there, chance)
    yield there
    spent, said = there.bill()[thing.path], len(there.entries)
    there.wait(there.now + HOUR)
    there.stop(thing)
    silence(there, said)
    _wait(there, chance)
    yield there
    there.wait(there.now + 60)
    hour = usd_an_hour(thing.kind, thing.config, running=True)
    there.resize(thing, machine="e2-standard-4" if thing.config["machine"] == "e2-medium" else "e2-medium")
    there.start(thing)
    silence(there, said + 1)
    there.wait(there.now + 30)
    yield there
    since = there.now
    _wait(there, chance)
    yield there
    after = usd_an_hour(thing.kind, thing.config, running=True) * (there.now - since) / HOUR
    whole = hour * (since - thing.made) / HOUR + after
    yield _told(there, "seen twice in minutes", {thing.path: spent + after}, {thing.path: whole})


def stopped_in_minutes(there: World, chance: random.Random) -> Days:
    """What appears and is seen stopped within two minutes was stopped then, where the API gives no times of it."""
    there.untold = frozenset({"made", "since", "stopped"})
    yield there
    there.wait(there.now + 20)
    thing = machine(there)
    silence(there, 0)
    there.wait(there.now + 20)
    yield there
    there.wait(there.now + 10)
    there.stop(thing)
    assert thing.boot
    for each in (thing, thing.boot):
        each.edges += 4  # nobody knows for some seconds when it began, and stopped
    silence(there, 1)
    yield there
    _wait(there, chance)
    there.hidden = _machines(chance, thing)
    yield there
    yield _told(there, "stopped in minutes", {})


def made_again(there: World, chance: random.Random) -> Days:
    """What a log says was deleted and a look sees there was made again, nobody knows when, or was never gone."""
    router = there.create("routers", "router", {"zone": ZONES[0]})
    _wait(there, chance)
    yield there
    there.delete(router)
    gone = there.now
    _wait(there, chance)
    there.create("routers", "router", {"zone": ZONES[0]}, logged=False)
    _wait(there, chance)
    yield there
    hour = usd_an_hour("routers", router.config, running=True)
    between = hour * (there.now - gone) / HOUR
    _wait(there, chance)
    yield there
    whole = hour * (there.now - router.made) / HOUR
    yield _told(there, "made again", {router.path: whole - between}, {router.path: whole})


def started_unseen(there: World, chance: random.Random) -> Days:
    """When something was started again may be since it was stopped, where neither log nor API says."""
    there.untold = frozenset({"since", "stopped"})
    thing = machine(there)
    _wait(there, chance)
    yield there
    _wait(there, chance)
    there.stop(thing)
    stopped, said = there.now, len(there.entries)
    _wait(there, chance)
    there.start(thing)
    silence(there, said)
    _wait(there, chance)
    yield there
    hour = usd_an_hour(thing.kind, thing.config, running=True)
    between, whole = (hour * (there.now - begin) / HOUR for begin in (stopped, thing.made))
    yield _told(there, "started unseen", {thing.path: whole - between}, {thing.path: whole})


def resized_as_somebody_looks(there: World, chance: random.Random) -> Days:
    """What a look saw within two minutes of a start it was since then, though no log tells of the change."""
    thing = machine(there)
    _wait(there, chance)
    yield there
    there.stop(thing)
    there.wait(there.now + HOUR)
    there.resize(thing, machine="e2-standard-4" if thing.config["machine"] == "e2-medium" else "e2-medium")
    silence(there, len(there.entries) - 1)
    there.start(thing)
    there.entries[-1].config = None
    there.wait(there.now + 50)
    yield there
    _wait(there, chance)
    there.stop(thing)
    _wait(there, chance)
    there.hidden = _machines(chance, thing)
    yield there
    yield _told(there, "resized as somebody looks", {})


def replaced(there: World, chance: random.Random) -> Days:
    """A name is free for the next machine only when the one before is gone, though no log says when it went."""
    there.odds.numbered = True  # else nothing tells the two apart
    before = machine(there)
    _wait(there, chance)
    assert before.boot
    for each in (before, before.boot):
        there.drop(each)
    after = there.create("instances", before.name, dict(before.config))
    _wait(there, chance)
    there.delete(after)
    _wait(there, chance)
    yield there
    bill = there.bill()
    others = {each.path: bill[each.path] - each.usd for each in (before, before.boot)}
    yield _told(there, "replaced", others, gone=True)


KINDS: tuple[Callable[[World, random.Random], Days], ...] = (
    job, logged, without_logs, disk_alone, kept_disk, untyped, appeared, never_typed, kept_unseen,
    seen_alone_then_nothing, seen_twice_in_minutes, replaced, resized_as_somebody_looks,
    gone_then_nothing, stopped_in_minutes, made_again, started_unseen,
)  # fmt: skip


def _told(
    there: World, kind: str, others: dict[str, float], counted: dict[str, float] | None = None, *, gone: bool = False
) -> Lost:
    """Say what has to be counted, the bill unless it is given, and what it may be instead."""
    bill = there.bill() | (counted or {})
    bounds = {path: (others.get(path, usd), usd) for path, usd in bill.items()}
    return Lost(there, kind, bounds, high=True, gone=frozenset(bounds if gone else ()))


def _machines(chance: random.Random, thing: Thing) -> dict[str, Any]:
    """Hide machines by a name that Google may give: their kind, its service, a place, or words that nobody foresaw."""
    place = f"//compute.googleapis.com/projects/p/zones/{thing.config['zone']}"
    whole = ("compute.googleapis.com", place, f"{place}/instances/{thing.name}", "all that/compute.googleapis.com has")
    name = chance.choice([INSTANCES, *whole])
    return dict.fromkeys(("instances",) if "nstance" in name else ("instances", "disks"), name)


def _disk(thing: Thing) -> str:
    return thing.path.replace("/instances/", "/disks/")


def _wait(there: World, chance: random.Random) -> None:
    there.wait(there.now + chance.randint(1, 5) * HOUR)
