"""What Cloud Storage does by itself: a bucket's lifecycle rules, and the end of soft deletion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..shapes import many, part
from ..world import Resource, World, moment, written
from .retention import OBJECTS, away, erase, protected, versions

Json = dict[str, Any]
DAY = timedelta(days=1)


def passes(world: World, _since: datetime, until: datetime) -> None:
    """Let go what its rules let go.

    https://cloud.google.com/storage/docs/lifecycle (2026-08): a rule applies where all its conditions hold; Delete wins
    over a change of class; with versioning a live object becomes an old version; holds and retentions stay stronger.
    Google looks within a day, here it is looked at the end of each.
    """
    for gone in [r for r in world.resources.values() if r.collection == "b" and r.deleted]:
        if moment(gone.body["hardDeleteTime"]) <= until:
            world.drop(gone)
    for bucket in list(world.of("storage", "b")):
        rules = many(part(bucket.body, "lifecycle"), "rule")
        newer: dict[str, int] = {}
        for found in reversed(list(versions(world, bucket.name))):
            name = str(found.body["name"])
            count = newer.get(name, 0)
            newer[name] = count + 1
            meant = [r for r in rules if _applies(part(r, "condition"), found, count, until)]
            _act(world, bucket, found, [part(r, "action") for r in meant], written(until))
        for gone in list(versions(world, bucket.name, deleted=True)):
            if moment(gone.body["hardDeleteTime"]) <= until:
                world.drop(gone)


def _act(world: World, bucket: Resource, found: Resource, actions: list[Json], at: str) -> None:
    if any(a.get("type") == "Delete" for a in actions):
        if protected(world, bucket, found):
            return
        if found.collection == OBJECTS:
            away(world, bucket, found, at)
        else:
            erase(world, bucket, found, at)
        return
    for action in actions:
        if action.get("type") == "SetStorageClass":
            found.body["storageClass"] = action["storageClass"]


def _applies(condition: Json, found: Resource, newer: int, until: datetime) -> bool:
    """Do all of the conditions hold? One of a kind that is not known here never does."""
    return all(_holds(name, wanted, found, newer, until) for name, wanted in condition.items())


def _holds(name: str, wanted: Any, found: Resource, newer: int, until: datetime) -> bool:
    body, live = found.body, found.collection == OBJECTS
    text = str(body["name"])
    match name:
        case "age":
            return _older(body["timeCreated"], wanted, until)
        case "createdBefore":
            return moment(body["timeCreated"]) < _midnight(wanted)
        case "isLive":
            return live is wanted
        case "numNewerVersions":
            return newer >= int(wanted)
        case "daysSinceNoncurrentTime":
            return not live and _older(body["timeDeleted"], wanted, until)
        case "noncurrentTimeBefore":
            return not live and moment(body["timeDeleted"]) < _midnight(wanted)
        case "daysSinceCustomTime":
            return "customTime" in body and _older(body["customTime"], wanted, until)
        case "customTimeBefore":
            return "customTime" in body and moment(body["customTime"]) < _midnight(wanted)
        case "matchesStorageClass":
            return body["storageClass"] in wanted
        case "matchesPrefix":
            return text.startswith(tuple(wanted))
        case "matchesSuffix":
            return text.endswith(tuple(wanted))
        case _:
            return False


def _older(since: str, days: Any, until: datetime) -> bool:
    return until - moment(since) >= int(days) * DAY


def _midnight(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(tzinfo=UTC)
