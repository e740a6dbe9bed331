"""`coursecloud report`: what was used and what it has cost, to hand in."""

import os
from pathlib import Path
from typing import Annotated

import typer

from coursecloud.cli.commands import status as looking
from coursecloud.cli.commands.shared import AsJson, Stack, refuse


def command(
    stack: Stack = "dev",
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: a row a thing, dearest first.")] = False,
    as_json: AsJson = False,
    to: Annotated[Path | None, typer.Option(help="Also write the report as Markdown into this file.")] = None,
) -> None:
    """Run `coursecloud report`."""
    from coursecloud.cli import refusals
    from coursecloud.common import console, progress, writing
    from coursecloud.deploy.cloud import Cloud, CloudError
    from coursecloud.spend import report

    if as_csv and as_json:
        refuse("--csv and --json are two forms of the same.\n    remedy  choose one of them")
    settings, config = looking.opened(stack)
    try:
        with progress.shown(f"Looking at {settings.project}"):
            status = looking.look(Cloud(os.environ, config), settings)
    except CloudError as error:
        looking.unreached(settings, error)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    text = report.markdown(status)
    if to:
        try:
            writing.report(to, text)
        except writing.WriteError as error:
            refuse(f"--to {error}")
    if as_json:
        refusals.document(report.to_json(status))
    elif as_csv:
        console.print_csv(report.COLUMNS, report.rows(status))
    else:
        console.say(text.split("\n", 1)[0] if progress.quiet() else text.rstrip("\n"))
