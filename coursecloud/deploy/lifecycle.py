"""Up, down and finish: the day of a stack. They look before they act, lose nothing unnamed, and say what is then."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from coursecloud.deploy import checkpoint, inspection, last_update, machine_status, reconcile, summary
from coursecloud.deploy.preconditions import RefusedError, no_secrets, ready, settings_of
from coursecloud.deploy.process import InterruptError, interrupts
from coursecloud.deploy.recovery import complete, settle, take_over, there
from coursecloud.deploy.session import Ask, Day, Tell
from coursecloud.diff import data_loss, edits, refusals
from coursecloud.diff.engine_events import Told, called
from coursecloud.diff.refusals import Kind
from infra.names import member_key
from infra.settings import Settings

Json = dict[str, Any]

Hold = Callable[[Sequence[data_loss.Loss]], None]
"""Is shown what holds data and would go; raises RefusedError where it may not."""

EXHAUSTED = (
    "ZONE_RESOURCE_POOL_EXHAUSTED",
    "does not have enough resources available to fulfill the request",
)
"""How Compute Engine says that a zone has no capacity (both forms seen in the provider's messages)."""


class StoppedError(Exception):
    """An update would take away what nobody named; the text says all of it, and whether anything was touched."""

    def __init__(self, day: Day, said: Iterable[str], *, begun: bool = False):
        super().__init__("\n".join([f"{_stopped(day, begun=begun)}.", *said]))


def up(
    root: Path,
    stack: str,
    *,
    yes: bool,
    lose: Collection[str] = (),
    mine: bool = False,
    ask: Ask | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
    tell: Tell | None = None,
) -> int:
    """Bring a stack up; move machines along their fallback zones, take over what an interrupted update left behind.

    `yes` answers every question but one: what holds data goes only where a person named it in `lose`. `ask` puts
    questions to somebody; without either the answer is no. `mine` says that the state here is the right one, whoever
    made the last update. `environment` is the process's own unless given; `output`
    gets what is said in place of the terminal, and `tell` how it ended. Returns 0, or 1 where Pulumi or Google said no;
    raises SettingsError or RefusedError before anything is touched, StoppedError where an update would lose what nobody
    named, and InterruptError.
    """
    today = datetime.datetime.now().astimezone().date()
    no_secrets(root, settings_of(root, stack), today)
    day = Day("up", root, stack, *ready(root, stack, environment, output), yes, ask, tell)
    if over := day.settings.lease.over(today):
        day.say(f"{over[0].upper()}{over[1:]}.")
    with _told(day):
        return _up(day, lose, mine=mine)


def down(
    root: Path,
    stack: str,
    *,
    yes: bool,
    lose: Collection[str] = (),
    mine: bool = False,
    ask: Ask | None = None,
    hold: Hold | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
    tell: Tell | None = None,
) -> int:
    """Delete what is not kept. Returns and raises as `up` does.

    What holds data and is not kept is named first; `ask` is asked whether it may go, unless `yes`. What the stack file
    keeps and no `up` has protected yet goes only by `lose`. `hold` is shown what would go before anybody is asked.
    """
    day = Day("down", root, stack, *ready(root, stack, environment, output), yes, ask, tell)
    with _told(day):
        state = inspection.before_deleting(day, settle(day, mine=mine))
        resources = checkpoint.resources(state)
        going = inspection.inside(day, resources, data_loss.in_state(resources, protected=False))
        _not_what_the_file_keeps(day, going, lose)
        if hold:
            hold(going)
        if going:
            day.say(f"{data_loss.count(going)} will be GONE, because the stack file does not keep them:")
            day.say(*(f"    {loss}" for loss in going))
            day.say("    Where its section of the stack file takes `keep: true`, that and one `up` keep it over night.")
            if not day.agreed("Delete all of that"):
                raise _not_confirmed(
                    day,
                    "what holds data goes only when somebody says so",
                    "to keep it, write `keep: true` into its section and run `coursecloud up`; to stop a machine alone:"
                    " `gcloud compute instances stop`; to delete all of it, answer yes, or say --yes",
                )
        return _delete(day, "--exclude-protected")


def finish(
    root: Path,
    stack: str,
    *,
    mine: bool = False,
    confirm: Callable[[str], bool] = lambda _: True,
    hold: Hold | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
    tell: Tell | None = None,
) -> int:
    """Lift the protection of what is kept and delete everything. Returns and raises as `up` does.

    `confirm` gets in words what goes, and says whether it may; `hold` as in `down`.
    """
    day = Day("finish", root, stack, *ready(root, stack, environment, output), yes=True, ask=None, tell=tell)
    with _told(day):
        state = inspection.before_deleting(day, settle(day, mine=mine))
        resources = checkpoint.resources(state)
        going = inspection.inside(day, resources, data_loss.in_state(resources, protected=True))
        if hold:
            hold(going)
        listed = "".join(f"\n    {loss}" for loss in going)
        first = f"\n`coursecloud save --stack {stack} --to FOLDER` copies the work out first." if listed else ""
        if not confirm(f"This deletes ALL of '{stack}', data included:{listed or ' it holds none'}{first}"):
            rule = "the end of a course deletes all data, so the stack's name is typed once more"
            raise _not_confirmed(day, rule, "type the name of the stack")
        if any(resource.get("protect") for resource in resources):
            day.touched = True
            told = day.write(day.pulumi.unprotect)
            if told.code:
                return summary.failed(day, told)
        return _delete(day)


def _up(day: Day, lose: Collection[str], *, mine: bool) -> int:
    state = settle(day, mine=mine)
    before, taken = checkpoint.urns(state), set[str]()
    told = inspection.before_update(day, state)
    begun = False
    while True:
        if complete(day, told):
            told = day.pulumi.preview()
        state = day.pulumi.state()
        # What was made a moment ago is empty; what was taken over may not be.
        made = checkpoint.urns(state) - before - taken
        _nothing_unnamed(day, told, state, lose, made, begun=begun)
        if told.code:
            return summary.failed(day, told)
        if not begun:
            _asked(day, told)
            _running(day, told, state)
        begun = day.touched = True
        done = day.write(day.pulumi.update)
        if not done.code:
            return summary.after_up(day)
        state = day.pulumi.state()
        moves = next_zones(day.settings, done.failed.items(), before | taken)
        found = there(day, done, state, taken)
        if not moves and not found:
            return summary.failed(day, done)
        if moves:
            _move(day, moves, made=checkpoint.urns(state) - before - taken)
            day.settings = settings_of(day.root, day.stack)
        if found:
            taken |= {each.urn for each in found}
            take_over(day, found)
        told = day.pulumi.preview()


@contextmanager
def _told(day: Day) -> Generator[None]:
    """Say what is now where somebody interrupts the command, and note that the update has ended."""
    try:
        with interrupts():
            yield
    except InterruptError as error:
        summary.interrupted(day, error)
        raise
    finally:
        if day.update and (said := last_update.end(day.cloud, day.update)):
            day.say(said)


def _not_confirmed(day: Day, rule: str, remedy: str) -> RefusedError:
    so_far = "only what was changed by hand was put in order" if day.touched else "nothing was changed"
    return RefusedError(f"{day.about} was not confirmed; {so_far}", rule, remedy)


def next_zones(
    settings: Settings, messages: Iterable[tuple[str, str]], existing: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """Decide which machines move where: name to the new zone and the fallback zones after it.

    `messages` are (URN, text) of an up that failed; `existing` the URNs that were there before it. A machine
    whose data disk was there before stays: moving would lose the disk's files.
    """
    moves: dict[str, tuple[str, ...]] = {}
    for urn, text in messages:
        name = urn.rpartition("::")[2]
        machine = settings.machines.get(name)
        if not machine or not machine.fallback_zones or not any(sign in text for sign in EXHAUSTED):
            continue
        if machine.data_disk and any(urn.endswith(f"::{name}-work") for urn in existing):
            continue
        moves[name] = machine.fallback_zones
    return moves


def _stopped(day: Day, *, begun: bool) -> str:
    return f"{day.about} stopped before it lost anything; what it had begun stays" if begun else day.stopped


def _nothing_unnamed(
    day: Day, told: Told, state: Json, lose: Collection[str], made: Collection[str], *, begun: bool
) -> None:
    """Hold what the update would do against what cannot work, and what nobody may lose.

    `made` are URNs that this very command has created: nothing is in them yet. Raises RefusedError and StoppedError.
    """
    refused = refusals.stopping(refusals.refused(edits.of_preview(told.steps)), lose)
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


def _running(day: Day, told: Told, state: Json) -> None:
    """Start what an edit needs running, after asking; raises RefusedError where it does not run then."""
    wanted = {each.urn: each for each in refusals.refused(edits.of_preview(told.steps)) if each.kind is Kind.RUNNING}
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


def _asked(day: Day, told: Told) -> None:
    """Show what the update does, and ask; raises RefusedError where nobody says yes."""
    if lines := list(_planned(told)):
        day.say(f"This update of stack {day.stack} in {day.settings.project}:", *lines)
        if not day.agreed("Do it"):
            raise _not_confirmed(day, "an update is done when somebody says yes", "answer yes, or say --yes")


def _delete(day: Day, *words: str) -> int:
    """Delete, and say what is left."""
    day.touched = True
    for rule in day.in_the_way:
        reconcile.close(day, rule)
    while True:
        before = len(checkpoint.urns(day.pulumi.state()))
        told = day.write(lambda: day.pulumi.destroy(*words))
        if not told.code:
            return summary.after_deleting(day)
        # What was taken over lacks its dependencies in the state, so its order may be wrong: as long as something goes,
        # the rest may go next.
        if len(checkpoint.urns(day.pulumi.state())) >= before:
            return summary.failed(day, told)
        day.say("Trying again with what is left.")


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


def _not_what_the_file_keeps(day: Day, going: Iterable[data_loss.Loss], lose: Collection[str]) -> None:
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


def _move(day: Day, moves: Mapping[str, tuple[str, ...]], made: Collection[str]) -> None:
    """Write the new zone of each machine, and the fallback zones after it, into the stack file.

    `made` are the URNs that this command has created: an empty data disk among them follows its machine, also where
    it is to be kept.
    """
    run = day.pulumi.run
    for name, zones in moves.items():
        for urn in sorted(made):
            if urn.endswith(f"::{name}-work"):
                run("state unprotect", urn, "--yes")
        day.say(f"{name}: no capacity in {day.settings.zone_of(day.settings.machines[name])}; trying {zones[0]}")
        path = f"coursecloud:machines.{name}"
        run("config set", "--path", f"{path}.zone", zones[0])
        for index, zone in enumerate(zones[1:]):
            run("config set", "--path", f"{path}.fallbackZones[{index}]", zone)
        rest = f"[{len(zones) - 1}]" if len(zones) > 1 else ""
        run("config rm", "--path", f"{path}.fallbackZones{rest}")


__all__ = ["Ask", "RefusedError", "StoppedError", "down", "finish", "next_zones", "up"]
