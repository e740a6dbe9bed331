"""Faults by scenario: which call goes wrong, the how manieth time, and how."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field, fields
from typing import Any

from .shapes import many, part

Json = dict[str, Any]

# Errors that Compute Engine tells in the operation: HTTP status, message, details.
OPERATION_ERRORS: dict[str, tuple[int, str, list[Json]]] = {
    "ZONE_RESOURCE_POOL_EXHAUSTED": (
        503,
        "The zone 'projects/{project}/zones/{zone}' does not have enough resources available to fulfill the request.  "
        "Try a different zone, or try again later.",
        [],
    ),
    "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": (
        503,
        "The zone 'projects/{project}/zones/{zone}' does not have enough resources available to fulfill the request.  "
        "'(resource type:compute)'.",
        [
            {
                "errorInfo": {
                    "reason": "resource_availability",
                    "domain": "compute.googleapis.com",
                    "metadatas": {"attachment": "", "vmType": "n1-standard-4"},
                }
            }
        ],
    ),
    "QUOTA_EXCEEDED": (
        403,
        "Quota 'CPUS' exceeded.  Limit: 8.0 in region {zone}.",
        [
            {
                "quotaInfo": {
                    "metricName": "compute.googleapis.com/cpus",
                    "limitName": "CPUS-per-project-region",
                    "limit": 8.0,
                    "dimensions": {"region": "{zone}"},
                }
            }
        ],
    ),
    "GPUS_ALL_REGIONS": (
        403,
        "Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally.",
        [
            {
                "quotaInfo": {
                    "metricName": "compute.googleapis.com/gpus_all_regions",
                    "limitName": "GPUS-ALL-REGIONS-per-project",
                    "limit": 0.0,
                    "dimensions": {"global": "global"},
                }
            }
        ],
    ),
    "RESOURCE_EXHAUSTED": (429, "Resource has been exhausted (e.g. check quota).", []),
}


@dataclass
class Fault:
    """One rule: the calls `nth` to `nth + count - 1` of those that match go wrong in the given way."""

    match: str  # method id, with * and ?; "iam.*" is a whole service
    path: str = "*"  # the resource's path, with * and ?
    nth: int = 1
    count: int = 1  # 0: for ever
    status: int = 0  # answer with this HTTP status ...
    reason: str = ""
    message: str = ""
    applied: bool = False  # ... and yet do what was asked
    cut: str = ""  # "before" or "after" it was done: the connection ends in the middle of the answer
    delay: float = 0.0  # seconds before the answer: latency, or a timeout
    operation: str = ""  # a key of OPERATION_ERRORS: the operation is taken on and fails
    polls: int = 0  # the operation is told as unfinished this many times
    seen: int = field(default=0, compare=False)
    hit: int = field(default=0, compare=False)

    def takes(self, method: str, path: str) -> bool:
        """Count this call; is it one of those that go wrong?"""
        if not (fnmatch.fnmatchcase(method, self.match) and fnmatch.fnmatchcase(path, self.path)):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.count and self.seen >= self.nth + self.count):
            return False
        self.hit += 1
        return True


@dataclass
class Scenario:
    """What differs from a good day."""

    faults: list[Fault] = field(default_factory=list)
    latency: float = 0.0  # seconds before every answer
    polls: int = 0  # every operation is told as unfinished this many times
    quotas: dict[str, float] = field(default_factory=dict)  # {"GPUS_ALL_REGIONS": 0}
    deny: dict[str, list[str]] = field(default_factory=dict)  # access token -> permissions or methods, with * and ?

    @classmethod
    def read(cls, raw: Json) -> Scenario:
        """From JSON; a key that means nothing is an error, as a fault that never happens proves nothing."""
        known = {f.name for f in fields(Fault)} - {"seen", "hit"}
        for entry in many(raw, "faults"):
            if unknown := set(entry) - known:
                raise ValueError(f"scenario: unknown key {sorted(unknown)} in {entry}; known are {sorted(known)}")
        if unknown := set(raw) - {f.name for f in fields(cls)}:
            raise ValueError(f"scenario: unknown key {sorted(unknown)}; known are {[f.name for f in fields(cls)]}")
        faults = [Fault(**entry) for entry in many(raw, "faults")]
        return cls(
            faults, float(raw.get("latency", 0)), int(raw.get("polls", 0)), part(raw, "quotas"), part(raw, "deny")
        )

    def fault_for(self, method: str, path: str) -> Fault | None:
        """The first rule that takes this call; every rule counts it."""
        hits = [f for f in self.faults if f.takes(method, path)]  # each counts, also when another one hits
        return hits[0] if hits else None
