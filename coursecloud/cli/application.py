"""The command line. Exit codes: 0 done, 1 Pulumi or Google said no, 2 a mistake in the input, 3 a broken rule.

Where nobody reads its output any more (`| head -1`) it ends quietly with 141, as a shell says of what SIGPIPE ended.
"""

import contextlib
import errno
import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from coursecloud.cli.groups import Flags
from coursecloud.cli.listed import COMMANDS
from coursecloud.common import progress

UNREAD = 141
"""Exit code where whoever read the output is gone: 128 and the number of SIGPIPE."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_FILE = (errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EROFS, errno.ENAMETOOLONG)
_FILE = "what stands under the name of a file that a command reads or writes is one, which this account may use"


class Later(TyperCommand):
    """A command that is listed and completed by what `listed` says of it, and loaded when it is called."""

    def __init__(self, called: str):
        super().__init__(name=called, help=COMMANDS[called].help, rich_markup_mode=None)

    def loaded(self) -> Any:
        """Load the command itself."""
        import importlib

        listed = COMMANDS[str(self.name)]
        found: Any = getattr(importlib.import_module(f"coursecloud.cli.commands.{listed.module}"), listed.name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            alone.command(self.name, help=listed.help)(found)
            found = alone
        command = typer.main.get_command(found)
        for each in getattr(command, "commands", {}).values() or (command,):
            each.params.append(_quiet())
        return command

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Hand over to the command itself."""
        from coursecloud.cli import refusals

        command = self.loaded()
        refusals.expect(args)
        if extra.get("resilient_parsing"):
            for each in (command, *getattr(command, "commands", {}).values()):
                _leave_values(each)
        try:
            return command.make_context(info_name, args, parent, **extra)
        except Exception as error:
            # A usage error: an option that there is not, or a value of another kind than it takes.
            if message := getattr(error, "message", ""):
                refusals.told(str(message), getattr(error, "exit_code", 2))
            raise


def _quiet() -> Any:
    """Make the option that every command has."""

    def set_it(value: bool) -> None:
        progress.be_quiet(quiet=value)

    said = "Say only what follows, in a line, and mistakes; no progress."
    option = typer.Option("--quiet", "-q", callback=set_it, is_eager=True, help=said)

    def with_it(*, quiet: Annotated[bool, option] = False) -> None:
        del quiet  # its callback has said so

    alone = typer.Typer(add_completion=False)
    alone.command()(with_it)
    made: Any = typer.main.get_command(alone).params[0]
    made.expose_value = False
    return made


def _leave_values(command: Any) -> None:
    """Have a command make nothing of the values on its line, as for a TAB: Typer would load pydantic for it."""
    given = command.get_params

    def get_params(ctx: Any) -> Any:
        found = given(ctx)
        for param in found:
            param.process_value = _as_given
        return found

    command.get_params = get_params


def _as_given(_: Any, value: Any) -> Any:
    return value


class Commands(Flags):
    """The commands, and how they end where their output goes nowhere or the program fails."""

    def __init__(self, **attributes: Any):
        super().__init__(**attributes)
        self.commands.update((name, Later(name)) for name in COMMANDS)

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
            if error.errno in _FULL:
                _end(f"the output cannot be written: {error.strerror}.\n    remedy  make room, or write it elsewhere")
            if error.errno not in _NO_FILE or not isinstance(error.filename, str):
                raise
            rule = f"rule    {_FILE}\n    remedy  move it away, or change its rights"
            _end(f"{error.filename}: {error.strerror}.\n    {rule}")
        except Exception as error:
            import logging

            from coursecloud.cli.commands.shared import program
            from coursecloud.common import program_error

            said = _journal(error) if type(error).__module__ == "sqlite3" else program_error.told(error, program())
            if said is None or os.environ.get(program_error.DEBUG):
                raise
            # Everything that waited for what failed has failed too, and asyncio would print each traceback.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
            _end(said)


def _journal(error: Exception) -> str:
    """Say what to do about the one database that there is: a course's journal."""
    from coursecloud.course.journal import FILE, FOLDER

    return (
        f"{FOLDER}/{FILE}, the journal of the course: {error}\n"
        "    rule    it is an SQLite file beside the stack files, and there is room for it\n"
        "    remedy  make room; one that is damaged can be moved away: what was done is then not known here, nothing\n"
        "            of any group is lost, and the next command begins with all of them"
    )


def _unread() -> NoReturn:
    _drop_output()
    raise SystemExit(UNREAD) from None


def _end(said: str) -> NoReturn:
    from rich.text import Text

    from coursecloud.cli import refusals
    from coursecloud.common import project
    from coursecloud.common.console import console
    from infra import secrecy

    text = project.as_typed(secrecy.hide(said))
    with contextlib.suppress(OSError):  # what cannot be written may be this
        refusals.told(text, 2)
        sys.stdout.flush()
    console(error=True).print(Text(text), soft_wrap=True)
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
        from coursecloud.common import project

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
