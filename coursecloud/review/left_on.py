"""For how long a machine that somebody forgot goes on, and what that costs: the end of a run, and the nightly stop."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from coursecloud.cost import Estimate
from coursecloud.diff import property_diff
from coursecloud.diff.changes import Change
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.review.dangers import one
from coursecloud.review.protection import Weaker
from coursecloud.review.quoting import quoted
from infra.settings import cron
from infra.settings.lease import DAYS, WorkingHours

INSTANCE = "gcp:compute/instance:Instance"
_HORIZON = 31
"""Days in which a stop that comes at all comes."""
_YEAR = 366
"""Days that are looked at: a line may leave out some days of each month."""


@dataclass(frozen=True)
class Ends:
    """What ends the run of one machine."""

    run: Decimal | None
    """Hours after which Google ends each run; None for never."""
    stop: str | None
    """The cron line that stops it, or None."""
    evening: Decimal | None
    """Hours from the end of a working day to that stop, at most; None where it never comes."""

    @property
    def hours(self) -> Decimal | None:
        """Hours for which it goes on after work where it is forgotten; None for ever."""
        return min((each for each in (self.run, self.evening) if each is not None), default=None)


def weaker(
    changes: Iterable[Change], before: Plan, after: Plan, was: Estimate | None, now: Estimate | None
) -> Iterator[Weaker]:
    """List the machines that may go on for longer than before, with what a forgotten one can then cost."""
    for change in changes:
        if change.resource.type != INSTANCE or not (change.before and change.after):
            continue
        old, new = ends(change.before, before), ends(change.after, after)
        then = _then(change.name, old, new, change, was, now)
        what, urn = quoted(one(change)), change.resource.urn
        if old.run is not None and (new.run is None or new.run > old.run):
            yield Weaker("money", f"{what} stops by itself", _after(old.run), _after(new.run), then, urn)
        if old.evening is not None and (new.evening is None or new.evening > old.evening):
            sides = (str(old.stop), str(new.stop or "(none)"))
            if sides[0] == sides[1]:
                sides = tuple(f"{side.stop}, {_hours(side.evening)} after work" for side in (old, new))
            yield Weaker("money", f"the nightly stop of {what}", sides[0], sides[1], then, urn)
        elif old.stop and new.stop and (days := cron.longest_wait(new.stop)) > cron.longest_wait(old.stop):
            then = f"what is started on a day without it is stopped by it after up to {days} days"
            then += f", and by the end of its run {_after(new.run)}" if new.run is not None else ""
            yield Weaker("money", f"the nightly stop of {what}", old.stop, new.stop, then, urn)


def ends(machine: Registration, plan: Plan) -> Ends:
    """Say what ends the run of a machine."""
    seconds = property_diff.at(machine.inputs, "scheduling.maxRunDuration.seconds")
    known = isinstance(seconds, int | float | str) and str(seconds).replace(".", "", 1).isdigit()
    run = Decimal(str(seconds)) / 3600 if known else None
    stop = next(_stops(machine, plan), None)
    return Ends(run, stop, _evening(stop, plan.settings.lease.working_hours) if stop else None)


def _stops(machine: Registration, plan: Plan) -> Iterator[str]:
    """Give the lines of the schedules that are attached to a machine, by what it depends on or by their names."""
    given: Any = machine.inputs.get("resourcePolicies")
    entries = cast("list[Any]", given) if isinstance(given, list) else [given] if given else []
    links = [str(each) for each in entries if each != UNKNOWN]
    urns = machine.property_dependencies.get("resourcePolicies", ())
    for resource in plan.custom:
        line = property_diff.at(resource.inputs, "instanceSchedulePolicy.vmStopSchedule.schedule")
        name = resource.inputs.get("name")
        attached = bool(entries) and (resource.urn in urns or any(link.rpartition("/")[2] == name for link in links))
        if attached and isinstance(line, str) and cron.mistake(line) is None:
            yield line


def _evening(line: str, hours: WorkingHours) -> Decimal | None:
    """Count the hours from the end of work to the next stop, on the working day on which they are most."""
    first = datetime.datetime.combine(datetime.date(2026, 1, 5), datetime.time.fromisoformat(hours.end))  # a Monday
    stops = list(cron.fires(line, first, _YEAR + _HORIZON))
    longest: Decimal | None = None
    for number in range(_YEAR):
        start = first + datetime.timedelta(days=number)
        if DAYS[number % 7] not in hours.days:
            continue
        while stops and stops[0] < start:
            stops.pop(0)
        if not stops or stops[0] - start > datetime.timedelta(days=_HORIZON):
            return None
        longest = max(longest or Decimal(0), Decimal((stops[0] - start).total_seconds()) / 3600)
    return longest


def _then(name: str, old: Ends, new: Ends, change: Change, was: Estimate | None, now: Estimate | None) -> str:
    """Say what a forgotten machine could cost, before and after."""
    sides = [(old, was, change.before), (new, now, change.after)]
    costs = [_cost(side, estimate, machine.urn if machine else "") for side, estimate, machine in sides]
    machine = quoted(name)
    if new.hours is None:
        return f"left on after work, {machine} then runs day and night: {costs[1]} instead of {costs[0]}"
    if new.hours == old.hours:
        other = "the nightly stop" if new.hours == new.evening else "the end of each run"
        return f"{other} still ends a forgotten {machine} {_hours(new.hours)} after work ({costs[1]})"
    return (
        f"left on after work, {machine} then runs {_hours(new.hours)} more instead of {_hours(old.hours)}:"
        f" {costs[1]} instead of {costs[0]}"
    )


def _cost(ending: Ends, estimate: Estimate | None, urn: str) -> str:
    """Price a forgotten evening, or each day where nothing ends it."""
    hour = _extra(urn, estimate) if estimate else None
    if hour is None:
        return "? USD"
    if ending.hours is None:
        return f"{hour * 24:.2f} USD a day"
    return f"{hour * ending.hours:.2f} USD"


def _extra(urn: str, estimate: Estimate) -> Decimal | None:
    """Give what an hour costs more while it runs; None where a price is not known."""
    amounts: Mapping[bool, list[Decimal]] = {True: [], False: []}
    for item in estimate.items:
        if item.urn == urn:
            if item.due.per_hour_on is None or item.due.per_hour_idle is None:
                return None
            amounts[True].append(item.due.per_hour_on)
            amounts[False].append(item.due.per_hour_idle)
    return sum(amounts[True], Decimal(0)) - sum(amounts[False], Decimal(0))


def _hours(hours: Decimal | None) -> str:
    return "for ever" if hours is None else f"{float(hours):g} h"


def _after(hours: Decimal | None) -> str:
    return "never" if hours is None else f"{float(hours):g} h after each start"
