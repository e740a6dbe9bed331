"""What stays of an object that goes, old versions and soft-deleted ones, and the holds and retentions that keep one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..errors import ApiError
from ..shapes import part
from ..world import Resource, World, moment

OBJECTS, OLD = "b/o", "b/o#"
"""Live objects; versions that are not, soft-deleted ones among them."""


def versioned(bucket: Resource) -> bool:
    """Does an object that is deleted or written anew stay as an old version?"""
    return bool(part(bucket.body, "versioning").get("enabled"))


def away(world: World, bucket: Resource, gone: Resource, at: str) -> None:
    """The live object goes: with versioning it becomes an old version, else it is deleted."""
    if not versioned(bucket):
        erase(world, bucket, gone, at)
        return
    world.drop(gone)
    gone.body["timeDeleted"] = at
    path = f"{gone.path}#{gone.body['generation']}"
    world.put(Resource("storage", path, OLD, gone.body, bills=gone.bills, secret=gone.secret))


def erase(world: World, bucket: Resource, gone: Resource, at: str) -> None:
    """This version is deleted, and can be restored for as long as the bucket's soft deletion says."""
    world.drop(gone)
    kept = timedelta(seconds=int(part(bucket.body, "softDeletePolicy").get("retentionDurationSeconds") or 0))
    if not kept:
        return
    due = world.now(moment(at) - world.time() + kept)
    body = gone.body | {"softDeleteTime": at, "hardDeleteTime": due}
    path = f"{gone.path.partition('#')[0]}#{gone.body['generation']}"
    bills = f"{gone.body['size']} bytes soft-deleted until {due}"
    world.put(Resource("storage", path, OLD, body, bills=bills, deleted=at, secret=gone.secret))


def refuse_held(world: World, bucket: Resource, found: Resource) -> None:
    """403 for what a hold or a retention keeps.

    Reasons and words by https://cloud.google.com/storage/docs/json_api/v1/status-codes (2026-08) and
    .../docs/object-holds; the exact text of a retention's refusal is assumed. With versioning the live object
    may go, as it stays as an old version: .../docs/bucket-lock.
    """
    name = f"{bucket.name}/{found.body['name']}"
    for field, sort in (("temporaryHold", "Temporary"), ("eventBasedHold", "Event-Based")):
        if found.body.get(field):
            text = f"Object '{name}' is under active {sort} hold and cannot be deleted, overwritten or archived until "
            raise ApiError(403, text + "hold is removed.", reason="objectUnderActiveHold")
    if found.collection == OBJECTS and versioned(bucket):
        return
    until = [part(found.body, "retention").get("retainUntilTime")]
    if period := part(bucket.body, "retentionPolicy").get("retentionPeriod"):
        created = moment(found.body["timeCreated"])
        until.append((created + timedelta(seconds=int(period))).isoformat())
    late = max((moment(u) for u in until if u), default=None)
    if late and late > world.time():
        text = f"Object '{name}' is subject to bucket's retention policy or object retention and cannot be deleted or "
        raise ApiError(403, f"{text}overwritten until {late.isoformat()}", reason="retentionPolicyNotMet")


def protected(world: World, bucket: Resource, found: Resource) -> bool:
    """Is there a hold or a retention that keeps it?"""
    try:
        refuse_held(world, bucket, found)
    except ApiError:
        return True
    return False


def versions(world: World, bucket: str, *, deleted: bool = False) -> Iterator[Resource]:
    """All objects of a bucket in Google's order: by name, then by age; `deleted`: only the soft-deleted ones."""
    found = [
        r
        for r in world.below("storage", f"b/{bucket}", deleted=deleted)
        if r.collection in (OBJECTS, OLD) and bool(r.deleted) == deleted
    ]
    yield from sorted(found, key=lambda r: (str(r.body["name"]).encode(), int(r.body["generation"])))
