"""`coursecloud prices`: how old the prices are, and new ones from Google."""

import datetime
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from coursecloud.cli.commands.price_changes import form, hold, report
from coursecloud.cli.commands.shared import BROKEN_RULE, AsJson, refuse
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

_KEY = "GOOGLE_API_KEY"
"""The variable that may hold an API key."""

_TableFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder of the price files; the tool's unless given.")
]


@app.command("check")
def check(
    *,
    data: _TableFolder = None,
    days: Annotated[int, typer.Option(min=0, help="Warn of prices that are older than this many days.")] = OLD_PRICES,
    today: Annotated[datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Count from this day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say how old each price file is. Exit code 3 where one is older than `--days`."""
    from coursecloud.cli import refusals
    from coursecloud.cost import prices

    files = _read(data)
    now = (today or datetime.datetime.now(tz=datetime.UTC)).date()
    rows: list[dict[str, Any]] = []
    for name, content in files.items():
        if name != "prices-skus":
            date = prices.dated(content)
            old = (now - date).days > days
            remedy = project.as_typed(_REMEDY[name]) if old else None
            rows.append({"file": name, "date": str(date), "days": (now - date).days, "old": old, "remedy": remedy})
    services, families = _by_hand(files, data)
    byhand = {"services": services, "machineFamilies": families}
    if as_json:
        refusals.document({"version": 1, "today": str(now), "files": rows, "byHand": byhand})
    else:
        _print_ages(rows, services, families)
    if any(row["old"] for row in rows):
        raise typer.Exit(BROKEN_RULE)


def _print_ages(rows: list[dict[str, Any]], services: list[str], families: list[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    from coursecloud.cli import render

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("file", "prices of", "days old", ""):
        table.add_column(heading, justify="right" if heading == "days old" else "left", overflow="fold")
    for row in rows:
        table.add_row(row["file"], row["date"], str(row["days"]), Text(row["remedy"] or "", "yellow"))
    console = render.console()
    console.print(table)
    for line in _apart(services, families):
        console.print(Text(project.as_typed(line)), soft_wrap=True)


_REMEDY = {
    "prices-compute": "run `coursecloud prices refresh`",
    "prices-services": "run `coursecloud prices refresh`",
    "prices-currencies": "write the rates of a newer day, or `usdRate` into the stack file",
}


def _by_hand(files: Mapping[str, Mapping[str, Any]], data: Path | None) -> tuple[list[str], list[str]]:
    """List what no refresh renews: prices of services, and machine families."""
    from coursecloud.cost import prices, refresh

    services = refresh.by_hand(files["prices-services"], files["prices-skus"])
    return list(services), list(refresh.families_by_hand(prices.families(data or prices.DATA), files["prices-skus"]))


def _apart(services: list[str], families: list[str]) -> Iterator[str]:
    """Say what no refresh renews, and who can."""
    if services:
        yield (
            f"\nNo refresh renews {', '.join(services)}: no SKU of the catalog is known for them. Their pages are named"
            " in prices-services.json; a newer price and its day are a pull request."
        )
    if families:
        yield (
            f"No refresh renews the machine families {', '.join(families)}; another dated table does:"
            " `coursecloud prices refresh --from TABLE.json --date DAY --source URL`, as a pull request."
        )


_Downloaded = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        help="Pages of the catalog as downloaded, all of a service, or a table of machine types' prices; repeatable.",
    ),
]


@app.command("refresh")
def refresh(
    *,
    data: _TableFolder = None,
    downloaded: _Downloaded = None,
    date: Annotated[
        datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of a table that --from names.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="The address of a table that --from names.")] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Only this machine family of a table that --from names; repeatable.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help=f"File that holds an API key; else the variable {_KEY}, else credentials.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take prices that are more than twice or less than half of the old ones.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Renew the price files: from Google with your credentials or an API key, or from what you downloaded.

    Exit code 1 where Google refuses or answers in half, 2 for a mistake in the input, without credentials, or where a
    price jumps and nobody accepts it; then nothing is written.
    """
    from coursecloud.cli import refusals
    from coursecloud.common import writing
    from coursecloud.cost import catalog, prices
    from coursecloud.cost import downloaded as downloads
    from coursecloud.cost import refresh as merging

    files = _read(data)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    try:
        contents = downloads.load(downloaded or [])
        table = downloads.table(contents[0]) if len(contents) == 1 else None
        if table is not None:
            if date is None or source is None:
                refuse("a table says neither its day nor where it is from.\n    remedy  add --date DAY --source URL")
            new, tables, skipped = _of_table(files, data, table, date.date(), source, family, today)
        else:
            mapping = files["prices-skus"]
            pages = downloads.pages(contents, mapping["services"]) if downloaded else _asked(mapping, key_file)
            found, skipped = merging.read(pages, mapping)
            new = merging.refreshed(files["prices-compute"], files["prices-services"], found, mapping, today)
            rest, families = merging.by_family(new.compute, prices.families(data or prices.DATA))
            tables = {"prices-compute": rest, "prices-services": new.services}
            tables |= {f"{prices.FAMILIES}/{name}": entry for name, entry in families.items()}
    except (catalog.CatalogError, merging.TooLittleError) as error:
        remedy = "" if "remedy" in str(error) else "; nothing was written.\n    remedy  try again later"
        refuse(f"{error}{remedy}", 2 if downloaded else 1)
    if not dry_run:
        hold(new, accept=accept)
        try:
            merging.write(data or prices.DATA, tables)
        except writing.WriteError as error:
            refuse(str(error.strerror))
    if as_json:
        refusals.document(form(new, skipped, dry_run=dry_run))
    else:
        report(new, skipped, dry_run=dry_run)


def _of_table(
    files: Mapping[str, Mapping[str, Any]],
    data: Path | None,
    table: Any,
    date: datetime.date,
    source: str,
    only: list[str] | None,
    today: datetime.date,
) -> tuple[Any, dict[str, Any], list[str]]:
    """Renew machine families by a table, and local SSD with them."""
    from coursecloud.cost import by_table, prices

    title = {"title": f"Prices of machine types of {date}", "url": source, "read": f"{today}, of {date}"}
    own = prices.families(data or prices.DATA)
    compute = prices.read((data or prices.DATA) / "prices-compute.json")
    new, families = by_table.renewed(compute, own, table, files["prices-skus"], title, date, only)
    tables = {"prices-compute": new.compute} | {f"{prices.FAMILIES}/{name}": each for name, each in families.items()}
    return new, tables, []


def _asked(mapping: Mapping[str, Any], key_file: Path | None) -> dict[str, list[object]]:
    """Ask Google for every SKU of the services."""
    from coursecloud.cost import catalog

    session = _session(key_file)
    # The variable with which gcloud itself is sent to another endpoint.
    url = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING", catalog.URL).rstrip("/")
    return {name: catalog.skus(session, service, url=url) for name, service in mapping["services"].items()}


def _session(key_file: Path | None) -> Any:
    """Open a session with an API key if there is one, else with the user's credentials."""
    import google.auth
    from google.auth import exceptions
    from google.auth.transport.requests import AuthorizedSession

    from coursecloud.cost import catalog
    from infra import files

    key = os.environ.get(_KEY, "")
    if key_file is not None:
        try:
            key = files.text_of(key_file)
        except (OSError, ValueError) as error:
            why = error if isinstance(error, files.NotReadError) else type(error).__name__
            refuse(f"--key-file {key_file} cannot be read ({why}).\n    remedy  name a file with a key")
    if key.strip():
        if not re.fullmatch(r"[A-Za-z0-9_.-]{20,200}", key.strip()):
            place = _KEY if key_file is None else f"--key-file {key_file}"
            refuse(
                f"{place} holds no API key (it is not shown).\n"
                "    rule    a key is one word of letters, digits, - and _\n"
                "    remedy  `gcloud services api-keys get-key-string KEY` prints one"
            )
        return catalog.with_key(key.strip())
    try:
        credentials, _ = cast("tuple[Any, Any]", google.auth.default(scopes=[catalog.SCOPE]))
    except exceptions.DefaultCredentialsError:
        refuse(
            "there are no Google credentials.\n    remedy  run `gcloud auth application-default login`, give an API key"
            f" ({_KEY} or --key-file), or download the pages and give them with --from"
        )
    return AuthorizedSession(credentials)


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
