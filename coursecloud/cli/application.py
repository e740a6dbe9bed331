"""The command line. Exit codes: 0 done, 1 Pulumi or Google said no, 2 a mistake in the input, 3 a broken rule.

Where nobody reads its output any more (`| head -1`) it ends quietly with 141, as a shell says of what SIGPIPE ended.
"""

import contextlib
import errno
import logging
import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text
from typer.core import TyperGroup
from typing_extensions import override

from coursecloud.cli import render
from coursecloud.cli.commands import (
    check,
    commands,
    cost,
    explain,
    export,
    init,
    life,
    plan,
    prices,
    rehearse,
    review,
    schema,
)
from coursecloud.cli.commands.shared import program
from coursecloud.common import project
from coursecloud.plan import program_error
from infra import secrecy

UNREAD = 141
"""Exit code where whoever read the output is gone: 128 and the number of SIGPIPE."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Commands(TyperGroup):
    """The commands, and how they end where their output goes nowhere or the program fails."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command line; ends with SystemExit."""
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                # What is still held back would fail at the interpreter's very end, where nothing can catch it.
                sys.stdout.flush()
        except BrokenPipeError:
            _unread()
        except SystemExit as end:
            # Rich and Typer make a plain 1 of a closed pipe.
            if isinstance(end.__context__, BrokenPipeError):
                _unread()
            raise
        except OSError as error:
            if error.errno not in _FULL:
                raise
            _end(f"the output cannot be written: {error.strerror}.\n    remedy  make room, or write it elsewhere")
        except Exception as error:
            said = program_error.told(error, program())
            if said is None or os.environ.get(program_error.DEBUG):
                raise
            # Everything that waited for what failed has failed too, and asyncio would print each traceback.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
            _end(said)


def _unread() -> NoReturn:
    _drop_output()
    raise SystemExit(UNREAD) from None


def _end(said: str) -> NoReturn:
    render.console(error=True).print(Text(project.as_typed(secrecy.hide(said))), soft_wrap=True)
    _drop_output()
    raise SystemExit(2) from None


def _drop_output() -> None:
    """Let what is still held back go nowhere, so that the interpreter's end is quiet."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="coursecloud",
    cls=Commands,
    help="The cloud environment of an MLOps course: plan it without a cloud, bring it up, take it down.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"coursecloud {project.version()}")
        raise typer.Exit


@app.callback()
def coursecloud(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Group the commands."""
    del version  # its callback has ended the command


app.command("plan")(plan.command)
app.command("commands")(commands.command)
app.command("cost")(cost.command)
app.add_typer(prices.app, name="prices")
app.command()(life.up)
app.command()(life.down)
app.command()(life.finish)
app.command("rehearse")(rehearse.command)
app.command("check")(check.command)
app.command("export")(export.command)
app.command("review")(review.command)
app.command("explain")(explain.command)
app.command("schema")(schema.command)
app.command("init")(init.command)
