"""`coursecloud rehearse`: a stack's life on a local emulator of Google's APIs, with the real engine and provider."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coursecloud.cli.commands.shared import Folder, Stack, every_file, folder_of, program, refuse

if TYPE_CHECKING:
    from coursecloud.rehearse.report import RehearsalReport
    from coursecloud.rehearse.stage import Tools


def command(
    stack: Stack = "dev",
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every stack file of the folder, one after the other.")] = False,
    folder: Folder = None,
    scenario: Annotated[Path | None, typer.Option(help="JSON of faults; emulator/README.md has its form.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; progress goes to standard error.")] = False,
) -> None:
    """Run `coursecloud rehearse`."""
    from rich.text import Text

    from coursecloud.cli import render
    from coursecloud.rehearse import report, stage

    where = folder_of(folder)
    stacks = every_file(where) if all_ else [(stack, _file(stack, where))]
    found = stage.tools(program(), os.environ)
    if found.missing:
        refuse("\n".join(f"{each.what}: {each.remedy}" for each in found.missing))
    bad_days = _scenario(scenario) if scenario else None
    _check(stacks)
    console = render.console(error=as_json)
    reports: list[RehearsalReport] = []
    for name, file in stacks:
        console.print(Text(f"Rehearsing {name} with Pulumi {found.pulumi} and its Google provider {found.provider}."))
        made = _rehearse(name, file, found, bad_days, console.print)
        reports.append(made)
        if not as_json:
            console.print("", report.table(made), "")
    if as_json:
        versions = {"pulumi": found.pulumi, "provider": found.provider}
        typer.echo(json.dumps(report.to_json(reports, versions), indent=2))
    failed = [made.stack for made in reports if not made.passed]
    if failed:
        console.print(Text(f"Did not go through: {', '.join(failed)}", style="bold red"))
        raise typer.Exit(1)
    taken = sum(report.seconds(made.steps) for made in reports)
    console.print(Text(f"All went through, in {taken:.0f} s. Nothing was asked of Google, and nothing is left."))


def _rehearse(stack: str, file: Path, found: "Tools", scenario: dict[str, Any] | None, show: Any) -> "RehearsalReport":
    from rich.text import Text

    from coursecloud.plan import hiding
    from coursecloud.rehearse import life, report, stage

    steps: list[life.Step] = []
    with stage.stage(program(), stack, file, found, scenario) as on:
        known = hiding.of_file(file.read_text(encoding="utf-8"))
        for took in life.live(on):
            step = hiding.deep(took, known)
            steps.append(step)
            show(report.line(step))
            if step.output:
                show(Text(step.output, style="dim"))
        project = next(iter(on.emulator.world.projects))
    return report.RehearsalReport(stack, project, tuple(steps))


def _file(stack: str, folder: Path) -> Path:
    from coursecloud.common import stack_file
    from infra.settings import SettingsError

    try:
        return stack_file.path_of(stack, folder)
    except SettingsError as error:
        refuse(error)


def _check(stacks: list[tuple[str, Path]]) -> None:
    """Refuse stack files with mistakes before anything is started."""
    from coursecloud.common import stack_file
    from coursecloud.rehearse import stage
    from infra.settings import SettingsError, load

    wrong: list[str] = []
    for stack, file in stacks:
        try:
            load(stage.settings_of(stack_file.read(stack, file))[1], stack, program())
        except SettingsError as error:
            wrong.append(str(error))
    if wrong:
        refuse("\n".join(wrong))


def _scenario(path: Path) -> dict[str, Any]:
    from emulator.faults import Scenario
    from infra import files

    remedy = "    remedy  emulator/README.md shows one under 'Bad days'"
    try:
        raw: Any = files.json_of(files.text_of(path))
        Scenario.read(raw)
    except (OSError, ValueError) as error:
        refuse(f"--scenario {path}: {error}\n{remedy}")
    return raw
