"""`coursecloud init`: a group's first stack file, or those of many groups."""

import contextlib
import datetime
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.text import Text

from coursecloud import render
from coursecloud.commands.shared import Folder, Yes, folder_of, program, project_here, refuse
from coursecloud.project import called

if TYPE_CHECKING:
    from coursecloud.init.answers import Answers
    from coursecloud.init.table import CellProblem
    from coursecloud.init.write import Staged
    from infra.settings import Problem


def command(
    *,
    project: Annotated[str | None, typer.Option(help="Google Cloud project id.", show_default=False)] = None,
    group: Annotated[str | None, typer.Option(help="Name of the group, e.g. group-07.", show_default=False)] = None,
    gpu: Annotated[str | None, typer.Option(help="no, yes (a T4), or T4, V100, L4 ...", show_default=False)] = None,
    region: Annotated[str | None, typer.Option(help="e.g. europe-west1.", show_default=False)] = None,
    starts: Annotated[str | None, typer.Option(help="First day, e.g. 2026-11-23.", show_default=False)] = None,
    ends: Annotated[str | None, typer.Option(help="Last day, e.g. 2026-12-18.", show_default=False)] = None,
    credit: Annotated[str | None, typer.Option(help="e.g. '50 USD' or '350 DKK'.", show_default=False)] = None,
    timezone: Annotated[str | None, typer.Option(help="e.g. Europe/Copenhagen.", show_default=False)] = None,
    keep: Annotated[bool | None, typer.Option(help="Keep data over night.", show_default=False)] = None,
    repository: Annotated[str | None, typer.Option(help="OWNER/NAME on GitHub.", show_default=False)] = None,
    members: Annotated[str | None, typer.Option(help="E-mail addresses, with commas.", show_default=False)] = None,
    table: Annotated[Path | None, typer.Option("--from", help="A CSV table with one line a group.")] = None,
    folder: Folder = None,
    force: Annotated[bool, typer.Option("--force", help="Write files anew that are there already.")] = False,
    yes: Yes = False,
) -> None:
    """Write a group's first stack file: by a few questions, by options, or for many groups from a table."""
    said = {
        "project": project,
        "group": group,
        "gpu": gpu,
        "region": region,
        "starts": starts,
        "ends": ends,
        "credit": credit,
        "timezone": timezone,
        "keep": None if keep is None else "yes" if keep else "no",
        "repository": repository,
        "members": members,
    }
    given = {name: answer.strip() for name, answer in said.items() if answer is not None}
    where = folder_of(folder) if folder else project_here()
    if table is not None:
        _many(table, given, where, force=force)
    else:
        _one(given, where, force=force, yes=yes)


