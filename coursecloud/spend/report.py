"""What a project has used of its credit, to hand in: services, machines, the dearest; as Markdown, CSV and JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from coursecloud.common.console import visible
from coursecloud.spend import account, table, words
from coursecloud.spend.account import Entry
from coursecloud.spend.lives import DISK, INSTANCE
from coursecloud.spend.rates import ZERO
from coursecloud.spend.status import Status
from infra import secrecy

VERSION = 1
COLUMNS = (
    "service", "name", "kind", "what", "machine", "byHand", "state", "from", "to", "hoursRun", "usd", "amount",
    "currency", "basis",
)  # fmt: skip
"""Columns of the CSV: a row a thing that was there since the start, dearest first."""
SERVICES = {
    "compute.googleapis.com": "Compute Engine",
    "aiplatform.googleapis.com": "Vertex AI",
    "run.googleapis.com": "Cloud Run",
    "notebooks.googleapis.com": "Vertex AI Workbench",
    "sqladmin.googleapis.com": "Cloud SQL",
    "container.googleapis.com": "Kubernetes Engine",
    "tpu.googleapis.com": "Cloud TPU",
}
"""What people call a service, by its host; another is called by that."""
DEAREST = 5
ESTIMATE = (
    "Every amount here is an estimate: time x price of what bills by the hour, from looks at the project and Google's"
    " audit logs, without free tiers, traffic, builds, requests and tax"
)
MEMBERS = (
    "By member nobody can say: a project is shared and Google bills it as one; its logs have who started a thing, and"
    " not whose work it did or who forgot it"
)


@dataclass(frozen=True)
class Part:
    """What belongs together, and what it has cost."""

    name: str
    entries: tuple[Entry, ...]
    usd: Decimal
    hours: Decimal
    """For which machines and jobs of it ran, and all else was there."""

    @property
    def priced(self) -> bool:
        """Whether all of it has a price."""
        return not any(entry.unknown for entry in self.entries)

    @property
    def what(self) -> str:
        """Say what it is, by what of it costs most an hour."""
        most = max(self.entries, key=lambda each: each.rate.runs or ZERO)
        return most.rate.what or most.kind


def entries(status: Status) -> tuple[Entry, ...]:
    """List what has cost something since the start, or has no price, dearest first."""
    found = [each for each in status.account.entries if each.spent(status.start, status.at) or each.unknown]
    return tuple(sorted(found, key=lambda each: (-each.spent(status.start, status.at), each.name)))


def by_service(status: Status) -> tuple[Part, ...]:
    """Add up by service, dearest first."""
    return _parts(status, entries(status), service)


def by_machine(status: Status) -> tuple[Part, ...]:
    """Add up by machine, each with the boot disk that has its name, dearest first; all lives of a name are one."""
    machines = {each.life.resource for each in status.account.entries if "/instances/" in each.life.resource}
    found = [each for each in entries(status) if _machine(each) in machines]
    return _parts(status, found, _machine)


def service(entry: Entry) -> str:
    """Name the service that bills a thing."""
    host = entry.life.resource.removeprefix("//").partition("/")[0]
    return SERVICES.get(host, host)


def _machine(entry: Entry) -> str:
    """Give the full name of the machine that a thing is, or is the boot disk of."""
    return entry.life.resource.replace("/disks/", "/instances/")


def _parts(status: Status, found: tuple[Entry, ...] | list[Entry], key: Callable[[Entry], str]) -> tuple[Part, ...]:
    of = dict[str, list[Entry]]()
    for entry in found:
        of.setdefault(key(entry), []).append(entry)
    made = [
        Part(name, tuple(each), sum((one.spent(status.start, status.at) for one in each), ZERO), _ran(status, each))
        for name, each in of.items()
    ]
    return tuple(sorted(made, key=lambda each: (-each.usd, each.name)))


def _ran(status: Status, found: list[Entry]) -> Decimal:
    machines = [each for each in found if each.life.shape is None or each.life.shape.asset != DISK]
    return sum((_hours(status, each) for each in machines or found), ZERO)


def _hours(status: Status, entry: Entry) -> Decimal:
    runs = (use for use in entry.life.uses if use.state == "runs")
    return sum((account.hours(use, status.start, status.at) for use in runs), ZERO)


def markdown(status: Status) -> str:
    """Write the report; its first line is what was spent."""
    return secrecy.hide("\n".join(_lines(status))) + "\n"


def _lines(status: Status) -> Iterator[str]:
    least = "at least " if status.at_least else ""
    yield f"# {_code(status.project)} has spent {least}{_part(status, status.spent)}, as an estimate"
    begin, end = (f"{at.astimezone(status.zone):%Y-%m-%d %H:%M}" for at in (status.start, status.at))
    yield f"\nFrom {begin} to {end} ({status.zone.key}), stack {_code(status.stack)}. In USD, without tax.\n"
    yield from _table(
        ("service", "spent", "of the credit"),
        [(each.name, _spent(each), _share(status, each.usd)) for each in by_service(status)],
    )
    yield "\n## Machines, each with its boot disk\n"
    machines = [
        (_code(each.name.rpartition("/")[2]), _code(each.what), f"{each.hours:.1f}", _spent(each),
         _share(status, each.usd))
        for each in by_machine(status)
    ]  # fmt: skip
    yield from _table(("machine", "what", "hours run", "spent", "of the credit"), machines)
    yield "\n## The dearest\n"
    for number, each in enumerate(entries(status)[:DEAREST], 1):
        spent = words.money(each.spent(status.start, status.at))
        hand = ", made by hand" if _by_hand(each) else ""
        yield f"{number}. {_code(each.name)} ({each.kind}, {_code(each.rate.what or each.kind)}){hand}: {spent}"
    yield "\n## What these figures are\n"
    doubt = f"; {words.money(status.doubt)} of it is in doubt, as no log has said what was done" if (
        status.doubt >= words.CENT) else ""  # fmt: skip
    yield f"- {ESTIMATE}{doubt}."
    yield f"- Billed: {words.billed(status)}."
    yield f"- {MEMBERS}."
    for text in (*status.unknown, *status.unread, *status.notes):
        yield f"- {_plain(text)}."


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        yield "None."
        return
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _spent(part: Part) -> str:
    return f"{'' if part.priced else 'at least '}{words.money(part.usd)}"


def _part(status: Status, usd: Decimal) -> str:
    share = _share(status, usd)
    of = f" ({share})" if share != "?" else ""
    return f"{words.own(status, usd)} of the credit of {words.credit(status)}{of}"


def _share(status: Status, usd: Decimal) -> str:
    if status.rate is None or not status.credit:
        return "?"
    return f"{usd / (status.credit * status.rate.usd):.1%}"


def _by_hand(entry: Entry) -> bool:
    return bool(not entry.life.declared and entry.life.last_seen)


def _code(text: str) -> str:
    """Put text that anyone may have written into a code span of a table, where nothing of it is markup."""
    line = re.sub(r"\s+", " ", visible(text)).strip().replace("|", "¦").replace("`", "'")
    return f"`{line or ' '}`"


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_#<>\[\]|])", r"\\\1", re.sub(r"\s+", " ", visible(text))).rstrip(".")


def rows(status: Status) -> list[dict[str, Any]]:
    """Give the rows of the CSV, and of `things` in the JSON."""
    return [_row(status, each) for each in entries(status)]


def _row(status: Status, each: Entry) -> dict[str, Any]:
    usd = each.spent(status.start, status.at)
    own = status.in_currency(usd) if status.rate else None
    machine = _machine(each) if "/instances/" in _machine(each) else ""
    is_machine = each.life.shape is not None and each.life.shape.asset in (INSTANCE, DISK)
    return {
        "service": service(each),
        "name": secrecy.hide(each.name),
        "kind": each.kind,
        "what": secrecy.hide(each.rate.what),
        "machine": machine.rpartition("/")[2] if is_machine else "",
        "byHand": _by_hand(each),
        "state": each.state,
        "from": max(each.life.uses[0].begin, status.start).isoformat(),
        "to": (each.life.now.begin if each.state == "gone" else status.at).isoformat(),
        "hoursRun": round(float(_hours(status, each)), 2),
        "usd": None if each.rate.runs is None else round(float(usd), 4),
        "amount": None if each.rate.runs is None or own is None else round(float(own), 4),
        "currency": status.currency,
        "basis": "estimate",
    }


def to_json(status: Status) -> dict[str, Any]:
    """Give the form of `--json`; docs/json.md documents its fields."""

    def part(each: Part) -> dict[str, Any]:
        return {"name": each.name.rpartition("/")[2], "usd": round(float(each.usd), 4),
                "hours": round(float(each.hours), 2), "priced": each.priced}  # fmt: skip

    return {
        "version": VERSION,
        "stack": status.stack,
        "project": status.project,
        "since": status.start.isoformat(),
        "at": status.at.isoformat(),
        "spent": round(float(status.spent), 4),
        "atLeast": status.at_least,
        "inDoubt": round(float(status.doubt), 4),
        "credit": {"amount": float(status.credit), "currency": status.currency},
        **table.billed(status),
        "members": None,
        "services": [part(each) for each in by_service(status)],
        "machines": [part(each) for each in by_machine(status)],
        "things": rows(status),
        "unknown": list(status.unknown),
        "unread": list(status.unread),
        "notes": list(status.notes),
    }
