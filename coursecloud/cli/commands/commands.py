"""`coursecloud commands`: what one does with a stack each day, as lines to paste."""

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from coursecloud.cli.commands.shared import Folder, Stack, program, refuse, stacks_of


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORD]...",
            help="Only those with these words in their names, such as `ssh`, `ssh trainer`, `dvc`, `quota`.",
        ),
    ] = None,
    *,
    stack: Stack = "dev",
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: each command by its name.")] = False,
) -> None:
    """Run `coursecloud commands`."""
    from coursecloud.common import console, progress
    from infra.settings import SettingsError

    try:
        where = stacks_of(folder)
        with progress.shown(f"Planning {stack}"):
            from coursecloud.common import stack_file
            from coursecloud.plan import hiding, notices, once, outputs, planning

            made = hiding.plan(planning.make(stack, stack_file.path_of(stack, where), program()))
    except SettingsError as error:
        refuse(error)
    commands = outputs.texts(made.outputs, "commands") | once.commands(made.settings)
    name = " ".join(words or ())
    found = outputs.wanted(commands, name) if name else commands
    if not found:
        near = outputs.nearest(commands, name)
        every = f"`coursecloud commands --stack {stack}` lists them"
        remedy = f"did you mean '{near}'? {every}" if near else every
        refuse(
            f"{name}: stack {stack} has no command with these words in its name\n    rule    the words are "
            f"{', '.join(sorted({word for each in commands for word in each.split()}))}\n    remedy  {remedy}"
        )
    sections = outputs.sections(found)
    if as_json:
        typer.echo(json.dumps({name: line for each in sections.values() for name, line in each.items()}, indent=2))
    elif name and len(found) == 1:
        # As it is, so that a shell can take it.
        typer.echo(next(iter(found.values())))
    else:
        todo = () if name else [notice.text for notice in notices.notices(made) if notice.kind == "todo"]
        first = _first(len(found), stack)
        console.say(first) if progress.quiet() else _print(first, sections, todo)


def _first(count: int, stack: str) -> str:
    return (
        f"{count} commands of stack {stack}, each a line for bash or zsh (macOS, Linux, WSL). None of them has run;"
        " words in capitals are yours to fill in."
    )


def _print(first: str, sections: "Mapping[str, Mapping[str, str]]", todo: "list[str] | tuple[()]") -> None:
    """Print each command on one line of its own, at a terminal too: only there can it be copied whole."""
    from rich.text import Text

    from coursecloud.cli import render

    parts: list[Text] = [Text(first)]
    for heading, commands in sections.items():
        parts += [Text(), Text(heading, "bold yellow")]
        for called, line in commands.items():
            parts += [Text(f"  {called}", "bold cyan"), Text(f"    {line}")]
        if heading == "once":
            parts += [Text(f"  - {text}") for text in todo]
    render.console().print(Text("\n").join(parts), soft_wrap=True)
