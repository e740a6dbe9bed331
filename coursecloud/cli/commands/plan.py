"""`coursecloud plan`: what `pulumi up` would create."""

import datetime
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from coursecloud.plan.planning import Plan
    from coursecloud.policy import Finding


def command(
    stack: Stack = "dev",
    *,
    all_: Annotated[bool, typer.Option("--all", help="One row a stack file of the folder.")] = False,
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md documents its fields).")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="With --all: print CSV.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Hold every input against Google's API descriptions; exit 3 if one breaks.")
    ] = False,
) -> None:
    """Run `coursecloud plan`."""
    from coursecloud.cli import render
    from coursecloud.common import console, progress
    from infra.settings import SettingsError

    where = folder_of(folder)
    if as_csv and (as_json or not all_):
        refuse("--csv goes with --all and without --json.\n    remedy  plan --all --csv, or plan --json")
    if check:
        _descriptions()
        say_altered()
    if all_:
        _every(where, as_json=as_json, as_csv=as_csv, check=check)
        return
    try:
        with progress.shown(f"Planning {stack}"):
            from coursecloud.common import stack_file
            from coursecloud.plan import hiding, planning

            made = planning.make(stack, stack_file.path_of(stack, where), program(), twice=True)
    except SettingsError as error:
        refuse(error)
    if check:
        _checked(made, as_json=as_json)
    elif as_json:
        typer.echo(json.dumps(_form(hiding.plan(made)), indent=2, sort_keys=True))
    else:
        console.report(render.full(hiding.plan(made), _today(), _violations(made)), always=_always(made))


def _form(made: "Plan") -> dict[str, Any]:
    from coursecloud import cost
    from coursecloud.plan import json_form
    from coursecloud.policy import consequence

    estimate = cost.estimate(made)
    means = consequence.of_plan(made, estimate, _today(), _violations(made))
    return {
        **json_form.to_json(made, _today()),
        "cost": cost.to_json(estimate),
        **consequence.to_json(means),
    }


def _violations(made: "Plan") -> "tuple[Finding, ...]":
    import coursecloud.policy

    return coursecloud.policy.checked(made, _today()).violations


def _always(made: "Plan") -> list[str]:
    from coursecloud.policy import consequence

    return consequence.always(consequence.of_program(made))


def _today() -> datetime.date:
    return datetime.datetime.now().astimezone().date()


def _descriptions() -> None:
    """Refuse to go on where a check would lack Google's descriptions, before anything is planned."""
    from coursecloud.validation import discovery, mapping

    try:
        discovery.wanted({(each.service, each.version) for each in mapping.mappings().values()})
    except discovery.MissingError as error:
        refuse(error)


def _checked(made: "Plan", *, as_json: bool) -> None:
    from coursecloud.cli import render
    from coursecloud.common import console, progress
    from coursecloud.plan import hiding
    from coursecloud.validation import formatting
    from coursecloud.validation.check import check

    with progress.shown("Holding it against Google's API descriptions"):
        report = hiding.deep(check(made), hiding.words(made))
    made = hiding.plan(made)
    if as_json:
        typer.echo(json.dumps({**_form(made), "check": formatting.to_json(report)}, indent=2, sort_keys=True))
    else:
        console.report(render.full(made, _today(), _violations(made)), formatting.full(report), always=_always(made))
    if differs := _differs(made):
        render.console(error=True).print(
            f"what was checked is not what `pulumi up` would do: {differs} differences, see above"
        )
    if report.findings or differs:
        raise typer.Exit(BROKEN_RULE)


def _differs(made: "Plan") -> int:
    return sum(deed.kind == "differs" for deed in made.deeds)


def _every(folder: Path, *, as_json: bool, as_csv: bool, check: bool) -> None:
    from coursecloud.cli import render
    from coursecloud.common import console, parallel, progress
    from coursecloud.common.console import print_csv
    from coursecloud.plan import json_form

    files = every_file(folder)
    made = parallel.each(functools.partial(_row, check=check), files)
    results = list(progress.counted("Planning", len(files), made))
    rows = [row for row, _ in results]
    mistakes = [message for _, message in results if message]
    if as_json:
        typer.echo(json.dumps({"version": json_form.VERSION, "stacks": rows, "mistakes": mistakes}, indent=2))
    elif as_csv:
        columns = (*render.ROW, "findings") if check else render.ROW
        print_csv(columns, rows)
    else:
        console.report(render.overview(rows))
        if check:
            from coursecloud.validation import formatting

            console.report(formatting.overview(rows))
    if mistakes:
        refuse("\n".join(mistakes), printed=as_json)
    if any(row.get("findings") for row in rows):
        raise typer.Exit(BROKEN_RULE)


def _row(stack_file: tuple[str, Path], *, check: bool) -> tuple[dict[str, Any], str | None]:
    """Plan one stack: its row, and what is wrong with its file."""
    from coursecloud.cli import render
    from coursecloud.plan import hiding, planning

    stack, file = stack_file
    try:
        made = planning.make(stack, file, program(), twice=check)
    except Exception as error:  # noqa: BLE001 - raised again where it is neither the file nor the program
        row = dict.fromkeys((*render.ROW, *(("findings", "check") if check else ())))
        many, said = mistakes_of(error)
        return row | {"stack": stack, "mistakes": many}, said
    row = render.row(hiding.plan(made))
    if check:
        from coursecloud.validation import formatting
        from coursecloud.validation.check import check as conformance

        report = hiding.deep(conformance(made), hiding.words(made))
        row |= {"findings": len(report.findings) + _differs(made), "check": formatting.to_json(report)}
    return row, None
