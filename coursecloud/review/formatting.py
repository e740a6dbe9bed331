"""How values, money and verdicts are put into words, the same in every format. No word of it is markup."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from coursecloud.common.console import visible as visible
from coursecloud.cost import Estimate, Runway
from coursecloud.cost.table import days
from coursecloud.diff.changes import Change, Operation, PropertyChange
from coursecloud.diff.property_diff import NOTHING, Hidden, leaves, plain
from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy import Finding
from coursecloud.review import differing
from coursecloud.review.access import googles
from coursecloud.review.dangers import Danger, Kind, Level
from coursecloud.review.money import Cost, Findings

VERDICTS = {
    Level.STOP: "STOP",
    Level.LOOK: "LOOK FIRST",
    Level.FINE: "FINE",
    Level.NOTHING: "NO CHANGE",
}

ADVICE = {
    Level.STOP: "Do not merge unless every line here is wanted.",
    Level.LOOK: "Merge when each of these is wanted.",
    Level.FINE: "Nothing is deleted or replaced and no rule is newly broken: it can be merged.",
    Level.NOTHING: "The infrastructure stays as it is: it can be merged.",
}

LOSING = (Kind.REFUSED, Kind.RENAMED, Kind.DATA, Kind.UNPROTECTED, Kind.SHRINKS, Kind.PRUNES, Kind.PROTECTION)
"""Dangers with which nobody can say that no data is lost."""

DONE = {
    Operation.DELETE: "deleted",
    Operation.REPLACE: "replaced",
    Operation.UPDATE: "updated",
    Operation.CREATE: "created",
    Operation.RENAME: "renamed",
    Operation.SAME: "unchanged",
}


FAILS = "Do not merge: this update would fail."


def advice(level: Level, found: Iterable[Danger], changed: Sequence[str] = ()) -> str:
    """Say what to do; that no data is lost only where nothing can delete any, and no other program than before says so.

    `changed` are the files of the program that differ.
    """
    found = list(found)
    if any(danger.kind is Kind.REFUSED for danger in found):
        return FAILS
    losing = (*LOSING, Kind.PROGRAM)
    safe = level is Level.LOOK and not changed and not any(danger.kind in losing for danger in found)
    return ("No data is lost. " if safe else "") + ADVICE[level]


_SHORT = 70
"""Characters of a text that is shown whole, also where most of it stays."""


def show(value: Any, limit: int | None = 70) -> str:
    """Show a value in one line, cut after `limit` characters.

    >>> show("prod"), show("prod "), show("")
    ('prod', '"prod "', '""')
    """
    if value is NOTHING:
        return "(none)"
    if value == UNKNOWN:
        return "(known only to the real run)"
    if isinstance(value, Hidden):
        return "(secret)"
    text = value if isinstance(value, str) else json.dumps(_unknowns(plain(value)), ensure_ascii=False)
    line = visible(text).replace("\n", "\\n").replace("\t", "\\t")
    if (isinstance(value, str) and value.strip() != value) or value == "":
        line = f'"{line}"'  # blanks at an end are seen so
    return line if limit is None or len(line) <= limit else f"{line[: limit - 1]}…"


def _unknowns(value: Any) -> Any:
    if value == UNKNOWN:
        return "(known only to the real run)"
    if value == {"$secret": True}:
        return "(secret)"
    if isinstance(value, Mapping):
        return {key: _unknowns(entry) for key, entry in cast("Mapping[str, Any]", value).items()}
    return [_unknowns(entry) for entry in cast("list[Any]", value)] if isinstance(value, list) else value


def from_to(change: PropertyChange, limit: int | None = None) -> str:
    """Say what a property was and will be; of lists, what comes and goes, and of long texts where they differ.

    With `limit` what is longer is cut after so many characters: for a place that says where all of it stands.
    """
    old, new = change.old, change.new
    if _plain_list(old) and _plain_list(new):
        gone = [show(entry, limit) for entry in old if entry not in new]
        come = [show(entry, limit) for entry in new if entry not in old]
        if gone or come:
            # What comes stands first: where a list is cut, it is cut in what goes.
            return ", ".join([f"+ {entry}" for entry in come] + [f"- {entry}" for entry in gone])
    if old == UNKNOWN and new == UNKNOWN:
        return "known only to the real run"
    if old == new:
        return f"{show(old, limit)} ({'the new one is known only to the real run' if change.at_run else 'stays'})"
    if isinstance(old, str) and isinstance(new, str) and len(max(old, new, key=len)) > _SHORT:
        old, new = differing.sides(old, new, 40 if limit is None else limit // 4)
    return f"{show(old, limit)} -> {show(new, limit)}"


def _plain_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(entry, Mapping | list) for entry in cast("list[Any]", value))


def marks(change: PropertyChange) -> str:
    """Say what else is to be known of a changed property, or nothing."""
    found = [
        text
        for holds, text in (
            (change.replaces, "replaces"),
            (change.ignored, "no change to Google"),
            (change.prunes and not change.replaces, "can delete content"),
        )
        if holds
    ]
    return f" [{', '.join(found)}]" if found else ""


def text_diff(change: PropertyChange) -> list[str] | None:
    """Compare a text of several lines, such as a start-up script; None for other values."""
    old, new = ("" if side is NOTHING else side for side in (change.old, change.new))
    if not (isinstance(old, str) and isinstance(new, str) and "\n" in old + new):
        return None
    return list(difflib.unified_diff(visible(old).splitlines(), visible(new).splitlines(), lineterm="", n=1))[2:]


def summary(change: Change) -> str:
    """Say of a resource that comes what matters most: who is granted what, or its size and place."""
    if change.operation is not Operation.CREATE:
        return ""
    inputs = change.resource.inputs
    if "member" in inputs and "role" in inputs:
        member = change.resource.at_run.get("member", inputs["member"])
        service = " (a service of Google's in this project)" if googles(change) else ""
        return f"{show(inputs['role'])} to {show(member)}{service}"
    image = next((entry for keys, entry in leaves((), dict(inputs)) if keys[-1:] == ("image",)), None)
    matters = [inputs.get(key) for key in MATTERS] + [image]
    return ", ".join(show(entry) for entry in matters if isinstance(entry, str | int))


def brought(change: Change) -> str:
    """Say with which inputs a resource comes, whole but for its scripts: no stack file says what a program asks for."""
    scripted = list(scripts(change))
    return ", ".join(
        f"{visible(entry.path)}: {show(entry.new, None)}" for entry in change.inputs if entry not in scripted
    )


def files(paths: Sequence[str]) -> str:
    """List some files."""
    return ", ".join(paths[:6]) + (f" and {len(paths) - 6} more" if len(paths) > 6 else "")


def counted(count: int, what: str) -> str:
    """Count things: `1 file`, `2 files`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def scripts(change: Change) -> Iterator[PropertyChange]:
    """Take from the inputs of a resource that comes the texts of several lines: what a machine runs is to be read."""
    yield from (entry for entry in change.inputs if isinstance(entry.new, str) and "\n" in entry.new)


