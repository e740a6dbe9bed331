"""Machines that are forgotten stop as the stack file says, and what stops them may do so."""

from collections.abc import Iterator

from catalog import tables
from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.example import Example, put
from coursecloud.policy.reading import at
from coursecloud.policy.rule import AmongRule, ResourceRule, Stack
from infra.settings import Settings, cron

_SCHEDULES = frozenset({"compute.ResourcePolicy"}).__contains__
_SELDOM = 7
"""Days between two stops of a schedule that stops what was forgotten: a group's week."""
_STOP = "compute.instances.stop"


def _stops(schedule: Registration, settings: Settings) -> Iterator[str]:
    line = at(schedule.inputs, "instanceSchedulePolicy.vmStopSchedule.schedule")
    if not isinstance(line, str):
        return
    if cron.mistake(line) is None and (days := cron.longest_wait(line)) > _SELDOM:
        yield f"it stops what was forgotten at '{line}': {days} days can lie between two stops"
    declared = settings.lease.stop_schedule
    if line != (declared or line):
        yield f"it stops machines at '{line}'; the stack file says '{declared}'"
    if (zone := at(schedule.inputs, "instanceSchedulePolicy.timeZone")) != settings.lease.time_zone:
        yield f"its hours are those of {zone or 'no zone'}; the stack file's are of {settings.lease.time_zone}"


_AGENT = "@compute-system.iam.gserviceaccount.com"
"""How the address of the account ends as which Google carries out a schedule."""


def _may_stop(schedule: Registration, stack: Stack) -> Iterator[str]:
    if at(schedule.inputs, "instanceSchedulePolicy.vmStopSchedule") is None:
        return
    never = ""
    for grant in stack.of("projects.IAMMember"):
        member = nested.filled(grant.inputs.get("member"), grant.at_run, "member")
        # A plan that knows nothing of the real run takes what only that knows for it.
        if member != UNKNOWN and not str(member).endswith(_AGENT):
            continue
        if not (never := _keeps_from(grant, stack)):
            return
    yield (
        f"Google's own agent has {never or 'no role'} by which it may stop a machine: the schedule is there, and never"
        " stops one"
    )


def _keeps_from(grant: Registration, stack: Stack) -> str:
    """Say what of a grant keeps its member from stopping machines, as far as anybody here knows the role."""
    if grant.inputs.get("condition"):
        return "only a role under a condition"
    role = nested.filled(grant.inputs.get("role"), grant.at_run, "role")
    urns = grant.property_dependencies.get("role", ())
    declared = [
        each.inputs.get("permissions")
        for each in stack.of("projects.IAMCustomRole")
        if each.urn in urns or str(role).endswith(f"/roles/{each.inputs.get('roleId')}")
    ]
    if declared:
        known = [nested.listed(each) for each in declared]
        unknown = any(map(nested.has_unknown, declared))
    else:
        table = tables.table("roles")["roles"].get(str(role), {})
        known, unknown = [table.get("permissions", [])], not table.get("complete")
    return "" if unknown or any(_STOP in each for each in known) else "only a role without the permission"


RULES = (
    ResourceRule(
        id="stops-as-declared",
        title="What stops forgotten machines does so each week at least",
        why="A schedule for one day of the year reads as a nightly stop, and a forgotten machine bills for months.",
        remedy="Set lease.stopSchedule in the stack file to a line for each night, e.g. `0 20 * * *`.",
        severity="high",
        topic="cost",
        applies=_SCHEDULES,
        check=_stops,
        breaks=(
            Example(
                "full",
                "stop-europe-west4",
                put(
                    "compute.ResourcePolicy",
                    "stop-europe-west4",
                    "instanceSchedulePolicy.vmStopSchedule.schedule",
                    "0 20 29 2 *",
                ),
                says="1461 days can lie between",
            ),
            Example(
                "full",
                "stop-europe-west4",
                put("compute.ResourcePolicy", "stop-europe-west4", "instanceSchedulePolicy.timeZone", "Pacific/Apia"),
                says="its hours are those of Pacific/Apia",
            ),
        ),
        keeps=(
            Example(
                "full",
                "stop-europe-west4",
                put("compute.ResourcePolicy", "stop-europe-west4", "description", "every night"),
            ),
        ),
    ),
    AmongRule(
        id="stop-may-stop",
        title="What stops forgotten machines may do so",
        why="A schedule without a role for Google's agent stands in every list, and machines bill through the night.",
        remedy="Grant the role `operator` of the stack to Google's compute-system agent, as infra/machines.py does.",
        severity="high",
        topic="cost",
        applies=_SCHEDULES,
        check=_may_stop,
        breaks=(
            Example(
                "full",
                "stop-europe-west4",
                put("projects.IAMMember", "scheduled-stop-agent", "member", "user:a@example.com"),
                says="never stops one",
            ),
            Example(
                "full",
                "stop-europe-west4",
                put("projects.IAMMember", "scheduled-stop-agent", "condition", {"title": "t", "expression": "false"}),
                says="only a role under a condition",
            ),
            Example(
                "full",
                "stop-europe-west4",
                put("projects.IAMCustomRole", "operator", "permissions", ["compute.instances.start"]),
                says="only a role without the permission",
            ),
        ),
        keeps=(
            Example(
                "full",
                "stop-europe-west4",
                put("projects.IAMMember", "scheduled-stop-agent", "member", f"serviceAccount:service-1{_AGENT}"),
            ),
        ),
    ),
)
