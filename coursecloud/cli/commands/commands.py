"""`coursecloud commands`: what one does with a stack each day, as lines to paste."""

import json
from typing import Annotated

import typer

from coursecloud.cli.commands.shared import Folder, Stack, folder_of, program, refuse


def command(
    name: Annotated[
        str, typer.Argument(help="Such as `ssh trainer`, or `ssh` for all of them; all unless given.")
    ] = "",
    *,
    stack: Stack = "dev",
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: each command by its name.")] = False,
) -> None:
    """Run `coursecloud commands`."""
    from rich.table import Table
    from rich.text import Text

    from coursecloud.cli import render
    from coursecloud.common import progress
    from infra.settings import SettingsError
    from infra.settings.problem import nearest

    try:
        where = folder_of(folder)
        with progress.shown(f"Planning {stack}"):
            from coursecloud.common import stack_file
            from coursecloud.plan import hiding, outputs, planning

            made = hiding.plan(planning.make(stack, stack_file.path_of(stack, where), program()))
    except SettingsError as error:
        refuse(error)
    commands = outputs.texts(made.outputs, "commands")
    found = outputs.wanted(commands, name) if name else commands
    if not found:
        known = ", ".join(commands) or "none"
        refuse(
            f"{name or 'commands'}: stack {stack} has no such command\n    rule    one of {known}"
            f"\n    remedy  {nearest(name, commands, 'take one of these')}"
        )
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif name and len(found) == 1:
        # As it is, so that a shell can take it: no table cuts or wraps it.
        typer.echo(next(iter(found.values())))
    else:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold cyan", no_wrap=True)
        grid.add_column(overflow="fold")
        for called, line in found.items():
            grid.add_row(Text(render.plain(called)), Text(render.plain(line)))
        render.console().print(grid)
        if "services" in made.outputs:
            told = f"A service's address is known once it is up: pulumi stack output callService --json --stack {stack}"
            render.console(error=True).print(Text(told, "dim"), soft_wrap=True)
