"""What a refresh of prices changes: said, written down for a script, and asked about where it jumps."""

import sys
from typing import Any

import typer

from coursecloud.cli.commands.shared import refuse


def form(new: Any, skipped: list[str], *, dry_run: bool) -> dict[str, Any]:
    """Write a refresh down for a script; docs/json.md documents its fields."""
    return {
        "version": 1,
        "written": not dry_run,
        "changes": [
            {
                "where": change.where, "key": change.key, "spot": change.spot,
                "old": None if change.old is None else float(change.old), "new": float(change.new),
                "jumps": change.jumps,
            }
            for change in new.changes
        ],
        "skipped": skipped,
        "unmatched": list(new.unmatched),
        "ambiguous": list(new.ambiguous),
    }  # fmt: skip


def hold(new: Any, *, accept: bool) -> None:
    """Ask before prices jump; refuse them where nobody can be asked."""
    from coursecloud.cli import refusals

    jumps = [change for change in new.changes if change.jumps]
    if not jumps or accept:
        return
    shown = "".join(f"\n  {_said(change)}" for change in jumps[:20])
    more = f"\n  and {len(jumps) - 20} more" if len(jumps) > 20 else ""
    question = f"{len(jumps)} prices are more than twice, or less than half, of what they were:{shown}{more}"
    if sys.stdin.isatty() and typer.confirm(f"{question}\nTake them?", err=refusals.wanted()):
        return
    refuse(
        f"{question}\nNothing was written.\n    rule    so large a change is more often a mistake than a price\n"
        "    remedy  look at Google's page; if it says so too, run it again with --accept"
    )


def _said(change: Any) -> str:
    old = "new" if change.old is None else f"{change.old:f}"
    return f"{change.where} {change.key}{' Spot' if change.spot else ''}: {old} -> {change.new:f}"


def report(new: Any, skipped: list[str], *, dry_run: bool) -> None:
    """Print what changed, what was passed over, and what stays as it was."""
    from coursecloud.cli import render

    console = render.console()
    console.print(f"{len(new.changes)} prices {'would change' if dry_run else 'changed'}")
    for change in new.changes:
        console.print(f"  {_said(change)}", soft_wrap=True)
    if skipped:
        more = f"; and {len(skipped) - 20} more" if len(skipped) > 20 else ""
        text = "; ".join(skipped[:20])
        console.print(f"{len(skipped)} SKUs passed over, as their form is another: {text}{more}", soft_wrap=True)
    for heading, labels in (
        ("not in the catalog", new.unmatched),
        ("in the catalog with several prices", new.ambiguous),
    ):
        if labels:
            console.print(f"{len(labels)} kept as they were, {heading}:\n  {', '.join(labels)}", soft_wrap=True)
