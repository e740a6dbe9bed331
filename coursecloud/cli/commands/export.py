"""`coursecloud export`: a plan in a form that other tools read."""

import enum
import json
from pathlib import Path
from typing import Annotated

import typer

from coursecloud.cli.commands.shared import AsJson, Folder, Stack, folder_of, program, refuse


class Format(enum.StrEnum):
    """What a plan can be exported as."""

    TERRAFORM_PLAN = "terraform-plan"


def command(
    stack: Stack = "dev",
    *,
    as_: Annotated[Format, typer.Option("--format", help="terraform-plan: JSON that Checkov and Trivy read.")],
    out: Annotated[Path | None, typer.Option(help="File to write; printed unless given.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud export`."""
    from rich.text import Text

    from coursecloud.cli import refusals, render
    from coursecloud.common import progress, writing
    from infra.settings import SettingsError

    where = folder_of(folder)
    try:
        with progress.shown(f"Planning {stack}"):
            from coursecloud.common import stack_file
            from coursecloud.plan import hiding, planning
            from coursecloud.plan.terraform import export

            exported = export(hiding.plan(planning.make(stack, stack_file.path_of(stack, where), program())))
    except SettingsError as error:
        refuse(error)
    text = json.dumps(exported.plan, indent=2)
    if out is None and not as_json:
        typer.echo(text)
    elif out is not None:
        try:
            writing.report(out, text + "\n")
        except writing.WriteError as error:
            refuse(f"--out {error.strerror}")
    refusals.document({
        "version": 1, "stack": stack, "format": as_.value, "file": out and str(out),
        "plan": None if out else exported.plan, "leftOut": exported.left_out,
    })  # fmt: skip
    if exported.left_out:
        said = f"left out of {as_.value}, as their names there are not known: {', '.join(exported.left_out)}"
        render.console(error=True).print(Text(said, "yellow"), soft_wrap=True)
