"""`coursecloud stop`, `start`, `extend`, `save` and `caps`: what is done between `up` and `down`."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coursecloud.cli.commands.shared import AsJson, Stack, Yes, project_here, refuse, say

if TYPE_CHECKING:
    from coursecloud.operate.session import Operation

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Names of the stack file (`trainer`) or Google's (`dev-trainer`)."),
]


def stop(names: Names = None, *, stack: Stack = "dev", yes: Yes = False, as_json: AsJson = False) -> None:
    """Run `coursecloud stop`."""
    from coursecloud.operate import stop as stopping

    run("stop", stack, lambda operation: stopping.stop(operation, names or ()), yes=yes, as_json=as_json)


def start(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Machines and services to start.")],
    *,
    stack: Stack = "dev",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud start`."""
    from coursecloud.operate import start as starting

    run("start", stack, lambda operation: starting.start(operation, names), yes=yes, as_json=as_json)


def extend(
    *,
    stack: Stack = "dev",
    to: Annotated[str, typer.Option(help="The new last day, such as 2026-12-24.", metavar="DAY")] = "",
    days: Annotated[int, typer.Option(help="So many days after the end that it has.")] = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud extend`."""
    from coursecloud.operate import extend as extending

    today = datetime.datetime.now().astimezone().date()
    run("extend", stack, lambda op: extending.extend(op, to=to, days=days, today=today), yes=yes, as_json=as_json)


def save(
    *,
    stack: Stack = "dev",
    to: Annotated[Path, typer.Option(help="The folder that gets it; made where it is not there.", metavar="FOLDER")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud save`."""
    from coursecloud.operate import save as saving

    run("save", stack, lambda op: saving.save(op, to.expanduser(), Path.cwd()), yes=yes, as_json=as_json)


def caps(
    *,
    stack: Stack = "dev",
    set_it: Annotated[bool, typer.Option("--set", help="Set one, after a question.")] = False,
    amount: Annotated[
        float, typer.Option(help="A month, in the billing account's currency; the lease's credit unless given.")
    ] = 0,
    service: Annotated[str, typer.Option(help="vertex or run.", metavar="SERVICE")] = "vertex",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud caps`."""
    from coursecloud.operate import caps as capping

    run(
        "caps",
        stack,
        lambda op: capping.put(op, service, amount) if set_it else capping.show(op),
        yes=yes,
        as_json=as_json,
    )


def run(command: str, stack: str, action: "Callable[[Operation], int]", *, yes: bool, as_json: bool) -> None:
    """Run a command on what is there, and end with its exit code."""
    from coursecloud.cli import refusals
    from coursecloud.common import progress
    from coursecloud.deploy.cloud import CloudError
    from coursecloud.deploy.preconditions import RefusedError
    from coursecloud.operate import session
    from infra.settings import SettingsError

    told: dict[str, Any] = {}
    first = True

    def speak(line: str) -> None:
        nonlocal first
        if first or not progress.quiet():
            say(line)
        first = False

    def asked(question: str) -> bool:
        try:
            return typer.confirm(question, err=as_json)
        except typer.Abort:
            typer.echo(err=as_json)
            return False

    try:
        operation = session.begin(command, project_here(), stack, yes=yes, ask=asked, say=speak, told=told)
        code = action(operation)
    except (SettingsError, RefusedError) as error:
        refuse(error)
    except CloudError as error:
        remedy = "    remedy  see that the project's id is right, and that you may look there"
        refuse(f"{command} of stack {stack}: {error.words}; nothing was changed\n{remedy}", 1)
    except KeyboardInterrupt:
        refusals.told("interrupted", 130)
        raise typer.Exit(130) from None
    refusals.document(told)
    raise typer.Exit(code)
