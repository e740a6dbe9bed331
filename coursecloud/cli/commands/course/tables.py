"""What the course's commands print: what a roster would change, what a course costs, how its groups stand."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from coursecloud.cli.commands.course.stacks import Outlook
from coursecloud.course import summary
from infra import files

_KINDS = {"new": "+", "changed": "~", "conflict": "!", "theirs": "?", "leaving": "-", "gone": "-"}


def outlook_headline(outlook: Outlook) -> str:
    """Say in a sentence what an `apply` would do."""
    counts = {
        kind: len(outlook.of(kind)) for kind in ("new", "changed", "same", "conflict", "theirs", "leaving", "gone")
    }
    words = {
        "new": "new",
        "changed": "changed",
        "same": "as they are",
        "conflict": "in CONFLICT with edits by hand, which stay",
        "theirs": "not the roster's, which stay",
        "leaving": "leaving",
        "gone": "put away",
    }
    parts = [f"{counts[kind]} {word}" for kind, word in words.items() if counts[kind]]
    renamed = sum(bool(each.renamed) for each in outlook.changes)
    kept = sum(each.edited and each.kind in ("changed", "same") for each in outlook.changes)
    parts += [f"{renamed} renamed"] if renamed else []
    parts += [f"{kept} with edits by hand that are kept"] if kept else []
    return f"{summary.groups(len(outlook.changes))}: {', '.join(parts) or 'nothing to do'}"


def outlook(outlook: Outlook, *, full: bool) -> Iterator[str]:
    """List what changes: each change once, with the groups that it is made in."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for each in outlook.changes:
        if each.renamed:
            yield f"  = {each.renamed} is called {each.group} now; its stack stays {each.stack}, and with it its data"
        if each.kind != "same" or each.says:
            found.setdefault((each.kind, each.says), []).append(each.stack)
    for (kind, says), stacks in found.items():
        mark = _KINDS.get(kind, "~")
        if not says:
            yield f"  {mark} {_many(stacks)}"
        for number, line in enumerate(says):
            yield f"  {mark} {_many(stacks)}: {line}" if number == 0 else f"      {line}"
    by_hand: dict[tuple[str, ...], list[str]] = {}
    for each in outlook.changes:
        if each.own and each.kind in ("new", "changed", "same"):
            by_hand.setdefault(each.own, []).append(each.stack)
    for own, stacks in by_hand.items():
        yield f"  = {_many(stacks)}, by hand and kept: {'; '.join(own)}"
    if full:
        for each in outlook.changes:
            if each.text is not None:
                path = outlook.folder / f"Pulumi.{each.stack}.yaml"
                before = files.text_of(path).splitlines() if path.exists() else []
                yield from difflib.unified_diff(before, each.text.splitlines(), path.name, path.name, lineterm="")
    yield from (f"  note  {note}" for note in outlook.notes)


def _many(stacks: Sequence[str]) -> str:
    return stacks[0] if len(stacks) == 1 else f"{len(stacks)} groups ({summary.names(stacks)})"


def totals(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Say what a course costs, and what to ask Google for."""
    for currency, money in found["money"].items():
        least = f", without what is not known of {money['unknown']}" if money["unknown"] else ""
        head = (
            f"{summary.groups(money['groups'])}: {money['planned']:,.2f} {currency} as planned of a credit of"
            f" {money['credit']:,.2f} {currency}{least}; {money['perHourOn']:,.2f} {currency} an hour with all of it on"
        )
        yield Text(head, "bold")
    wrong = [f"{found['mistakes']} with a mistake in the file"] if found["mistakes"] else []
    wrong += (
        [f"{found['broken']} break a rule: `coursecloud check --stack NAME` says how it is mended"]
        if found["broken"]
        else []
    )
    if wrong:
        yield Text("  " + "; ".join(wrong), "bold yellow")
    for each in found["quotas"]:
        what = f"{each['count']} in {each['projects']} projects: '{each['quota']}' in {each['region']}"
        yield Text(f"  quota   {what}; each project asks for its own, days before")
    for each in found["gpus"]:
        yield Text(f"  GPUs    {each['count']} {each['model']} in {each['zone']}")


def planned(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Lay out a row a group of a plan: what cannot be counted first, then whose credit ends soonest."""
    heads = (
        "stack",
        "resources",
        "kept",
        "machines",
        "gpus",
        "an hour on",
        "planned",
        "credit",
        "credit ends",
        "broken",
    )
    table = Table(*heads, box=None, pad_edge=False)
    for row in sorted(rows, key=lambda each: (not each["mistakes"], each["creditEnds"] or "9999", each["stack"])):
        if row["mistakes"]:
            table.add_row(row["stack"], *["?"] * 8, f"{row['mistakes']} mistake{'s' * (row['mistakes'] != 1)}")
            continue
        table.add_row(
            row["stack"], str(row["resources"]), str(row["kept"]), str(row["machines"]), str(row["gpus"]),
            _own(row, "perHourOn"), _own(row, "planned"), f"{row['credit']:g} {row['currency']}",
            row["creditEnds"] or "after the lease", ", ".join(row["broken"]),
        )  # fmt: skip
    return table


def _own(row: Mapping[str, Any], key: str) -> str:
    """Write an amount in the currency of the group's credit; in USD where nobody knows what that is worth."""
    if row[key] is None or not row["usdRate"]:
        return _usd(row[key])
    return f"{row[key] / row['usdRate']:,.2f} {row['currency']}"


def seen(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Lay out a row a group of a course's status."""
    heads = ("stack", "credit ends", "spent", "projected", "an hour", "runs", "last", "joined", "")
    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        done = [each for each in (row["lastUp"], row["lastDown"]) if each]
        last = max(done, key=_at) if done else None
        wrong = (
            [f"{row['failure']['verb']} failed: {row['failure']['words'].splitlines()[0]}"] if row["failure"] else []
        )
        wrong += [f"breaks {', '.join(row['broken'])}"] if row["broken"] else []
        wrong += [f"not read: {row['unread'][0]}"] if row["unread"] else []
        table.add_row(
            row["stack"], row["creditEnds"] or "", _usd(row["spent"]), _usd(row["projected"]), _usd(row["perHour"]),
            ", ".join(row["running"]), f"{last['verb']} {last['at'][:10]}" if last else "never",
            "?" if row["joined"] is None else ", ".join(row["joined"]) or "no", "; ".join(wrong),
        )  # fmt: skip
    return table


def _at(done: Mapping[str, str]) -> str:
    return done["at"]


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a row's values such as a cell of CSV holds."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    match value:
        case list():
            return "; ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
        case {"at": at, "verb": verb, **rest}:
            return f"{verb} {at} {rest.get('state') or rest.get('words') or ''}".strip()
        case _:
            return value


def _usd(amount: float | None) -> str:
    return "?" if amount is None else f"${amount:,.2f}"
