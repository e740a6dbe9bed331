"""A status for a terminal, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from coursecloud.spend import words
from coursecloud.spend.account import Entry
from coursecloud.spend.status import Status
from coursecloud.spend.thing import Thing
from infra import secrecy

VERSION = 1


def full(status: Status) -> RenderableType:
    """Lay out the screen: the consequence, what runs, the money, and the next command for each thing."""
    grave = status.over or status.blind or (status.ends is not None and status.lease_ends is not None
                            and status.ends.astimezone(status.zone).date() < status.lease_ends)  # fmt: skip
    at = Text(words.looked(status), "dim")
    first = Text(secrecy.hide(words.headline(status)), "bold red" if grave else "bold green")
    parts: list[RenderableType] = [first, at, Text()]
    if status.things:
        parts += [_things(status), Text()]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for word, text in words.sentences(status):
        grid.add_row(Text(word, "bold yellow" if word in words.GRAVE else "bold"), Text(secrecy.hide(text)))
    parts.append(grid)
    if status.things:
        parts += [Text(), Text("what ends each, or starts it again", "bold yellow")]
        # What ends with the whole stack alone stands together, for nobody to think that it goes by itself.
        whole = [each for each in status.things if each.whole]
        for some in (*([each] for each in status.things if not each.whole), *([whole] if whole else [])):
            names = [((", " if number else "") + secrecy.hide(each.called), "bold cyan",
                      "" if each.boots else f" ({each.entry.kind}{'' if each.whole else words.whose(each)})")
                     for number, each in enumerate(some)]  # fmt: skip
            line = Text.assemble(*(part for name, style, more in names for part in ((name, style), more)))
            parts.append(Padding(line.append(f": {words.follows(some[0])}"), (0, 0, 0, 2)))
            parts.append(_Command(secrecy.hide(some[0].command)))
    return Group(*parts)


@dataclass(frozen=True)
class _Command:
    """A command to paste: where it is wider than the terminal it goes on in the next line, as the shell has it."""

    line: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = [""]
        for word in self.line.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and len(longer) + len("      \\ ") > options.max_width:
                lines.append(word)
            else:
                lines[-1] = longer
        for number, line in enumerate(lines):
            more = " \\" if number < len(lines) - 1 else ""
            yield Text(f"{'      ' if number else '    '}{line}{more}", overflow="ignore", no_wrap=True)


def _things(status: Status) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("", overflow="fold", ratio=2)
    table.add_column("", overflow="fold", ratio=3)
    for heading in ("an hour", "today", "in all"):
        table.add_column(heading, justify="right", no_wrap=True, header_style="dim")
    for each in status.things:
        made = "" if each.entry.life.declared else " (by hand)" if each in status.by_hand else ""
        name = "  its boot disk" if each.boots else each.entry.name
        what = each.entry.rate.what or each.entry.kind
        assumed = ", as `usage` assumes" if each.entry.rate.assumed else ""
        table.add_row(
            Text(f"{secrecy.hide(name)}{made}", "bold" if each in status.running else ""),
            Text(secrecy.hide(f"{what}{assumed}, {words.state(status, each)}")),
            words.money(each.entry.per_hour),
            words.money(each.today),
            words.money(each.spent),
        )
    shown, rest = words.gone(status)
    for entry in shown:
        table.add_row(secrecy.hide(entry.name), secrecy.hide(words.was(status, entry)), "",
                      words.money(entry.spent(status.midnight, status.at)),
                      words.money(entry.spent(status.start, status.at)), style="dim")  # fmt: skip
    if rest:
        names = ", ".join(dict.fromkeys(each.name for each in rest))
        past = [sum((each.spent(begin, status.at) for each in rest), Decimal(0))
                for begin in (status.midnight, status.start)]  # fmt: skip
        table.add_row(f"{len(rest)} more", secrecy.hide(f"gone: {names}"), "", *map(words.money, past), style="dim")
    table.add_row("total", "at least" if status.at_least else "", words.money(status.per_hour),
                  words.money(status.today), words.money(status.spent), style="bold")  # fmt: skip
    return table


def to_json(status: Status) -> dict[str, Any]:
    """Give the form of `--json`; docs/json.md documents its fields."""
    return {
        "version": VERSION,
        "stack": status.stack,
        "project": status.project,
        "at": _time(status.at),
        "headline": words.headline(status),
        "atLeast": status.at_least,
        "perHour": _usd(status.per_hour),
        "today": _usd(status.today),
        "spent": _usd(status.spent),
        "inDoubt": _usd(status.doubt),
        "since": _time(status.start),
        "timeZone": status.zone.key,
        "logsUntil": _time(status.logs_until),
        **billed(status),
        "credit": {
            "amount": float(status.credit),
            "currency": status.currency,
            "usdRate": None if status.rate is None else float(status.rate.usd),
            "left": _usd(status.left),
            "reserve": _usd(status.reserve),
            "ends": _time(status.ends),
            "saveBy": _time(status.save_by),
            "dataGoes": None if status.data_goes is None else str(status.data_goes),
            "alert": None if status.passed is None else float(status.passed),
        },
        "withoutDearest": _without(status),
        "budgets": _budgets(status),
        "leaseEnds": None if status.lease_ends is None else str(status.lease_ends),
        "leaseDays": status.lease_days,
        "ceiling": _usd(status.ceiling),
        "things": [_thing(status, each) for each in status.things],
        "gone": [_gone(status, each) for each in status.gone],
        "unknown": list(status.unknown),
        "unread": list(status.unread),
        "notes": list(status.notes),
    }


def billed(status: Status) -> dict[str, Any]:
    """Give the two fields of what Google has billed, for this form and the report's."""
    bill = status.billed.bill
    if bill is None:
        return {"billed": None, "billedUnknown": status.billed.reason}
    told = {"amount": float(bill.amount), "currency": bill.currency, "since": _time(bill.since), "at": _time(bill.at),
            "budget": bill.budget, "counted": _usd(status.counted)}  # fmt: skip
    return {"billed": told, "billedUnknown": None}


