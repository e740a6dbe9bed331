"""Secret Manager: secrets and their versions; payloads are kept apart, no dump shows them."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from .. import catalog
from ..call import Call
from ..errors import ApiError, bad_value, failed, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import many, part
from ..world import Resource, World, moment
from .common import labels, need, one_of, seconds

Json = dict[str, Any]
handlers = Handlers()
SECRETS, VERSIONS = "projects/secrets", "projects/secrets/versions"


def check(call: Call, body: Json, old: Json | None) -> None:
    """Where it is kept, with topics that are there."""
    labels(body)
    if body.get("ttl"):  # told as the time at which it ends
        body["expireTime"] = call.world.now(timedelta(seconds=seconds(str(body.pop("ttl")))))
    if old is None and not call.segment("locations"):
        how = one_of(part(body, "replication"), ("automatic", "userManaged"), "secret.replication")
        for replica in many(body["replication"]["userManaged"], "replicas") if how == "userManaged" else []:
            if replica.get("location") not in catalog.REGIONS:
                raise bad_value(
                    "secret.replication.user_managed.replicas.location", replica.get("location"), "Unknown location."
                )
    for topic in many(body, "topics"):
        need(call, "pubsub", str(topic.get("name")))


def _state(version: Resource, *states: str) -> None:
    if version.body["state"] not in states:
        raise failed(f"Secret version {version.body['name']} is in {version.body['state']} state.")


@handlers.on("secretmanager.projects.secrets.addVersion")
def add_version(call: Call) -> Any:
    """The next number; the payload is kept apart."""
    secret = call.resource()
    data = part(call.body, "payload").get("data")
    if not data:
        raise invalid("The secret version's payload must not be empty.", ("payload.data", "required"))
    if len(base64.b64decode(data)) > 65536:
        raise invalid("The payload is larger than 64 KiB.", ("payload.data", "too large"))
    number = 1 + int(secret.secret or 0)
    secret.secret = number
    path = f"{secret.path}/versions/{number}"
    body: Json = {
        "name": f"{secret.body['name']}/versions/{number}",
        "createTime": call.world.now(),
        "state": "ENABLED",
        "etag": call.world.tag(),
        "replicationStatus": {"automatic": {}},
        "clientSpecifiedPayloadChecksum": "dataCrc32c" in call.body["payload"],
    }
    made = Resource("secretmanager", path, VERSIONS, body, bills="$0.06 a month while it is not destroyed", secret=data)
    return call.world.put(made).body


def _version(call: Call) -> Resource:
    if call.path.endswith("/latest"):
        secret = call.path.rsplit("/", 2)[0]
        numbers = [int(r.name) for r in call.world.below("secretmanager", secret)]
        if not numbers:
            raise ApiError(404, f"Secret [{call.shown(secret)}] not found or has no versions.")
        call.path = f"{secret}/versions/{max(numbers)}"
    return call.resource()


@handlers.on("secretmanager.projects.secrets.versions.get")
def get_version(call: Call) -> Any:
    """By number, or the latest."""
    return _version(call).body


@handlers.on("secretmanager.projects.secrets.versions.access")
def access(call: Call) -> Any:
    """The payload, while the version is enabled."""
    version = _version(call)
    _state(version, "ENABLED")
    return {"name": version.body["name"], "payload": {"data": version.secret}}


@handlers.on(
    "secretmanager.projects.secrets.versions.enable",
    "secretmanager.projects.secrets.versions.disable",
    "secretmanager.projects.secrets.versions.destroy",
)
def switch(call: Call) -> Any:
    """Enable, disable, destroy."""
    version = _version(call)
    _state(version, "ENABLED", "DISABLED")
    state = {"enable": "ENABLED", "disable": "DISABLED", "destroy": "DESTROYED"}[call.method.action]
    version.body["etag"] = call.world.tag()
    secret = call.world.get("secretmanager", version.path.rsplit("/", 2)[0])
    delay = seconds(str(secret.body.get("versionDestroyTtl") or "0s")) if secret else 0
    if state == "DESTROYED" and delay:
        # https://cloud.google.com/secret-manager/docs/delay-destruction-of-secret-versions (2026-08): until then it is
        # disabled, and enabling it calls the destruction off.
        version.body |= {"state": "DISABLED", "scheduledDestroyTime": call.world.now(timedelta(seconds=delay))}
    elif state == "DESTROYED":
        _destroy(version, call.world.now())
    else:
        version.body["state"] = state
        version.body.pop("scheduledDestroyTime", None)
    return version.body


def passes(world: World, _since: datetime, until: datetime) -> None:
    """A secret goes at its expireTime, a version at its scheduledDestroyTime."""
    for secret in world.of("secretmanager", SECRETS):
        if secret.body.get("expireTime") and moment(secret.body["expireTime"]) <= until:
            world.drop(secret)
    for version in world.of("secretmanager", VERSIONS):
        due = version.body.get("scheduledDestroyTime")
        if due and moment(due) <= until:
            _destroy(version, due)


def _destroy(version: Resource, at: str) -> None:
    version.body.pop("scheduledDestroyTime", None)
    version.body |= {"state": "DESTROYED", "destroyTime": at}
    version.secret, version.bills = None, ""


KINDS = (
    Kind(
        "secretmanager",
        SECRETS,
        "?secretId",
        r"[a-zA-Z0-9_-]{1,255}",
        number=True,
        etag="etag",
        stamps=("createTime",),
        immutable=("replication",),
        check=check,
    ),
    Kind("secretmanager", VERSIONS, number=True),
)
SERVICE = Service("secretmanager", ("v1",), kinds=KINDS, handlers=handlers, passes=passes)
