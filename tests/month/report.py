"""What the ledger has, in a page: how much was played, what it cost, what failed and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.month import ledger
from tests.month.place import fingerprint

Json = dict[str, Any]


def text() -> str:
    """Say it; of several runs of one event on one stack the last counts."""
    alone, sequences = ledger.last("alone"), ledger.last("sequences")
    told = [_counted("events alone", alone), _counted("sequences", sequences), *_commits(sequences)]
    for line in (*alone, *sequences):
        if line["verdict"] != "held":
            name = (
                line["events"][0] if line["kind"] == "alone" else f"seed {line['seed']}: {' / '.join(line['events'])}"
            )
            when = "" if line["code"] == fingerprint() else ", with other code than today's"
            told.append(f"  FAILED  {line['stack']}: {name}{when}\n          {line['verdict'][:300]}")
    told += [f"  could not be: {each}" for line in sequences for each in line.get("turned away", ())]
    return "\n".join(told) + "\n"


def _commits(lines: list[Json]) -> Iterator[str]:
    """Say how many sequences held with the code of which commit, and which of them need not be played again."""
    for commit, count in Counter(x.get("commit") or "" for x in lines if x["verdict"] == "held").items():
        where = f"at {commit[:9]}" if commit else "with code that was not committed"
        other = "" if not commit or commit in ledger.branch() else ", which is not of this branch: they do not count"
        yield f"  {count} held {where}{other}"


def _counted(what: str, lines: list[Json]) -> str:
    if not lines:
        return f"{what}: none"
    held = sum(line["verdict"] == "held" for line in lines)
    events = sum(len(line["events"]) for line in lines)
    cpu = sum(line["cpu"] for line in lines)
    stacks = ", ".join(f"{count} on {stack}" for stack, count in sorted(Counter(x["stack"] for x in lines).items()))
    return f"{what}: {held} of {len(lines)} held ({stacks}); {events} events, {cpu / events:.1f} s of processor each"
