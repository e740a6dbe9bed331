"""Entries of the two audit logs that are always on and free: Admin Activity and System Event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from coursecloud.deploy.cloud import Cloud, CloudError
from coursecloud.look.kinds import kinds

Json = dict[str, Any]
PAGES = 40
"""Pages of 1000 entries that are read at most; Cloud Logging answers 60 questions a minute."""
KEPT = timedelta(days=400)
"""For how long both logs are kept (https://cloud.google.com/logging/quotas, 2026-11)."""
DELAY = timedelta(minutes=2)
"""An entry that has not come after this time is late; most come within seconds. No page of Google's promises a time."""
OFF = (
    "the API of Cloud Logging is off, which is on in every new project: `gcloud services enable logging.googleapis.com"
    " --project={project}`; what was logged meanwhile is there then"
)
ACTIVITY, SYSTEM_EVENT = "cloudaudit.googleapis.com%2Factivity", "cloudaudit.googleapis.com%2Fsystem_event"


@dataclass(frozen=True)
class Read:
    """What was read of both logs."""

    entries: tuple[Json, ...] = ()
    """Each once, by its log and insertId, oldest first."""
    complete_until: datetime | None = None
    """Up to when nothing more is to be expected; None where the logs were not read to their end."""
    since: datetime | None = None
    unread: tuple[tuple[str, str], ...] = ()
    regions: frozenset[str] = field(default_factory=frozenset[str])
    """Where something was done that Google lists region by region."""


def query(project: str, since: datetime) -> str:
    """Filter for what may bill by the hour: all that the looked-for APIs do, but of Compute Engine only its kinds."""
    names = " OR ".join(f'"projects/{project}/logs/{log}"' for log in (ACTIVITY, SYSTEM_EVENT))
    compute = sorted({_collection(kind.log) for kind in kinds() if kind.log.startswith("gce:")})
    # Disks and addresses of a region or of the world are called by other methods.
    compute += ["globalAddresses", "globalForwardingRules", "regionDisks"]
    others = sorted({f"{kind.api}.googleapis.com" for kind in kinds() if kind.api != "compute"})
    asked = " OR ".join(f'"{service}"' for service in others)
    return "\n".join(
        [
            f"logName=({names})",
            f'timestamp>="{since.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")}"',
            f'(protoPayload.methodName=~"compute\\.({"|".join(compute)})\\." OR protoPayload.serviceName=({asked}))',
        ]
    )


def _collection(log: str) -> str:
    return log.partition(":")[2]


def read(cloud: Cloud, project: str, since: datetime) -> Read:
    """Read both logs from a time on, oldest first. Raises nothing: what was not read is said."""
    now = cloud.now()
    begins = max(since, now - KEPT)
    body: Json = {
        "resourceNames": [f"projects/{project}"],
        "filter": query(project, begins),
        "orderBy": "timestamp asc",
        "pageSize": 1000,
    }
    unread: list[tuple[str, str]] = []
    if begins > since:
        days = KEPT.days
        unread.append((f"what was done before {begins:%Y-%m-%d}", f"Google keeps both audit logs for {days} days"))
    found: list[Json] = []
    done = False
    for _ in range(PAGES):
        try:
            answer = cloud.call("POST", "logging", "entries:list", body=body)
        except CloudError as error:
            until = f" after {found[-1]['timestamp']}" if found else f" since {begins:%Y-%m-%d %H:%M} UTC"
            why = OFF.format(project=project) if error.off else error.words
            unread.append((f"the audit logs{until}", why))
            break
        found += cast("list[Json]", answer.get("entries") or [])
        token = answer.get("nextPageToken")
        if done := not token:
            break
        body["pageToken"] = token
    else:
        unread.append((f"the audit logs after {found[-1]['timestamp']}" if found else "the audit logs", "too many"))
    entries = unique(found)
    return Read(
        tuple(entries),
        cloud.now() - max([DELAY, *_delays(entries, cloud.now())]) if done else None,
        begins,
        tuple(unread),
        frozenset(_regions(entries)),
    )


def key(entry: Mapping[str, Any]) -> str:
    """Name an entry: its log, and its insertId in it."""
    return f"{entry.get('logName')}/{entry.get('insertId')}"


def unique(entries: Iterable[Json]) -> list[Json]:
    """Take each entry once, the delivery that came first, in the order of their times."""
    first: dict[str, Json] = {}
    for entry in sorted(entries, key=lambda each: str(each.get("receiveTimestamp"))):
        first.setdefault(key(entry), entry)
    return sorted(first.values(), key=lambda each: (moment(each, "timestamp"), str(each.get("insertId"))))


def moment(entry: Mapping[str, Any], name: str) -> datetime:
    """Read a time of an entry; Google writes up to nine digits of a second, and Python reads six."""
    text = str(entry.get(name) or entry.get("timestamp"))
    head, dot, rest = text.partition(".")
    digits = "".join(each for each in rest if each.isdigit())[:6]
    return datetime.fromisoformat(f"{head.removesuffix('Z')}{dot}{digits}").replace(tzinfo=UTC)


def _delays(entries: Iterable[Json], now: datetime) -> Iterator[timedelta]:
    """How late what came today was: what was late once is no sign that something still is."""
    for entry in entries:
        received = moment(entry, "receiveTimestamp")
        if now - received < timedelta(days=1):
            yield received - moment(entry, "timestamp")


def _regions(entries: Iterable[Json]) -> Iterator[str]:
    for entry in entries:
        payload = cast("Json", entry.get("protoPayload") or {})
        parts = str(payload.get("resourceName") or "").split("/")
        for word in ("locations", "regions"):
            if word in parts[:-1] and (place := parts[parts.index(word) + 1]) not in ("-", "global"):
                yield place
