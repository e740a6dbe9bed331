"""Faults by scenario: which call goes wrong, the how manieth time, and how."""

from __future__ import annotations

import fnmatch
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from .errors import expired
from .shapes import is_list, is_object, many

Json = dict[str, Any]

# Errors that Compute Engine tells in the operation: HTTP status, message, details; {zone} and so on are the call's.
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
                    "metadatas": {"attachment": "", "vmType": "{machineType}", "zone": "{zone}"},
                }
            }
        ],
    ),
    "QUOTA_EXCEEDED": (
        403,
        "Quota 'CPUS' exceeded.  Limit: 8.0 in region {region}.",
        [
            {
                "quotaInfo": {
                    "metricName": "compute.googleapis.com/cpus",
                    "limitName": "CPUS-per-project-region",
                    "limit": 8.0,
                    "dimensions": {"region": "{region}"},
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

    match: str = ""  # method id, with * and ?; "iam.*" is a whole service
    path: str = "*"  # the resource's path, with * and ?
    writes: bool = False  # only calls that change something
    each: bool = False  # count the calls of each method for itself: with match "*", every method goes wrong once
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
    seen: dict[str, int] = field(default_factory=dict[str, int], compare=False)  # calls by method
    hit: dict[str, int] = field(default_factory=dict[str, int], compare=False)  # those that went wrong

    def takes(self, method: str, path: str, *, write: bool) -> bool:
        """Count this call; is it one of those that go wrong?"""
        if not (fnmatch.fnmatchcase(method, self.match) and fnmatch.fnmatchcase(path, self.path)):
            return False
        if self.writes and not write:
            return False
        self.seen[method] = self.seen.get(method, 0) + 1
        seen = self.seen[method] if self.each else sum(self.seen.values())
        if seen < self.nth or (self.count and seen >= self.nth + self.count):
            return False
        self.hit[method] = self.hit.get(method, 0) + 1
        return True


CUTS = ("before", "after")
ORDERS = ("name", "disk")


def _is_quotas(value: Any) -> bool:
    return is_object(value) and all(_fits(0.0, limit) for limit in value.values())


def _is_deny(value: Any) -> bool:
    texts = is_object(value) and all(is_list(v) and all(isinstance(t, str) for t in v) for v in value.values())
    return bool(texts)


def _fits(usual: object, given: object) -> bool:
    """Is it of the kind that the usual value is?"""
    if isinstance(usual, bool) or isinstance(given, bool):
        return isinstance(usual, bool) and isinstance(given, bool)
    if isinstance(usual, int | float):
        return isinstance(given, int if isinstance(usual, int) else int | float) and given >= 0
    return isinstance(given, type(usual))


def _checked(form: type[Any], raw: Any, where: str, rules: Json) -> Json:
    """The entry, if its keys are those of the dataclass and each value is what its key takes."""
    if not is_object(raw):
        raise ValueError(f"scenario: {where} is {raw!r}; it is an object with keys")
    known = {f.name: f.default for f in fields(form) if f.compare}
    if unknown := sorted(set(raw) - set(known)):
        raise ValueError(f"scenario: unknown key {unknown} in {where}; known are {sorted(known)}")
    for name, value in raw.items():
        rule = rules.get(name)
        if callable(rule):
            good, allowed = rule(value), "an object or a list as README shows it"
        elif rule:
            good, allowed = value in rule, f"one of {', '.join(rule)}"
        else:
            usual = "" if known[name] is MISSING else known[name]
            good, allowed = _fits(usual, value), f"{type(usual).__name__}, not negative"
        if not good:
            raise ValueError(f"scenario: {where}: {name} is {value!r}; it is {allowed}")
    return dict(raw)


@dataclass
class Scenario:
    """What differs from a good day."""

    faults: list[Fault] = field(default_factory=list)
    latency: float = 0.0  # seconds before every answer
    polls: int = 0  # every operation is told as unfinished this many times
    quotas: dict[str, float] = field(default_factory=dict)  # {"GPUS_ALL_REGIONS": 0}
    organization: bool = False  # the project is of one that was made since May 2024: no keys of service accounts
    order: str = "name"  # which is told of a machine that is there and whose disk is in use: the name, or the disk
    stopping: float = 0.0  # seconds for which a machine that is stopped is STOPPING
    late: float = 0.0  # seconds after which an entry of the audit logs can be read, at most: they come out of order
    twice: bool = False  # each entry of the audit logs is delivered twice, the second time later
    expires: int = 0  # from this request on (1: the next) the access token has expired, until somebody logs in again
    deny: dict[str, list[str]] = field(default_factory=dict)  # access token -> permissions or methods, with * and ?

    asked: int = field(default=0, compare=False)  # requests so far

    @classmethod
    def read(cls, raw: Any) -> Scenario:
        """From JSON; a key or value that means nothing is an error, as a fault that never happens proves nothing."""
        rules: Json = {"quotas": _is_quotas, "deny": _is_deny, "faults": is_list, "order": ORDERS}
        given = _checked(cls, raw, "scenario", rules)
        faults = [
            Fault(**_checked(Fault, entry, f"faults[{index}]", {"cut": CUTS, "operation": OPERATION_ERRORS}))
            for index, entry in enumerate(many(given, "faults"))
        ]
        if empty := [index for index, fault in enumerate(faults) if not fault.match]:
            raise ValueError(
                f"scenario: faults[{empty[0]}] has no `match`: a method id such as compute.instances.insert"
            )
        given["faults"] = faults
        return cls(**given)

    def count(self, host: str) -> None:
        """One more request, to an API; refuse it where the token has expired."""
        self.asked += 1
        if self.expires and self.asked >= self.expires:
            raise expired(host)

    def log_in(self) -> None:
        """There is a new token, which does not expire."""
        self.expires = 0

    def fault_for(self, method: str, path: str, *, write: bool) -> Fault | None:
        """The first rule that takes this call; every rule counts it."""
        hits = [f for f in self.faults if f.takes(method, path, write=write)]  # each counts, also when another one hits
        return hits[0] if hits else None
