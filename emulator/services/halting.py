"""What stops and starts a machine by itself: its time limit, and the schedules that it is attached to."""

from __future__ import annotations

from datetime import datetime, timedelta

from .. import audit
from ..cron import fires
from ..shapes import many, part
from ..world import Resource, World, moment, written
from . import instances, interfaces
from .links import path_of

MACHINES = "projects/zones/instances"


def halt(world: World, machine: Resource, status: str, at: str) -> None:
    """It keeps its disks and gives its external address back, unless that one is reserved."""
    machine.body |= {"status": status, "lastStopTimestamp": at}
    reserved = {r.body.get("address") for r in world.of("compute", "projects/regions/addresses")}
    for nic in machine.body["networkInterfaces"]:
        for config in many(nic, "accessConfigs"):
            if config.get("natIP") not in reserved:
                config.pop("natIP", None)
    machine.bills = instances.bills(machine.body)


def begin(world: World, machine: Resource, seconds: float) -> datetime:
    """It is told to stop, and is STOPPING until the given time."""
    due = world.time() + timedelta(seconds=seconds)
    machine.body["status"] = "STOPPING"
    world.stopping[machine.path] = due
    return due


def settle(world: World) -> None:
    """What was told to stop has stopped, where its time is over. One that was deleted meanwhile is gone."""
    for path, due in [(p, d) for p, d in world.stopping.items() if d <= world.time()]:
        del world.stopping[path]
        machine = world.get("compute", path)
        if machine and machine.body["status"] == "STOPPING":
            halt(world, machine, "TERMINATED", written(due))


def run(world: World, machine: Resource, at: str) -> None:
    """It runs, with another external address than before where it has one at all."""
    machine.body |= {"status": "RUNNING", "lastStartTimestamp": at}
    for nic in machine.body["networkInterfaces"]:
        for config in many(nic, "accessConfigs"):
            interfaces.access(world, config)
    machine.bills = instances.bills(machine.body)


def passes(world: World, since: datetime, until: datetime) -> None:
    """Stop and start what is due, each machine's events in their order."""
    settle(world)
    for machine in world.of("compute", MACHINES):
        at = since
        while due := _next(world, machine, at, until):
            at, event = due
            if event == "start":
                run(world, machine, written(at))
                _by_schedule(world, machine, "start", at)
            elif event == "DELETE":
                audit.event(world, machine, "deferredDelete", at)
                instances.let_go(world, machine)
                world.drop(machine)
                break
            else:
                halt(world, machine, "TERMINATED", written(at))
                if event == "STOP":
                    audit.event(world, machine, "deferredStop", at)
                else:
                    _by_schedule(world, machine, "stop", at)


def _by_schedule(world: World, machine: Resource, action: str, at: datetime) -> None:
    audit.agent(world, machine, action, at, instances.agent_of(world, machine.path.split("/")[1]))


def _next(world: World, machine: Resource, since: datetime, until: datetime) -> tuple[datetime, str] | None:
    """What happens to the machine next, and when."""
    running = machine.body["status"] == "RUNNING"
    due: list[tuple[datetime, str]] = []
    rules = part(machine.body, "scheduling")
    end = _ends(machine) if running else None
    if end and end <= until:
        # https://cloud.google.com/compute/docs/instances/limit-vm-runtime (2026-08): the limit counts from each start,
        # and the action is STOP or DELETE; with STOP the machine can be started again.
        due.append((max(end, since), rules.get("instanceTerminationAction") or "STOP"))
    for path in many(machine.body, "resourcePolicies"):
        held = world.get("compute", path_of(path))
        schedule = part(held.body, "instanceSchedulePolicy") if held else {}
        # https://cloud.google.com/compute/docs/instances/schedule-instance-start-stop (2026-08): a schedule acts in the
        # name of Compute Engine's agent; without its permissions nothing happens, and nobody is told but the log.
        if not schedule or not instances.agent_may(world, machine.path.split("/")[1]):
            continue
        field, event = ("vmStopSchedule", "stop") if running else ("vmStartSchedule", "start")
        cron = part(schedule, field).get("schedule")
        starts, ends = schedule.get("startTime"), schedule.get("expirationTime")
        first = max(since, moment(starts)) if starts else since
        last = min(until, moment(ends)) if ends else until
        if cron and (when := next(fires(cron, schedule["timeZone"], first, last), None)):
            due.append((when, event))
    return min(due, default=None)


def _ends(machine: Resource) -> datetime | None:
    """When the time of a running machine is over."""
    rules = part(machine.body, "scheduling")
    if limit := part(rules, "maxRunDuration").get("seconds"):
        return moment(machine.body["lastStartTimestamp"]) + timedelta(seconds=int(limit))
    return moment(rules["terminationTime"]) if rules.get("terminationTime") else None
