"""Days with a name on which clocks differ: a log's from the API's, or from the look that saw what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.spend.simulator import ZONES, Thing, World

HOUR = 3600


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
    before = there.create("instances", "box", config())
    there.wait(HOUR)
    yield "look"
    there.delete(before)
    there.wait(2 * HOUR)
    unseen = there.create("instances", "box", config(bootGoes=False))
    there.wait(there.now + 40)
    there.delete(unseen)
    there.wait(there.now + 60)
    last = there.create("instances", "box", config(machine="e2-medium"))
    there.wait(3 * HOUR)
    yield "look"
    there.delete(last)
    there.wait(there.now + 20)
    yield "look"
    there.wait(20 * HOUR)


def restarted_as_somebody_looks(there: World) -> Iterator[str]:
    """A machine is seen to have been started before the time that the log gives its stop: nothing is unsaid."""
    machine = there.create("instances", "box", config())
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
    machine = there.create("instances", "box", config())
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
    before = between(there)
    yield "look"
    there.delete(before)
    there.wait(3 * HOUR)
    there.create("instances", "box", config())
    _said(there, -10)
    there.wait(there.now + 3)
    there.resize(there.there("instances")[0], spot=False)
    _said(there, 0)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def gone_before_the_api_says_that_it_was_made(there: World) -> Iterator[str]:
    """A log's clock is some seconds behind: what it says was deleted then was not made again by the API's time."""
    machine = there.create("instances", "box", config())
    _said(there, -12)
    there.wait(there.now + 6)
    yield "look"
    there.wait(there.now + 4)
    there.delete(machine)
    _said(there, -14)
    there.wait(3 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def a_job_of_seconds(there: World) -> Iterator[str]:
    """A job has ended before the time that the log gives its creation: it does not run again."""
    there.wait(HOUR)
    config = {"zone": "europe-west4-b", "machine": "n1-standard-4", "gpus": 1, "spot": False}
    job = there.create("customJobs", "job", config)
    _said(there, 12)
    there.wait(there.now + 5)
    there.end_job(job)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def stopped_before_the_api_says_that_it_was_started(there: World) -> Iterator[str]:
    """A log's clock is behind: what it says was stopped then was not started again by the API's time."""
    machine = there.create("instances", "box", config())
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
    machine = there.create("instances", "box", config())
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


def resized_as_it_was_preempted(there: World) -> Iterator[str]:
    """The API told of a stop first; when the log gives its reason the machine has been another for some seconds."""
    machine = there.create("instances", "box", config(spot=True))
    there.wait(HOUR)
    yield "look"
    there.stop(machine, "system", "compute.instances.preempted")
    _said(there, 14)
    there.wait(there.now + 4)
    there.resize(machine, machine="e2-medium")
    _said(there, 0)
    there.wait(there.now + 2)
    yield "look"
    there.wait(9 * HOUR)
    yield "look"


DAYS: tuple[Callable[[World], Iterator[str]], ...] = (
    grown_as_somebody_looks,
    two_of_a_name_within_two_minutes,
    restarted_as_somebody_looks,
    started_before_it_had_stopped,
    changed_as_it_was_made,
    gone_before_the_api_says_that_it_was_made,
    a_job_of_seconds,
    stopped_before_the_api_says_that_it_was_started,
    started_before_its_resize_was_read,
    resized_as_it_was_preempted,
)


def config(**more: Any) -> dict[str, Any]:
    """Give what a machine is made with, but for what is said otherwise."""
    return {
        "zone": ZONES[0], "machine": "e2-standard-4", "spot": False, "gpus": 0, "address": False, "boot": 200,
        "bootType": "pd-ssd", "bootGoes": True,
    } | more  # fmt: skip


def between(there: World) -> Thing:
    """Make the first machine of a name, whose log entries tell no id."""
    there.odds.numbered = False
    machine = there.create("instances", "box", config())
    there.wait(HOUR)
    return machine


def _said(there: World, off: int, delay: int = 10) -> None:
    """Give the newest entry a time so many seconds off, and let it come so long after both."""
    entry = there.entries[-1]
    entry.at = there.said[entry.path] = there.now + off
    entry.received = max(entry.at, there.now) + delay
