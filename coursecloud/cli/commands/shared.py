"""What every command shares: the project's folder, common options, and how a mistake of the user ends."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from coursecloud.cli import complete
from coursecloud.common import project, stack_folder

ROOT = project.OWN
"""The project that this tool is a part of."""

BROKEN_RULE = 3
"""Exit code where a guardrail is broken or a gate such as `--fail-on` closed."""

Stack = Annotated[
    str, typer.Option("--stack", "-s", help="Name of the stack: Pulumi.NAME.yaml.", autocompletion=complete.stacks)
]
Folder = Annotated[
    Path | None,
    typer.Option(help="Folder with stack files. Unless given: this one if it has any, else the project's."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print JSON (docs/json.md documents its fields); all else is on standard error."),
]


def program() -> Path:
    """Give the project whose program plans: the one that the user stands in, or the tool's own."""
    return project.find(Path.cwd()) or ROOT


def say_altered() -> None:
    """Say on standard error that the program is not the one shipped, before any of it runs: after that, its own code
    can say anything and end the process.
    """
    from coursecloud.common import console
    from coursecloud.plan import shipped

    if names := shipped.named(program()):
        said = f"the program is not the one that this version ships ({names})"
        said += ": its own code runs beside what follows"
        typer.echo(console.visible(f"coursecloud: {said}"), err=True)


def project_here() -> Path:
    """Give the project that the user stands in; refuse where they stand in none."""
    here = Path.cwd()
    found = project.find(here)
    if found is None:
        refuse(
            f"{project.none_around(here)}\n"
            "    rule    a command is about the project that you stand in\n"
            f"    remedy  `cd` into your clone, such as {ROOT}; plan, cost, check and export also take --folder,"
            " review --project"
        )
    return found


def folder_of(folder: Path | None) -> Path:
    """Take the folder of a command line; else the one that the user stands in if it has stack files, or the project's.

    Refuses a folder that is not there, and a place where there is neither. Says whose program plans them where one
    stands in no project.
    """
    here = Path.cwd()
    if folder is None:
        if not any(stack_folder.every(here)):
            return project_here()
    elif not folder.is_dir():
        refuse(f"--folder {folder}: there is no such folder.\n    remedy  name a folder with Pulumi.*.yaml files")
    if project.find(here) is None:
        project.note(f"{here} is in no project; these stack files are planned by the program in {ROOT}")
    return folder or here


def every_file(folder: Path) -> list[tuple[str, Path]]:
    """List the stack files of `--all`, as name and path; refuse where there is none. Says what only looks like one."""
    files = list(stack_folder.every(folder))
    if not files:
        refuse(f"{folder} has no stack file.\n    remedy  put Pulumi.NAME.yaml files there")
    if nearly := stack_folder.nearly(folder):
        project.note(f"not a stack file, and nobody reads it: {', '.join(nearly)} (Pulumi.NAME.yaml is one)")
    return files


def mistakes_of(error: Exception) -> tuple[int, str]:
    """Say what is wrong with one of many stacks, so that the others are not lost with it: how much, and what.

    It is its file, or the program fails with it. Any other error goes on, as with PULUMI_DEBUG all do.
    """
    from coursecloud.common import program_error
    from infra.settings import SettingsError

    if isinstance(error, SettingsError):
        return len(error.problems), str(error)
    said = program_error.told(error, program())
    if said is None or os.environ.get(program_error.DEBUG):
        raise error
    return 1, said


def stacks_of(folder: Path | None) -> Path:
    """Take the folder of a command that one runs beside the project, too, in the group's own code: else the tool's own.

    Says so where it is that.
    """
    here = Path.cwd()
    if folder is None and project.find(here) is None and not any(stack_folder.every(here)):
        project.note(f"the stack file is that of {ROOT}; --folder names another folder")
        return ROOT
    return folder_of(folder)


def say(text: str) -> None:
    """Say something to a person: where JSON was asked for on standard error."""
    from rich.text import Text

    from coursecloud.cli import refusals
    from coursecloud.common.console import console

    console(error=refusals.wanted()).print(Text(text), soft_wrap=True)


def refuse(message: str | Exception, code: int = 2, *, printed: bool = False) -> NoReturn:
    """End the command with exit code 2, a mistake in the input, or another; `message` says value, rule and remedy.

    What looks like a secret in it is not printed, whatever it was that repeated it. With `--json` it is an object on
    standard output, too, unless JSON that says as much is `printed` there already.
    """
    from rich.text import Text

    from coursecloud.cli import refusals
    from coursecloud.common.console import console
    from infra import secrecy

    text = project.as_typed(secrecy.hide(str(message)))
    if not printed:
        refusals.told(text, code, getattr(message, "problems", ()), getattr(message, "stack", None))
    console(error=True).print(Text(text), soft_wrap=True)
    raise typer.Exit(code)
