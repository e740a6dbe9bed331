"""What was played and how it went: a line of JSON each, under build/month, from which a run goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

from tests.month.month import Month
from tests.month.place import TOOLS, fingerprint
from tests.month.starts import KEPT

Json = dict[str, Any]


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
        "pulumi": TOOLS.pulumi,
        "provider": TOOLS.provider,
        "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        **({"story": story} if story else {}),
    }
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{kind}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read(kind: str) -> Iterator[Json]:
    """Read the lines; the half of one that a kill left is passed over."""
    file = KEPT / f"{kind}.jsonl"
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield cast("Json", json.loads(line))
        except ValueError:
            continue
