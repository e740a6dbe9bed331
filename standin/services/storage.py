"""Cloud Storage: buckets with Google's rules of naming, objects small enough to keep in memory."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from typing import Any
from urllib.parse import unquote

from .. import catalog, crud, merge, wire
from ..call import Call, page
from ..errors import ApiError, bad_value, invalid
from ..kinds import Handlers, Kind, Service, always
from ..shapes import is_object, many, part
from ..world import Resource, now
from .common import labels

Json = dict[str, Any]
handlers = Handlers()
WEB = "https://www.googleapis.com/storage/v1/"
CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY")
ACTIONS = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
WEEK = 604_800


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
    stamp = now()
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


def _match(call: Call, body: Json) -> None:
    """ifMetagenerationMatch and ifGenerationMatch."""
    for name in ("metageneration", "generation"):
        wanted = call.query.get(f"if{name.capitalize()}Match")
        if wanted is not None and str(wanted) != str(body.get(name, "0")):
            raise ApiError(
                412, "At least one of the pre-conditions you specified did not hold.", reason="conditionNotMet"
            )


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
    return crud.create(call)


@handlers.on("storage.buckets.list")
def list_buckets(call: Call) -> Any:
    """Those of the project."""
    number, prefix = call.project.number, str(call.query.get("prefix") or "")
    mine = [
        r.body for r in call.world.of("storage", "b") if r.body["projectNumber"] == number and r.name.startswith(prefix)
    ]
    return {"kind": "storage#buckets", **page(call, "items", mine)}


@handlers.on("storage.buckets.get", "storage.buckets.delete", "storage.buckets.update")
def conditional(call: Call) -> Any:
    """get, delete and update, if the metageneration is the one that was asked for."""
    _match(call, call.resource().body)
    return {"get": crud.get, "delete": crud.delete, "update": crud.update}[call.method.action](call)


@handlers.on("storage.buckets.patch")
def patch_bucket(call: Call) -> Any:
    """A merge; the place never changes."""
    bucket = call.resource()
    _match(call, bucket.body)
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


@handlers.on("storage.objects.insert")
def insert_object(call: Call) -> Any:
    """An upload, simple or multipart."""
    bucket = call.world.get("storage", "/".join(call.path.split("/")[:2]))
    if bucket is None:
        raise ApiError(404, "The specified bucket does not exist.")
    body = dict(call.body)
    name, data = str(call.query.get("name") or body.get("name") or ""), call.media or b""
    if not name:
        raise ApiError(400, "Required", reason="required")
    return store(call, bucket, name, data, body)


def store(call: Call, bucket: Resource, name: str, data: bytes, more: Json) -> Json:
    """Keep the bytes; with versioning the old ones too."""
    path = f"{bucket.path}/o/{name.replace('/', '%2F')}"
    old = call.world.get("storage", path)
    _match(call, old.body if old else {})
    stamp, generation = now(), call.world.next_id()[:16]
    quoted = name.replace("/", "%2F")
    body = {
        "contentType": "application/octet-stream",
        **more,
        "kind": "storage#object",
        "name": name,
        "bucket": bucket.name,
        "id": f"{bucket.name}/{name}/{generation}",
        "generation": generation,
        "metageneration": "1",
        "size": str(len(data)),
        "md5Hash": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        "timeCreated": stamp,
        "updated": stamp,
        "storageClass": bucket.body.get("storageClass", "STANDARD"),
        "selfLink": f"{WEB}{bucket.path}/o/{quoted}",
        "mediaLink": f"https://storage.googleapis.com/download/storage/v1/{bucket.path}/o/{quoted}?generation={generation}&alt=media",
        "crc32c": base64.b64encode(zlib.crc32(data).to_bytes(4)).decode(),
        "etag": call.world.tag(),
    }
    if old and part(bucket.body, "versioning").get("enabled"):
        old.body["timeDeleted"] = stamp
        call.world.put(Resource("storage", f"{path}#{old.body['generation']}", "b/o#", old.body, secret=old.secret))
    made = Resource("storage", path, "b/o", body, bills=f"{len(data)} bytes kept", secret=data)
    return call.world.put(made).body


def _version(call: Call) -> Resource:
    generation = call.query.get("generation")
    path = f"b/{call.params['bucket']}/o/{call.params['object'].replace('/', '%2F')}"
    found = call.world.get("storage", path)
    if generation and (found is None or found.body["generation"] != generation):
        found = call.world.get("storage", f"{path}#{generation}")
    if found is None:
        raise ApiError(404, f"No such object: {call.params['bucket']}/{unquote(call.params['object'])}")
    return found


@handlers.on("storage.objects.get")
def get_object(call: Call) -> Any:
    """The description, or with alt=media the bytes."""
    found = _version(call)
    return found.secret if call.query.get("alt") == "media" else found.body


@handlers.on("storage.objects.delete")
def delete_object(call: Call) -> Any:
    """With versioning it only becomes an old version."""
    found = _version(call)
    _match(call, found.body)
    bucket = call.world.get("storage", f"b/{call.params['bucket']}")
    call.world.drop(found)
    if bucket and part(bucket.body, "versioning").get("enabled") and not call.query.get("generation"):
        found.body["timeDeleted"] = now()
        call.world.put(
            Resource("storage", f"{found.path}#{found.body['generation']}", "b/o#", found.body, secret=found.secret)
        )
    return {}


@handlers.on("storage.objects.list")
def list_objects(call: Call) -> Any:
    """Names by prefix, folders by delimiter, old versions on request."""
    bucket = "/".join(call.path.split("/")[:2])
    if call.world.get("storage", bucket) is None:
        raise ApiError(404, "The specified bucket does not exist.")
    prefix, delimiter = str(call.query.get("prefix") or ""), str(call.query.get("delimiter") or "")
    items: list[Json] = []
    prefixes: set[str] = set()
    for r in call.world.below("storage", bucket):
        name = str(r.body.get("name", ""))
        if (
            r.collection not in ("b/o", "b/o#")
            or not name.startswith(prefix)
            or (r.collection == "b/o#" and not call.query.get("versions"))
        ):
            continue
        rest = name[len(prefix) :]
        if delimiter and delimiter in rest:
            prefixes.add(prefix + rest.split(delimiter)[0] + delimiter)
        else:
            items.append(r.body)
    answer: Json = {"kind": "storage#objects", **page(call, "items", items)}
    return answer | ({"prefixes": sorted(prefixes)} if prefixes else {})


def read_multipart(content_type: str, raw: bytes) -> tuple[Json, bytes]:
    """An upload of uploadType=multipart: the object's description, then its bytes."""
    mark = re.search(r"""boundary=["']?([^"';]+)""", content_type)
    if not mark:
        raise invalid("Multipart upload without a boundary.")
    parts = raw.split(b"--" + mark[1].encode())[1:3]
    if len(parts) != 2:
        raise invalid("Multipart upload without two parts.")
    bodies = [p.lstrip(b"\r\n").replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")[2] for p in parts]
    trimmed = [b[:-2] if b.endswith(b"\r\n") else b.removesuffix(b"\n") for b in bodies]
    described = wire.parsed(trimmed[0] or b"{}")
    if not is_object(described):
        raise invalid("The description of an object is a JSON object.")
    return described, trimmed[1]


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
    Kind("storage", "b/o"),
)
SERVICE = Service("storage", ("v1",), kinds=KINDS, handlers=handlers)
