"""What Cloud Logging keeps: entries, and from when on each can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from .moments import moment, written

Json = dict[str, Any]
KEPT = timedelta(days=400)
"""For how long both logs are kept: https://cloud.google.com/logging/quotas (2026-11)."""
UNEVEN = (1.0, 0.25, 0.75, 0.5)
"""How much of the scenario's delay an entry takes, in turn: so they come out of order."""


@dataclass
class Logs:
    """All entries of one world; a copy of the world has its own."""

    entries: list[tuple[datetime, Json]] = field(default_factory=list[tuple[datetime, Json]])
    """When an entry can be read from, and the entry; one that was delivered twice is here twice."""
    late: timedelta = timedelta()
    """How long an entry takes at most from its time to where it can be read."""
    twice: bool = False
    """Is each entry delivered twice?"""
    count: int = 0
    """How many were written, each counted once."""

    def write(self, project: str, log: str, at: datetime, insert_id: str, body: Json) -> None:
        """Keep one entry; it can be read when it is received."""
        received = at + self.late * UNEVEN[self.count % len(UNEVEN)]
        self.count += 1
        entry: Json = {
            "insertId": insert_id,
            "logName": f"projects/{project}/logs/{quote(log, safe='')}",
            "timestamp": written(at, "microseconds"),
            "receiveTimestamp": written(received, "microseconds"),
            **body,
        }
        self.entries.append((received, entry))
        if self.twice:
            again = received + max(self.late, timedelta(seconds=1)) / 2
            self.entries.append((again, {**entry, "receiveTimestamp": written(again, "microseconds")}))

    def seen(self, project: str, now: datetime) -> list[Json]:
        """What of a project's can be read now."""
        start = f"projects/{project}/logs/"
        return [
            entry
            for received, entry in self.entries
            if received <= now and moment(entry["timestamp"]) > now - KEPT and entry["logName"].startswith(start)
        ]
