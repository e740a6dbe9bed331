"""The command line. Exit codes: 0 done, 1 Pulumi or Google said no, 2 a mistake in the input, 3 a broken rule."""

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text

from coursecloud import lifecycle, plan, render, stackfile
from infra.settings import SettingsError

ROOT = Path(__file__).parent.parent
"""The Pulumi project: the folder with Pulumi.yaml and __main__.py."""

app = typer.Typer(
    name="coursecloud",
    help="The cloud environment of an MLOps course: plan it without a cloud, bring it up, take it down.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Stack = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: Pulumi.NAME.yaml.")]
Folder = Annotated[Path | None, typer.Option(help="Folder with stack files; the project's unless given.")]


@app.callback()
def coursecloud() -> None:
    """Group the commands."""


@app.command("plan")
def plan_command(
    stack: Stack = "dev",
    *,
    all_: Annotated[bool, typer.Option("--all", help="One row a stack file of the folder.")] = False,
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (README documents its fields).")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="With --all: print CSV.")] = False,
) -> None:
    """Show what `pulumi up` would create: no cloud, no credentials, no Pulumi CLI."""
    where = folder or ROOT
    if not where.is_dir():
        _refuse(f"--folder {where}: there is no such folder.\n    remedy  name a folder with Pulumi.*.yaml files")
    if as_csv and (as_json or not all_):
        _refuse("--csv goes with --all and without --json.\n    remedy  plan --all --csv, or plan --json")
    if all_:
        _plan_all(where, as_json=as_json, as_csv=as_csv)
        return
    try:
        made = plan.make(stack, stackfile.path_of(stack, where), ROOT)
    except SettingsError as error:
        _refuse(str(error))
    if as_json:
        typer.echo(json.dumps(plan.to_json(made), indent=2, sort_keys=True))
    else:
        render.console().print(render.full(made))


def _plan_all(folder: Path, *, as_json: bool, as_csv: bool) -> None:
    rows: list[dict[str, Any]] = []
    mistakes: list[SettingsError] = []
    for stack, file in stackfile.every(folder):
        try:
            rows.append(render.row(plan.make(stack, file, ROOT)))
        except SettingsError as error:
            mistakes.append(error)
            rows.append(dict.fromkeys(render.ROW) | {"stack": stack, "mistakes": len(error.problems)})
    if not rows:
        _refuse(f"{folder} has no stack file.\n    remedy  put Pulumi.NAME.yaml files there")
    if as_json:
        typer.echo(json.dumps({"version": plan.VERSION, "stacks": rows}, indent=2))
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, render.ROW, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        render.console().print(render.overview(rows))
    if mistakes:
        _refuse("\n".join(str(error) for error in mistakes))


@app.command()
def up(stack: Stack = "dev", *, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Prepare what Pulumi needs on a fresh clone, then run `pulumi up`; try the fallback zones in order."""
    _run(lambda: lifecycle.up(ROOT, stack, yes=yes))


@app.command()
def down(
    stack: Stack = "dev", *, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """In the evening: destroy what is not kept. The next `up` makes it whole again."""
    _run(lambda: lifecycle.down(ROOT, stack, yes=yes))


@app.command()
def finish(
    stack: Stack = "dev",
    *,
    confirm: Annotated[str, typer.Option(help="The stack's name again, instead of being asked for it.")] = "",
) -> None:
    """At the end of the course: lift the protection and delete everything, data included."""
    typed = confirm or typer.prompt(f"This deletes ALL of '{stack}', data included. Type the stack's name")
    if typed != stack:
        _refuse(f"'{typed}' is not '{stack}'; nothing was deleted.\n    remedy  type the name of the stack")
    _run(lambda: lifecycle.finish(ROOT, stack))


def _run(action: Any) -> None:
    try:
        raise typer.Exit(action())
    except SettingsError as error:
        _refuse(str(error))
    except lifecycle.RefusedError as error:
        _refuse(str(error))


def _refuse(message: str) -> NoReturn:
    render.console(error=True).print(Text(message), soft_wrap=True)
    raise typer.Exit(2)


def main() -> None:
    """Run the command line."""
    app(prog_name="coursecloud")
