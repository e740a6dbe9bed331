"""What happens to a machine that nobody asked for: it is preempted, shut down from inside, its host fails."""

from __future__ import annotations

from typing import Any

from .. import audit
from ..world import Resource, World, written
from . import halting, instances

Json = dict[str, Any]


def preempt(world: World, machine: Resource) -> None:
    """Google takes a Spot machine back: it stops, or goes, as its settings say."""
    rules = machine.body["scheduling"]
    if not rules["preemptible"]:
        raise ValueError(f"event: {machine.name} is no Spot machine, and is not preempted")
    _halted(world, machine, "preempted")
    if rules.get("instanceTerminationAction") == "DELETE":
        instances.let_go(world, machine)
        world.drop(machine)


def shutdown(world: World, machine: Resource) -> None:
    """Somebody who is logged in on it shuts it down."""
    _halted(world, machine, "guestTerminate")


def host_error(world: World, machine: Resource) -> None:
    """Its host fails; it starts again elsewhere where it is allowed to."""
    _halted(world, machine, "hostError")
    _again(world, machine)


def maintain(world: World, machine: Resource) -> None:
    """Its host is maintained: a Spot machine is preempted, another migrates, or stops and starts again."""
    if machine.body["scheduling"]["preemptible"]:
        preempt(world, machine)
    elif machine.body["scheduling"]["onHostMaintenance"] == "MIGRATE":
        audit.event(world, machine, "migrateOnHostMaintenance", world.time())
    else:
        _halted(world, machine, "terminateOnHostMaintenance")
        _again(world, machine)


EVENTS = {"preempt": preempt, "shutdown": shutdown, "host-error": host_error, "maintenance": maintain}


def happen(world: World, event: str, name: str) -> Json:
    """Let it happen to the running machine of this name, and give what is left of it; ValueError where it cannot."""
    halting.settle(world)
    if event not in EVENTS:
        raise ValueError(f"event: {event!r} is none; there are {', '.join(EVENTS)}")
    found = [m for m in world.of("compute", halting.MACHINES) if name in (m.name, m.path)]
    if len(found) != 1:
        known = ", ".join(sorted(m.path for m in world.of("compute", halting.MACHINES))) or "none"
        raise ValueError(f"event: {len(found)} machines are called {name!r}; there are {known}")
    if found[0].body["status"] != "RUNNING":
        raise ValueError(f"event: {name} is {found[0].body['status']}, not RUNNING")
    EVENTS[event](world, found[0])
    left = world.get("compute", found[0].path)
    return {"status": left.body["status"] if left else "GONE"}


def _halted(world: World, machine: Resource, event: str) -> None:
    at = world.time()
    halting.halt(world, machine, "TERMINATED", written(at))
    audit.event(world, machine, event, at)


def _again(world: World, machine: Resource) -> None:
    if machine.body["scheduling"]["automaticRestart"]:
        at = world.time()
        halting.run(world, machine, written(at))
        audit.event(world, machine, "automaticRestart", at)
