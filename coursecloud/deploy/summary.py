"""The last lines of up, down and finish: what is now, what it costs until the next one, and the next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any, cast

from catalog import types
from coursecloud.common import stack_file
from coursecloud.deploy import checkpoint, ending, machine_status, remedies
from coursecloud.deploy.ending import Costs, Failure
from coursecloud.deploy.process import InterruptError
from coursecloud.deploy.session import Day
from coursecloud.diff import data_loss
from coursecloud.diff.engine_events import Told, called, name
from coursecloud.plan.outputs import few

Json = dict[str, Any]
_MOST = 6
"""So many names stand in a line; the rest is a number."""


def custom(resources: Iterable[Json]) -> list[str]:
    """List the URNs of what Google has: no component, no provider."""
    return [each["urn"] for each in resources if each.get("custom") and not each["type"].startswith("pulumi:")]


def counted(done: Iterable[tuple[str, str]]) -> str:
    """Count what was done: `3 created, 1 deleted`."""
    numbers = Counter(word for word, _ in done)
    return ", ".join(f"{number} {word}" for word, number in numbers.items())


def listed(urns: Iterable[str]) -> str:
    """Name resources, the first of many: before all what bills or holds data."""
    names = [called(urn) for urn in sorted(urns, key=_weight)]
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _weight(urn: str) -> int:
    kind = urn.split("::")[2].rpartition("$")[2]
    known = types.of(kind)
    return ("hourly", "storage", "usage", "free").index(known.bills) if known and known.bills else 0


def _machines(day: Day, machines: Iterable[machine_status.Machine]) -> Iterator[str]:
    """Say of each machine whether it runs, and how it is started where it does not."""
    for machine in machines:
        zone, _, name = machine.id.partition("/zones/")[2].partition("/instances/")
        if machine.status == machine_status.RUNNING:
            yield f"  now     machine {machine.name} runs ({name}, {zone})"
        elif machine.stopped:
            start = f"gcloud compute instances start {name} --zone={zone} --project={day.settings.project}"
            yield f"  now     machine {machine.name} is stopped; `{start}` starts it"
        else:
            yield f"  now     machine {machine.name}: {machine.unread or machine.status}"


def costs(day: Day, urns: Collection[str], *, evening: bool) -> Costs:
    """Work out what the resources of these URNs cost by the hour, on and idle; after an evening until the morning.

    Arithmetic on the plan and the dated prices; what is used (objects, images, builds) is not in it.
    """
    from coursecloud import cost
    from coursecloud.plan import planning

    try:
        made = planning.make(day.stack, stack_file.path_of(day.stack, day.root), day.root)
        estimate = cost.estimate(made)
    except Exception as error:  # noqa: BLE001 - whatever a program does, the update itself is over and has been told
        return Costs(unread=f"the plan of the stack fails ({type(error).__name__})")
    here = [item for item in estimate.items if item.urn in urns]
    unknown = {item.name for item in here if item.due.per_hour_on is None}
    unknown |= {name(urn) for urn in urns} - {resource.name for resource in made.resources}
    return Costs(
        on=_sum(item.due.per_hour_on for item in here),
        idle=_sum(item.due.per_hour_idle for item in here),
        down=_sum(item.due.per_hour_down if item.kept else item.due.per_hour_on for item in here) if evening else None,
        unknown=tuple(sorted(unknown)),
        grown=tuple(sorted(name(urn) for urn in day.grown & set(urns))),
    )


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))


def _priced(costs: Costs) -> Iterator[str]:
    """Say what it costs by the hour; after an evening by the day."""
    if costs.unread:
        yield f"  costs   not known: {costs.unread}"
        return
    more = "at least " if costs.at_least else ""
    if costs.down is not None:
        yield f"  costs   {more}${24 * costs.down:.2f} a day until the next `up`"
    else:
        sums = f"${costs.on:.3f} an hour while all of it runs, ${costs.idle:.3f} while nothing does, until `down`"
        if costs.on == costs.idle:
            sums = f"${costs.on:.3f} an hour, until `down`"
        yield f"  costs   {more}{sums if round(costs.on, 3) else 'nothing by the hour'}"
    if costs.grown:
        yield f"          more than that for {', '.join(costs.grown)}, which is larger than the stack file says"
    if costs.unknown:
        yield f"          no price is known for {', '.join(costs.unknown)}"


FAILED = 1
"""Exit code where Pulumi or Google said no."""


def after_up(day: Day) -> int:
    """Say what is now, what it costs until the evening, and what comes next."""
    resources = checkpoint.resources(day.pulumi.state())
    urns = custom(resources)
    did = [(word, urn) for word, urn in day.done if urn in urns or word in ("deleted", "closed")]
    changed = counted(did) or "no change"
    but = f", but for what is OPEN by hand ({day.left_open}, above)" if day.left_open else ""
    first = f"Up: stack {day.stack} is as its file says{but}, {len(urns)} resources ({changed})."
    machines = machine_status.running(day.cloud, resources)
    cost = costs(day, urns, evening=False)
    outputs = next((each.get("outputs") for each in resources if each["type"] == "pulumi:pulumi:Stack"), None)
    following = f"coursecloud down --stack {day.stack}"
    day.say(first, *_machines(day, machines), *_priced(cost))
    day.say(*(f"  {line}" for line in few(cast("Json", outputs or {}), day.stack)))
    day.say(f"  next    in the evening `{following}`")
    ending.told(day, first, did, resources, cost, machines=machines, outputs=outputs, following=following)
    return 0


def after_deleting(day: Day) -> int:
    """Say what is left, what it costs until the morning, and what comes next."""
    resources = checkpoint.resources(day.pulumi.state())
    left = custom(resources)
    own = day.settings.existing
    went = sum(1 for word, _ in day.done if word == "deleted")
    closed = sum(1 for word, _ in day.done if word == "closed")
    beside = f", {closed} made by hand" if closed else ""
    following = f"coursecloud up --stack {day.stack}"
    cost = costs(day, left, evening=True) if left else Costs(down=Decimal(0))
    if left:
        stores = [each["urn"] for each in resources if data_loss.loss(each, replaced=False)]
        rest = f", and {len(left) - len(stores)} without data" if len(left) > len(stores) else ""
        kept = f"{len(stores)} kept with what is in them{rest}: {listed(stores)}" if stores else f"{len(left)} kept"
        first = f"Down: {went} deleted{beside}; {kept}"
        day.say(first, *_priced(cost), f"  next    `{following}` in the morning makes the rest anew")
    else:
        first = f"{day.command.capitalize()}: {went} deleted{beside}; nothing of stack {day.stack} is left or costs."
        day.say(first, f"  next    `{following}` makes it anew: its stack file stays")
    if own:
        day.say(f"  stays   the group's own, untouched: {', '.join(own.values())}")
    ending.told(day, first, day.done, resources, cost, following=following)
    return 0


def failed(day: Day, told: Told) -> int:
    """Say last what failed, in Google's words, what is now, and what to do."""
    said = list(remedies.lines(told)) or ["  Pulumi does not say why"]
    first = f"{day.about} FAILED {_when(day)}:"
    day.say(first, *said)
    _now(day, first, Failure(FAILED, tuple(remedies.mistakes(told))))
    known = any(line.startswith("      remedy") for line in said)
    remedied = "the remedy above" if known else "mend what is said above"
    day.say(f"  next    {remedied}; then `coursecloud {day.command} --stack {day.stack}` goes on from here")
    return FAILED


