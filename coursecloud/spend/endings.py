"""When what runs ends by itself, without anybody who watches: max run, a job's timeout, the nightly stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from catalog import types
from coursecloud.cost import Estimate
from coursecloud.plan.nested import block
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import Registration
from coursecloud.spend.model import Shape
from coursecloud.spend.vertex import JOBS
from infra.names import Names
from infra.settings import Settings, cron

ONLY_DOWN = "ends only by down"
AFTER = 30
"""Days for which Google keeps what is stored after the credit has ended and the account with it
(cloud.google.com/free/docs/free-cloud-features, 2026-11)."""
COMPUTE = frozenset({"machine", "tpu", "service", "endpoint", "nat"})
"""What computes, by the word for its price in its type's file; all else that bills stores or reserves."""


@dataclass(frozen=True)
class Ending:
    """How one thing that bills comes to an end, or what it costs until somebody ends it."""

    name: str
    kind: str
    computes: bool
    ends: str
    """In words; `ends only by down` where nothing else ends it."""
    until: Decimal | None = None
    """USD of what stores or reserves, from today to the lease's end and 30 days more; None where nobody knows."""


def of(shape: Shape, since: datetime) -> datetime | None:
    """Say when something that has run since then stops by itself; None where nothing stops it."""
    scheduling = block(shape.inputs.get("scheduling"))
    if shape.asset in JOBS:
        # Google ends a job after a week where it says nothing (its API, CustomJob, Scheduling.timeout).
        seconds = _seconds(shape.inputs.get("timeout")) or 7 * 86_400
        return since + timedelta(seconds=seconds)
    most = _seconds(block(scheduling.get("maxRunDuration")).get("seconds"))
    return since + timedelta(seconds=most) if most and scheduling.get("instanceTerminationAction") else None


def nightly(shape: Shape, settings: Settings, at: datetime) -> datetime | None:
    """Say when the stack's instance schedule next stops a machine that it is attached to; None for any other."""
    line, policies = settings.lease.stop_schedule, shape.inputs.get("resourcePolicies")
    own = Names(settings.project, settings.stack, settings.existing).resource("stop")
    machine = shape.type == "gcp:compute/instance:Instance"  # a disk has policies, too: those of its snapshots
    if not line or not machine or not isinstance(policies, list) or own not in policies:
        return None
    zone = ZoneInfo(settings.lease.time_zone)
    there = at.astimezone(zone).replace(tzinfo=None)
    found = next((each for each in cron.fires(line, there, 366) if each > there), None)
    return None if found is None else found.replace(tzinfo=zone).astimezone(UTC)


def of_plan(plan: Plan, estimate: Estimate) -> tuple[Ending, ...]:
    """List how each thing of a plan that bills by the hour ends; what stores or reserves with what it costs until."""
    return tuple(_endings(plan, estimate))


def _endings(plan: Plan, estimate: Estimate) -> Iterator[Ending]:
    for resource in plan.custom:
        known = types.of(resource.type)
        priced = known.price if known else None
        if known and known.bills in ("free", "usage") and priced not in COMPUTE:
            continue
        kind = short_type(resource.type)
        if priced in COMPUTE:
            yield Ending(resource.name, kind, True, _ends(plan, resource, str(priced)))
            if priced == "machine":  # stopped, its boot disk goes on
                yield Ending(resource.name, "boot disk", False, ONLY_DOWN, _until(estimate, resource))
            continue
        yield Ending(resource.name, kind, False, ONLY_DOWN, _until(estimate, resource))
    training = plan.settings.training
    if training.enabled and any(resource.name == "training" for resource in plan.resources):
        yield Ending("training", "jobs", True, f"each job ends after {training.timeout}")


def _ends(plan: Plan, resource: Registration, priced: str) -> str:
    shape = Shape(resource.type, "", resource.inputs)
    since = datetime.min
    found = of(shape, since) if priced == "machine" else None
    if found:
        return f"stops {_length(found - since)} after each start (maxRun)"
    if priced == "machine" and resource.inputs.get("resourcePolicies"):
        return f"stops each time that {plan.settings.lease.stop_schedule} comes (stopSchedule)"
    if priced == "service" and not _least(resource):
        return "scales to nothing when nobody asks"
    if priced == "endpoint":
        return f"bills nothing until a model is deployed; then {ONLY_DOWN}"
    return ONLY_DOWN


def _least(resource: Registration) -> int:
    for holder in (resource.inputs, block(resource.inputs.get("template"))):
        scaling = block(holder.get("scaling"))
        for key in ("manualInstanceCount", "minInstanceCount"):
            if scaling.get(key):
                return 1
    return 0


def _until(estimate: Estimate, resource: Registration) -> Decimal | None:
    items = [item for item in estimate.items if item.urn == resource.urn]
    if not items or any(item.full.per_hour_idle is None for item in items):
        return None
    hourly = sum((item.full.per_hour_idle or Decimal(0) for item in items), Decimal(0))
    # The first and the last day count whole.
    return hourly * 24 * (len(estimate.days) + AFTER)


def _length(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def _seconds(value: object) -> int | None:
    match = re.fullmatch(r"([0-9]+)(?:\.[0-9]+)?s?", str(value))
    return int(match[1]) if match else None
