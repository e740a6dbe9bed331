"""`coursecloud prices`: how old the prices are, and new ones from Google."""

import datetime
import json
import os
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from coursecloud.cli.commands.shared import BROKEN_RULE, refuse
from coursecloud.cli.groups import Flags
from coursecloud.cli.listed import COMMANDS
from coursecloud.common import project
from coursecloud.common.ages import OLD_PRICES

app = typer.Typer(
    name="prices",
    cls=Flags,
    help=COMMANDS["prices"].help,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_TableFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder of the price files; the tool's unless given.")
]


@app.command("check")
def check(
    *,
    data: _TableFolder = None,
    days: Annotated[int, typer.Option(min=0, help="Warn of prices that are older than this many days.")] = OLD_PRICES,
    today: Annotated[datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Count from this day.")] = None,
) -> None:
    """Say how old each price file is. Exit code 3 where one is older than `--days`."""
    from rich.table import Table
    from rich.text import Text

    from coursecloud.cli import render

    files = _read(data)
    now = (today or datetime.datetime.now(tz=datetime.UTC)).date()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("file", "prices of", "days old", ""):
        table.add_column(heading, justify="right" if heading == "days old" else "left", overflow="fold")
    old = False
    for name, content in files.items():
        if name == "prices-skus":
            continue
        date = datetime.date.fromisoformat(content["date"])
        age = (now - date).days
        old = old or age > days
        advice = "" if age <= days else _REMEDY[name]
        table.add_row(name, str(date), str(age), Text(project.as_typed(advice), "yellow"))
    render.console().print(table)
    if old:
        raise typer.Exit(BROKEN_RULE)


_REMEDY = {
    "prices-compute": "run `coursecloud prices refresh`",
    "prices-services": "run `coursecloud prices refresh`, and look up by hand what it cannot match",
    "prices-currencies": "write the rates of a newer day, or `usdRate` into the stack file",
}


@app.command("refresh")
def refresh(
    *,
    data: _TableFolder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
) -> None:
    """Renew the price files from the Cloud Billing catalog, with your Google credentials.

    Exit code 1 where Google refuses or answers in half, 2 without credentials; then nothing is written.
    """
    import google.auth
    from google.auth import exceptions
    from google.auth.transport.requests import AuthorizedSession
    from rich.text import Text

    from coursecloud.cli import render
    from coursecloud.common import writing
    from coursecloud.cost import catalog, prices, skus
    from coursecloud.cost import refresh as merging

    files = _read(data)
    mapping = files["prices-skus"]
    try:
        credentials, _ = cast("tuple[Any, Any]", google.auth.default(scopes=[catalog.SCOPE]))
    except exceptions.DefaultCredentialsError:
        refuse("there are no Google credentials.\n    remedy  run `gcloud auth application-default login`")
    # The variable with which gcloud itself is sent to another endpoint.
    url = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING", catalog.URL).rstrip("/")
    session = AuthorizedSession(credentials)
    try:
        found = [
            price
            for name, service in mapping["services"].items()
            for price in skus.prices(name, catalog.skus(session, service, url=url), mapping["rules"])
        ]
        today = datetime.datetime.now(tz=datetime.UTC).date()
        new = merging.refreshed(files["prices-compute"], files["prices-services"], found, mapping, today)
    except (catalog.CatalogError, skus.MalformedError, merging.TooLittleError) as error:
        remedy = "" if "remedy" in str(error) else "; nothing was written.\n    remedy  try again later"
        render.console(error=True).print(Text(f"{error}{remedy}"), soft_wrap=True)
        raise typer.Exit(1) from None
    if not dry_run:
        rest, families = merging.by_family(new.compute, prices.families(data or prices.DATA))
        tables = {"prices-compute": rest, "prices-services": new.services}
        tables |= {f"{prices.FAMILIES}/{family}": table for family, table in families.items()}
        try:
            merging.write(data or prices.DATA, tables)
        except writing.WriteError as error:
            refuse(str(error.strerror))
    _report(new, dry_run=dry_run)


def _report(new: Any, *, dry_run: bool) -> None:
    from coursecloud.cli import render

    console = render.console()
    console.print(f"{len(new.changes)} prices {'would change' if dry_run else 'changed'}")
    for change in new.changes:
        old = "new" if change.old is None else f"{change.old:f}"
        spot = " Spot" if change.spot else ""
        console.print(f"  {change.where} {change.key}{spot}: {old} -> {change.new:f}", soft_wrap=True)
    for heading, labels in (
        ("not in the catalog", new.unmatched),
        ("in the catalog with several prices", new.ambiguous),
    ):
        if labels:
            console.print(f"{len(labels)} kept as they were, {heading}:\n  {', '.join(labels)}", soft_wrap=True)


def _read(data: Path | None) -> dict[str, dict[str, Any]]:
    from coursecloud.cost import prices

    folder = data or prices.DATA
    names = (*prices.FILES, "prices-skus")
    families = sorted(path.stem for path in (folder / prices.FAMILIES).glob("*.json"))
    files: dict[str, dict[str, Any]] = {}
    # Of what has several files, the one that is broken is named.
    for name in (*(f"{prices.FAMILIES}/{family}" for family in families), *names):
        path = folder / f"{name}.json"
        try:
            files[name] = prices.compute(folder) if name == "prices-compute" else prices.read(path)
            datetime.date.fromisoformat(files[name]["date"])
        except (OSError, json.JSONDecodeError, KeyError, ValueError, TypeError) as error:
            refuse(
                f"{path} is no price file ({type(error).__name__}).\n    remedy  take the one of the repository again"
            )
    return {name: files[name] for name in names}
