"""`coursecloud status`: what runs, what it has cost, and when the credit ends."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from coursecloud.cli.commands.shared import AsJson, Stack, project_here, refuse

if TYPE_CHECKING:
    from coursecloud.deploy.cloud import Cloud, CloudError
    from coursecloud.spend.ledger import Ledger
    from coursecloud.spend.model import Look
    from coursecloud.spend.status import Status
    from infra.settings import Settings

EACH = 60
"""Seconds between two looks of `--watch`: a look is some twenty requests, and a minute costs cents at most."""
KEPT_EACH = 3600
"""Seconds between two times that `--watch` writes the ledger."""


def command(
    stack: Stack = "dev",
    *,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option(help="Look again each minute, until Ctrl-C.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with the credit over the days into this file.")
    ] = None,
) -> None:
    """Run `coursecloud status`."""
    if watch and (as_json or html):
        refuse(
            "--watch is for a terminal, --json and --html are one answer.\n    remedy  leave one of them out; a script"
            " calls `coursecloud status --json` again"
        )
    from coursecloud.deploy.cloud import Cloud, CloudError

    settings, config = opened(stack)
    cloud, written = Cloud(os.environ, config), float("-inf")
    try:
        while True:
            write = time.monotonic() - written >= KEPT_EACH
            _show(cloud, settings, as_json=as_json, html=html, write=write, again=watch)
            if not watch:
                return
            written = time.monotonic() if write else written
            time.sleep(EACH)
            cloud = Cloud(os.environ, config)  # which forgets who did not answer
    except CloudError as error:
        unreached(settings, error)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def opened(stack: str) -> "tuple[Settings, dict[str, object]]":
    """Read the stack file of the project that one stands in: its settings, and its keys; refuse an example."""
    from coursecloud.common import stack_file
    from coursecloud.deploy import preconditions
    from infra.settings import SettingsError

    root = project_here()
    try:
        settings = preconditions.settings_of(root, stack)
        config = stack_file.read(stack, stack_file.path_of(stack, root))
    except SettingsError as error:
        refuse(error)
    if settings.project == preconditions.EXAMPLE_PROJECT:
        refuse(
            f"gcp:project is {settings.project}\n    rule    this id is an example; nothing runs there\n"
            f"    remedy  write your project's id into {stack_file.path_of(stack, root).name}"
        )
    return settings, dict(config)


def unreached(settings: "Settings", error: "CloudError") -> NoReturn:
    """Say that Google was not reached, or said no, and what that means."""
    refuse(
        f"{settings.project} was not looked at: {error.words}\n    remedy  what runs there goes on running, and"
        " bills; try again, or see https://console.cloud.google.com/compute/instances"
        f"?project={settings.project}",
        1,
    )


def _show(cloud: "Cloud", settings: "Settings", *, as_json: bool, html: Path | None, write: bool, again: bool) -> None:
    from coursecloud.common import console, progress, writing
    from coursecloud.spend import page, table

    with progress.shown(f"Looking at {settings.project}"):
        status = look(cloud, settings, write=write)
    if html:
        try:
            writing.report(html, page.full(status))
        except writing.WriteError as error:
            refuse(f"--html {error}")
    if as_json:
        from coursecloud.cli import refusals

        refusals.document(table.to_json(status))
        return
    screen = console.console()
    if again and screen.is_terminal:
        screen.clear()
    console.report(table.full(status))
    if again:
        console.say(f"\nnext look in {EACH} s; Ctrl-C ends it, and nothing else")


def look(cloud: "Cloud", settings: "Settings", *, write: bool = True) -> "Status":
    """Look at a stack's project, keep what was seen, and say where it stands. Raises CloudError."""
    from coursecloud.cost import prices
    from coursecloud.deploy import billed, budgets, last_update
    from coursecloud.deploy.cloud import CloudError, escaped
    from coursecloud.deploy.ledger_object import LedgerObject
    from coursecloud.look import look as look_at
    from coursecloud.look import places
    from coursecloud.spend import ledger as ledgers
    from coursecloud.spend import status as statuses
    from coursecloud.spend import store
    from coursecloud.spend.rates import Rates

    found = cloud.get("resourceManager", f"projects/{escaped(settings.project)}")
    number = str(found.get("projectNumber") or "")
    if not number:
        raise CloudError(0, f"Google gave no number of project {settings.project}")
    now = cloud.now()

    def since(known: "Ledger") -> "Look":
        start = statuses.start_of(settings, None, now)
        # What older looks found is asked for where it was: newer logs do not name a job that was begun days ago.
        where = {settings.region, settings.training.region or settings.region, *places(known.names)}
        return look_at(
            settings.project, cloud, ledgers.read_from(known, start, now), stack=settings.stack, regions=where
        )

    objects = LedgerObject(cloud, last_update.bucket_of(settings), number)
    kept = store.look_and_keep(objects, number, since, write=write)
    about = budgets.look(cloud, settings.project)
    told = billed.look(cloud, settings.project, settings.stack)
    return statuses.of(kept.ledger, settings, Rates(settings, prices.load()), kept.notes, about, told)