def _one(given: "Answers", folder: Path, *, force: bool, yes: bool) -> None:
    from coursecloud.init import answers as asked
    from coursecloud.init import write

    answers, asking = given, sys.stdin.isatty() and not yes
    if asking:
        answers = _asked(given, folder, force=force)
    elif missing := asked.unanswered(given):
        _refuse([f"  --{p.path}\n{_why(p)}" for p in missing], "answer", "missing")
    stack = asked.stack_of(answers)
    with _staged(folder, [answers]) as staged:
        if staged.refusals:
            _refuse([f"  --{r.answer}{_value(answers.get(r.answer))}\n{_why(r.problem)}" for r in staged.refusals])
        _not_over([*staged.over(), *write.there(folder, stack)], force=force)
        if asking:
            typer.echo(f"\nPulumi.{stack}.yaml will be\n")
            typer.echo((staged.staging / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
            if not _confirmed("Write it?"):
                refuse("Nothing was written.")
        private = (f"members.{stack}.yaml", write.KEY)
        for file in staged.place():
            typer.echo(f"wrote {file.name}" + ("  (git ignores it)" if file.name in private else ""))
    here = "" if folder == program() else f" --folder {folder}"
    typer.echo(
        f"\nnext\n  {called()} plan --stack {stack}{here}\n      shows what it would create, and what to do before"
    )
    if not here:
        typer.echo(f"  make up STACK={stack}\n      creates it; `make down STACK={stack}` in the evening")


def _many(table: Path, given: "Answers", folder: Path, *, force: bool) -> None:
    from coursecloud.init import answers as asked
    from coursecloud.init import table as tables
    from coursecloud.init import write

    for name in ("project", "group", "members"):
        if name in given:
            refuse(f"--{name} is of one group, and --from has many.\n    remedy  make it a column of {table.name}")
    try:
        rows, problems = tables.read(tables.decoded(table.read_bytes()), given)
    except OSError as error:
        refuse(f"--from {table}: {error.strerror}\n    remedy  name a CSV file that you can read")
    except ValueError as error:
        refuse(f"{table.name}: {error}")
    groups = [row.answers for row in rows]
    with _staged(folder, groups) as staged:
        problems += [tables.CellProblem(rows[r.group].line, r.answer, r.problem) for r in staged.refusals]
        if problems:
            answers = {row.line: row.answers for row in rows}
            _refuse([_cell(problem, answers) for problem in sorted(problems, key=lambda p: p.line)], file=table.name)
        twins = [file for group in groups for file in write.there(folder, asked.stack_of(group))]
        _not_over([*staged.over(), *twins], force=force)
        written = staged.place()
    for notice in tables.shared(rows):
        render.console(error=True).print(Text(f"note  {notice}"), soft_wrap=True)
    stacks = [file for file in written if file.name.startswith("Pulumi.")]
    typer.echo(f"wrote {len(stacks)} stack files into {folder}")
    if len(written) > len(stacks):
        typer.echo("and members.*.yaml, owners.key: they hold or tell addresses, and git ignores them")
    typer.echo(f"\nnext\n  {called()} plan --all --folder {folder}\n      shows one line a group")


def _asked(given: "Answers", folder: Path, *, force: bool) -> "Answers":
    from coursecloud.init import answers as asked
    from coursecloud.init import ask, write

    proposals = asked.proposals(datetime.date.today(), _time_zone())
    typer.echo(ask.WELCOME)
    try:
        return ask.ask(
            given,
            proposals,
            read=lambda proposed: typer.prompt(
                f"     [{proposed}]" if proposed else "    ", default="", show_default=False, prompt_suffix=" > "
            ),
            say=typer.echo,
            taken=lambda stack: [] if force else write.there(folder, stack),
        )
    except typer.Abort:
        refuse("\nNothing was written.")


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, default=True)
    except typer.Abort:
        return False


def _time_zone() -> str:
    """Name this computer's time zone as the link of /etc/localtime does; Etc/UTC where there is none."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name if found else "Etc/UTC"


@contextlib.contextmanager
def _staged(folder: Path, groups: "Sequence[Answers]") -> "Generator[Staged]":
    from coursecloud.init import write

    try:
        with write.staged(folder, program(), groups) as staged:
            yield staged
    except OSError as error:
        refuse(f"{folder}: {error.strerror}; nothing was written\n    remedy  name a folder that you can write to")
    except ValueError as error:
        refuse(f"{error}\nNothing was written.")


def _not_over(files: "Sequence[Path]", *, force: bool) -> None:
    """Refuse to write over files; even when told to, beside a `.yml` that Pulumi would not know from the new one."""
    there = [file.name for file in dict.fromkeys(files) if not force or file.suffix == ".yml"]
    if there:
        names = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if there[5:] else "")
        remedy = "rename it to end in .yaml" if force else "name the group otherwise, or add --force to write anew"
        refuse(f"{names}: there already; nothing was written\n    remedy  {remedy}")


def _cell(found: "CellProblem", answers: "Mapping[int, Answers]") -> str:
    value = answers.get(found.line, {}).get(found.column) or found.problem.value
    return (
        f"  line {found.line}{f', column {found.column}' if found.column else ''}{_value(value)}\n{_why(found.problem)}"
    )


def _value(value: object) -> str:
    return f": {value!r}" if isinstance(value, str) and value else ""


def _why(problem: "Problem") -> str:
    return f"    rule    {problem.rule}\n    remedy  {problem.remedy}"


def _refuse(told: list[str], what: str = "mistake", how: str = "", file: str = "") -> NoReturn:
    once = list(dict.fromkeys(told))
    count = f"{len(once)} {what}{'s' if once[1:] else ''}"
    where = f" {how}" if how else f" in {file}" if file else " in the answers"
    refuse(f"{count}{where}; nothing was written.\n" + "\n".join(once))
