"""Objects of Cloud Storage, small enough to keep in memory: written, read, listed, copied; retention.py: what stays."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import unquote

from .. import merge
from ..call import Call, page
from ..errors import ApiError
from ..kinds import Handlers
from ..media import Media, crc32c, described
from ..shapes import many, part
from ..world import Resource
from .retention import OBJECTS, OLD, away, erase, refuse_held, versions

Json = dict[str, Any]
handlers = Handlers()
WEB = "https://www.googleapis.com/storage/v1/"


def match(call: Call, body: Json, prefix: str = "if") -> None:
    """ifGenerationMatch, ifMetagenerationMatch and their opposites; what is not there has generation 0."""
    for name in ("metageneration", "generation"):
        wanted = call.query.get(f"{prefix}{name.capitalize()}Match")
        unwanted = call.query.get(f"{prefix}{name.capitalize()}NotMatch")
        held = str(body.get(name, "0"))
        if (wanted is not None and str(wanted) != held) or (unwanted is not None and str(unwanted) == held):
            raise ApiError(
                412, "At least one of the pre-conditions you specified did not hold.", reason="conditionNotMet"
            )


def bucket_of(call: Call, name: str) -> Resource:
    """The bucket, or 404."""
    found = call.world.get("storage", f"b/{name}")
    if found is None:
        raise ApiError(404, "The specified bucket does not exist.")
    return found


def _path(bucket: str, name: str) -> str:
    return f"b/{bucket}/o/{name.replace('%', '%25').replace('/', '%2F').replace('#', '%23')}"


@handlers.on("storage.objects.insert")
def insert(call: Call) -> Any:
    """An upload."""
    bucket = bucket_of(call, call.params["bucket"])
    body = dict(call.body)
    name = str(call.query.get("name") or body.get("name") or "")
    if not name:
        raise ApiError(400, "Required", reason="required")
    return store(call, bucket, name, call.media or b"", body)


def store(call: Call, bucket: Resource, name: str, data: bytes, more: Json, sum_: str = "") -> Json:
    """Keep the bytes; with versioning the old ones too."""
    path = _path(bucket.name, name)
    old = call.world.get("storage", path)
    match(call, old.body if old else {})
    if old:
        refuse_held(call.world, bucket, old)
    stamp, generation = call.world.now(), call.world.next_id()[:16]
    quoted = name.replace("/", "%2F")
    body = {
        "contentType": "application/octet-stream",
        "storageClass": bucket.body.get("storageClass", "STANDARD"),
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
        "selfLink": f"{WEB}{bucket.path}/o/{quoted}",
        "mediaLink": f"https://storage.googleapis.com/download/storage/v1/{bucket.path}/o/{quoted}?generation={generation}&alt=media",
        "crc32c": sum_ or crc32c(data),
        "etag": call.world.tag(),
    }
    if old:
        away(call.world, bucket, old, stamp)
    made = Resource("storage", path, OBJECTS, body, bills=f"{len(data)} bytes kept", secret=data)
    return call.world.put(made).body


def _version(call: Call, bucket: str, name: str, generation: Any) -> Resource:
    path = _path(bucket, name)
    found = call.world.get("storage", path)
    if generation and (found is None or found.body["generation"] != str(generation)):
        found = call.world.get("storage", f"{path}#{generation}", deleted=bool(call.query.get("softDeleted")))
    if found is None:
        raise ApiError(404, f"No such object: {bucket}/{name}")
    return found


def _named(call: Call) -> Resource:
    return _version(call, call.params["bucket"], unquote(call.params["object"]), call.query.get("generation"))


@handlers.on("storage.objects.get")
def get(call: Call) -> Any:
    """The description, or with alt=media the bytes."""
    found = _named(call)
    match(call, found.body)
    if call.query.get("alt") != "media":
        return found.body
    return described(found.body, found.secret or b"").part(call.range)


@handlers.on("storage.objects.patch", "storage.objects.update")
def patch(call: Call) -> Any:
    """Metadata, holds and retention; what is kept until a time cannot be let go earlier."""
    found = _named(call)
    match(call, found.body)
    given = {k: v for k, v in call.body.items() if k in WRITABLE}
    body = merge.merge_patch(found.body, given)
    body |= {"metageneration": str(int(body["metageneration"]) + 1), "updated": call.world.now()}
    found.body = {k: v for k, v in body.items() if v is not None}
    return found.body


WRITABLE = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "retention",
    "temporaryHold",
)


@handlers.on("storage.objects.delete")
def delete(call: Call) -> Any:
    """With versioning it only becomes an old version."""
    found = _named(call)
    match(call, found.body)
    bucket = bucket_of(call, call.params["bucket"])
    refuse_held(call.world, bucket, found)
    if found.collection == OBJECTS and not call.query.get("generation"):
        away(call.world, bucket, found, call.world.now())
    else:
        erase(call.world, bucket, found, call.world.now())
    return {}


@handlers.on("storage.objects.restore")
def restore(call: Call) -> Any:
    """A soft-deleted version is the live object again, as a new generation."""
    call.query["softDeleted"] = True
    found = _named(call)
    bucket = bucket_of(call, call.params["bucket"])
    if not found.deleted:
        raise ApiError(400, "The object is not soft-deleted.")
    made = store(call, bucket, str(found.body["name"]), found.secret, _carried(found.body), found.body["crc32c"])
    call.world.drop(found)
    return made


def _carried(body: Json) -> Json:
    return {k: v for k, v in body.items() if k in WRITABLE and k not in ("retention", "temporaryHold")}


@handlers.on("storage.objects.rewrite", "storage.objects.copy")
def copy(call: Call) -> Any:
    """The bytes of an object under another name, in one step."""
    where = {k: unquote(v) for k, v in call.params.items()}
    source = _version(call, where["sourceBucket"], where["sourceObject"], call.query.get("sourceGeneration"))
    match(call, source.body, "ifSource")
    bucket = bucket_of(call, where["destinationBucket"])
    more = _carried(source.body) | dict(call.body)
    made = store(call, bucket, where["destinationObject"], source.secret, more, source.body["crc32c"])
    if call.method.action == "copy":
        return made
    size = made["size"]
    told = {"kind": "storage#rewriteResponse", "done": True, "totalBytesRewritten": size, "objectSize": size}
    return told | {"resource": made}


@handlers.on("storage.objects.compose")
def compose(call: Call) -> Any:
    """Several objects of a bucket, one after the other, as one."""
    bucket = bucket_of(call, call.params["destinationBucket"])
    sources = [_version(call, bucket.name, s["name"], s.get("generation")) for s in many(call.body, "sourceObjects")]
    data = b"".join(s.secret for s in sources)
    more = {"contentType": sources[0].body["contentType"]} | part(call.body, "destination")
    made = store(call, bucket, unquote(call.params["destinationObject"]), data, more)
    made["componentCount"] = len(sources)
    held = call.world.get("storage", f"b/{bucket.name}/o/{made['name']}")
    for body in (made, *([held.body] if held else [])):
        body.pop("md5Hash", None)  # https://cloud.google.com/storage/docs/composite-objects: it has a CRC32C alone
    return made


@handlers.on("storage.objects.list")
def listed(call: Call) -> Any:
    """Names by prefix, folders by delimiter, old or soft-deleted versions on request."""
    bucket = bucket_of(call, call.params["bucket"])
    query = call.query
    prefix, delimiter = str(query.get("prefix") or ""), str(query.get("delimiter") or "")
    first, last = str(query.get("startOffset") or ""), str(query.get("endOffset") or "")
    everything: list[Json] = []
    folders: set[str] = set()
    for r in versions(call.world, bucket.name, deleted=bool(query.get("softDeleted"))):
        name = str(r.body["name"])
        old = r.collection == OLD and not (query.get("versions") or query.get("softDeleted"))
        if old or not name.startswith(prefix) or name < first or (last and name >= last):
            continue
        before, mark, after = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
        folder = prefix + before + delimiter
        if mark and folder not in folders:
            folders.add(folder)
            everything.append({"folder": folder})
        if not mark or (query.get("includeTrailingDelimiter") and not after):
            everything.append({"object": r.body})
    answer: Json = page(call, "items", everything)
    entries = answer.pop("items", [])
    items = [e["object"] for e in entries if "object" in e]
    prefixes = [e["folder"] for e in entries if "folder" in e]
    answer |= {"kind": "storage#objects"} | ({"items": items} if items else {})
    return answer | ({"prefixes": prefixes} if prefixes else {})


__all__ = ["Media", "handlers", "match"]
