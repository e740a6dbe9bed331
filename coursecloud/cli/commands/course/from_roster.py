"""`course init`, `diff` and `apply`: from a roster to the stack files of its groups."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coursecloud.cli.commands.course import asking
from coursecloud.cli.commands.init import options
from coursecloud.cli.commands.shared import BROKEN_RULE, AsJson, Folder, Yes, folder_of, program, refuse, say
from coursecloud.common.project import called

if TYPE_CHECKING:
    from coursecloud.cli.commands.course.stacks import Outlook

RosterFile = Annotated[
    Path | None, typer.Option("--roster", help="The roster: YAML, or a CSV table; course.yaml unless given.")
]


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
    options({name: value for name, value in given.items() if value})
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
    from coursecloud.cli.commands.course import lock, stacks, tables
    from coursecloud.common import writing

    del as_json  # `refusals` knows it before anything can be refused
    where = folder_of(folder)
    key = _key(where)
    outlook = _outlook(_roster(roster, where), where, adopt=adopt, forget=forget or (), key=key)
    _shown(outlook, full=False, as_json=False)
    if not (yes or (asking.somebody() and asking.confirm("Write it?"))):
        refuse("nothing was written\n    remedy  answer the question with y, or say --yes")
    try:
        written = stacks.apply(outlook, key)
    except writing.WriteError as error:
        refuse(error)
    names = [file.name for file in written]
    count = sum(name.startswith("Pulumi.") for name in names)
    say(f"wrote {count} stack file{'' if count == 1 else 's'} and {lock.LOCK} into {where}")
    if any(name.startswith("members.") for name in names):
        say("and members.*.yaml, which hold addresses: .gitignore names them")
    told = {"headline": tables.outlook_headline(outlook), "groups": _forms(outlook), "notes": outlook.notes}
    refusals.document({"version": 1, "command": "course apply", "files": names, **told})
    if outlook.of("conflict"):
        raise typer.Exit(BROKEN_RULE)


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
    from coursecloud.cli.init import folding
    from coursecloud.starter.merging import MergeError
    from infra import files

    key = key or _key(folder)
    try:
        found = roster.read(file, key, text=text)
        outlook = stacks.look(found, folder, program(), key, ended={*forget, *_ended(folder)}, adopt=adopt)
    except files.NotReadError as error:
        refuse(f"{error.path}: {error}.\n    remedy  move it away: what stands there is a small file of text")
    except (roster.RosterError, MergeError, ValueError) as error:
        refuse(error)
    left = {each.stack for each in outlook.of("gone")}
    outlook.mistakes += [
        f"  --forget {each}\n    rule    a stack is forgotten once its group has left the roster"
        "\n    remedy  `coursecloud course diff` lists those that are leaving"
        for each in forget
        if each not in left
    ]
    if mistakes := [*found.mistakes, *outlook.mistakes]:
        many, notes = len(mistakes), [f"  note  {note}" for note in found.notes]
        head = f"{many} mistake{'s' * (many != 1)}; nothing was written."
        refuse("\n".join([head, *folding.folded(mistakes), *notes]))
    return outlook


def _ended(folder: Path) -> set[str]:
    """List the stacks of which nothing is left: finished after they were last up."""
    from coursecloud.course.journal import Journal

    last = Journal(folder, only_read=True).latest("up", "finish")
    return {stack for stack, task in last.items() if task.verb == "finish" and task.state == "done"}


def _shown(outlook: "Outlook", *, full: bool, first: str = "", as_json: bool) -> None:
    from coursecloud.cli import refusals
    from coursecloud.cli.commands.course import tables
    from coursecloud.common import progress

    say(first + tables.outlook_headline(outlook))
    for line in () if progress.quiet() else tables.outlook(outlook, full=full):
        say(line)
    if as_json:
        refusals.document({"version": 1, "headline": tables.outlook_headline(outlook), "groups": _forms(outlook), "notes": outlook.notes})  # noqa: E501  # fmt: skip


def _forms(outlook: "Outlook") -> list[dict[str, Any]]:
    return [
        {"stack": each.stack, "group": each.group, "kind": each.kind, "renamed": each.renamed or None,
         "edited": each.edited, "byHand": list(each.own), "members": each.members is not None,
         "changes": list(each.says)}
        for each in outlook.changes
    ]  # fmt: skip
