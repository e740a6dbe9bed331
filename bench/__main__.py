"""`make bench`: print every figure, with its goal where it has one. Run it on a machine that does nothing else."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import course, emulator, engine, figures, look, review, spend, startup

SECTIONS = ("start", "plan", "review", "course", "spend", "look", "engine", "emulator")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    # Not `choices`, which would hold the default against each of them.
    parser.add_argument("sections", nargs="*", help=f"some of {', '.join(SECTIONS)}; all unless given")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--pairs", type=int, default=15, help="pairs of each ratio (default 15)")
    parser.add_argument("--scenarios", type=int, default=10_000, help="of the ledger (default 10000, half an hour)")
    parser.add_argument("--typed", type=int, default=300, help="of `status` on the emulator (default 300, a quarter)")
    emulators = parser.add_argument_group(
        "emulator", "minutes a stack and a kind of fault; wants the Pulumi CLI on PATH"
    )
    emulators.add_argument("--stack", action="append", help="a committed stack; dev unless given, may be repeated")
    emulators.add_argument("--fault", action="append", choices=sorted(emulator.FAULTS), help="all kinds unless given")
    emulators.add_argument("--no-faults", action="store_true", help="only the good days")
    emulators.add_argument("--seconds", type=float, default=3.0, help="how long answers are counted (default 3)")
    chosen = parser.parse_args()
    sections = chosen.sections or SECTIONS
    if unknown := set(sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}: choose from {', '.join(SECTIONS)}")
    console, found = Console(highlight=False), dict[str, Any]()
    if "start" in sections:
        found["start"] = startup.measure(chosen.pairs)
    if "plan" in sections:
        found["plan"] = [
            figures.command(chosen.pairs),
            figures.Figure("where the time of that plan goes", ""),
            *figures.shares(),
            figures.registration(2 * chosen.pairs),
            *figures.many(),
        ]
    if "review" in sections:
        found["review"] = [
            review.against_a_plan(chosen.pairs),
            *review.cost_and_rules(2 * chosen.pairs),
            *review.many(),
        ]
    if "spend" in sections:
        found["spend"] = spend.measure(chosen.scenarios, chosen.typed)
    if "course" in sections:
        found["course"] = course.measure(min(chosen.pairs, 3))
    if not chosen.json:
        show([figure for section in found.values() for figure in section], console)
    if "look" in sections:
        found["look"] = look.measure(chosen.stack or ["dev"], min(chosen.pairs, 5))
        if not chosen.json:
            look.show(found["look"], console)
    if "engine" in sections:
        found["engine"] = [engine.measure(stack, min(chosen.pairs, 5)) for stack in chosen.stack or ["dev"]]
        if not chosen.json:
            for told in found["engine"]:
                engine.show(told, console)
    if "emulator" in sections:
        kinds = [] if chosen.no_faults else chosen.fault or list(emulator.FAULTS)
        found["emulator"] = emulator.measure(chosen.stack or ["dev"], kinds, chosen.seconds)
        if not chosen.json:
            emulator.show(found["emulator"], console)
    if chosen.json:
        print(json.dumps(found, indent=2, default=asdict))  # noqa: T201


def show(found: Sequence[figures.Figure], console: Console) -> None:
    """Print figures as a table."""
    if not found:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("figure")
    table.add_column("median (least to most)", overflow="fold")
    table.add_column("goal")
    for figure in found:
        met = {True: "met", False: "not met", None: ""}[figure.met]
        table.add_row(figure.name, figure.value, f"{figure.goal} {met}".strip())
    console.print(table)
    console.print()


if __name__ == "__main__":
    main()
