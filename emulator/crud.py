"""What a method does by its name alone: create, get, list, patch, delete, undelete; the Kind adds the rules."""

from __future__ import annotations

import copy
import re
from typing import Any

from . import longrunning, merge
from .call import Call, page
from .errors import ApiError, invalid, not_found, stale
from .filters import matches
from .kinds import Kind
from .world import Resource

Json = dict[str, Any]
WHOLE = frozenset({"run.projects.locations.services.patch", "run.projects.locations.jobs.patch"})


def create(call: Call) -> Any:
    """insert and create: the name, the rules, the defaults, the operation."""
    kind, body = call.kind, dict(call.body)
    name = _new_name(call, kind, body) if call.method.addresses_collection else _checked(kind, call.path)
    path = f"{call.path}/{name}" if call.method.addresses_collection else call.path
    parent = call.path.rsplit("/", 1)[0] if call.method.addresses_collection else ""
    check_parent(call, parent)
    if (old := call.world.get(kind.service, path, deleted=True)) is not None:
        if call.service.name == "compute":
            raise exists_compute(path)
        state = " and is soft-deleted: its name is free again only when it has expired" if old.deleted else ""
        raise ApiError(409, f"Resource '{call.shown(path)}' already exists{state}", reason="conflict")
    collection = kind.collection
    resource = Resource(kind.service, path, collection, merge.with_defaults(body, kind.defaults))
    call.path = path
    settle(call, kind, resource, None)
    if call.query.get("validateOnly"):
        return longrunning.reply(call, resource.body)
    call.world.put(resource)
    return longrunning.reply(call, resource.body)


def exists_compute(path: str) -> ApiError:
    """409 in Compute Engine's words."""
    return ApiError(409, f"The resource '{path}' already exists")


def check_parent(call: Call, parent: str) -> None:
    """A secret's version needs the secret: every named ancestor that is itself a resource must be there."""
    parts = parent.split("/")
    for end in range(2, len(parts) + 1, 2):
        collection = "/".join(parts[0:end:2])
        known = any(k.collection == collection for k in call.service.kinds)
        if known and parts[end - 1] != "-" and call.world.get(call.service.name, "/".join(parts[:end])) is None:
            raise not_found(call.shown("/".join(parts[:end])))


def _new_name(call: Call, kind: Kind, body: Json) -> str:
    if kind.name_from.startswith("?"):
        name = str(call.query.get(kind.name_from.strip("?")) or "")
    else:
        name = str(body.get(kind.name_from) or "").rsplit("/", 1)[-1] if kind.name_from else ""
    if not kind.name_from:
        return call.world.next_id()
    if not name and kind.name_from.endswith("?"):
        return call.world.next_id()
    if not name:
        field_name = kind.name_from.strip("?")
        raise invalid(f"Required field '{field_name}' not specified.", (field_name, "must not be empty"))
    return _checked(kind, name)


def _checked(kind: Kind, path: str) -> str:
    name, field_name = path.rsplit("/", 1)[-1], kind.name_from.strip("?") or "name"
    if kind.name_rule and not re.fullmatch(kind.name_rule, name):
        text = f"Invalid value for '{field_name}': '{name}'. Must match the regular expression '{kind.name_rule}'"
        raise invalid(text, (field_name, text))
    return name


def settle(call: Call, kind: Kind, resource: Resource, old: Json | None) -> None:
    """Rules and server-made fields, the same way for a new resource and a changed one."""
    body = resource.body
    if old is None and kind.name_field:
        body[kind.name_field] = call.shown(resource.path) if kind.full_name else resource.name
    kind.check(call, body, old)
    stamp = call.world.now()
    if kind.stamps:
        body.setdefault(kind.stamps[0], stamp)
        for name in kind.stamps[1:]:
            body[name] = stamp
    if kind.etag:
        body[kind.etag] = call.world.tag()
    kind.fill(call, body, old)
    if old is not None:
        for name in kind.immutable:
            if body.get(name) != old.get(name):
                raise invalid(f"Field '{name}' is immutable and cannot be changed.", (name, "immutable"))
    resource.bills = kind.bills(body)


def get(call: Call) -> Any:
    """The resource as it is; one that is only soft-deleted is still told by its own name."""
    return call.resource(deleted=call.kind.soft_delete is not None).body


