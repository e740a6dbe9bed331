"""What was asked of Google's APIs, counted from the emulator's record of requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Calls:
    """Requests of one step, by service."""

    by_service: Mapping[str, int]
    writes: int
    """How many of them changed something."""
    failed: int
    """How many were refused; looking whether something is there (404) is none of them."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_service.values())


def count(requests: Iterable[Mapping[str, Any]]) -> Calls:
    """Count API requests; attempts to leave the machine are none."""
    asked = [request for request in requests if request.get("id")]
    services = Counter(str(request["id"]).partition(".")[0] for request in asked)
    writes = sum(1 for request in asked if request.get("write"))
    failed = sum(1 for request in asked if request["status"] >= 400 and request["status"] != 404)
    return Calls(dict(sorted(services.items())), writes, failed)


def outside(requests: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count who was asked for outside of this machine, by host; all of it was refused."""
    hosts = (str(r["path"]).rpartition(":")[0] or str(r["path"]) for r in requests if r["method"] == "CONNECT")
    return dict(sorted(Counter(hosts).items()))
