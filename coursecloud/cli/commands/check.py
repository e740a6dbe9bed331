"""`coursecloud check`: holds a stack against the guardrails."""

import datetime
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coursecloud.cli.commands.shared import (
    BROKEN_RULE,
    Folder,
    Stack,
    every_file,
    folder_of,
    mistakes_of,
    program,
    refuse,
    say_altered,
)

if TYPE_CHECKING:
    from coursecloud.policy.reporting import Report


def command(
    stack: Stack = "dev",
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every stack file of the folder.")] = False,
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md documents its fields).")] = False,
    sarif: Annotated[
        str | None,
        typer.Option(help="Also write SARIF 2.1.0, for code scanning, to this file; `-` prints it instead."),
    ] = None,
) -> None:
    """Run `coursecloud check`."""
    from coursecloud.common import console
    from coursecloud.policy import consequence, reporting

    where = folder_of(folder)
    if as_json and sarif == "-":
        refuse("--json and --sarif - would both be printed.\n    remedy  give --sarif a file")
    say_altered()
    day = today()
    reports, mistakes = _checked(stack, where, all_=all_, day=day)
    if sarif is not None:
        _write(reports, sarif)
    if as_json:
        typer.echo(json.dumps({**reporting.to_json(reports, day), "mistakes": mistakes}, indent=2))
    elif sarif != "-":
        for report in reports:
            console.report(reporting.full(report, brief=all_), always=consequence.always(report.consequences))
    if mistakes:
        refuse("\n".join(mistakes), printed=as_json)
    if any(report.checked.violations for report in reports):
        raise typer.Exit(BROKEN_RULE)


def today() -> datetime.date:
    """Say which day it is here: exceptions end with their last day."""
    return datetime.datetime.now().astimezone().date()


def _checked(stack: str, folder: Path, *, all_: bool, day: datetime.date) -> tuple[list["Report"], list[str]]:
    """Check the stacks: their reports, and what is wrong with the stack files that have none."""
    from coursecloud.common import parallel, progress, stack_file
    from infra.settings import SettingsError

    if not all_:
        try:
            with progress.shown(f"Planning and checking {stack}"):
                return [_report(stack, stack_file.path_of(stack, folder), day)], []
        except SettingsError as error:
            refuse(error)
    files = every_file(folder)
    made = parallel.each(functools.partial(_one, day=day), files)
    results = list(progress.counted("Planning and checking", len(files), made))
    return (
        [report for report in results if not isinstance(report, str)],
        [mistake for mistake in results if isinstance(mistake, str)],
    )


def _report(stack: str, file: Path, day: datetime.date) -> "Report":
    """Check one stack; raises SettingsError."""
    from coursecloud.plan import hiding, planning
    from coursecloud.policy import reporting

    made = planning.make(stack, file, program(), twice=True)
    return hiding.deep(reporting.make(made, file, day), hiding.words(made))


def _one(stack_file: tuple[str, Path], *, day: datetime.date) -> "Report | str":
    try:
        return _report(*stack_file, day)
    except Exception as error:  # noqa: BLE001 - raised again where it is neither the file nor the program
        return mistakes_of(error)[1]


def _write(reports: "list[Report]", target: str) -> None:
    from coursecloud.common import writing
    from coursecloud.policy.sarif import sarif

    text = json.dumps(sarif(reports), indent=2)
    if target == "-":
        typer.echo(text)
        return
    try:
        writing.report(Path(target), text + "\n")
    except writing.WriteError as error:
        refuse(f"--sarif {error.strerror}")
