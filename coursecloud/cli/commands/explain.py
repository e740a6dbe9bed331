"""`coursecloud explain`: what a key of a stack file does, costs and changes; or what a message of Google's means."""

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, cast

import typer

from coursecloud.cli import complete
from coursecloud.cli.commands.shared import refuse
from coursecloud.common.project import called

if TYPE_CHECKING:
    from rich.table import Table

    from coursecloud.cli.explain import Entry

SHOWN = 16
"""So many of the values that a key may have are listed; of 131 machine types nobody reads all."""


def command(
    key: Annotated[
        str,
        typer.Argument(
            help="A path such as machines.trainer.gpu or gcp:zone; all unless given. Or a message, in quotes.",
            autocompletion=complete.keys,
        ),
    ] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run `coursecloud explain`."""
    from coursecloud.cli import explain

    if not key:
        entries = explain.overview()
        if as_json:
            typer.echo(json.dumps({"keys": [entry.to_json() for entry in entries]}, indent=2))
        else:
            _overview(entries)
        return
    try:
        entry = explain.find(key)
    except explain.UnknownKeyError as error:
        from catalog import messages

        if " " not in key.strip() and not messages.find(key):
            refuse(error)
        _message(key, as_json=as_json)
        return
    if as_json:
        typer.echo(json.dumps(entry.to_json(), indent=2))
    else:
        _one(entry)


def _message(text: str, *, as_json: bool) -> None:
    """Say what a message means, whole words of which no key has; exit code 2 where the catalogue does not know it."""
    from rich.table import Table
    from rich.text import Text

    from catalog import messages
    from coursecloud.cli import render

    found = messages.find(text)
    if not found:
        refuse(
            f"{text}\n    rule    no key of a stack file is called so, and no message that is known is like this\n"
            "    remedy  the words are the program's own that said them; of a long log take the line that says ERROR."
            " docs/guide/messages.md has all that are known"
        )
    if as_json:
        told = {"id": found.id, "title": found.title, "meaning": found.meaning, "remedy": found.remedy}
        typer.echo(json.dumps({"message": told | {"retry": found.retry}}, indent=2))
        return
    console = render.console()
    console.print(Text(found.title, "bold cyan"))
    console.print(Text(f"{found.meaning}\n"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("remedy", Text(found.remedy))
    grid.add_row("again", Text(messages.AGAIN[found.retry]))
    console.print(grid)


def _overview(entries: "Iterable[Entry]") -> None:
    from coursecloud.cli import render

    console = render.console()
    console.print("What a stack file can say under `config:`. Only gcp:project is required.\n")
    console.print(_listed(entries))
    call = called()
    console.print(f"\nMore of a section: {call} explain machines. Of a key: {call} explain maxRun.")


def _one(entry: "Entry") -> None:
    from rich.table import Table
    from rich.text import Text

    from coursecloud.cli import render
    from infra.settings.effects import DATE, EFFECTS

    console = render.console()
    console.print(Text(entry.key, "bold cyan"))
    console.print(entry.description + "\n")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    rows = [("type", entry.type + (", required" if entry.required else ""))]
    if entry.default not in (None, []):
        rows.append(("default", _written(entry.default)))
    if entry.values:
        rows.append(("known" if entry.allowed_more else "one of", _values(entry)))
    rows += [("rule" if number == 0 else "", limit) for number, limit in enumerate(entry.limits)]
    if entry.effect:
        rows.append(("changing", f"{EFFECTS[entry.effect]}: {entry.changing}"))
    if entry.costs:
        rows.append(("costs", entry.costs))
    for name, value in rows:
        grid.add_row(name, Text(value))
    console.print(grid)
    if entry.below:
        console.print(Text("\nits keys", "dim"))
        console.print(_listed(entry.below))
    if entry.example:
        console.print(Text("\nexample", "dim"))
        console.print(Text(entry.example))
    if entry.effect:
        console.print(Text(f"\nFacts of {DATE}; prices of the day beside them, in USD.", "dim"))


def _listed(entries: "Iterable[Entry]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for entry in entries:
        name = entry.key if ":" in entry.key and "." not in entry.key else entry.key.rpartition(".")[2]
        what = re.split(r"(?<!e\.g)[.:;](?:\s|$)", entry.description)[0]
        default = "required" if entry.required else "" if entry.default in (None, []) else _written(entry.default)
        grid.add_row(f"  {name}", Text.assemble(what, (f"  [{default}]" if default else "", "dim")))
    return grid


def _values(entry: "Entry") -> str:
    from infra.settings.offers import dated

    if len(entry.values) <= SHOWN:
        return ", ".join(map(str, entry.values))
    first = entry.examples[0] if entry.examples else None
    like = cast("list[object]", first) if isinstance(first, list) else entry.examples or entry.values[:3]
    return f"{len(entry.values)} in the tables of {dated()}, such as {', '.join(map(str, like))} (--json lists all)"


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return json.dumps(value).replace('"', "")
        case _:
            return f"{value:g}" if isinstance(value, float) else str(value)
