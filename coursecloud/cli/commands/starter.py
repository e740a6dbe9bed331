"""`coursecloud starter`: what a group's own repository needs for its stack, and what in it will fail."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coursecloud.cli.commands.shared import BROKEN_RULE, Folder, Stack, Yes, program, refuse, stacks_of

if TYPE_CHECKING:
    from rich.text import Text

    from coursecloud.starter.starting import Start


def command(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Folder of the group's repository; this one unless given."),
    ] = None,
    *,
    stack: Stack = "dev",
    folder: Folder = None,
    diff: Annotated[bool, typer.Option("--diff", help="Only show what would be written; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md); writes only with --yes.")] = False,
    yes: Yes = False,
) -> None:
    """Run `coursecloud starter`."""
    from coursecloud.common import console
    from coursecloud.starter import formatting, starting

    start = _looked(directory or Path(), stack, folder)
    root = start.repository.root
    writes = bool(start.written or any(each.base is not None for each in start.outcomes)) and not diff
    if writes and not (yes or as_json or sys.stdin.isatty()):
        console.report(formatting.headline(start, done=False))
        refuse(
            "nothing was written: nobody is there to be asked\n"
            "    rule    without a terminal it writes only what it was told to beforehand\n"
            "    remedy  add --yes to write, or --diff to see what it would be"
        )
    writes = writes and (yes or not as_json)
    wrong = list(dict.fromkeys(starting.blocked(root, start)))
    if writes and wrong:
        refuse("nothing was written.\n" + "\n".join(wrong))
    if as_json:
        if writes:
            _write(root, start)
        typer.echo(json.dumps(starting.to_json(start, written=writes), indent=2))
        raise typer.Exit(0 if start.clean else BROKEN_RULE)
    if writes and yes:
        _write(root, start)
    console.report(_plain(formatting.headline(start, done=writes and yes)))
    _say(
        "" if writes and yes else formatting.differences(start),
        formatting.files(start),
        formatting.findings(start),
        formatting.beside(start),
    )
    if writes and not yes:
        if start.written and not _confirmed(f"\nWrite {len(start.written)} files into {root}?"):
            refuse("Nothing was written.")
        _write(root, start)
        _say(f"wrote {len(start.written)} files into {root}")
    if wrong:
        _say("\nnothing of it can be written before that is done", *wrong)
    if not diff:
        _say(formatting.following(start))
    raise typer.Exit(0 if start.clean and not wrong else BROKEN_RULE)


def _say(*parts: str) -> None:
    """Print what is there, in lines that nobody wraps: a command that is broken in two is none."""
    from coursecloud.common import console, progress

    for part in parts:
        if part and not progress.quiet():
            console.say(part)


def _looked(directory: Path, stack: str, folder: Path | None) -> "Start":
    from coursecloud.common import progress, project, stack_file
    from coursecloud.plan import planning
    from coursecloud.starter import merging, starting
    from infra.settings import SettingsError

    root = directory.resolve()
    if root.exists() and not root.is_dir():
        refuse(f"{directory}: this is no folder\n    remedy  name the folder of the group's repository")
    if not root.exists() and not root.parent.is_dir():
        refuse(f"{directory}: there is no folder {root.parent}\n    remedy  make it first, or name another")
    if project.find(root) == root:
        refuse(
            f"{root} is the project of the stacks itself\n"
            "    rule    what is written goes into the repository of the group's own code\n"
            "    remedy  name its folder: `coursecloud starter ../our-project --stack NAME`; one that is not"
            " there is made"
        )
    where = stacks_of(folder)
    try:
        with progress.shown(f"Planning {stack}"):
            file = stack_file.path_of(stack, where)
            plan = planning.make(stack, file, program())
        return starting.look(plan, file.name, root)
    except SettingsError as error:
        refuse(error)
    except merging.MergeError as error:
        refuse(f"nothing was written: {error}")


def _write(root: Path, start: "Start") -> None:
    from coursecloud.common import writing
    from coursecloud.starter import starting

    try:
        starting.write(root, start)
    except writing.WriteError as error:
        refuse(error.strerror or str(error))


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, default=True)
    except typer.Abort:
        return False


def _plain(text: str) -> "Text":
    from rich.text import Text

    return Text(text)
