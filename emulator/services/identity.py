"""What every resource of Compute Engine is given: an id, links, a time, fingerprints."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ApiError
from .common import labels
from .links import COMPUTE

Json = dict[str, Any]


def same(given: Any, held: str) -> None:
    """A fingerprint must be the present one."""
    if given != held:
        raise ApiError(
            412, "Supplied fingerprint does not match current metadata fingerprint.", reason="conditionNotMet"
        )


def identity(call: Call, body: Json, old: Json | None) -> None:
    """What every compute resource gets: id, selfLink, kind, time, fingerprint."""
    path = call.path
    parts = path.split("/")
    schema = call.method.request
    if old is None:
        body |= {
            "kind": f"compute#{schema[:1].lower()}{schema[1:]}",
            "id": call.world.next_id(),
            "name": parts[-1],
            "creationTimestamp": call.world.now(),
            "selfLink": COMPUTE + path,
        }
        for place, field in (("zones", "zone"), ("regions", "region")):
            if parts[2] == place:
                body[field] = f"{COMPUTE}projects/{parts[1]}/{place}/{parts[3]}"
    labels(body)


def fingerprinted(call: Call, body: Json, old: Json | None) -> None:
    """Identity, and a fingerprint of the whole."""
    identity(call, body, old)
    body["fingerprint"] = call.world.tag()


def labelled(call: Call, body: Json, old: Json | None) -> None:
    """Identity, and a fingerprint of the labels."""
    identity(call, body, old)
    if old is None or old.get("labels") != body.get("labels"):
        body["labelFingerprint"] = call.world.tag()
