"""What the entries of audit logs say was done: each operation once, when it ended, none that came to nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coursecloud.look.entries import DELAY, SYSTEM_EVENT, key, moment
from coursecloud.look.found import with_id
from coursecloud.look.shapes import part

Json = dict[str, Any]
AGENT = "@compute-system.iam.gserviceaccount.com"
"""The end of the address in whose name instance schedules start and stop."""


@dataclass(frozen=True)
class Done:
    """One thing that was done, and whose entry says so."""

    id: str
    at: datetime
    """When it took effect: at its operation's end."""
    received: datetime
    method: str
    """Without the API's version: `compute.instances.insert`, `google.cloud.run.v2.Services.CreateService`."""
    name: str
    """The resource's path as the entry has it."""
    labels: Mapping[str, Any]
    """Of the monitored resource."""
    request: Mapping[str, Any]
    """What was asked for; empty where the entry that says so is older than what was read."""
    response: Mapping[str, Any]
    by: str
    reason: str
    system: bool
    """Whether the System Event log has it."""


def done(entries: Iterable[Json], now: datetime, project: str) -> tuple[list[Done], list[tuple[str, str]]]:
    """Read entries, each once, into what was done, in the order of their effect; and what is still without its end.

    A compute operation that was taken on may fail or take minutes: a machine that is asked for bills from its end, so
    what has only begun is nothing yet.
    """
    groups: dict[str, list[Json]] = {}
    for entry in entries:
        operation = part(entry, "operation")
        groups.setdefault(str(operation.get("id") or key(entry)), []).append(entry)
    found: list[Done] = []
    open_: list[tuple[str, str]] = []
    for group in groups.values():
        first = next((each for each in group if part(each, "operation").get("first")), None)
        last = next((each for each in group if part(each, "operation").get("last")), None)
        if first and not last and not _failed(first):
            if now - moment(first, "timestamp") > DELAY:
                open_.append(_pending(first, project))
            continue
        ends = last or group[-1]
        if not _failed(ends) and not (first and _failed(first)):
            found.append(_one(first or ends, ends))
    return sorted(found, key=lambda each: (each.at, each.id)), open_


def _failed(entry: Json) -> bool:
    status = part(part(entry, "protoPayload"), "status")
    return entry.get("severity") == "ERROR" or bool(status.get("code"))


def _pending(entry: Json, project: str) -> tuple[str, str]:
    payload = part(entry, "protoPayload")
    what = f"//{payload.get('serviceName')}/{with_id(str(payload.get('resourceName') or ''), project)}"
    began = f"{payload.get('methodName')} began at {moment(entry, 'timestamp'):%Y-%m-%d %H:%M} UTC"
    return what, f"{began}, and no log has its end yet"


def _one(first: Json, last: Json) -> Done:
    payload, ended = part(first, "protoPayload"), part(last, "protoPayload")
    method = str(payload.get("methodName") or "")
    system = str(last.get("logName")).endswith(SYSTEM_EVENT)
    who = str(part(payload, "authenticationInfo").get("principalEmail") or "")
    for version in ("v1.", "beta.", "alpha."):
        method = method.removeprefix(version)
    return Done(
        id=key(last),
        at=moment(last, "timestamp"),
        received=moment(last, "receiveTimestamp"),
        method=method,
        name=str(payload.get("resourceName") or ""),
        labels=part(part(first, "resource"), "labels"),
        request=part(payload, "request"),
        response=part(payload, "response") | part(ended, "response"),
        by="system" if system else who,
        reason=method if system else "instance schedule" if who.endswith(AGENT) else "",
        system=system,
    )


def collection(each: Done) -> tuple[str, str]:
    """Split a method of Compute Engine into the collection and what was done: ("instances", "insert")."""
    parts = each.method.split(".")
    return (parts[-2], parts[-1]) if len(parts) > 1 else ("", each.method)
