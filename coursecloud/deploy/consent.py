"""What somebody has to name or agree to before Pulumi is let loose; without it, nothing is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from coursecloud.deploy import checkpoint, inspection, machine_status, summary
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.deploy.session import Day
from coursecloud.diff import data_loss, edits, refusals, refusing
from coursecloud.diff.engine_events import Told, called
from coursecloud.diff.refusals import Kind
from infra.names import member_key

Json = dict[str, Any]


class StoppedError(Exception):
    """An update would take away what nobody named; the text says all of it, and whether anything was touched."""

    def __init__(self, day: Day, said: Iterable[str], *, begun: bool = False):
        super().__init__("\n".join([f"{_stopped(day, begun=begun)}.", *said]))


def not_confirmed(day: Day, rule: str, remedy: str) -> RefusedError:
    """Make the refusal of what nobody said yes to; it says what was touched until then."""
    so_far = "only what was changed by hand was put in order" if day.touched else "nothing was changed"
    return RefusedError(f"{day.about} was not confirmed; {so_far}", rule, remedy)


def _stopped(day: Day, *, begun: bool) -> str:
    return f"{day.about} stopped before it lost anything; what it had begun stays" if begun else day.stopped


def nothing_unnamed(
    day: Day, told: Told, state: Json, lose: Collection[str], made: Collection[str], *, begun: bool
) -> None:
    """Hold what the update would do against what cannot work, and what nobody may lose.

    `made` are URNs that this very command has created: nothing is in them yet. Raises RefusedError and StoppedError.
    """
    refused = refusals.stopping(refusing.refused(edits.of_preview(told.steps)), lose)
    if failing := [refusal for refusal in refused if refusal.fails]:
        head = f"{_stopped(day, begun=begun)}: {refusals.headline(failing)}"
        raise RefusedError("\n".join([head, *map(str, failing)]))
    if told.code:
        return
    losses = inspection.inside(day, checkpoint.resources(state), data_loss.losses(told.steps, made), empty=True)
    members = {member_key(member) for member in day.settings.team.members}
    leaving = data_loss.leaving(told.steps, state, members)
    told_apart = {refusal.urn for refusal in refused}
    stopped = [
        *data_loss.renamed(data_loss.twins(told.steps, checkpoint.resources(state))),
        *map(str, refused),
        *data_loss.lost([loss for loss in losses if loss.name not in lose and loss.urn not in told_apart]),
        *data_loss.locked_out([key for key in leaving if key not in lose], day.stack),
    ]
    if stopped:
        raise StoppedError(day, stopped, begun=begun)
    if begun:
        return
    for name in sorted(set(lose) - {loss.name for loss in losses} - set(leaving)):
        day.say(f"--lose {name}: nothing of that name would go now; take it out where it stands")
    for loss in losses:
        day.say(f"As named, this goes: {loss}")


def start_what_must_run(day: Day, told: Told, state: Json) -> None:
    """Start what an edit needs running, after asking; raises RefusedError where it does not run then."""
    wanted = {each.urn: each for each in refusing.refused(edits.of_preview(told.steps)) if each.kind is Kind.RUNNING}
    if not wanted:
        return
    listed = [resource for resource in checkpoint.resources(state) if resource["urn"] in wanted]
    stopped = [
        machine for machine in machine_status.running(day.cloud, listed) if machine.status != machine_status.RUNNING
    ]
    stopped = [machine for machine in stopped if machine.status != machine_status.GONE]
    if not stopped:
        return
    names = ", ".join(machine.name for machine in stopped)
    started = day.agreed(f"{names} must run for this edit, and does not. Start it, which bills by the hour")
    failed = (
        machine_status.start(day.cloud, stopped) if started else {machine.name: "not started" for machine in stopped}
    )
    if failed:
        said = [str(wanted[machine.urn]) for machine in stopped if machine.name in failed]
        why = "; ".join(f"{name}: {words}" for name, words in failed.items())
        raise RefusedError("\n".join([f"{day.stopped}: {why}", *said]))
    day.say(f"Started, because this edit needs it running: {names}")


def asked(day: Day, told: Told) -> None:
    """Show what the update does, and ask; raises RefusedError where nobody says yes."""
    if lines := list(_planned(told)):
        day.say(f"This update of stack {day.stack} in {day.settings.project}:", *lines)
        if not day.agreed("Do it"):
            raise not_confirmed(day, "an update is done when somebody says yes", "answer yes, or say --yes")


def _planned(told: Told) -> Iterator[str]:
    """Say what an update does: in numbers and names, and of what changes, in what."""
    words = {"create": "creates", "update": "updates", "replace": "makes anew", "delete": "deletes"}
    for op, word in words.items():
        steps = {step["urn"]: step for step in told.steps if step["op"] == op and _is_custom(step)}
        if not steps:
            continue
        if op in ("create", "delete"):
            yield f"  {word} {len(steps)}: {summary.listed(steps)}"
            continue
        yield f"  {word} {len(steps)}:"
        for urn, step in steps.items():
            inputs = ", ".join(str(path) for path in step["diffReasons"] if not str(path).startswith("__"))
            yield f"      {called(urn)}{f': {inputs}' if inputs else ''}"


def _is_custom(step: Json) -> bool:
    return bool((step["newState"] or step["oldState"]).get("custom"))


def not_what_the_file_keeps(day: Day, going: Iterable[data_loss.Loss], lose: Collection[str]) -> None:
    """Stop where the stack file keeps what is not protected yet, because no `up` came after the edit."""
    from coursecloud.common import stack_file
    from coursecloud.plan import planning

    made = planning.make(day.stack, stack_file.path_of(day.stack, day.root), day.root)
    kept = {resource.urn for resource in made.resources if resource.protect}
    lost = [loss for loss in going if loss.urn in kept and loss.name not in lose]
    if lost:
        named = " ".join(f"--lose {loss.name}" for loss in lost)
        raise StoppedError(
            day,
            [
                f"{data_loss.count(lost)} would be GONE although the stack file keeps them:",
                *(f"    {loss}" for loss in lost),
                "    rule    `keep: true` protects from the first `up` after it was written; there was none",
                f"    remedy  `coursecloud up --stack {day.stack}`, then down again; or say: {named}",
            ],
        )
