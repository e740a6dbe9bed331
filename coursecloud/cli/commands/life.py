"""`coursecloud up`, `down` and `finish`: the day of a stack."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from coursecloud.cli.commands.shared import BROKEN_RULE, AsJson, Stack, Yes, project_here, refuse

Lose = Annotated[
    list[str] | None,
    typer.Option(help="A store of data, or a member, that may go now; can be repeated.", metavar="NAME"),
]
Mine = Annotated[
    bool, typer.Option("--mine", help="The state here is the right one, although another one made the last update.")
]


def up(
    stack: Stack = "dev", *, yes: Yes = False, lose: Lose = None, mine: Mine = False, as_json: AsJson = False
) -> None:
    """Run `coursecloud up`."""
    from coursecloud.deploy import lifecycle

    end = End(wanted=as_json)
    end.run(
        lambda: lifecycle.up(
            project_here(), stack, yes=yes, lose=lose or (), mine=mine, ask=end.asked, output=end.output, tell=end.tell
        )
    )


def down(
    stack: Stack = "dev", *, yes: Yes = False, lose: Lose = None, mine: Mine = False, as_json: AsJson = False
) -> None:
    """Run `coursecloud down`."""
    from coursecloud.deploy import lifecycle

    end = End(wanted=as_json)
    end.run(
        lambda: lifecycle.down(
            project_here(), stack, yes=yes, lose=lose or (), mine=mine, ask=end.asked, output=end.output, tell=end.tell
        )
    )


def finish(
    stack: Stack = "dev",
    *,
    mine: Mine = False,
    confirm: Annotated[str, typer.Option(help="The stack's name again, instead of being asked for it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud finish`."""
    from coursecloud.deploy import lifecycle

    end = End(wanted=as_json)

    def asked(what: str) -> bool:
        typer.echo(what, err=as_json)
        try:
            return (confirm or typer.prompt("Type the stack's name", err=as_json)) == stack
        except typer.Abort:
            return False

    end.run(lambda: lifecycle.finish(project_here(), stack, mine=mine, confirm=asked, output=end.output, tell=end.tell))


class End:
    """How a command ends: in words, and where JSON is `wanted` as one document, with the words on standard error."""

    def __init__(self, *, wanted: bool):
        self._wanted = wanted
        self._told: dict[str, Any] = {}
        self.output = sys.stderr if wanted else None
        self.tell = self._told.update if wanted else None

    def asked(self, question: str) -> bool:
        """Ask; nobody there, or Ctrl-C, is no."""
        try:
            return typer.confirm(question, err=self._wanted)
        except typer.Abort:
            typer.echo(err=self._wanted)
            return False

    def run(self, action: Callable[[], int]) -> None:
        """Run it; ends with its exit code."""
        from coursecloud.cli import refusals
        from coursecloud.deploy.consent import StoppedError
        from coursecloud.deploy.lifecycle import RefusedError
        from coursecloud.deploy.process import InterruptError
        from infra.settings import SettingsError

        try:
            code = action()
        except (InterruptError, KeyboardInterrupt) as ended:
            code = getattr(ended, "code", 130)
            if not refusals.document(self._told):
                refusals.told("interrupted before it touched anything", code)
        except StoppedError as error:
            refuse(error, BROKEN_RULE)
        except (SettingsError, RefusedError) as error:
            refuse(error)
        else:
            refusals.document(self._told)
        raise typer.Exit(code)
