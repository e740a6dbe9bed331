"""`coursecloud up`, `down` and `finish`: the day of a stack."""

from collections.abc import Callable
from typing import Annotated

import typer

from coursecloud.cli.commands.shared import BROKEN_RULE, Stack, Yes, project_here, refuse

Lose = Annotated[
    list[str] | None,
    typer.Option(help="A store of data, or a member, that may go now; can be repeated.", metavar="NAME"),
]
Mine = Annotated[
    bool, typer.Option("--mine", help="The state here is the right one, although another one made the last update.")
]


def up(stack: Stack = "dev", *, yes: Yes = False, lose: Lose = None, mine: Mine = False) -> None:
    """Run `coursecloud up`."""
    from coursecloud.deploy import lifecycle

    _run(lambda: lifecycle.up(project_here(), stack, yes=yes, lose=lose or (), mine=mine, ask=_asked))


def down(stack: Stack = "dev", *, yes: Yes = False, lose: Lose = None, mine: Mine = False) -> None:
    """Run `coursecloud down`."""
    from coursecloud.deploy import lifecycle

    _run(lambda: lifecycle.down(project_here(), stack, yes=yes, lose=lose or (), mine=mine, ask=_asked))


def finish(
    stack: Stack = "dev",
    *,
    mine: Mine = False,
    confirm: Annotated[str, typer.Option(help="The stack's name again, instead of being asked for it.")] = "",
) -> None:
    """Run `coursecloud finish`."""
    from coursecloud.deploy import lifecycle

    def asked(what: str) -> bool:
        typer.echo(what)
        try:
            return (confirm or typer.prompt("Type the stack's name")) == stack
        except typer.Abort:
            return False

    _run(lambda: lifecycle.finish(project_here(), stack, mine=mine, confirm=asked))


def _asked(question: str) -> bool:
    """Ask; nobody there, or Ctrl-C, is no."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        typer.echo()
        return False


def _run(action: Callable[[], int]) -> None:
    from coursecloud.deploy.lifecycle import RefusedError, StoppedError
    from coursecloud.deploy.process import InterruptError
    from infra.settings import SettingsError

    try:
        code = action()
    except (InterruptError, KeyboardInterrupt) as ended:
        raise typer.Exit(getattr(ended, "code", 130)) from None
    except StoppedError as error:
        refuse(error, BROKEN_RULE)
    except (SettingsError, RefusedError) as error:
        refuse(error)
    raise typer.Exit(code)
