"""`coursecloud course`: a roster as stack files, one verb on many groups, and a page to look at."""

import datetime
import functools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coursecloud.cli.commands.course import join as joins
from coursecloud.cli.commands.shared import BROKEN_RULE, AsJson, Folder, Yes, folder_of, program, refuse, say
from coursecloud.cli.groups import Flags
from coursecloud.cli.listed import COMMANDS
from coursecloud.common.project import called

if TYPE_CHECKING:
    from coursecloud.cli.commands.course.act import Asked
    from coursecloud.cli.commands.course.stacks import Outlook

app = typer.Typer(
    name="course",
    cls=Flags,
    help=COMMANDS["course"].help,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("join")(joins.join)
app.command("leave")(joins.leave)

Only = Annotated[
    list[str] | None,
    typer.Option(help="These groups: names with commas, * for any letters; can be repeated.", metavar="GROUPS"),
]
Where = Annotated[
    list[str] | None,
    typer.Option(help="Groups of which this holds: 'days-left<7', region=europe-west4, a label; can be repeated."),
]
Failed = Annotated[bool, typer.Option("--failed", help="Groups of which the last such command did not go through.")]
AtOnce = Annotated[int, typer.Option(min=0, max=100, help="How many at once; as this machine bears unless given.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say which groups it is about, and do nothing.")]
Afresh = Annotated[bool, typer.Option("--afresh", help="Begin anew instead of going on where it was.")]
RosterFile = Annotated[
    Path | None, typer.Option("--roster", help="The roster: YAML, or a CSV table; course.yaml unless given.")
]
Lose = Annotated[
    list[str] | None,
    typer.Option(
        help="What may go in every group, by type or name: Disk, Repository, staging; never data and models.",
        metavar="TYPE|NAME",
    ),
]


@app.command("init")
def init(
    table: Annotated[Path, typer.Argument(help="A CSV table of the groups, as a spreadsheet writes it.")],
    *,
    starts: Annotated[str | None, typer.Option(help="First day of all, e.g. 2026-11-23.")] = None,
    ends: Annotated[str | None, typer.Option(help="Last day of all.")] = None,
    credit: Annotated[str | None, typer.Option(help="Of each group, e.g. '50 USD'.")] = None,
    timezone: Annotated[str | None, typer.Option(help="e.g. Europe/Copenhagen.")] = None,
    region: Annotated[str | None, typer.Option(help="e.g. europe-west1.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Write course.yaml for a table of groups, and show what `apply` would write. Nothing of a group is written yet."""
    from coursecloud.cli.commands.course.roster import FILE
    from coursecloud.cli.init import ignored
    from coursecloud.common import writing

    where = folder_of(folder)
    file = where / FILE
    if file.exists():
        refuse(f"{file}: there already; nothing was written\n    remedy  edit it, then `coursecloud course diff`")
    given = {"starts": starts, "ends": ends, "credit": credit, "timezone": timezone, "region": region}
    defaults = {name: value for name, value in given.items() if value}
    name = os.path.relpath(table.resolve(), where.resolve())
    text = _ROSTER.format(table=json.dumps(name), defaults=json.dumps(defaults) if defaults else "{}")
    outlook = _outlook(file, where, text=text)
    for warning in ignored.warnings([table]):
        say(f"WARNING  {warning}")
    try:
        writing.write(file, text)
    except writing.WriteError as error:
        refuse(error)
    _shown(outlook, full=False, first=f"wrote {file.name}; ", as_json=as_json)
    say(f"next\n  `{called()} course apply` writes the stack files; rules and overrides go into {file.name} first")


@app.command("diff")
def diff(
    *,
    roster: RosterFile = None,
    folder: Folder = None,
    full: Annotated[bool, typer.Option("--full", help="Show each line of each file that changes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the roster would change in the stack files: new, changed, renamed, leaving. Nothing is written.

    Exit codes: 0 shown; 2 a mistake in the roster; 3 an edit by hand and the roster meet in a line.
    """
    where = folder_of(folder)
    outlook = _outlook(_roster(roster, where), where)
    _shown(outlook, full=full, as_json=as_json)
    if outlook.of("conflict"):
        raise typer.Exit(BROKEN_RULE)


@app.command("apply")
def apply(
    *,
    roster: RosterFile = None,
    folder: Folder = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take stack files over that the roster did not write.")
    ] = False,
    forget: Annotated[
        list[str] | None, typer.Option(help="A group that left: of its stack nothing is left, I say.", metavar="STACK")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Write the stack files as the roster has them, after showing what changes. Edits by hand are kept.

    Exit codes: 0 written, or nothing to write; 2 a mistake in the roster, or nobody said yes: nothing was written; 3
    all was written but files in which an edit by hand and the roster meet.
    """
    from coursecloud.cli import refusals
    from coursecloud.cli.commands.course import stacks
    from coursecloud.common import writing

    del as_json  # `refusals` knows it before anything can be refused
    where = folder_of(folder)
    key = _key(where)
    outlook = _outlook(_roster(roster, where), where, adopt=adopt, forget=forget or (), key=key)
    _shown(outlook, full=False, as_json=False)
    if not (yes or (_somebody() and _confirm("Write it?"))):
        refuse("nothing was written\n    remedy  answer the question with y, or say --yes")
    try:
        written = stacks.apply(outlook, key)
    except writing.WriteError as error:
        refuse(error)
    names = [file.name for file in written]
    say(f"wrote {sum(name.startswith('Pulumi.') for name in names)} stack files and {stacks.LOCK} into {where}")
    if any(name.startswith("members.") for name in names):
        say("and members.*.yaml, which hold addresses: .gitignore names them")
    refusals.document({"version": 1, "command": "course apply", "files": names, "groups": _forms(outlook)})
    if outlook.of("conflict"):
        raise typer.Exit(BROKEN_RULE)


@app.command("plan")
def plan(
    *,
    only: Only = None,
    where: Where = None,
    folder: Folder = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row a group as CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """Plan every group and add it up: money in the course's currency, quotas to ask for, GPUs by zone. No cloud."""
    from coursecloud.cli.commands.course import tables
    from coursecloud.common import console
    from coursecloud.course import rows

    asked = _asked("plan", folder, only, where)
    planned, mistakes = _planned(asked)
    found = rows.totals(planned)
    if as_json:
        from coursecloud.cli import refusals

        refusals.document({"version": rows.VERSION, "totals": found, "groups": planned, "mistakes": mistakes})
    elif as_csv:
        console.print_csv(rows.PLANNED, map(tables.flat, planned))
    else:
        console.report(*tables.totals(found), tables.planned(planned))
    if mistakes:
        refuse("\n".join(mistakes), printed=as_json)


@app.command("up")
def up(
    *, only: Only = None, where: Where = None, failed: Failed = False, at_once: AtOnce = 0, dry_run: DryRun = False,
    afresh: Afresh = False, yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring groups up, several at once; go on where an earlier `course up` was interrupted."""
    del as_json
    _run(_asked("up", folder, only, where, failed=failed, at_once=at_once, dry_run=dry_run, afresh=afresh, yes=yes))


@app.command("stop")
def stop(
    *, only: Only = None, where: Where = None, failed: Failed = False, at_once: AtOnce = 0, dry_run: DryRun = False,
    afresh: Afresh = False, yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Stop the machines, jobs and services of groups; disks and data stay."""
    del as_json
    _run(_asked("stop", folder, only, where, failed=failed, at_once=at_once, dry_run=dry_run, afresh=afresh, yes=yes))


@app.command("down")
def down(
    *, only: Only = None, where: Where = None, failed: Failed = False, lose: Lose = None, at_once: AtOnce = 0,
    dry_run: DryRun = False, afresh: Afresh = False, yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Delete what groups do not keep; a group with data that are neither kept nor saved is refused unless named."""
    del as_json
    _run(
        _asked("down", folder, only, where, failed=failed, at_once=at_once, dry_run=dry_run, afresh=afresh, yes=yes,
               lose=tuple(lose or ()))
    )  # fmt: skip


@app.command("finish")
def finish(
    *, only: Only = None, where: Where = None, failed: Failed = False, lose: Lose = None, at_once: AtOnce = 0,
    dry_run: DryRun = False, afresh: Afresh = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Delete everything of groups, data included; asks for the number of groups, and refuses without a terminal."""
    del as_json
    from coursecloud.cli import refusals

    def asks(count: int) -> bool:
        if not _somebody():
            refuse(
                f"course finish of {count} groups asks for their number, and nobody is there to type it\n"
                "    rule    what deletes all data of a course is done at a terminal\n"
                "    remedy  run it at one; --dry-run says which groups it is about"
            )
        try:
            return typer.prompt("Type the number of groups", err=refusals.wanted()).strip() == str(count)
        except typer.Abort:
            return False

    _run(
        _asked("finish", folder, only, where, failed=failed, at_once=at_once, dry_run=dry_run, afresh=afresh,
               lose=tuple(lose or ())),
        asks=asks,
    )  # fmt: skip


@app.command("save")
def save(
    *,
    to: Annotated[Path, typer.Option(help="The folder that gets a folder a group.", metavar="FOLDER")],
    only: Only = None, where: Where = None, failed: Failed = False, at_once: AtOnce = 0, dry_run: DryRun = False,
    afresh: Afresh = False, yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Copy the data and models of groups into a folder; the traffic costs, as `coursecloud save` says of one."""
    del as_json
    _run(
        _asked("save", folder, only, where, failed=failed, at_once=at_once, dry_run=dry_run, afresh=afresh, yes=yes,
               to=to.expanduser())
    )  # fmt: skip


@app.command("status")
def status(
    *,
    only: Only = None,
    where: Where = None,
    at_once: AtOnce = 0,
    known: Annotated[bool, typer.Option("--known", help="Do not look: show what earlier looks saw.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page of all groups into this file.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row a group as CSV.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Look at every group: what runs, what it has cost, the day its credit ends, what failed.

    Nothing is changed but the ledgers of what it saw.

    Exit codes: 0 shown; 1 a group was not looked at, its row says why; 2 a mistake in the input.
    """
    from coursecloud.cli import refusals
    from coursecloud.cli.commands.course import act, tables
    from coursecloud.common import console, writing
    from coursecloud.course import page, rows
    from coursecloud.course.journal import Journal

    asked = _asked("status", folder, only, where, at_once=at_once)
    code, journal = 0, Journal(asked.folder)
    if not known:
        code, _ = act.act(asked)
    planned, mistakes = _planned(asked)
    now = datetime.datetime.now().astimezone()
    found = rows.of_course(planned, journal, now.date())
    if html:
        try:
            writing.report(html, page.full(found, now))
        except writing.WriteError as error:
            refuse(f"--html {error}")
    if as_json:
        refusals.document({"version": rows.VERSION, "at": now.isoformat(), "headline": page.headline(found),
                           "groups": found, "mistakes": mistakes})  # fmt: skip
    elif as_csv:
        console.print_csv(rows.SEEN, map(tables.flat, found))
    else:
        console.report(page.headline(found), tables.seen(found))
    if mistakes:
        refuse("\n".join(mistakes), printed=as_json)
    raise typer.Exit(code)


_ROSTER = """\
# The groups of the course. `coursecloud course diff` says what it changes in the stack files, `apply` writes them.
table: {table}  # one line a group; it holds addresses, so git does not take it
defaults: {defaults}  # answers for all: gpu, region, starts, ends, credit, timezone, keep, repository
rules: []
#  - when: {{gpu: "T4"}}  # groups whose answers are so; * stands for any letters
#    settings: {{coursecloud:lease: {{maxPerHour: 3}}}}  # any key of a stack file: coursecloud explain KEY
groups: {{}}
#  group-07: {{region: europe-west4, settings: {{coursecloud:course: {{labels: {{track: vision}}}}}}}}
renamed: {{}}  # old name: new name; the group keeps its stack, and with it its data
merged: {{}}  # the group that goes: the one that it became a part of
"""


def _asked(verb: str, folder: Path | None, only: list[str] | None, where: list[str] | None, **more: Any) -> "Asked":
    from coursecloud.cli.commands.course.act import Asked

    return Asked(verb, folder_of(folder), tuple(only or ()), tuple(where or ()), **more)


def _run(asked: "Asked", asks: Any = None) -> None:
    from coursecloud.cli.commands.course import act
    from coursecloud.course.journal import Journal

    code, tasks = act.act(asked, asks=asks)
    act.report(asked, Journal(asked.folder), code, tasks)
    raise typer.Exit(code)


def _planned(asked: "Asked") -> tuple[list[dict[str, Any]], list[str]]:
    """Plan the groups on all processors: their rows, and the mistakes of their files."""
    from coursecloud.cli.commands.course import act
    from coursecloud.common import parallel, progress
    from coursecloud.common.stack_file import path_of
    from coursecloud.course.journal import Journal

    stacks, _ = act.chosen(asked, Journal(asked.folder))
    work = functools.partial(_row, root=program(), today=datetime.datetime.now().astimezone().date())
    files = [(stack, path_of(stack, asked.folder)) for stack in stacks]
    results = list(progress.counted("Planning", len(files), parallel.each(work, files)))
    return [row for row, _ in results], [message for _, message in results if message]


def _row(entry: tuple[str, Path], *, root: Path, today: datetime.date) -> tuple[dict[str, Any], str | None]:
    from coursecloud.course import rows

    return rows.planned(*entry, root, today)


def _roster(given: Path | None, folder: Path) -> Path:
    from coursecloud.cli.commands.course.roster import FILE

    return given or folder / FILE


def _key(folder: Path) -> bytes:
    from coursecloud.cli.init import write

    try:
        return write.key_of(folder)
    except ValueError as error:
        refuse(f"{error}\nNothing was written.")


def _outlook(
    file: Path,
    folder: Path,
    *,
    text: str | None = None,
    adopt: bool = False,
    forget: "Any" = (),
    key: bytes | None = None,
) -> "Outlook":
    from coursecloud.cli.commands.course import roster, stacks
    from coursecloud.starter.merging import MergeError

    key = key or _key(folder)
    try:
        found = roster.read(file, key, text=text)
        outlook = stacks.look(found, folder, program(), key, ended={*forget, *_ended(folder)}, adopt=adopt)
    except (roster.RosterError, MergeError, ValueError) as error:
        refuse(error)
    if outlook.mistakes:
        many = len(outlook.mistakes)
        refuse("\n".join([f"{many} mistake{'s' * (many != 1)}; nothing was written.", *outlook.mistakes]))
    return outlook


def _ended(folder: Path) -> set[str]:
    """List the stacks of which nothing is left: finished after they were last up."""
    from coursecloud.course.journal import FOLDER, Journal

    if not (folder / FOLDER).is_dir():
        return set()
    last = Journal(folder).latest("up", "finish")
    return {stack for stack, task in last.items() if task.verb == "finish" and task.state == "done"}


def _shown(outlook: "Outlook", *, full: bool, first: str = "", as_json: bool) -> None:
    from coursecloud.cli import refusals
    from coursecloud.cli.commands.course import tables

    say(first + tables.outlook_headline(outlook))
    for line in tables.outlook(outlook, full=full):
        say(line)
    if as_json:
        refusals.document({"version": 1, "headline": tables.outlook_headline(outlook), "groups": _forms(outlook), "notes": outlook.notes})  # noqa: E501  # fmt: skip


def _forms(outlook: "Outlook") -> list[dict[str, Any]]:
    return [
        {"stack": each.stack, "group": each.group, "kind": each.kind, "renamed": each.renamed or None,
         "edited": each.edited, "members": each.members is not None, "changes": list(each.says)}
        for each in outlook.changes
    ]  # fmt: skip


def _somebody() -> bool:
    return sys.stdin.isatty()


def _confirm(question: str) -> bool:
    from coursecloud.cli import refusals

    try:
        return typer.confirm(question, err=refusals.wanted())
    except typer.Abort:
        return False
