"""`coursecloud init`: a group's first stack file, or those of many groups."""

import contextlib
import datetime
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from coursecloud.cli.commands.shared import AsJson, Folder, Yes, folder_of, program, refuse, say
from coursecloud.common.project import called

if TYPE_CHECKING:
    from coursecloud.cli.init.answers import Answers
    from coursecloud.cli.init.write import Staged


UTC = "Etc/UTC"


def command(
    *,
    project: Annotated[str | None, typer.Option(help="Google Cloud project id.", show_default=False)] = None,
    group: Annotated[str | None, typer.Option(help="Name of the group, e.g. group-07.", show_default=False)] = None,
    gpu: Annotated[str | None, typer.Option(help="no, yes (a T4), or T4, V100, L4 ...", show_default=False)] = None,
    region: Annotated[str | None, typer.Option(help="e.g. europe-west1.", show_default=False)] = None,
    starts: Annotated[
        str | None, typer.Option(help="First day, e.g. 2026-11-23 or 23-11-2026.", show_default=False)
    ] = None,
    ends: Annotated[
        str | None, typer.Option(help="Last day, e.g. 2026-12-18 or 18-12-2026.", show_default=False)
    ] = None,
    credit: Annotated[str | None, typer.Option(help="e.g. '50 USD' or '350 DKK'.", show_default=False)] = None,
    timezone: Annotated[
        str | None, typer.Option(help="e.g. Europe/Copenhagen; this computer's.", show_default=False)
    ] = None,
    keep: Annotated[
        bool | None, typer.Option(help="Keep data over night; kept unless told otherwise.", show_default=False)
    ] = None,
    repository: Annotated[str | None, typer.Option(help="OWNER/NAME on GitHub.", show_default=False)] = None,
    members: Annotated[str | None, typer.Option(help="E-mail addresses, with commas.", show_default=False)] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A CSV table with one line a group. Its first line names its columns, in any order: project and group,"
            " and any of gpu, region, starts, ends, credit, timezone, keep, repository, members.",
        ),
    ] = None,
    folder: Folder = None,
    force: Annotated[bool, typer.Option("--force", help="Write files anew that are there already.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud init`."""
    del as_json  # `refusals` knows it before anything can be refused
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
    where = folder_of(folder)
    asking = table is None and sys.stdin.isatty() and not yes
    if not asking and (zone := _time_zone()) != UTC:
        given.setdefault("timezone", zone)
    if table is not None:
        _many(table, given, where, force=force)
    else:
        _one(given, where, force=force, asking=asking)


def _one(given: "Answers", folder: Path, *, force: bool, asking: bool) -> None:
    from coursecloud.cli.init import answers as asked
    from coursecloud.cli.init import said, write
    from infra import files

    answers = given
    if asking:
        answers = _asked(given, folder, force=force)
    elif missing := asked.unanswered(given):
        _refuse([f"  --{p.path}\n{said.why(p)}" for p in missing], "answer", "missing")
    stack = asked.stack_of(answers)
    with _staged(folder, [answers]) as staged:
        if staged.refusals:
            _refuse(
                [f"  --{r.answer}{said.value(answers.get(r.answer))}\n{said.why(r.problem)}" for r in staged.refusals]
            )
        _not_over([*staged.over(), *write.there(folder, stack)], force=force)
        over = staged.over()
        for file in over:
            say(said.difference(file, staged.staging / file.name))
        if asking:
            say(f"\nPulumi.{stack}.yaml will be\n\n{files.text_of(staged.staging / f'Pulumi.{stack}.yaml')}")
            names = ", ".join(file.name for file in over)
            if not _confirmed(f"Write it over {names}?" if over else "Write it?", default=not over):
                refuse("Nothing was written.")
        private = (f"members.{stack}.yaml", write.KEY)
        placed = staged.place()
        warnings = _warn([file for file in placed if file.name in private])
        for file in placed:
            say(f"wrote {file.name}" + ("  (it names people)" if file.name in private else ""))
    lasts = said.lasts(stack, folder, program())
    say(f"\n{lasts}")
    say(said.following(stack, answers, folder, program()))
    _written(folder, placed, warnings, credit=lasts.splitlines()[0])


def options(given: "Answers") -> None:
    """Refuse answers that no stack file takes and that options gave: no line of a table has them."""
    from coursecloud.cli import init
    from coursecloud.cli.init import said

    wrong = [(name, each) for name, answer in given.items() for each in init.wrong_alone(name, answer)]
    if wrong:
        many = f"{len(wrong)} mistake{'s' * (len(wrong) != 1)}; nothing was written."
        refuse("\n".join([many, *(f"  --{name}{said.value(given[name])}\n{said.why(each)}" for name, each in wrong)]))


def _many(table: Path, given: "Answers", folder: Path, *, force: bool) -> None:
    from rich.text import Text

    from coursecloud.cli import render
    from coursecloud.cli.init import answers as asked
    from coursecloud.cli.init import said, sheet, write
    from coursecloud.cli.init import table as tables
    from infra import files

    for name in ("project", "group", "members"):
        if name in given:
            refuse(f"--{name} is of one group, and --from has many.\n    remedy  make it a column of {table.name}")
    options(given)
    try:
        text, taken = sheet.decoded(files.bytes_of(table))
        read = tables.read(text, given)
    except OSError as error:
        refuse(f"--from {table}: {error.strerror}\n    remedy  name a CSV file that you can read")
    except ValueError as error:
        remedy = "" if "remedy" in str(error) else "\n    remedy  is it the right file? It has one line a group"
        refuse(f"{table.name}: {error}{remedy}")
    rows, problems = read.rows, read.problems
    notes = [f"{table.name}: {taken}"] * bool(taken) + read.notes
    groups = [row.answers for row in rows]
    with _staged(folder, groups) as staged:
        problems += [
            tables.CellProblem(rows[r.group].line, r.answer, r.problem)
            for r in staged.refusals
            if r.answer not in read.missing
        ]
        if problems:
            answers = {row.line: row.answers for row in rows}
            told = [said.cell(problem, answers) for problem in sorted(problems, key=lambda p: p.line)]
            _refuse([*told, *(f"note  {note}" for note in notes)], file=table.name, count=len(dict.fromkeys(told)))
        twins = [file for group in groups for file in write.there(folder, asked.stack_of(group))]
        _not_over([*staged.over(), *twins], force=force)
        written = staged.place()
    private = [file for file in written if file.name.startswith("members.") or file.name == write.KEY]
    warnings = _warn([table, *private] if any("@" in row.answers.get("members", "") for row in rows) else private)
    notes += tables.shared(rows)
    for notice in notes:
        render.console(error=True).print(Text(f"note  {notice}"), soft_wrap=True)
    stacks = [file for file in written if file.name.startswith("Pulumi.")]
    say(f"wrote {len(stacks)} stack file{'' if len(stacks) == 1 else 's'} into {folder}")
    if len(written) > len(stacks):
        say("and members.*.yaml, owners.key: they hold or tell addresses, and .gitignore names them")
    say(f"\nnext\n  {called()} plan --all --folder {folder}\n      shows one line a group")
    _written(folder, written, warnings, notes=notes)


def _written(
    folder: Path,
    files: "Sequence[Path]",
    warnings: list[str],
    *,
    notes: "Sequence[str]" = (),
    credit: str | None = None,
) -> None:
    """Write down for a script what was written; of many groups nobody has worked out how long a credit lasts."""
    from coursecloud.cli import refusals
    from coursecloud.cli.init import write

    stacks = [file.name[len("Pulumi.") : -len(".yaml")] for file in files if file.name.startswith("Pulumi.")]
    people = [file.name for file in files if file.name.startswith("members.") or file.name == write.KEY]
    refusals.document({
        "version": 1, "folder": str(folder), "stacks": stacks, "files": [file.name for file in files], "people": people,
        "credit": credit, "warnings": warnings, "notes": list(notes),
    })  # fmt: skip


def _warn(files: "Sequence[Path]") -> list[str]:
    """Warn of files with people's addresses that git has or would take, before anything else is said."""
    from rich.text import Text

    from coursecloud.cli import render
    from coursecloud.cli.init import ignored

    warnings = list(ignored.warnings(files))
    for warning in warnings:
        render.console(error=True).print(Text(f"WARNING  {warning}", "bold red"), soft_wrap=True)
    return warnings


def _asked(given: "Answers", folder: Path, *, force: bool) -> "Answers":
    from coursecloud.cli import refusals
    from coursecloud.cli.init import answers as asked
    from coursecloud.cli.init import ask, write
    from coursecloud.common.console import visible

    proposals = asked.proposals(datetime.date.today(), _time_zone())
    say(ask.WELCOME)
    try:
        return ask.ask(
            given,
            proposals,
            read=lambda proposed: typer.prompt(
                f"     [{visible(proposed)}]" if proposed else "    ",
                default="",
                show_default=False,
                prompt_suffix=" > ",
                err=refusals.wanted(),
            ),
            say=say,
            taken=lambda stack: [] if force else write.there(folder, stack),
        )
    except typer.Abort:
        refuse("\nNothing was written.")


def _confirmed(question: str, *, default: bool) -> bool:
    from coursecloud.cli import refusals

    try:
        return typer.confirm(question, default=default, err=refusals.wanted())
    except typer.Abort:
        return False


def _time_zone() -> str:
    """Name this computer's time zone; Etc/UTC where it is not known."""
    import zoneinfo

    import tzlocal

    try:
        name = str(tzlocal.get_localzone_name() or "")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        name = ""
    # `UTC`, `local` and the like say nothing of where somebody works.
    return name if "/" in name and name in zoneinfo.available_timezones() else UTC


@contextlib.contextmanager
def _staged(folder: Path, groups: "Sequence[Answers]") -> "Generator[Staged]":
    from coursecloud.cli.init import write
    from coursecloud.common import writing

    try:
        with write.staged(folder, program(), groups) as staged:
            yield staged
    except OSError as error:
        refuse(f"{folder}: {error.strerror}; nothing was written\n    {writing.remedy(error)}")
    except ValueError as error:
        refuse(f"{error}\nNothing was written.")


def _not_over(placed: "Sequence[Path]", *, force: bool) -> None:
    """Refuse to write over files; even when told to, beside a `.yml` that Pulumi would not know from the new one."""
    folders = [file.name for file in dict.fromkeys(placed) if file.is_dir()]
    if folders:
        rule = "a folder is where the file would be" if not folders[1:] else "folders are where the files would be"
        refuse(
            f"{', '.join(folders[:5])}: {rule}; nothing was written\n    remedy  move what is there away, or name the"
            " group otherwise"
        )
    there = [file.name for file in dict.fromkeys(placed) if not force or file.suffix == ".yml"]
    if there:
        names = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if there[5:] else "")
        remedy = "rename it to end in .yaml" if force else "name the group otherwise, or add --force to write anew"
        refuse(f"{names}: there already; nothing was written\n    remedy  {remedy}")


def _refuse(told: list[str], what: str = "mistake", how: str = "", file: str = "", count: int = 0) -> NoReturn:
    from coursecloud.cli.init.folding import folded

    count = count or len({*told})
    where = f" {how}" if how else f" in {file}" if file else " in the answers"
    refuse(f"{count} {what}{'s' * (count != 1)}{where}; nothing was written.\n" + "\n".join(folded(told)))
