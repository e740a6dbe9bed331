"""`coursecloud course join` and `leave`: a group lets the course into its own project, and takes that back."""

import datetime
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coursecloud.cli.commands.course import letting
from coursecloud.cli.commands.shared import AsJson, Stack, Yes, refuse, say

if TYPE_CHECKING:
    from coursecloud.course.authority import Wanted
    from coursecloud.course.joining import Bound, Steps, There
    from infra.settings import Settings

VERSION = 1
Only = Annotated[
    list[str] | None,
    typer.Option(help="Only these of look, stop, deploy: with commas, or repeated.", metavar="WHAT"),
]
Run = Annotated[bool, typer.Option("--run", help="Do it, by gcloud, after a question; else it is only shown.")]


def join(
    *,
    stack: Stack = "dev",
    only: Only = None,
    look: Annotated[str, typer.Option(help="The account that looks; the stack file's unless given.")] = "",
    stop: Annotated[str, typer.Option(help="The account that stops; the stack file's unless given.")] = "",
    run: Run = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show the grants by which your group lets the course into its project, each to the lease's grace day; make them.

    Look, stop and deploy are apart. The accounts are those of coursecloud:course.accounts in the stack file. Run by who
    owns the project; `coursecloud course leave` takes it back.

    Exit codes: 0 shown, made, or there already; 1 Google said no, what was done until then is said; 2 a mistake in the
    input, or nobody said yes.
    """
    from coursecloud.course import authority, joining

    del as_json  # `refusals` knows it
    settings, root = letting.opened(stack)
    purposes = letting.purposes(only)
    accounts = letting.accounts(settings, purposes, {"look": look, "stop": stop}, asked=bool(only))
    end, until = authority.end_of(settings), settings.lease.kept_until
    if end is None or until is None:
        refuse(
            f"coursecloud:lease of {stack} has no `ends`\n    rule    what the course may do in your project ends by"
            " itself, with the lease and its grace days\n    remedy  write `starts` and `ends` there"
        )
    if until < datetime.datetime.now(datetime.UTC).date():
        refuse(
            f"coursecloud:lease of {stack} ended with its grace days on {until}\n"
            "    rule    a grant that has ended lets nobody in\n"
            "    remedy  `coursecloud extend` moves the end, or `coursecloud finish` ends the stack"
        )
    gcloud, there, unread = letting.looked(settings, stack, must=run)
    wanted = letting.wanted(settings, root, accounts, gcloud, there, end)
    if there:
        known = there
        there = letting.asked(gcloud, lambda: joining.described(gcloud, known, wanted.roles))
    plan = joining.steps(wanted, there or joining.There(), settings.project, purposes)
    lines = list(plan.lines(settings.project, stack))
    told = _told("course join", settings, until, wanted, plan)
    told["commands"] = [_shown(line) for line in lines]
    by: dict[str, list[str]] = {}
    for purpose, account in accounts.items():
        by.setdefault(account, []).append(authority.DOES[purpose])
    who = "; ".join(f"{account} {', '.join(does)}" for account, does in by.items())
    if there and not lines:
        told["headline"] = f"Nothing to do: until {until} the course is let into {settings.project} as it asks: {who}."
        _end(told, [told["headline"], *(f"  {note}" for note in (*_warnings(there), *wanted.notes))])
    told["headline"] = f"Lets the course into your project {settings.project} until {until}: {who}."
    grants = [f"{each.account} gets {each.role.removeprefix('roles/')}{_held(each.expression)}" for each in plan.add]
    _first(told, unread, [*_warnings(there), *wanted.notes], grants, () if run else lines)
    if not run:
        _end(told, ["nothing was changed: --run does this, as whoever gcloud is logged in as"])
    _agreed("Let them", yes)
    left = _do(told, lambda: joining.run(gcloud, plan, stack, say))
    told |= {"done": True, "notGranted": left}
    also = [f"NOT granted, as Google does not know it here: {', '.join(left)}"] if left else []
    _end(told, [*also, f"done; `coursecloud course leave --stack {stack}` takes it back"])


def leave(
    *, stack: Stack = "dev", only: Only = None, run: Run = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Show the grants that `coursecloud course join` made in your project, and take them away. The roles stay.

    A role that nobody holds opens nothing, and Google blocks the id of a deleted one for a month. What others granted
    is left alone.

    Exit codes: 0 shown, taken away, or none there; 1 Google said no, what was done until then is said; 2 a mistake in
    the input, or nobody said yes.
    """
    from coursecloud.course import joining

    del as_json
    settings, _ = letting.opened(stack)
    purposes = letting.purposes(only)
    gcloud, there, _ = letting.looked(settings, stack, must=True)
    there = there or joining.There()
    going = [each for each in there.bound if each.purpose in purposes]
    lines = [joining.binding_line("remove", settings.project, each.member, each.role, each.condition) for each in going]
    told: dict[str, Any] = {
        "version": VERSION, "command": "course leave", "stack": stack, "project": settings.project, "done": False,
        "grants": [_form(each, "there") for each in going], "commands": [_shown(line) for line in lines],
    }  # fmt: skip
    also = [*joining.others(there, going), *_declared(settings)]
    if not lines:
        told["headline"] = f"Nothing to do: `coursecloud course join` has let nobody into {settings.project}."
        _end(told, [told["headline"], *also])
    who = ", ".join(sorted({each.member.partition(":")[2] for each in going}))
    what = ", ".join(dict.fromkeys(each.purpose for each in going))
    told["headline"] = f"Takes from {who} what your project {settings.project} lets them do: {what}."
    stays = "The roles stay: nobody holds them then, and Google blocks a deleted id for a month."
    grants = [f"{each.member.partition(':')[2]} loses {each.role.removeprefix('roles/')}" for each in going]
    _first(told, "", [stays, *also], grants, () if run else lines)
    if not run:
        _end(told, ["nothing was changed: --run does this, as whoever gcloud is logged in as"])
    _agreed("Take it away", yes)

    def taking() -> list[str]:
        for each in going:
            joining.remove(gcloud, each)
            say(f"  taken away: {each.role.rpartition('/')[2]} of {each.member.partition(':')[2]}")
        return []

    _do(told, taking)
    told["done"] = True
    _end(told, [f"done; `coursecloud course join --stack {stack}` lets them in again"])


def _warnings(there: "There | None") -> list[str]:
    """Name the accounts through which who deploys could do more."""
    from coursecloud.course import authority

    return [
        f"WARNING  {account} is {role} of this project: deploy could use it, and with it do as much. Take that role"
        " away first, or leave deploy out (--only look,stop)"
        for account, role in authority.powerful(there.policy if there else {})
    ]


def _told(command: str, settings: "Settings", until: datetime.date, wanted: "Wanted", plan: "Steps") -> dict[str, Any]:
    missing = {(each.purpose, each.account, each.expression) for each in plan.add}
    return {
        "version": VERSION, "command": command, "stack": settings.stack, "project": settings.project,
        "until": str(until), "done": False, "notes": wanted.notes,
        "grants": [
            {"purpose": each.purpose, "account": each.account, "role": each.role, "condition": each.expression,
             "state": "missing" if (each.purpose, each.account, each.expression) in missing else "there"}
            for each in wanted.grants
        ] + [_form(each, "outdated") for each in plan.remove],
    }  # fmt: skip


def _form(each: "Bound", state: str) -> dict[str, Any]:
    return {"purpose": each.purpose, "account": each.member.partition(":")[2], "role": each.role,
            "condition": each.condition.get("expression"), "state": state}  # fmt: skip


def _declared(settings: "Settings") -> list[str]:
    accounts = settings.course.accounts
    if not (accounts.stop or accounts.deploy):
        return []
    return ["The stack lets the course use its accounts: take `accounts` out of coursecloud:course and run `up`."]


def _shown(line: list[str]) -> str:
    from coursecloud.course.gcloud import shown

    return shown(line)


def _held(expression: str) -> str:
    """Say in words to what a condition holds a role, beside its end."""
    if "modifiedGrantsByRole" in expression:
        return ", for the roles alone that the stack grants"
    return ", for the stack's own alone" if "resource.name" in expression else ""


def _first(
    told: dict[str, Any], unread: str, notes: Sequence[str], grants: Sequence[str], lines: Sequence[list[str]]
) -> None:
    """Say the consequence, what goes with it, what is granted, and the lines that do it."""
    if unread:
        told["unread"] = unread
    for line in (told["headline"], *(f"  {note}" for note in [*([unread] if unread else []), *notes]), *grants):
        say(line)
    if lines:
        say("By hand, line by line:")
    for line in lines:
        say(f"    {_shown(line)}")


def _agreed(question: str, yes: bool) -> None:
    from coursecloud.cli import refusals

    agreed = yes
    if not yes and sys.stdin.isatty():
        try:
            agreed = typer.confirm(f"{question}?", err=refusals.wanted())
        except typer.Abort:
            agreed = False
    if not agreed:
        refuse(
            "nobody said yes; nothing was changed\n"
            "    rule    who may do what is changed only where somebody says yes\n"
            "    remedy  answer the question with y, or say --yes"
        )


def _do(told: dict[str, Any], act: Any) -> list[str]:
    from coursecloud.course.gcloud import GcloudError

    try:
        return act()
    except GcloudError as error:
        refuse(
            f"Google said no, and the rest was not done: {error}\n    rule    each line is done by itself, in order\n"
            f"    remedy  the same command goes on from there; `{told['command']}` without --run shows what is left",
            1,
        )
    except KeyboardInterrupt:
        refuse("interrupted; the same command goes on from there", 130)


def _end(told: dict[str, Any], lines: list[str]) -> None:
    from coursecloud.cli import refusals

    for line in lines:
        say(line)
    refusals.document(told)
    raise typer.Exit(0)
