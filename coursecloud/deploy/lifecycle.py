"""Up, down and finish: the day of a stack. They look before they act, lose nothing unnamed, and say what is then."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from coursecloud.deploy import budgets, checkpoint, inspection, last_update, reconcile, soft_deleted, summary
from coursecloud.deploy.consent import (
    StoppedError,
    asked,
    not_confirmed,
    not_what_the_file_keeps,
    nothing_unnamed,
    start_what_must_run,
)
from coursecloud.deploy.fallback_zones import move, next_zones
from coursecloud.deploy.preconditions import RefusedError, no_secrets, ready, settings_of
from coursecloud.deploy.process import InterruptError, interrupts
from coursecloud.deploy.pulumi_cli import Ended
from coursecloud.deploy.recovery import complete, settle, take_over, there
from coursecloud.deploy.session import Ask, Day, Tell
from coursecloud.diff import data_loss
from coursecloud.spend import budget

Json = dict[str, Any]

Hold = Callable[[Sequence[data_loss.Loss]], None]
"""Is shown what holds data and would go; raises RefusedError where it may not."""


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
    ended: Ended | None = None,
) -> int:
    """Bring a stack up; move machines along their fallback zones, take over what an interrupted update left behind.

    `yes` answers every question but one: what holds data goes only where a person named it in `lose`. `ask` puts
    questions to somebody; without either the answer is no. `mine` says that the state here is the right one, whoever
    made the last update. `environment` is the process's own unless given; `output`
    gets what is said in place of the terminal, `tell` how it ended, and `ended` says whose lock of Pulumi's may be
    lifted, where a lease of the stack knows. Returns 0, or 1 where Pulumi or Google said no;
    raises SettingsError or RefusedError before anything is touched, StoppedError where an update would lose what nobody
    named, and InterruptError.
    """
    today = datetime.datetime.now().astimezone().date()
    no_secrets(root, settings_of(root, stack), today)
    day = Day("up", root, stack, *ready(root, stack, environment, output, ended), yes, ask, tell)
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
    ended: Ended | None = None,
) -> int:
    """Delete what is not kept. Returns and raises as `up` does.

    What holds data and is not kept is named first; `ask` is asked whether it may go, unless `yes`. What the stack file
    keeps and no `up` has protected yet goes only by `lose`. `hold` is shown what would go before anybody is asked.
    """
    day = Day("down", root, stack, *ready(root, stack, environment, output, ended), yes, ask, tell)
    with _told(day):
        state = inspection.before_deleting(day, settle(day, mine=mine))
        resources = checkpoint.resources(state)
        going = inspection.inside(day, resources, data_loss.in_state(resources, protected=False))
        not_what_the_file_keeps(day, going, lose)
        if hold:
            hold(going)
        if going:
            day.say(f"{data_loss.count(going)} will be GONE, because the stack file does not keep them:")
            day.say(*(f"    {loss}" for loss in going))
            day.say("    Where its section of the stack file takes `keep: true`, that and one `up` keep it over night.")
            if not day.agreed("Delete all of that"):
                raise not_confirmed(
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
    ended: Ended | None = None,
) -> int:
    """Lift the protection of what is kept and delete everything. Returns and raises as `up` does.

    `confirm` gets in words what goes, and says whether it may; `hold` as in `down`.
    """
    day = Day("finish", root, stack, *ready(root, stack, environment, output, ended), yes=True, ask=None, tell=tell)
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
            raise not_confirmed(day, rule, "type the name of the stack")
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
        nothing_unnamed(day, told, state, lose, made, begun=begun)
        if told.code:
            return summary.failed(day, told)
        if not begun:
            asked(day, told)
            start_what_must_run(day, told, state)
            begun = day.touched = True
            if kept := soft_deleted.blocking(day, told):
                taken |= {each.urn for each in kept}
                take_over(day, kept)
                told = day.pulumi.preview()
                continue
        done = day.write(day.pulumi.update)
        if not done.code:
            return summary.after_up(day)
        state = day.pulumi.state()
        moves = next_zones(day.settings, done.failed.items(), before | taken)
        found = there(day, done, state, taken)
        if not moves and not found:
            return summary.failed(day, done)
        if moves:
            move(day, moves, made=checkpoint.urns(state) - before - taken)
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


def _delete(day: Day, *words: str) -> int:
    """Delete, and say what is left."""
    day.touched = True
    for rule in day.in_the_way:
        reconcile.close(day, rule)
    while True:
        before = len(checkpoint.urns(day.pulumi.state()))
        told = day.write(lambda: day.pulumi.destroy(*words))
        if not told.code:
            if day.command == "finish":  # before the last lines, which are the result and the next step
                day.say(*budget.staying(budgets.look(day.cloud, day.settings.project), day.stack))
            return summary.after_deleting(day)
        # What was taken over lacks its dependencies in the state, so its order may be wrong: as long as something goes,
        # the rest may go next.
        if len(checkpoint.urns(day.pulumi.state())) >= before:
            return summary.failed(day, told)
        day.say("Trying again with what is left.")


__all__ = ["Ask", "RefusedError", "StoppedError", "down", "finish", "up"]