MATTERS = ("machineType", "type", "size", "location", "zone", "ipCidrRange", "schedule", "role", "service")
"""The inputs by which a reader knows a new resource, where it has them."""


def reasons(change: Change) -> Iterator[str]:
    """Say why a resource is replaced, a line a reason."""
    for reason in change.reasons:
        because = f" follows {reason.follows}" if reason.follows else ""
        yield f"{reason.property}{because}: {reason.text}"


def order(change: Change) -> str:
    """Say in which order the old and the new one go and come."""
    return "the old one goes first" if change.delete_first else "the new one comes first"


def usd(value: Decimal) -> str:
    """Write an amount in USD to the cent, or to four digits where that would be nothing."""
    digits = 2 if value == 0 or abs(value) >= Decimal("0.01") else 4
    return f"{'-' if value < 0 else ''}${abs(value):.{digits}f}"


def more(value: Decimal) -> str:
    """Write a difference in USD with its sign."""
    return f"+{usd(value)}" if value >= 0 else usd(value)


def _lasting(days: str) -> str:
    return f"{days} days" if days[-1:].isdigit() else days


def cost_rows(cost: Cost) -> list[tuple[str, str, str, str]]:
    """Lay out the cost of both sides: what, before, after and the difference."""
    before, after = cost.before, cost.after

    def money(name: str, case: str, pick: Callable[[Estimate], Decimal]) -> tuple[str, str, str, str]:
        was, will = (pick(side) if side else Decimal(0) for side in (before, after))
        texts = [_at_least(side, usd(value)) if side else "-" for side, value in ((before, was), (after, will))]
        return name, texts[0], texts[1], _difference(will - was, unknown=cost.unknown_in(case))

    def lasts(name: str, pick: Callable[[Estimate], Runway]) -> tuple[str, str, str, str]:
        was, will = (_lasting(days(pick(side), side)) if side else "-" for side in (before, after))
        return name, was, will, ""

    return [
        money("an hour, everything on", "per_hour_on", lambda side: side.per_hour_on),
        money("a day, nothing running", "per_hour_idle", lambda side: side.per_day_idle),
        money("a day, after `make down`", "per_hour_down", lambda side: 24 * side.due.per_hour_down),
        money("a day, as planned", "per_day", lambda side: side.per_day_planned),
        lasts("credit lasts, as planned", lambda side: side.planned),
        lasts("credit lasts, nothing running", lambda side: side.idle),
    ]


def _at_least(estimate: Estimate, text: str) -> str:
    return f"at least {text}" if estimate.at_least else text


def _difference(value: Decimal, *, unknown: bool) -> str:
    """Write what a total changes by; beside what has no known price nothing is a saving."""
    if not unknown:
        return more(value) if value else ""
    return f"at least {more(value)}" if value > 0 else "+?"


def per_hour(cost: Cost | None) -> str:
    """Say in few characters what a change adds to an hour with everything on; empty where nothing."""
    if cost is None:
        return ""
    return hourly(cost.per_hour, unknown=cost.unknown_in("per_hour_on"))


def hourly(more_usd: Decimal, *, unknown: bool) -> str:
    """Write a difference in USD an hour; `unknown` says that something has no known price, so that it is no saving."""
    if unknown:
        return f"at least {more(more_usd)}/h" if round(more_usd, 4) > 0 else "+? /h"
    return f"{more(more_usd)}/h" if round(more_usd, 4) else ""


def rules(findings: Findings) -> Iterator[tuple[str, Sequence[Finding]]]:
    """Put what the rules say of a change under headings, gravest first. What stays broken is not among them."""
    headings = {"violation": "newly broken", "unknown": "for the real run to judge", "advice": "with new advice"}
    groups = [(heading, [f for f in findings.new if f.level == level]) for level, heading in headings.items()]
    for heading, found in (*groups, ("mended", findings.fixed)):
        if found:
            yield heading, found
