"""What one waits for before anything is done: `--help`, and what a TAB offers, against loading typer and rich alone."""

from __future__ import annotations

from bench import pairs
from bench.figures import Figure, ratio_under

GOAL = 1.5
BARE = ("-c", "import typer, rich")
TABS = ("coursecloud pl", "coursecloud plan --st", "coursecloud plan --stack ", "coursecloud explain machines.",
        "coursecloud review --fail-on ")  # fmt: skip


def measure(runs: int) -> list[Figure]:
    """Hold each against a process that loads the two libraries and does nothing."""
    found = [
        ratio_under(f"{' '.join(words)} / {BARE[1]}", pairs.processes(["-m", *words], BARE, pairs=runs), GOAL)
        for words in (("coursecloud", "--help"), ("coursecloud", "plan", "--help"))
    ]
    for line in TABS:
        ratio = pairs.processes(["-m", "coursecloud"], BARE, pairs=runs, environment=asked(line))
        found.append(ratio_under(f"TAB after '{line}' / {BARE[1]}", ratio, GOAL))
    return found


def asked(line: str) -> dict[str, str]:
    """Give the variables by which bash asks what a line can go on with (Typer's protocol)."""
    words = line.split(" ")
    return {"_COURSECLOUD_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
