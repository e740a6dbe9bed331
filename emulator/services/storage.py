"""Cloud Storage: buckets with Google's rules of naming; objects.py and lifecycle.py have what is in them."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

from .. import catalog, crud, merge
from ..call import Call, page
from ..errors import ApiError, bad_value
from ..kinds import Handlers, Kind, Service, always
from ..shapes import many, part
from ..world import Resource
from . import lifecycle, objects
from .common import labels
from .objects import WEB, match
from .retention import OBJECTS

Json = dict[str, Any]
handlers = Handlers()
CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY")
ACTIONS = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
WEEK = 604_800
OWNS = ("roles/storage.legacyBucketOwner", "roles/storage.legacyObjectOwner")
READS = ("roles/storage.legacyBucketReader", "roles/storage.legacyObjectReader")
CONVENIENCE = {"projectEditor": OWNS, "projectOwner": OWNS, "projectViewer": READS}
"""What a new bucket gives to those with a basic role in its project, which by itself hardly reaches into one; that on
objects only with uniform access (https://cloud.google.com/storage/docs/access-control/iam-roles, 2026-11)."""


def check(_call: Call, body: Json, old: Json | None) -> None:
    """Name, place, class, public access, lifecycle, soft deletion."""
    name = body["name"]
    if old is None and not _good_name(name):
        raise ApiError(400, f"Invalid bucket name: '{name}'")
    labels(body)
    place = str(body.get("location") or "US").upper()
    if place not in catalog.BUCKET_PLACES and place.lower() not in catalog.REGIONS:
        raise ApiError(400, f"The specified location constraint is not valid: '{place}'.")
    if body.get("storageClass", "STANDARD") not in CLASSES:
        raise bad_value("storageClass", body["storageClass"], f"Must be one of {', '.join(CLASSES)}.")
    access = part(body, "iamConfiguration")
    if access.get("publicAccessPrevention", "inherited") not in ("inherited", "enforced", "unspecified"):
        raise bad_value(
            "iamConfiguration.publicAccessPrevention",
            access["publicAccessPrevention"],
            "Must be inherited or enforced.",
        )
    for index, rule in enumerate(many(part(body, "lifecycle"), "rule")):
        action = part(rule, "action")
        if action.get("type") not in ACTIONS:
            raise bad_value(
                f"lifecycle.rule[{index}].action.type", action.get("type"), f"Must be one of {', '.join(ACTIONS)}."
            )
        if action["type"] == "SetStorageClass" and action.get("storageClass") not in CLASSES:
            raise bad_value(
                f"lifecycle.rule[{index}].action.storageClass", action.get("storageClass"), "Unknown storage class."
            )
        if not rule.get("condition"):
            raise bad_value(f"lifecycle.rule[{index}].condition", "", "A lifecycle rule needs at least one condition.")
    kept = int(part(body, "softDeletePolicy").get("retentionDurationSeconds", WEEK))
    if kept and not WEEK <= kept <= 90 * 86_400:
        raise bad_value("softDeletePolicy.retentionDurationSeconds", kept, "Must be 0, or between 7 and 90 days.")


def _good_name(name: str) -> bool:
    """Stricter than Google in one point: `_` is refused too, as such a bucket has no address in the DNS."""
    fits = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name)
    address = re.fullmatch(r"\d+(\.\d+){3}", name)
    return bool(fits) and not address and ".." not in name and not name.startswith("goog") and "google" not in name


def fill(call: Call, body: Json, old: Json | None) -> None:
    """Identity, metageneration and what was left out."""
    stamp = call.world.now()
    place = str(body.get("location") or "US").upper()
    if old is None:
        body |= {
            "id": body["name"],
            "selfLink": f"{WEB}b/{body['name']}",
            "projectNumber": call.project.number,
            "timeCreated": stamp,
            "generation": call.world.next_id(),
            "location": place,
            "metageneration": "0",
            "locationType": catalog.BUCKET_PLACES.get(place, "region"),
            "kind": "storage#bucket",
        }
        if body["locationType"] != "region":
            body.setdefault("rpo", "DEFAULT")
    body["metageneration"] = str(int((old or body)["metageneration"]) + 1)
    body["updated"] = stamp
    body["etag"] = base64.b64encode(f"\x08{body['metageneration']}".encode()).decode()
    access = body.setdefault("iamConfiguration", {})
    access.setdefault("publicAccessPrevention", "inherited")
    uniform = access.setdefault("uniformBucketLevelAccess", {"enabled": False})
    access["bucketPolicyOnly"] = dict(uniform)
    soft = body.setdefault("softDeletePolicy", {"retentionDurationSeconds": str(WEEK)})
    if soft.get("retentionDurationSeconds") != "0":
        soft.setdefault("effectiveTime", stamp)
    for name in [k for k, v in body.items() if v == {} or v is None]:
        del body[name]


def blocked(call: Call, bucket: Resource) -> None:
    """A bucket with anything in it stays, old versions included."""
    if any(True for _ in call.world.below("storage", bucket.path)):
        raise ApiError(409, "The bucket you tried to delete is not empty.", reason="conflict")


