"""`coursecloud start NAME`: a machine runs again, a service scales as it did; what an hour costs is said first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from coursecloud.deploy import machine_status
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.machine_status import Machine
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.look.found import INSTANCE, SERVICE
from coursecloud.look.shapes import part
from coursecloud.operate import targets
from coursecloud.operate.money import total
from coursecloud.operate.session import Operation, lines
from coursecloud.operate.stop import FORMER, number
from coursecloud.spend.model import Found
from coursecloud.spend.rates import Rate

Json = dict[str, Any]
AUTOMATIC: Json = {"scalingMode": "AUTOMATIC"}


def start(operation: Operation, names: Sequence[str]) -> int:
    """Start machines and services by name. Returns 0, or 1 where Google said no of something.

    Raises SettingsError, RefusedError (nothing was changed) and CloudError.
    """
    seen = operation.look()
    found = targets.named(seen, names, operation.settings)
    if ended := [each for each in found if each.shape.asset not in (INSTANCE, SERVICE)]:
        raise RefusedError(
            ", ".join(targets.called(each) for each in ended),
            "a job runs once: it is not started again",
            f"submit it anew; `coursecloud commands job --stack {operation.stack}` has the command",
        )
    stopped = {each.resource: _stopped(operation, each) for each in found}
    wanted = [each for each in found if stopped[each.resource]]
    rates = {each.resource: operation.rates.whole(_shape(each, stopped), targets.name(each)) for each in found}
    if not wanted:
        operation.first(f"{', '.join(names)} runs already: nothing was changed")
        return _end(operation, [], [], rates)
    costs = [rates[each.resource].runs for each in wanted]
    names_ = ", ".join(targets.called(each) for each in wanted)
    rule = _ends(operation, wanted)
    odd = [why for each in wanted for why in rates[each.resource].unknown]
    head = f"Starting costs {total(costs, 'an hour')}: {names_}."
    operation.first(head, *([rule] if rule else []), *lines("Its price is not known:", odd))
    operation.agreed("Start them" if len(wanted) > 1 else "Start it", "say --yes, or answer the question with y")
    failed = _start(operation, wanted, stopped)
    done = [each for each in wanted if each.resource not in failed]
    for each in done:
        operation.say(f"Runs: {targets.called(each)}.")
    for each in wanted:
        if why := failed.get(each.resource):
            operation.say(f"NOT started: {targets.called(each)}: {why}.{_remedy(operation, why)}")
    return _end(operation, done, [(each, failed[each.resource]) for each in wanted if each.resource in failed], rates)


def _stopped(operation: Operation, found: Found) -> Json | None:
    """Say how a thing that does not run was stopped; None for one that runs. Raises CloudError."""
    if found.shape.asset == INSTANCE:
        return None if found.running else {"machine": True}
    body = operation.cloud.get("cloudRunV2", found.resource.partition(".com/")[2])
    scaling, notes = part(body, "scaling"), part(body, "annotations")
    return body if FORMER in notes or (scaling.get("scalingMode") == "MANUAL" and not found.running) else None


def _former(body: Json) -> Json:
    """Read the scaling that a service had; automatic where somebody else stopped it or nobody can read the note."""
    try:
        told: Any = json.loads(str(part(body, "annotations").get(FORMER) or "{}"))
    except ValueError:
        told = {}
    return cast("Json", told) if isinstance(told, dict) and told else dict(AUTOMATIC)


def _shape(found: Found, stopped: dict[str, Json | None]) -> Any:
    """What a service will be: with the least number of instances that it had."""
    body = stopped[found.resource]
    if found.shape.asset != SERVICE or not body:
        return found.shape
    from coursecloud.look.found import shape
    from coursecloud.look.kinds import of_asset

    kind = of_asset(SERVICE)
    return shape(kind, {**body, "scaling": _former(body)}, {}) if kind else found.shape


def _start(operation: Operation, wanted: Sequence[Found], stopped: dict[str, Json | None]) -> dict[str, str]:
    failed: dict[str, str] = {}
    machines = [
        Machine(f"::{each.resource}", each.resource.partition(".com/")[2], "TERMINATED")
        for each in wanted
        if each.shape.asset == INSTANCE
    ]
    failed |= machine_status.start(operation.cloud, machines)
    for each in wanted:
        body = stopped[each.resource]
        if each.shape.asset == SERVICE and body:
            notes = {name: value for name, value in part(body, "annotations").items() if name != FORMER}
            change = {"etag": body.get("etag"), "annotations": notes, "scaling": _former(body)}
            path, mask = each.resource.partition(".com/")[2], {"updateMask": "scaling,annotations"}
            try:
                operation.cloud.call("PATCH", "cloudRunV2", path, parameters=mask, body=change)
            except CloudError as error:
                failed[each.resource] = error.words
    return failed


def _ends(operation: Operation, wanted: Sequence[Found]) -> str:
    """Say what stops the machines again; empty where there is none."""
    machines = [each for each in wanted if each.shape.asset == INSTANCE]
    limits = [part(part(each.shape.inputs, "scheduling"), "maxRunDuration").get("seconds") for each in machines]
    hours = [int(each) / 3600 for each in limits if each]
    by_itself = f"itself after {max(hours):g} hours" if hours and len(hours) == len(machines) else ""
    nightly = operation.settings.lease.stop_schedule if all(each.declared for each in machines) else None
    ends = [each for each in (by_itself, f"the nightly stop ({nightly})" if nightly else "") if each]
    if not machines:
        return ""
    return f"It stops by {' or '.join(ends)}." if ends else "Nothing known stops it but `coursecloud stop`."


def _remedy(operation: Operation, why: str) -> str:
    if "ZONE_RESOURCE_POOL_EXHAUSTED" in why:
        up = f"`coursecloud up --stack {operation.stack}`"
        return f" The zone has no capacity: try again later, or give it fallbackZones and {up}."
    if "QUOTA" in why:
        return f" `coursecloud commands quota --stack {operation.stack}` has the words to ask for more."
    return ""


def _end(
    operation: Operation, done: Sequence[Found], failed: Sequence[tuple[Found, str]], rates: dict[str, Rate]
) -> int:
    def row(found: Found) -> Json:
        return {"resource": found.resource, "name": targets.name(found), "kind": found.shape.asset,
                "perHourRunning": number(rates[found.resource].runs)}  # fmt: skip

    operation.told |= {
        "started": [row(each) for each in done],
        "notStarted": [{**row(each), "reason": why} for each, why in failed],
        "calls": operation.cloud.calls,
    }
    return 1 if failed else 0