def list_all(call: Call) -> Any:
    """list: the direct children, filtered, a page at a time."""
    key = call.doc.items_of(call.method.response)
    check_parent(call, call.path.rsplit("/", 1)[0])
    children = (
        [
            r
            for r in call.world.below(call.service.name, call.path, deleted=bool(call.query.get("showDeleted")))
            if r.path.count("/") == call.path.count("/") + 1
        ]
        if "/-" not in call.path
        else _wildcard(call)
    )
    items = [r.body for r in children if matches(str(call.query.get("filter") or ""), r.body)]
    return page(call, key, items)


def _wildcard(call: Call) -> list[Resource]:
    """projects/p/locations/-/services: in every location."""
    pattern = re.compile(re.escape(call.path).replace(r"/\-", "/[^/]+") + "/[^/]+")
    return [
        r
        for r in call.world.resources.values()
        if r.service == call.service.name and not r.deleted and pattern.fullmatch(r.path)
    ]


def aggregated(call: Call) -> Any:
    """aggregatedList: the zones or regions of a compute collection in one answer."""
    project, leaf = call.project.id, call.method.segments[-1]
    found: list[Json] = []
    for r in call.world.below("compute", f"projects/{project}"):
        parts = r.path.split("/")
        if parts[-2] == leaf and matches(str(call.query.get("filter") or ""), r.body):
            found.append({"scope": "global" if parts[2] == "global" else f"{parts[2]}/{parts[3]}", "body": r.body})
    answer = page(call, "items", found)
    scopes: Json = {}
    for entry in answer.get("items", ()):
        scopes.setdefault(entry["scope"], {}).setdefault(leaf, []).append(entry["body"])
    return answer | {"id": f"projects/{project}/aggregated/{leaf}", "items": scopes}


def update(call: Call) -> Any:
    """patch and update: by updateMask where there is one, else merge (PATCH) or replace (PUT)."""
    kind, resource = call.kind, call.world.get(call.service.name, call.path)
    if resource is None:
        if call.query.get("allowMissing"):
            return create(call)
        raise call.missing()
    old, given = resource.body, dict(call.body)
    if kind.etag and given.get(kind.etag) and _plain(given[kind.etag]) != _plain(old.get(kind.etag)):
        raise stale_for(call)
    for name in (kind.name_field, kind.etag):
        given.pop(name, None)
    known = call.doc.schemas[call.method.request]
    mask = str(call.query.get("updateMask") or "")
    # Cloud Run takes a service without a mask as the whole of it: what is left out goes.
    whole = call.method.http == "PUT" or call.method.id in WHOLE
    changed = merge.update(old, given, mask, known, replace=whole)
    attempt = copy.copy(resource)
    attempt.body = changed
    settle(call, kind, attempt, old)
    if not call.query.get("validateOnly"):
        call.world.put(attempt)
    return longrunning.reply(call, attempt.body)


def _plain(tag: object) -> str:
    """An etag is bytes: clients write them in either alphabet of base64, gcloud in the one for addresses."""
    return str(tag).replace("+", "-").replace("/", "_")


def stale_for(call: Call) -> ApiError:
    """An etag is out of date: 412 from Compute Engine, 409 from the newer APIs."""
    if call.service.name == "compute":
        text = "Supplied fingerprint does not match current metadata fingerprint."
        return ApiError(412, text, reason="conditionNotMet")
    return stale(f"'{call.path}'")


def delete(call: Call) -> Any:
    """Gone, or marked where Google only marks; refused while something else needs it."""
    kind, resource = call.kind, call.resource()
    if call.query.get("etag") and call.query["etag"] != resource.body.get(kind.etag):
        raise stale_for(call)
    if kind.blocked:
        kind.blocked(call, resource)
    if kind.soft_delete:
        resource.deleted = call.world.now()
        kind.soft_delete(call, resource)
        return longrunning.reply(call, resource.body)
    call.world.drop(resource)
    return longrunning.reply(call, None)


def undelete(call: Call) -> Any:
    """Back from soft deletion."""
    resource = call.resource(deleted=True)
    if not resource.deleted:
        raise ApiError(400, f"'{call.path}' is not deleted.", status="FAILED_PRECONDITION")
    resource.deleted = ""
    for name in ("expireTime", "deleted", "deleteTime"):
        resource.body.pop(name, None)
    if resource.body.get("state") == "DELETED":
        resource.body["state"] = "ACTIVE"
    return longrunning.reply(call, resource.body)