@handlers.on("storage.buckets.insert")
def insert(call: Call) -> Any:
    """Names are taken for the whole world."""
    name = call.body.get("name")
    held = call.world.get("storage", f"b/{name}")
    if held:
        mine = held.body["projectNumber"] == call.project.number
        text = "Your previous request to create the named bucket succeeded and you already own it."
        other = (
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        )
        raise ApiError(
            409, text if mine else other + "Please select a different name and try again.", reason="conflict"
        )
    made = crud.create(call)
    uniform = bool(part(part(call.body, "iamConfiguration"), "uniformBucketLevelAccess").get("enabled"))
    bindings = [
        {"role": role, "members": [f"{kind}:{call.project.id}" for kind, given in CONVENIENCE.items() if role in given]}
        for role in dict.fromkeys(role for given in CONVENIENCE.values() for role in given)
        if uniform or "Bucket" in role
    ]
    call.world.policies[f"storage:b/{name}"] = {"bindings": bindings, "etag": call.world.tag()}
    return made


@handlers.on("storage.buckets.list")
def list_buckets(call: Call) -> Any:
    """Those of the project."""
    number, prefix = call.project.number, str(call.query.get("prefix") or "")
    soft = bool(call.query.get("softDeleted"))
    every = [r.body for r in call.world.resources.values() if r.collection == "b" and bool(r.deleted) == soft]
    mine = [b for b in every if b["projectNumber"] == number and b["name"].startswith(prefix)]
    return {"kind": "storage#buckets", **page(call, "items", mine)}


@handlers.on("storage.buckets.get", "storage.buckets.delete", "storage.buckets.update")
def conditional(call: Call) -> Any:
    """get, delete and update, if the metageneration is the one that was asked for."""
    if call.query.get("softDeleted"):
        return _gone(call).body
    match(call, call.resource().body)
    return {"get": crud.get, "delete": delete, "update": crud.update}[call.method.action](call)


def delete(call: Call) -> Any:
    """Its name is free at once; it can be restored for as long as its soft deletion says.

    https://cloud.google.com/storage/docs/soft-delete (2026-08).
    """
    bucket = call.resource()
    blocked(call, bucket)
    kept = timedelta(seconds=int(part(bucket.body, "softDeletePolicy").get("retentionDurationSeconds") or 0))
    if not kept:
        call.world.drop(bucket)
        return {}
    body = bucket.body | {"softDeleteTime": call.world.now(), "hardDeleteTime": call.world.now(kept)}
    call.world.move("storage", bucket.path, f"{bucket.path}#{body['generation']}")
    bucket.body, bucket.deleted = body, body["softDeleteTime"]
    return {}


def _gone(call: Call) -> Resource:
    found = call.world.get("storage", f"{call.path}#{call.query.get('generation')}", deleted=True)
    if found is None:
        raise ApiError(404, "The specified bucket does not exist.")
    return found


@handlers.on("storage.buckets.restore")
def restore(call: Call) -> Any:
    """A soft-deleted bucket is back, with its policy and what can be restored in it, unless its name is taken."""
    gone = _gone(call)
    if call.world.get("storage", call.path):
        raise ApiError(409, "The requested bucket name is in use.", reason="conflict")
    call.world.move("storage", gone.path, call.path)
    gone.body = {k: v for k, v in gone.body.items() if k not in ("softDeleteTime", "hardDeleteTime")}
    gone.deleted = ""
    return gone.body


@handlers.on("storage.buckets.patch")
def patch_bucket(call: Call) -> Any:
    """A merge; the place never changes."""
    bucket = call.resource()
    match(call, bucket.body)
    given = dict(call.body)
    if str(given.get("location", bucket.body["location"])).upper() != bucket.body["location"]:
        raise ApiError(400, "Bucket location cannot be changed.")
    given.pop("location", None)
    changed = merge.merge_patch(bucket.body, given)
    attempt = Resource("storage", bucket.path, bucket.collection, changed)
    crud.settle(call, call.kind, attempt, bucket.body)
    call.world.put(attempt)
    return changed


@handlers.on("storage.buckets.getStorageLayout")
def layout(call: Call) -> Any:
    """Where it is, as clients ask before they upload."""
    body = call.resource().body
    return {
        "kind": "storage#storageLayout",
        "bucket": body["name"],
        "location": body["location"],
        "locationType": body["locationType"],
        "hierarchicalNamespace": {"enabled": False},
    }


handlers |= objects.handlers

KINDS = (
    Kind(
        "storage",
        "b",
        name_from="name",
        full_name=False,
        check=check,
        fill=fill,
        blocked=blocked,
        defaults={"storageClass": "STANDARD"},
        bills=always("per GB and month for what is in it"),
    ),
    Kind("storage", OBJECTS),
)
SERVICE = Service("storage", ("v1",), kinds=KINDS, handlers=handlers, passes=lifecycle.passes)
