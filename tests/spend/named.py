"""Days with a name: each is what was once counted wrong, or what alone needs a line of the accounting."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.spend.simulator import ZONES, Odds, Thing, World

HOUR = 3600


def worlds() -> Iterator[tuple[str, World, Iterator[str]]]:
    """Yield each by its name, with a world whose looks all succeed, and its days."""
    for days in DAYS:
        # An entry from before the lease is never read.
        there = World(random.Random(7), Odds(0.0, 0.0, 0.0, numbered=True, cut=0.0, twice=0.0), now=60)  # noqa: S311 - no secret
        yield days.__name__, there, days(there)


def grown_as_somebody_looks(there: World) -> Iterator[str]:
    """A disk grows, and is seen grown some seconds before the time that its log gives: nothing is unsaid."""
    disk = there.create("disks", "work", {"zone": ZONES[0], "size": 20, "type": "pd-balanced"})
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)
    there.resize(disk, size=2000)
    _said(there, 8)
    yield "look"
    there.wait(30 * HOUR)


def two_of_a_name_within_two_minutes(there: World) -> Iterator[str]:
    """A machine is made anew from the disk of one that no look saw: it runs since then, and its disk goes with it."""
    there.odds.numbered = False
    before = there.create("instances", "box", _machine())
    there.wait(HOUR)
    yield "look"
    there.delete(before)
    there.wait(2 * HOUR)
    unseen = there.create("instances", "box", _machine(bootGoes=False))
    there.wait(there.now + 40)
    there.delete(unseen)
    there.wait(there.now + 60)
    last = there.create("instances", "box", _machine(machine="e2-medium"))
    there.wait(3 * HOUR)
    yield "look"
    there.delete(last)
    there.wait(there.now + 20)
    yield "look"
    there.wait(20 * HOUR)


def its_disk_goes_since_yesterday(there: World) -> Iterator[str]:
    """What becomes of a boot disk with its machine is what was last said of it, not what it was made with."""
    machine = there.create("instances", "box", _machine(bootGoes=False))
    there.wait(HOUR)
    yield "look"
    machine.config["bootGoes"] = True
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)
    there.delete(machine)
    there.wait(there.now + 60)
    yield "look"
    there.wait(40 * HOUR)


def made_without_a_log(there: World) -> Iterator[str]:
    """When a disk was made the API tells, too."""
    there.wait(HOUR)
    there.create("disks", "work", {"zone": ZONES[0], "size": 500, "type": "pd-ssd"}, logged=False)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def stopped_before_anybody_looked(there: World) -> Iterator[str]:
    """What nobody had said at first is what was said first: it has been that since the lease began."""
    machine = _older(there)
    there.wait(5 * HOUR)
    there.stop(machine)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def resized_before_anybody_looked(there: World) -> Iterator[str]:
    """What it was before a log resized it nobody knows, and it is said so."""
    machine = _older(there)
    there.wait(5 * HOUR)
    there.stop(machine)
    there.resize(machine, machine="e2-medium")
    there.start(machine)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def restarted_as_somebody_looks(there: World) -> Iterator[str]:
    """A machine is seen to have been started before the time that the log gives its stop: nothing is unsaid."""
    machine = there.create("instances", "box", _machine())
    there.wait(HOUR)
    yield "look"
    there.wait(4 * HOUR)
    there.stop(machine)
    _said(there, 25)
    there.wait(there.now + 10)
    there.start(machine)
    _said(there, 26)
    there.wait(there.now + 6)
    yield "look"
    there.wait(20 * HOUR)


def started_before_it_had_stopped(there: World) -> Iterator[str]:
    """The log's clock says of a start that it was before the stop that a look saw: it ran all the same."""
    machine = there.create("instances", "box", _machine())
    there.wait(HOUR)
    yield "look"
    there.stop(machine)
    _said(there, -11)
    there.wait(there.now + 4)
    yield "look"
    there.wait(there.now + 6)
    there.start(machine)
    _said(there, -14)
    there.wait(there.now + HOUR)
    there.stop(machine, "system", "compute.instances.guestTerminate")
    there.wait(20 * HOUR)


