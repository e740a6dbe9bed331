"""Worlds in which something stops, starts or is made again, which no log tells: what is counted, and what in doubt."""

from __future__ import annotations

import random

from tests.spend.lost import (
    HOUR,
    Days,
    Lost,
    hiding,
    hours_pass,
    machine,
    nothing_read,
    other_type,
    silence,
    told,
)
from tests.spend.simulator import ZONES, World, usd_an_hour


def seen_twice_in_minutes(there: World, chance: random.Random) -> Days:
    """What two looks within two minutes see is taken as it was seen, where the API gives no times of it."""
    there.untold = frozenset({"since", "stopped"})
    thing = machine(there)
    hours_pass(there, chance)
    yield there
    spent, said = there.bill()[thing.path], len(there.entries)
    there.wait(there.now + HOUR)
    there.stop(thing)
    silence(there, said)
    hours_pass(there, chance)
    yield there
    there.wait(there.now + 60)
    hour = usd_an_hour(thing.kind, thing.config, running=True)
    there.resize(thing, machine=other_type(thing))
    there.start(thing)
    silence(there, said + 1)
    there.wait(there.now + 30)
    yield there
    since = there.now
    hours_pass(there, chance)
    yield there
    after = usd_an_hour(thing.kind, thing.config, running=True) * (there.now - since) / HOUR
    whole = hour * (since - thing.made) / HOUR + after
    yield told(there, "seen twice in minutes", {thing.path: spent + after}, {thing.path: whole})


def made_again(there: World, chance: random.Random) -> Days:
    """What a log says was deleted and a look sees there was made again, nobody knows when, or was never gone."""
    router = there.create("routers", "router", {"zone": ZONES[0]})
    hours_pass(there, chance)
    yield there
    there.delete(router)
    gone = there.now
    hours_pass(there, chance)
    there.create("routers", "router", {"zone": ZONES[0]}, logged=False)
    hours_pass(there, chance)
    yield there
    hour = usd_an_hour("routers", router.config, running=True)
    between = hour * (there.now - gone) / HOUR
    hours_pass(there, chance)
    yield there
    whole = hour * (there.now - router.made) / HOUR
    yield told(there, "made again", {router.path: whole - between}, {router.path: whole})


def started_unseen(there: World, chance: random.Random) -> Days:
    """When something was started again may be since it was stopped, where neither log nor API says."""
    there.untold = frozenset({"since", "stopped"})
    thing = machine(there)
    hours_pass(there, chance)
    yield there
    hours_pass(there, chance)
    there.stop(thing)
    stopped, said = there.now, len(there.entries)
    hours_pass(there, chance)
    there.start(thing)
    silence(there, said)
    hours_pass(there, chance)
    yield there
    hour = usd_an_hour(thing.kind, thing.config, running=True)
    between, whole = (hour * (there.now - begin) / HOUR for begin in (stopped, thing.made))
    yield told(there, "started unseen", {thing.path: whole - between}, {thing.path: whole})


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
    hours_pass(there, chance)
    there.hidden = hiding(chance, thing)
    yield there
    yield told(there, "stopped in minutes", {})


def started_for_seconds(there: World, chance: random.Random) -> Days:
    """What runs between two looks that see it stopped, within two minutes, ran then alone."""
    there.untold = frozenset({"since", "stopped"})
    thing = machine(there)
    hours_pass(there, chance)
    there.stop(thing)
    hours_pass(there, chance)
    yield there
    said = len(there.entries)
    there.wait(there.now + 20)
    there.start(thing)
    yield there
    there.stop(thing)
    silence(there, said)
    yield there
    hours_pass(there, chance)
    there.hidden = hiding(chance, thing)
    yield there
    yield told(there, "started for seconds", {})


def stop_that_failed_then_nothing(there: World, chance: random.Random) -> Days:
    """What was seen to run although a log says that it was stopped may have ended since, where nothing is read."""
    thing = machine(there)
    hours_pass(there, chance)
    yield there
    there.say(thing, "stop")
    hours_pass(there, chance)
    yield there
    others = nothing_read(there, chance, thing)
    yield there
    yield told(there, "a stop that failed, then nothing", others)


def resized_unseen(there: World, chance: random.Random) -> Days:
    """What something was before a log changed it nobody knows, whatever was seen of it since."""
    if chance.random() < 0.5:
        thing = there.create("disks", "work", {"zone": ZONES[0], "size": 200, "type": "pd-ssd"})
        silence(there, 0)
        hours_pass(there, chance)
        there.resize(thing, size=400)
    else:
        thing = machine(there)
        silence(there, 0)
        hours_pass(there, chance)
        there.stop(thing)
        there.resize(thing, machine=other_type(thing))
        there.start(thing)
        there.entries[-1].config = None
    begun = there.bill()[thing.path]
    hours_pass(there, chance)
    yield there
    bounds = {path: (usd, usd) for path, usd in there.bill().items()}
    since = bounds[thing.path][0] - begun
    yield Lost(there, "resized unseen", {**bounds, thing.path: (since, since)}, high=True, gone=frozenset(),
               unknown=frozenset({thing.path}))  # fmt: skip


def resized_as_somebody_looks(there: World, chance: random.Random) -> Days:
    """What a look saw within two minutes of a start it was since then, though no log tells of the change."""
    thing = machine(there)
    hours_pass(there, chance)
    yield there
    there.stop(thing)
    there.wait(there.now + HOUR)
    there.resize(thing, machine=other_type(thing))
    silence(there, len(there.entries) - 1)
    there.start(thing)
    there.entries[-1].config = None
    there.wait(there.now + 50)
    yield there
    hours_pass(there, chance)
    there.stop(thing)
    hours_pass(there, chance)
    there.hidden = hiding(chance, thing)
    yield there
    yield told(there, "resized as somebody looks", {})


def replaced(there: World, chance: random.Random) -> Days:
    """A name is free for the next machine only when the one before is gone, though no log says when it went."""
    there.odds.numbered = True  # else nothing tells the two apart
    before = machine(there)
    hours_pass(there, chance)
    assert before.boot
    for each in (before, before.boot):
        there.drop(each)
    after = there.create("instances", before.name, dict(before.config))
    hours_pass(there, chance)
    there.delete(after)
    hours_pass(there, chance)
    yield there
    bill = there.bill()
    others = {each.path: bill[each.path] - each.usd for each in (before, before.boot)}
    yield told(there, "replaced", others, gone=True)
