"""Days with a name: each is what was once counted wrong, or what alone needs a line of the accounting."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.spend.clocks import DAYS as CLOCKS
from tests.spend.clocks import HOUR, between, config
from tests.spend.simulator import ZONES, Odds, Thing, World


def worlds() -> Iterator[tuple[str, World, Iterator[str]]]:
    """Yield each by its name, with a world whose looks all succeed, and its days."""
    for days in (*DAYS, *CLOCKS):
        # An entry from before the lease is never read.
        there = World(random.Random(7), Odds(0.0, 0.0, 0.0, numbered=True, cut=0.0, twice=0.0), now=60)  # noqa: S311 - no secret
        yield days.__name__, there, days(there)


def its_disk_goes_since_yesterday(there: World) -> Iterator[str]:
    """What becomes of a boot disk with its machine is what was last said of it, not what it was made with."""
    machine = there.create("instances", "box", config(bootGoes=False))
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


def one_that_no_look_saw_between_two(there: World) -> Iterator[str]:
    """Of three of a name the one that no look saw is not the last, whose creation no log tells."""
    before = between(there)
    yield "look"
    there.delete(before)
    there.wait(7 * HOUR)
    unseen = there.create("instances", "box", config())
    there.wait(8 * HOUR)
    there.delete(unseen)
    there.wait(10 * HOUR)
    there.create("instances", "box", config(), logged=False)
    there.wait(12 * HOUR)
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
    there.create("instances", "box", config(nat=True))
    there.create("instances", "other", config(address=True))
    there.create("instances", "far", config(zone=ZONES[1]))
    there.wait(100 * HOUR)
    yield "look"
    there.wait(200 * HOUR)


def taken_over_by_the_stack(there: World) -> Iterator[str]:
    """Whose something is the newest look says."""
    machines = [there.create("instances", name, config(), declared=name == "own") for name in ("own", "other")]
    there.wait(HOUR)
    yield "look"
    for each in machines:
        each.declared = not each.declared
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def seen_beside_what_is_refused(there: World) -> Iterator[str]:
    """What the last look saw is not lost, whatever it could not read."""
    machine = there.create("instances", "box", config())
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
    machine = there.create("instances", "box", config(disk="old-work"))
    there.wait(HOUR)
    yield "look"
    there.wait(9 * HOUR)
    there.delete(machine)
    there.wait(20 * HOUR)


def unknown_beside_what_is_refused(there: World) -> Iterator[str]:
    """What nobody has said what it is may be of a kind that is refused, but of no other service's."""
    machine = _older(there)
    there.wait(5 * HOUR)
    there.stop(machine)
    there.wait(6 * HOUR)
    there.delete(machine)
    there.entries[-1].received += 20 * HOUR
    for hidden in ({"sql": "sqladmin.googleapis.com/Instance"}, {"disks": "compute.googleapis.com/Disk"}):
        there.hidden = hidden
        there.wait(there.now + HOUR)
        yield "look"
    there.hidden = {}


def older_than_its_api_says(there: World) -> Iterator[str]:
    """Where the API tells since when something runs, and not when it was made, it runs since then."""
    there.untold = frozenset({"made"})
    _older(there)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def told_the_day_after(there: World) -> Iterator[str]:
    """What was made and gone between two looks is told so late that only who reads all logs again hears of it."""
    yield "look"
    blink = there.create("instances", "blink", config(boot=50))
    there.entries[-1].received += 15 * HOUR
    there.wait(2 * HOUR)
    there.delete(blink)
    there.entries[-1].received += 15 * HOUR
    there.wait(11 * HOUR)
    yield "look"
    there.wait(26 * HOUR)
    yield "look"


