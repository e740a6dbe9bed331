"""What was played and how it went: a line of JSON each, under build/month, from which a run goes on.

Hundreds of sequences are days of two cores: `held.jsonl`, which git has, keeps those that held at a commit, so that
another machine goes on from there.
"""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from tests.month.month import Month
from tests.month.place import CHECKOUT, CODE, TOOLS, fingerprint
from tests.month.starts import KEPT

Json = dict[str, Any]
HELD = Path(__file__).parent / "held.jsonl"
_LASTING = ("kind", "stack", "seed", "events", "verdict", "cpu", "code", "commit", "pulumi", "provider", "at")


def note(
    kind: str, month: Month, events: Sequence[str], verdict: str, *, seconds: float, seed: int = 0, story: str = ""
) -> None:
    """Write a line; an empty verdict is a good one."""
    line = {
        "kind": kind,
        "stack": month.stack,
        "seed": seed,
        "events": list(events),
        "verdict": verdict or "held",
        "seconds": round(seconds, 1),
        "cpu": round(month.cpu, 1),
        "code": fingerprint(),
        "commit": commit(),
        "pulumi": TOOLS.pulumi,
        "provider": TOOLS.provider,
        "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        **({"turned away": month.turned} if month.turned else {}),
        **({"story": story} if story else {}),
    }
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{kind}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read(kind: str) -> Iterator[Json]:
    """Read the lines; the half of one that a kill left is passed over."""
    for file in (HELD, KEPT / f"{kind}.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            with contextlib.suppress(ValueError):
                found = cast("Json", json.loads(line))
                if found["kind"] == kind:
                    yield found


def keep() -> int:
    """Put the sequences that held at a commit of the branch where git has them, by stack and seed; gives how many."""
    lines = [line for line in last("sequences") if line["verdict"] == "held" and line.get("commit") in branch()]
    lines.sort(key=lambda line: (line["stack"], line["seed"]))
    text = "".join(f"{json.dumps({key: line[key] for key in _LASTING})}\n" for line in lines)
    HELD.write_text(text, encoding="utf-8")
    return len(lines)


def last(kind: str) -> list[Json]:
    """Give of several runs of one event, or one seed, on one stack the last."""
    return list(
        {
            (line["stack"], line["seed"], *line["events"][: line["kind"] == "alone"]): line for line in read(kind)
        }.values()
    )


def counts(line: Json) -> bool:
    """Say whether a sequence need not be played: with this very code, or it held at an earlier commit of the branch."""
    return line["code"] == fingerprint() or (line["verdict"] == "held" and line.get("commit") in branch())


@functools.cache
def commit() -> str:
    """Name the commit whose code this is; empty where it is none's, as what is being changed."""
    changed = _git("status", "--porcelain", "--", *CODE)
    return "" if changed is None or changed else (_git("rev-parse", "HEAD") or "")


@functools.cache
def branch() -> frozenset[str]:
    """List the commits that this one came from, and itself."""
    return frozenset((_git("rev-list", "HEAD") or "").split())


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(CHECKOUT), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
