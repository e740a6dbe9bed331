"""`coursecloud course`: a roster as stack files, one verb on many groups, and a page to look at."""

import datetime
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from coursecloud.cli.commands.course import asking, from_roster
from coursecloud.cli.commands.course import hand as hands
from coursecloud.cli.commands.course import join as joins
from coursecloud.cli.commands.shared import AsJson, Folder, Yes, folder_of, program, refuse
from coursecloud.cli.groups import Flags
from coursecloud.cli.listed import COMMANDS

if TYPE_CHECKING:
    from coursecloud.cli.commands.course.asked import Asked

app = typer.Typer(
    name="course",
    cls=Flags,
    help=COMMANDS["course"].help,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("init")(from_roster.init)
app.command("diff")(from_roster.diff)
app.command("apply")(from_roster.apply)
app.command("join")(joins.join)
app.command("leave")(joins.leave)
app.command("hand")(hands.hand)

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
Engine = Annotated[
    Literal["here", "cloud-run"],
    typer.Option("--engine", help="Who does the work: this machine, or the job in Cloud Run that the roster names."),
]
LiftLocks = Annotated[
    bool,
    typer.Option("--lift-locks", help="Lift Pulumi's locks that a runner on another machine has left and not let go."),
]
Lose = Annotated[
    list[str] | None,
    typer.Option(
        help="What may go in every group, by type or name: Disk, Repository, staging; never data and models.",
        metavar="TYPE|NAME",
    ),
]


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

    asked = _asked("plan", folder=folder, only=only, where=where)
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
    afresh: Afresh = False, engine: Engine = "here", lift_locks: LiftLocks = False,
    yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring groups up, several at once; go on where an earlier `course up` was interrupted."""
    _run("up", **locals())


@app.command("stop")
def stop(
    *, only: Only = None, where: Where = None, failed: Failed = False, at_once: AtOnce = 0, dry_run: DryRun = False,
    afresh: Afresh = False, engine: Engine = "here", lift_locks: LiftLocks = False,
    yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Stop the machines, jobs and services of groups; disks and data stay."""
    _run("stop", **locals())


@app.command("down")
def down(
    *, only: Only = None, where: Where = None, failed: Failed = False, lose: Lose = None, at_once: AtOnce = 0,
    dry_run: DryRun = False, afresh: Afresh = False, engine: Engine = "here", lift_locks: LiftLocks = False,
    yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Delete what groups do not keep; a group with data that are neither kept nor saved is refused unless named."""
    _run("down", **locals())


@app.command("finish")
def finish(
    *, only: Only = None, where: Where = None, failed: Failed = False, lose: Lose = None, at_once: AtOnce = 0,
    dry_run: DryRun = False, afresh: Afresh = False,
    engine: Engine = "here", lift_locks: LiftLocks = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Delete everything of groups, data included; asks for the number of groups, and refuses without a terminal."""
    given = locals()
    from coursecloud.cli import refusals

    def asks(count: int) -> bool:
        if not asking.somebody():
            refuse(
                f"course finish of {count} groups asks for their number, and nobody is there to type it\n"
                "    rule    what deletes all data of a course is done at a terminal\n"
                "    remedy  run it at one; --dry-run says which groups it is about"
            )
        try:
            return typer.prompt("Type the number of groups", err=refusals.wanted()).strip() == str(count)
        except typer.Abort:
            return False

    _run("finish", asks=asks, **given)


@app.command("save")
def save(
    *,
    to: Annotated[Path, typer.Option(help="The folder that gets a folder a group.", metavar="FOLDER")],
    only: Only = None, where: Where = None, failed: Failed = False, at_once: AtOnce = 0, dry_run: DryRun = False,
    afresh: Afresh = False, yes: Yes = False, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Copy the data and models of groups into a folder; the traffic costs, as `coursecloud save` says of one."""
    _run("save", **locals())


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

    asked = _asked("status", folder=folder, only=only, where=where, at_once=at_once)
    code = 0 if known else act.act(asked)[0]
    planned, mistakes = _planned(asked)
    now = datetime.datetime.now().astimezone()
    found = rows.of_course(planned, Journal(asked.folder, only_read=True), now.date())
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


def _asked(
    verb: str,
    *,
    folder: Path | None,
    only: list[str] | None = None,
    where: list[str] | None = None,
    lose: list[str] | None = None,
    to: Path | None = None,
    engine: str = "here",
    **more: Any,
) -> "Asked":
    """Take a command line's options for what it asks for; `--json` is known before anything can be refused."""
    from coursecloud.cli.commands.course.asked import Asked

    more.pop("as_json", None)
    return Asked(
        verb, folder_of(folder), tuple(only or ()), tuple(where or ()), lose=tuple(lose or ()),
        to=to.expanduser() if to else None, cloud_run=engine == "cloud-run", **more,
    )  # fmt: skip


def _run(verb: str, asks: Any = None, **given: Any) -> None:
    from coursecloud.cli.commands.course import act

    asked = _asked(verb, **given)
    code, tasks = act.act(asked, asks=asks)
    act.report(asked, code, tasks)
    raise typer.Exit(code)


def _planned(asked: "Asked") -> tuple[list[dict[str, Any]], list[str]]:
    """Plan the groups on all processors: their rows, and the mistakes of their files."""
    from coursecloud.cli.commands.course.asked import chosen
    from coursecloud.common import parallel, progress
    from coursecloud.common.stack_file import path_of
    from coursecloud.course.journal import Journal

    stacks, _ = chosen(asked, Journal(asked.folder, only_read=True))
    work = functools.partial(_row, root=program(), today=datetime.datetime.now().astimezone().date())
    files = [(stack, path_of(stack, asked.folder)) for stack in stacks]
    results = list(progress.counted("Planning", len(files), parallel.each(work, files)))
    return [row for row, _ in results], [message for _, message in results if message]


def _row(entry: tuple[str, Path], *, root: Path, today: datetime.date) -> tuple[dict[str, Any], str | None]:
    from coursecloud.course import rows

    return rows.planned(*entry, root, today)
