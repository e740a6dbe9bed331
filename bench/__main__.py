"""`make bench`: print every figure, with its goal where it has one. Run it on a machine that does nothing else."""

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bench import figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--pairs", type=int, default=15, help="pairs of each ratio (default 15)")
    chosen = parser.parse_args()
    found = [
        figures.command(chosen.pairs),
        figures.Figure("where the time of that plan goes", ""),
        *figures.shares(),
        figures.registration(2 * chosen.pairs),
        *figures.many(),
    ]
    if chosen.json:
        print(json.dumps([asdict(figure) for figure in found], indent=2))  # noqa: T201
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("figure")
    table.add_column("median (least to most)", overflow="fold")
    table.add_column("goal")
    for figure in found:
        met = {True: "met", False: "not met", None: ""}[figure.met]
        table.add_row(figure.name, figure.value, f"{figure.goal} {met}".strip())
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
