"""`coursecloud cost`: what a stack costs, and how long its credit lasts."""

import datetime
import functools
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from coursecloud.cli.commands.shared import Folder, Stack, every_file, folder_of, mistakes_of, program, refuse

Start = Annotated[
    datetime.datetime | None,
    typer.Option(
        "--from", formats=["%Y-%m-%d"], help="Count the credit from this day; the lease's first unless given."
    ),
]


def command(
    stack: Stack = "dev",
    *,
    start: Start = None,
    all_: Annotated[bool, typer.Option("--all", help="One row a stack file of the folder.")] = False,
    folder: Folder = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with the credit over the days into this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md documents its fields).")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV: a row a line of the bill; with --all, a row a stack.")
    ] = False,
) -> None:
    """Run `coursecloud cost`."""
    from rich.console import Group
    from rich.text import Text

    from coursecloud.common import console, progress, writing
    from coursecloud.common.console import print_csv
    from infra.settings import SettingsError

    where, first = folder_of(folder), start.date() if start else None
    if as_csv and as_json:
        refuse("--csv and --json are two forms of the same.\n    remedy  choose one of them")
    if all_ and html:
        refuse("--html is a page of one stack, and --all is many.\n    remedy  leave one of them out")
    if all_:
        _every(where, first, as_json=as_json, as_csv=as_csv)
        return
    try:
        with progress.shown(f"Planning {stack}"):
            from coursecloud import cost
            from coursecloud.common import stack_file
            from coursecloud.cost import form, prices, table, words
            from coursecloud.plan import hiding, planning
            from coursecloud.policy import consequence

            made = planning.make(stack, stack_file.path_of(stack, where), program())
    except SettingsError as error:
        refuse(error)
    if first and (said := cost.outside(made.settings.lease, first)):
        refuse(f"--from {first}: {said}")
    shown = hiding.plan(made)
    estimate = cost.estimate(shown, start=first)
    if html:
        from coursecloud.cost import page

        try:
            writing.report(html, page.full(estimate))
        except writing.WriteError as error:
            refuse(f"--html {error}")
    today = datetime.datetime.now().astimezone().date()
    about_money = (consequence.Kind.OVER, consequence.Kind.CREDIT)
    means = [each for each in consequence.of_plan(shown, estimate, today) if each.kind in about_money]
    if as_json:
        typer.echo(json.dumps({**cost.to_json(estimate), **consequence.to_json(means)}, indent=2))
    elif as_csv:
        print_csv(form.COLUMNS, form.rows(estimate))
    else:
        out = console.console()
        drawn = out.is_terminal and words.writable(out.encoding)
        console.report(Group(consequence.shown(means), Text()), table.full(estimate, drawn=drawn))
        if not progress.quiet() and (
            old := prices.outdated(estimate.prices_date, datetime.datetime.now(tz=datetime.UTC).date())
        ):
            console.console(error=True).print(old, style="yellow")


def _every(folder: Path, start: datetime.date | None, *, as_json: bool, as_csv: bool) -> None:
    from coursecloud.common import console, parallel, progress
    from coursecloud.common.console import print_csv
    from coursecloud.cost import form, overview

    files = every_file(folder)
    made = parallel.each(functools.partial(_row, start=start), files)
    results = list(progress.counted("Planning", len(files), made))
    rows = [row for row, _ in results]
    mistakes = [message for _, message in results if message]
    if as_json:
        typer.echo(json.dumps({"version": form.VERSION, "stacks": rows, "mistakes": mistakes}, indent=2))
    elif as_csv:
        print_csv(overview.ROW, rows)
    else:
        console.report(overview.table(rows))
    if mistakes:
        refuse("\n".join(mistakes), printed=as_json)


def _row(stack_file: tuple[str, Path], *, start: datetime.date | None) -> tuple[dict[str, Any], str | None]:
    """Estimate one stack: its row, and what is wrong with its file."""
    import coursecloud.policy
    from coursecloud import cost
    from coursecloud.cost import overview
    from coursecloud.plan import hiding, planning

    stack, file = stack_file
    try:
        made = planning.make(stack, file, program())
    except Exception as error:  # noqa: BLE001 - raised again where it is neither the file nor the program
        many, said = mistakes_of(error)
        return dict.fromkeys(overview.ROW) | {"stack": stack, "mistakes": many}, said
    if start and (said := cost.outside(made.settings.lease, start)):
        return dict.fromkeys(overview.ROW) | {"stack": stack, "mistakes": 1}, f"{file.name}: --from {start}: {said}"
    today = datetime.datetime.now().astimezone().date()
    violations = len(coursecloud.policy.checked(made, today).violations)
    return overview.row(cost.estimate(hiding.plan(made), start=start)) | {"violations": violations}, None
