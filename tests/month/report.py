"""What the ledger has, in a page: how much was played, what it cost, what failed and how."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.month import ledger
from tests.month.place import fingerprint

Json = dict[str, Any]


def text() -> str:
    """Say it; of several runs of one event on one stack the last counts."""
    alone = list({(line["stack"], line["events"][0]): line for line in ledger.read("alone")}.values())
    sequences = list({(line["stack"], line["seed"]): line for line in ledger.read("sequences")}.values())
    told = [_counted("events alone", alone), _counted("sequences", sequences)]
    for line in (*alone, *sequences):
        if line["verdict"] != "held":
            name = (
                line["events"][0] if line["kind"] == "alone" else f"seed {line['seed']}: {' / '.join(line['events'])}"
            )
            when = "" if line["code"] == fingerprint() else ", with other code than today's"
            told.append(f"  FAILED  {line['stack']}: {name}{when}\n          {line['verdict'][:300]}")
    return "\n".join(told) + "\n"


def _counted(what: str, lines: list[Json]) -> str:
    if not lines:
        return f"{what}: none"
    held = sum(line["verdict"] == "held" for line in lines)
    events = sum(len(line["events"]) for line in lines)
    cpu = sum(line["cpu"] for line in lines)
    stacks = ", ".join(f"{count} on {stack}" for stack, count in sorted(Counter(x["stack"] for x in lines).items()))
    return f"{what}: {held} of {len(lines)} held ({stacks}); {events} events, {cpu / events:.1f} s of processor each"
