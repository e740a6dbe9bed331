"""What `coursecloud course join` and `leave` begin with: whom it is about, and what the project has of it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from coursecloud.cli.commands.shared import project_here, refuse

if TYPE_CHECKING:
    from coursecloud.course.authority import Purpose, Wanted
    from coursecloud.course.gcloud import Gcloud
    from coursecloud.course.joining import There
    from infra.settings import Settings

T = TypeVar("T")


def opened(stack: str) -> "tuple[Settings, Path]":
    """Read the stack file of the project that one stands in, and say which project that is."""
    from coursecloud.cli.commands import status

    settings, _ = status.opened(stack)
    return settings, project_here()


def purposes(only: list[str] | None) -> "list[Purpose]":
    """Read `--only`; all of them where it is not said."""
    from coursecloud.course.authority import DOES, PURPOSES
    from infra.settings.problem import nearest

    given = [each.strip() for text in only or () for each in text.split(",") if each.strip()]
    if wrong := [each for each in given if each not in PURPOSES]:
        refuse(
            f"--only {', '.join(wrong)}: this is nothing that the course is let do\n    rule    it is let "
            + "; ".join(f"{name}: {does}" for name, does in DOES.items())
            + f"\n    remedy  {nearest(wrong[0], PURPOSES, 'write for example --only look,stop')}"
        )
    return [each for each in PURPOSES if not given or each in given]


def accounts(
    settings: "Settings", purposes: "list[Purpose]", given: Mapping[str, str], *, asked: bool
) -> "dict[Purpose, str]":
    """Say who is let in to what: the stack file's accounts, or those of the command line."""
    from pydantic import TypeAdapter, ValidationError

    from infra.settings.types import ServiceAccount

    for name, address in given.items():
        try:
            TypeAdapter(ServiceAccount).validate_python(address or "a@b.iam.gserviceaccount.com")
        except ValidationError as error:
            rule = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ").replace("\n", " ")
            refuse(
                f"--{name} {address}\n    rule    {rule}\n"
                "    remedy  write it bare, for example page@mlops-course.iam.gserviceaccount.com"
            )
    known: dict[Purpose, str | None] = {
        name: given.get(name) or getattr(settings.course.accounts, name) for name in purposes
    }
    found: dict[Purpose, str] = {name: address for name, address in known.items() if address}
    lacks = [name for name in purposes if name not in found]
    if not found or (asked and lacks):
        refuse(
            f"stack {settings.stack} names no account of the course for {', '.join(lacks)}\n"
            "    rule    who is let in stands in the stack file: coursecloud:course: {accounts: {look: ADDRESS, stop:"
            " ADDRESS, deploy: ADDRESS}}, service accounts that whoever runs the course gives you\n"
            "    remedy  write them there, or name --look ADDRESS or --stop ADDRESS; one that deploys has to stand in"
            " the file, because the stack itself lets it use its accounts"
        )
    return found


def looked(settings: "Settings", stack: str, *, must: bool) -> "tuple[Gcloud, There | None, str]":
    """Ask what is there; where that fails and need not be known, say why."""
    from coursecloud.common import progress
    from coursecloud.course import gcloud, joining

    cloud = gcloud.Gcloud(settings.project, os.environ)
    try:
        with progress.shown(f"Asking who may do what in {settings.project}"):
            return cloud, joining.read(cloud, stack), ""
    except gcloud.GcloudError as error:
        if must:
            not_asked(settings.project, error)
        return cloud, None, f"not looked at, so all of it is shown as if nothing were there: {error}"


def asked(gcloud: "Gcloud", ask: Callable[[], T]) -> T:
    """Ask Google; refuse where it does not answer."""
    from coursecloud.course.gcloud import GcloudError

    try:
        return ask()
    except GcloudError as error:
        not_asked(gcloud.project, error)


def not_asked(project: str, error: Exception) -> NoReturn:
    """Say that nobody knows who may do what, and how to find out."""
    from coursecloud.course.gcloud import INSTALL

    missing = "not on PATH" in str(error)
    refuse(
        f"who may do what in {project} was not read, and nothing was changed: {error}\n"
        "    rule    who owns a project lets others in, by gcloud\n    remedy  "
        + (INSTALL if missing else "`gcloud auth login` as who owns the project, then the same command again"),
        2 if missing else 1,
    )


def wanted(
    settings: "Settings", root: Path, accounts: "dict[Purpose, str]", gcloud: "Gcloud", there: "There | None", end: str
) -> "Wanted":
    """Work out the grants; what only Google knows stands as a word of a shell where nobody could ask."""
    from coursecloud.common import progress, stack_file
    from coursecloud.course import authority
    from coursecloud.plan import planning

    number = asked(gcloud, gcloud.number) if there else "PROJECT_NUMBER"
    with progress.shown(f"Planning {settings.stack}"):
        plan = planning.make(settings.stack, stack_file.path_of(settings.stack, root), root)
    roles = authority.operators(there.roles if there else (), settings)
    return authority.wanted(plan, accounts, number=number, operators=roles, end=end)