def _without(status: Status) -> dict[str, Any] | None:
    then = status.without
    if then is None:
        return None
    return {
        "resource": then.thing.entry.life.resource,
        "command": then.thing.command,
        "saves": _usd(then.saved),
        "perHour": _usd(then.per_hour),
        "creditEnds": _time(then.ends),
    }


def _budgets(status: Status) -> dict[str, Any] | None:
    told = status.budgets
    if told is None:
        return None
    found = None if told.found is None else [
        {"name": each.name, "displayName": each.shown, "amount": each.amount, "cap": each.cap,
         "creditsTakenOff": each.credits_off}
        for each in told.found
    ]  # fmt: skip
    return {"found": found, "reason": told.reason or None}


def _thing(status: Status, each: Thing) -> dict[str, Any]:
    entry = each.entry
    return {
        "resource": entry.life.resource,
        "name": entry.name,
        "kind": entry.kind,
        "bootDisk": each.boots,
        "what": entry.rate.what,
        "state": entry.state,
        "since": _time(entry.since),
        "reason": entry.reason or None,
        "startedBy": entry.life.by or None,
        "lastSeen": _time(entry.life.last_seen),
        "lost": entry.life.lost,
        "perHour": _usd(entry.per_hour),
        "today": _usd(each.today),
        "spent": _usd(each.spent),
        "ends": _time(each.ends),
        "declared": entry.life.declared,
        "byHand": each in status.by_hand,
        "assumed": entry.rate.assumed,
        "byUse": entry.rate.by_use,
        "command": each.command,
        "wholeStack": each.whole,
        "loses": each.loses,
    }


def _gone(status: Status, entry: Entry) -> dict[str, Any]:
    return {
        "resource": entry.life.resource,
        "name": entry.name,
        "kind": entry.kind,
        "from": _time(entry.life.uses[0].begin),
        "to": _time(entry.life.now.begin),
        "reason": entry.reason or None,
        "startedBy": entry.life.by or None,
        "spent": _usd(entry.spent(status.start, status.at)),
    }


def _usd(usd: Decimal | None) -> float | None:
    return None if usd is None else round(float(usd), 6)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