def interrupted(day: Day, error: InterruptError) -> None:
    """Say what an interruption has left, and lift the lock of what was ended by force.

    Not under a lease: it may be lost, and the lock another's by now. Whoever takes the lease next lifts it.
    """
    if error.forced and day.pulumi.ended is None:
        day.pulumi.run("cancel", "--yes")
    how = "ENDED at once" if error.forced else "INTERRUPTED"
    first = f"{day.about} was {how} {_when(day)}."
    day.say(first)
    _now(day, first, Failure(error.code, ()))
    if day.touched:
        day.say(f"  next    `coursecloud {day.command} --stack {day.stack}` mends what is half done and goes on")


def _when(day: Day) -> str:
    if not day.touched:
        return "before it touched anything"
    return f"after {counted(day.done)}" if day.done else "before anything was done"


def _now(day: Day, first: str, failure: Failure) -> None:
    """Say what exists after all, and what that costs."""
    resources = checkpoint.resources(day.pulumi.state()) if day.touched or day.tell else []
    urns = custom(resources)
    cost = costs(day, urns, evening=False) if day.touched else Costs(unread="nothing was touched")
    if day.touched:
        day.say(f"  now     {len(urns)} resources exist", *_priced(cost))
    ending.told(
        day, first, day.done, resources, cost,
        failure=failure, following=f"coursecloud {day.command} --stack {day.stack}",
    )  # fmt: skip