def made_anew_by_somebody_else(there: World) -> Iterator[str]:
    """Who made the next of a name did not make the one before, where neither API nor log tells them apart by an id."""
    there.odds.numbered = False
    before = there.create("addresses", "fixed", {"zone": ZONES[0]})
    there.wait(HOUR)
    yield "look"
    there.delete(before)
    there.wait(2 * HOUR)
    there.create("addresses", "fixed", {"zone": ZONES[0]}, declared=False)
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def unknown_before_one_of_its_name(there: World) -> Iterator[str]:
    """The disk of a machine bills, though nobody knows what had that machine's name before."""
    old = _older(there)
    there.wait(5 * HOUR)
    there.delete(old)
    there.wait(6 * HOUR)
    there.create("instances", "old", config())
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def made_anew_smaller_without_a_log(there: World) -> Iterator[str]:
    """What is made anew is nothing of what had its name before."""
    there.odds.numbered = False
    before = there.create("disks", "work", {"zone": ZONES[0], "size": 2000, "type": "pd-ssd"})
    there.wait(2 * HOUR)
    yield "look"
    there.delete(before)
    there.wait(3 * HOUR)
    there.create("disks", "work", {"zone": ZONES[0], "size": 20, "type": "pd-ssd"}, logged=False)
    there.wait(20 * HOUR)
    yield "look"


def stopping_as_somebody_looks(there: World) -> Iterator[str]:
    """A look sees what a machine is while it shuts down, which no log told, and no other look does."""
    there.wait(HOUR)
    machine = there.create("instances", "box", config(), logged=False)
    there.wait(5 * HOUR)
    there.say(machine, "stop")
    entry = there.entries[-1]
    entry.at, entry.received = there.now - 14, there.now + 1
    there.wait(there.now + 3)
    there.hidden = {"sql": "what there is"}
    yield "look"
    there.hidden = {}
    there.stop(machine)
    there.entries.remove(there.entries[-1])
    there.wait(6 * HOUR)
    there.delete(machine)
    there.wait(20 * HOUR)


def stops_that_failed(there: World) -> Iterator[str]:
    """What logs say was stopped or deleted and a look sees there was neither, by the times that the API gives."""
    machine, other = (there.create("instances", name, config()) for name in ("box", "other"))
    disk = there.create("disks", "work", {"zone": ZONES[0], "size": 500, "type": "pd-ssd"})
    there.wait(HOUR)
    yield "look"
    there.wait(5 * HOUR)
    there.say(machine, "stop")
    there.say(other, "delete")
    there.say(disk, "delete")
    there.wait(9 * HOUR)
    yield "look"
    there.wait(20 * HOUR)


def looked_at_in_its_first_minute(there: World) -> Iterator[str]:
    """Logs are complete to a minute ago: somebody who looks at once has read none of the lease."""
    there.now = 20
    there.create("instances", "box", config())
    there.wait(40)
    yield "look"
    there.wait(9 * HOUR)
    yield "look"


def started_once_more(there: World) -> Iterator[str]:
    """Who starts what runs already is who started it last."""
    machine = there.create("instances", "box", config())
    there.wait(HOUR)
    yield "look"
    there.wait(3 * HOUR)
    there.say(machine, "start", "other@example.com")
    there.wait(9 * HOUR)
    yield "look"


def stopped_once_more(there: World) -> Iterator[str]:
    """What somebody stops that Google has stopped already is stopped for Google's reason."""
    machine = there.create("instances", "box", config(spot=True))
    there.wait(HOUR)
    there.stop(machine, "system", "compute.instances.preempted")
    there.wait(3 * HOUR)
    there.say(machine, "stop")
    there.wait(9 * HOUR)
    yield "look"


DAYS: tuple[Callable[[World], Iterator[str]], ...] = (
    its_disk_goes_since_yesterday,
    made_without_a_log,
    stopped_before_anybody_looked,
    resized_before_anybody_looked,
    one_that_no_look_saw_between_two,
    of_a_kind_that_no_look_lists,
    behind_a_nat,
    taken_over_by_the_stack,
    seen_beside_what_is_refused,
    its_disk_has_another_name,
    unknown_beside_what_is_refused,
    older_than_its_api_says,
    told_the_day_after,
    made_anew_by_somebody_else,
    unknown_before_one_of_its_name,
    made_anew_smaller_without_a_log,
    stopping_as_somebody_looks,
    stops_that_failed,
    looked_at_in_its_first_minute,
    started_once_more,
    stopped_once_more,
)


def _older(there: World) -> Thing:
    """Make a machine of before the lease, by which the bill is not begun."""
    there.now = -24 * HOUR
    machine = there.create("instances", "old", config(), declared=False)
    there.now = 0
    return machine