def changed_as_it_was_made(there: World) -> Iterator[str]:
    """What is nearer to a machine's creation than the log of that is no creation."""
    before = _between(there)
    yield "look"
    there.delete(before)
    there.wait(3 * HOUR)
    there.create("instances", "box", _machine())
    _said(there, -10)
    there.wait(there.now + 3)
    there.resize(there.there("instances")[0], spot=False)
    _said(there, 0)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def one_that_no_look_saw_between_two(there: World) -> Iterator[str]:
    """Of three of a name the one that no look saw is not the last, whose creation no log tells."""
    before = _between(there)
    yield "look"
    there.delete(before)
    there.wait(7 * HOUR)
    unseen = there.create("instances", "box", _machine())
    there.wait(8 * HOUR)
    there.delete(unseen)
    there.wait(10 * HOUR)
    there.create("instances", "box", _machine(), logged=False)
    there.wait(12 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def gone_before_the_api_says_that_it_was_made(there: World) -> Iterator[str]:
    """A log's clock is some seconds behind: what it says was deleted then was not made again by the API's time."""
    machine = there.create("instances", "box", _machine())
    _said(there, -12)
    there.wait(there.now + 6)
    yield "look"
    there.wait(there.now + 4)
    there.delete(machine)
    _said(there, -14)
    there.wait(3 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def of_a_kind_that_no_look_lists(there: World) -> Iterator[str]:
    """What logs alone tell of is there until they say otherwise."""
    there.hidden = {"services": ""}
    there.create("services", "api", {"zone": ZONES[0], "least": 1, "cpu": 1, "memory": 1})
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def behind_a_nat(there: World) -> Iterator[str]:
    """Cloud NAT bills its address, and each machine of its region that has none and runs."""
    there.create("routers", "router", {"zone": ZONES[0]})
    there.create("instances", "box", _machine(nat=True))
    there.create("instances", "other", _machine(address=True))
    there.create("instances", "far", _machine(zone=ZONES[1]))
    there.wait(100 * HOUR)
    yield "look"
    there.wait(200 * HOUR)


def a_job_of_seconds(there: World) -> Iterator[str]:
    """A job has ended before the time that the log gives its creation: it does not run again."""
    config = {"zone": "europe-west4-b", "machine": "n1-standard-4", "gpus": 1, "spot": False}
    job = there.create("customJobs", "job", config)
    _said(there, 12)
    there.wait(there.now + 5)
    there.end_job(job)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def taken_over_by_the_stack(there: World) -> Iterator[str]:
    """Whose something is the newest look says."""
    machines = [there.create("instances", name, _machine(), declared=name == "own") for name in ("own", "other")]
    there.wait(HOUR)
    yield "look"
    for each in machines:
        each.declared = not each.declared
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def seen_beside_what_is_refused(there: World) -> Iterator[str]:
    """What the last look saw is not lost, whatever it could not read."""
    machine = there.create("instances", "box", _machine())
    there.wait(HOUR)
    yield "look"
    there.stop(machine)
    there.wait(9 * HOUR)
    there.hidden = {"sql": "what there is"}
    yield "look"
    there.hidden = {}
    there.wait(20 * HOUR)


def its_disk_has_another_name(there: World) -> Iterator[str]:
    """A machine's boot disk is called what its machine says."""
    machine = there.create("instances", "box", _machine(disk="old-work"))
    there.wait(HOUR)
    yield "look"
    there.wait(9 * HOUR)
    there.delete(machine)
    there.wait(20 * HOUR)


def stopped_before_the_api_says_that_it_was_started(there: World) -> Iterator[str]:
    """A log's clock is behind: what it says was stopped then was not started again by the API's time."""
    machine = there.create("instances", "box", _machine())
    there.wait(HOUR)
    there.stop(machine)
    there.wait(3 * HOUR)
    there.start(machine)
    _said(there, -12)
    there.wait(there.now + 6)
    yield "look"
    there.random.seed(31)  # by which it takes seconds to stop
    there.stop(machine)
    _said(there, 3 * HOUR - there.now)
    there.wait(6 * HOUR)
    there.hidden = {"instances": "compute.googleapis.com/Instance"}
    yield "look"
    there.hidden = {}
    there.wait(20 * HOUR)


def started_before_its_resize_was_read(there: World) -> Iterator[str]:
    """What a start says was started is what its reader knew then: a resize of before that came later holds."""
    machine = there.create("instances", "box", _machine())
    before = machine.config
    there.wait(HOUR)
    yield "look"
    there.stop(machine)
    there.resize(machine, machine="e2-medium")
    there.entries[-1].received += 5 * HOUR
    there.wait(2 * HOUR)
    there.start(machine)
    there.entries[-1].config = before
    there.wait(9 * HOUR)
    there.stop(machine)
    there.wait(20 * HOUR)


DAYS: tuple[Callable[[World], Iterator[str]], ...] = (
    grown_as_somebody_looks,
    two_of_a_name_within_two_minutes,
    its_disk_goes_since_yesterday,
    made_without_a_log,
    stopped_before_anybody_looked,
    resized_before_anybody_looked,
    restarted_as_somebody_looks,
    started_before_it_had_stopped,
    changed_as_it_was_made,
    one_that_no_look_saw_between_two,
    gone_before_the_api_says_that_it_was_made,
    of_a_kind_that_no_look_lists,
    behind_a_nat,
    a_job_of_seconds,
    taken_over_by_the_stack,
    seen_beside_what_is_refused,
    its_disk_has_another_name,
    stopped_before_the_api_says_that_it_was_started,
    started_before_its_resize_was_read,
)


def _machine(**more: Any) -> dict[str, Any]:
    return {
        "zone": ZONES[0], "machine": "e2-standard-4", "spot": False, "gpus": 0, "address": False, "boot": 200,
        "bootType": "pd-ssd", "bootGoes": True,
    } | more  # fmt: skip


def _between(there: World) -> Thing:
    """Make the first machine of a name, whose log entries tell no id."""
    there.odds.numbered = False
    machine = there.create("instances", "box", _machine())
    there.wait(HOUR)
    return machine


def _older(there: World) -> Thing:
    """Make a machine of before the lease, by which the bill is not begun."""
    there.now = -24 * HOUR
    machine = there.create("instances", "old", _machine(), declared=False)
    there.now = 0
    return machine


def _said(there: World, off: int, delay: int = 10) -> None:
    """Give the newest entry a time so many seconds off, and let it come so long after both."""
    entry = there.entries[-1]
    entry.at = there.said[entry.path] = there.now + off
    entry.received = max(entry.at, there.now) + delay
