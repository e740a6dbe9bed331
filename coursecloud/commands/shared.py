"""What every command shares: the project's folder, common options, and how a mistake of the user ends."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from coursecloud import render
from infra import secrecy

ROOT = Path(__file__).parent.parent.parent
"""The Pulumi project: the folder with Pulumi.yaml and __main__.py."""

BROKEN_RULE = 3
"""Exit code where a guardrail is broken or a gate such as `--fail-on` closed."""

Stack = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: Pulumi.NAME.yaml.")]
Folder = Annotated[Path | None, typer.Option(help="Folder with stack files; the project's unless given.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def folder_of(folder: Path | None) -> Path:
    """Take the folder of a command line, or the project's; refuse one that is not there."""
    if folder is not None and not folder.is_dir():
        refuse(f"--folder {folder}: there is no such folder.\n    remedy  name a folder with Pulumi.*.yaml files")
    return folder or ROOT


def refuse(message: str, code: int = 2) -> NoReturn:
    """End the command with exit code 2, a mistake in the input, or another; `message` says value, rule and remedy.

    What looks like a secret in it is not printed, whatever it was that repeated it.
    """
    render.console(error=True).print(Text(secrecy.hide(message)), soft_wrap=True)
    raise typer.Exit(code)
