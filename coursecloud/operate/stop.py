"""`coursecloud stop`: machines, running jobs and services stop; their disks, addresses and data stay, and bill."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from coursecloud.deploy.cloud import CloudError, together
from coursecloud.look.found import INSTANCE, SERVICE
from coursecloud.look.kinds import of_asset
from coursecloud.look.shapes import least, part
from coursecloud.operate import targets
from coursecloud.operate.money import DAY, total, usd
from coursecloud.operate.session import Operation, lines
from coursecloud.spend.model import Found, Look
from coursecloud.spend.rates import Rate

Json = dict[str, Any]
SECONDS = 300.0
"""How long to wait for a machine to stop: its shutdown script has 90 to 120 seconds, 30 on Spot."""
FORMER = "coursecloud/former-scaling"
"""The annotation of a Cloud Run service that keeps the scaling it had before it was stopped."""


def stop(operation: Operation, names: Sequence[str]) -> int:
    """Stop what is named, or all of the stack's that runs. Returns 0, or 1 where Google said no of something.

    Raises SettingsError, RefusedError (nothing was changed) and CloudError.
    """
    seen = operation.look()
    if names:
        asked, by_hand = targets.named(seen, names, operation.settings), list[Found]()
    else:
        asked, by_hand = targets.of_stack(seen)
    wanted = [each for each in asked if each.running or (names and each.shape.asset == SERVICE)]
    rates = {each.resource: operation.rates.whole(each.shape, targets.name(each)) for each in asked + by_hand}
    unread = _unread(seen)
    if not wanted:
        what = f"{', '.join(names)} does not run" if names else f"nothing of stack {operation.stack} runs"
        known = (
            f"{what}: nothing was changed" if not unread else f"{what}, as far as could be read; nothing was changed"
        )
        operation.first(known, *_rest(by_hand, rates), *unread)
        return _end(operation, [], [], seen, rates, code=1 if unread and not names else 0)
    operation.first(
        _head(wanted, rates, bool(unread)), *_before(operation, seen, wanted, rates), *_rest(by_hand, rates), *unread
    )
    operation.agreed("Stop them" if len(wanted) > 1 else "Stop it", "say --yes, or answer the question with y")
    words = together([functools.partial(_stop, operation, each) for each in wanted])
    failed = [(each, why) for each, why in zip(wanted, words, strict=True) if why]
    done = [each for each, why in zip(wanted, words, strict=True) if not why]
    after = [rates[each.resource].stopped for each in done]
    operation.say(f"Stopped {len(done)} of {len(wanted)}; what stays of them costs {total(_days(after), 'a day')}.")
    for each, why in failed:
        operation.say(
            f"NOT stopped: {targets.called(each)}: {why}. It bills on: `coursecloud stop {targets.name(each)}`."
        )
    starts = [targets.name(each) for each in done if each.shape.asset in (INSTANCE, SERVICE)]
    if starts:
        operation.say(f"Next: `coursecloud start {starts[0]} --stack {operation.stack}`, or `coursecloud down"
                      f" --stack {operation.stack}` to end what still bills.")  # fmt: skip
    return _end(operation, done, failed, seen, rates, code=1 if failed or (unread and not names) else 0)


def _head(wanted: Sequence[Found], rates: dict[str, Rate], more: bool) -> str:
    running = [_saved(rates[each.resource]) for each in wanted]
    names = ", ".join(targets.called(each) for each in wanted)
    rest = "; what could not be read is below" if more else ""
    return f"Stopping saves {total(running, 'an hour')}: {names}{rest}."


def _before(operation: Operation, seen: Look, wanted: Sequence[Found], rates: dict[str, Rate]) -> list[str]:
    """What is lost, what goes on billing, and what a stop does not end."""
    said = lines("It loses for good:", [f"{targets.called(each)}: {loss}" for each in wanted if (loss := _loses(each))])
    keeps = [
        f"{targets.called(each)}: {', '.join(found.keeps or found.unknown) or 'its disks'}: {_a_day(found.stopped)}"
        for each, found in ((each, rates[each.resource]) for each in wanted)
        if each.shape.asset == INSTANCE
    ]
    # What is kept in disks and addresses bills by being there, whatever runs.
    keeps += [
        f"{targets.called(each)}: {_a_day(operation.rates.whole(each.shape, targets.name(each)).runs)}"
        for each in seen.found
        if each.declared and each.running and not targets.stoppable(each)
    ]
    said += lines("It goes on billing while all that is stopped (only `coursecloud down` ends that):", keeps)
    odd = [why for each in wanted for why in rates[each.resource].unknown]
    return said + lines("Its price is not known:", odd)


def _a_day(amount: Decimal | None) -> str:
    return "at no known price" if amount is None else f"{usd(amount * DAY)} a day"


def _saved(found: Rate) -> Decimal | None:
    """What a stop saves an hour: not what its disks go on costing."""
    return None if found.runs is None or found.stopped is None else found.runs - found.stopped


def _loses(found: Found) -> str:
    if found.shape.asset == INSTANCE:
        scratch = found.shape.inputs.get("scratchDisks")
        local = " and what is on its local SSD" if scratch else ""
        return f"what is in its memory{local}, such as a training that has written no checkpoint"
    if found.shape.asset == SERVICE:
        return "nothing; it answers no request until it is started"
    return "all that it has not written to a bucket; it cannot go on, only be submitted anew"


def _rest(by_hand: Sequence[Found], rates: dict[str, Rate]) -> list[str]:
    named = [
        f"{targets.called(each)}: {total([rates[each.resource].runs], 'an hour')}; "
        f"`coursecloud stop {targets.name(each)}`"
        for each in by_hand
    ]
    return lines("Runs too, was made by hand and is left alone:", named)


def _unread(seen: Look) -> list[str]:
    """What was not read of the kinds that can be stopped."""
    known = [(what, why) for what, why in seen.unread if (kind := of_asset(what)) is None or kind.stops]
    known = [(what, why) for what, why in known if "/" in what or "which" in what or "other regions" in what]
    return lines("Not read, so it may run:", [f"{what}: {why}" for what, why in known])


def _days(amounts: Sequence[Decimal | None]) -> list[Decimal | None]:
    return [None if each is None else each * DAY for each in amounts]


def _stop(operation: Operation, found: Found) -> str:
    """Stop one thing; gives why it was not, or nothing."""
    kind = of_asset(found.shape.asset)
    path = found.resource.partition(".com/")[2]
    cloud = operation.cloud
    try:
        if found.shape.asset == INSTANCE:
            # Google refuses to stop a machine with local SSDs unless told what becomes of them.
            extra = {"discardLocalSsd": "true"} if found.shape.inputs.get("scratchDisks") else {}
            begun = cloud.call("POST", "compute", f"{path}/stop", parameters=extra)
            cloud.done(begun, path.split("/")[1], SECONDS)
        elif found.shape.asset == SERVICE:
            scale_to_zero(operation, path)
        elif kind:
            place = path.split("/locations/")[-1].split("/")[0]
            cloud.call("POST", kind.at or kind.api, f"{path}:cancel", region=place, body={})
    except CloudError as error:
        return error.words
    return ""


def scale_to_zero(operation: Operation, path: str) -> None:
    """Let a service have no instance, without a new revision, and note how it scaled before. Raises CloudError.

    https://cloud.google.com/run/docs/configuring/services/manual-scaling (from memory, 2026-11)
    """
    body = operation.cloud.get("cloudRunV2", path)
    if part(body, "scaling").get("scalingMode") == "MANUAL" and not least(body):
        return
    notes = {**part(body, "annotations"), FORMER: json.dumps(part(body, "scaling"), sort_keys=True)}
    change: Json = {
        "etag": body.get("etag"),
        "annotations": notes,
        "scaling": {"scalingMode": "MANUAL", "manualInstanceCount": 0},
    }
    operation.cloud.call("PATCH", "cloudRunV2", path, parameters={"updateMask": "scaling,annotations"}, body=change)


def _end(
    operation: Operation,
    done: Sequence[Found],
    failed: Sequence[tuple[Found, str]],
    seen: Look,
    rates: dict[str, Rate],
    *,
    code: int,
) -> int:
    operation.told |= {
        "stopped": [_row(each, rates) for each in done],
        "notStopped": [{**_row(each, rates), "reason": why} for each, why in failed],
        "unread": [{"what": what, "reason": why} for what, why in seen.unread],
        "calls": operation.cloud.calls,
    }
    return code


def _row(found: Found, rates: dict[str, Rate]) -> Json:
    each = rates[found.resource]
    return {
        "resource": found.resource, "name": targets.name(found), "kind": found.shape.asset,
        "perHourRunning": number(each.runs), "perHourStopped": number(each.stopped), "declared": found.declared,
    }  # fmt: skip


def number(amount: Decimal | None) -> float | None:
    """Write an amount for JSON."""
    return None if amount is None else float(round(amount, 6))
