"""`coursecloud plan`: what `pulumi up` would create."""

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from coursecloud import plan, render, stackfile
from coursecloud.commands.shared import ROOT, Folder, Stack, folder_of, refuse
from infra.settings import SettingsError


def command(
    stack: Stack = "dev",
    *,
    all_: Annotated[bool, typer.Option("--all", help="One row a stack file of the folder.")] = False,
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (README documents its fields).")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="With --all: print CSV.")] = False,
) -> None:
    """Show what `pulumi up` would create: no cloud, no credentials, no Pulumi CLI."""
    where = folder_of(folder)
    if as_csv and (as_json or not all_):
        refuse("--csv goes with --all and without --json.\n    remedy  plan --all --csv, or plan --json")
    if all_:
        _every(where, as_json=as_json, as_csv=as_csv)
        return
    try:
        made = plan.make(stack, stackfile.path_of(stack, where), ROOT)
    except SettingsError as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(plan.to_json(made), indent=2, sort_keys=True))
    else:
        render.console().print(render.full(made))


def _every(folder: Path, *, as_json: bool, as_csv: bool) -> None:
    rows: list[dict[str, Any]] = []
    mistakes: list[SettingsError] = []
    for stack, file in stackfile.every(folder):
        try:
            rows.append(render.row(plan.make(stack, file, ROOT)))
        except SettingsError as error:
            mistakes.append(error)
            rows.append(dict.fromkeys(render.ROW) | {"stack": stack, "mistakes": len(error.problems)})
    if not rows:
        refuse(f"{folder} has no stack file.\n    remedy  put Pulumi.NAME.yaml files there")
    if as_json:
        typer.echo(json.dumps({"version": plan.VERSION, "stacks": rows}, indent=2))
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, render.ROW, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        render.console().print(render.overview(rows))
    if mistakes:
        refuse("\n".join(str(error) for error in mistakes))
