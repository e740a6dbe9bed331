"""What of a cloud a person would miss, and what of it is gone: objects, disks, images, secrets, members."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from emulator import Emulator

Json = dict[str, Any]
MARKER = ".coursecloud"
"""What the product writes for itself into a bucket begins so; nobody misses it."""

STATE = ".pulumi/"
"""Pulumi's own state, in a bucket."""

PEOPLE = ("user:", "group:", "domain:", "principal:", "principalSet:")


@dataclass(frozen=True)
class Holding:
    """One thing that a person would miss."""

    kind: str
    path: str
    """`service:path`, as the emulator keeps it; for a member the principal."""
    identity: str
    """What tells it from another of the same name."""

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"


def holdings(emulator: Emulator) -> frozenset[Holding]:
    """List them."""
    with emulator.lock:
        found = {held for key, resource in emulator.world.resources.items() if (held := _held(key, resource))}
        for policy in emulator.world.policies.values():
            for binding in cast("list[Json]", policy.get("bindings") or []):
                people = [member for member in binding["members"] if member.startswith(PEOPLE)]
                found |= {Holding("member", person, person) for person in people if "principal" not in person}
    return frozenset(found)


def _held(key: str, resource: Any) -> Holding | None:
    body: Json = resource.body
    if resource.deleted:
        return None
    collection: str = resource.collection
    if collection in ("b/o", "b/o#"):
        if str(body["name"]).startswith((MARKER, STATE)):
            return None
        return Holding("object", f"{key.partition('#')[0]}", str(body["generation"]))
    if collection == "b":
        return Holding("bucket", key, str(body["timeCreated"]) + str(body.get("generation", "")))
    if collection == "projects/zones/disks":
        # A disk that is made of an image is a machine's own: what is worth keeping is not there.
        return None if body.get("sourceImage") else Holding("disk", key, str(body["id"]))
    if collection.startswith("projects/secrets"):
        return Holding("secret", key, str(body.get("createTime", "")))
    if collection.endswith("/dockerImages") or collection == "projects/locations/repositories":
        kind = "image" if collection.endswith("/dockerImages") else "registry"
        return Holding(kind, key, str(body.get("createTime") or body.get("uploadTime") or ""))
    return None


def gone(before: Iterable[Holding], after: Iterable[Holding], spared: Iterable[str] = ()) -> list[Holding]:
    """List what was there and is not, but for what lies at or below a path of `spared`."""
    left = set(after)
    roots = tuple(spared)
    missing = [held for held in before if held not in left]
    # An old version of an object is the same object at another place.
    versions = {held.identity for held in left if held.kind == "object"}
    missing = [held for held in missing if not (held.kind == "object" and held.identity in versions)]
    return sorted(
        (held for held in missing if not any(held.path == root or held.path.startswith(f"{root}/") for root in roots)),
        key=str,
    )


def state_file(folder: Path, stack: str) -> Path:
    """Name the file of a stack in a file backend."""
    return folder / f".pulumi/stacks/coursecloud/{stack}.json"


def resources(text: str) -> list[Json]:
    """List the resources of a state as a backend keeps it; none where it is empty."""
    if not text.strip():
        return []
    latest = cast("Json", json.loads(text).get("checkpoint", {}).get("latest") or {})
    return cast("list[Json]", latest.get("resources") or [])


def paths(listed: Iterable[Json], names: Iterable[str] | None = None, *, protected: bool = True) -> set[str]:
    """Give the emulator's paths of a state's resources: of these names, or of all; with the kept or without."""
    wanted = None if names is None else set(names)
    found: set[str] = set()
    for resource in listed:
        if not resource.get("custom") or (resource.get("protect") and not protected):
            continue
        name = str(resource["urn"]).rpartition("::")[2]
        if wanted is None or name in wanted:
            found |= _paths(resource)
    return found


def needed_by(some: Iterable[Json], listed: Iterable[Json]) -> set[str]:
    """Give the URNs that resources of a state hang on: Pulumi's `destroy --exclude-protected` leaves these, too."""
    by_urn = {str(resource["urn"]): resource for resource in listed}
    found, left = set[str](), [*some]
    while left:
        resource = left.pop()
        for urn in {str(each) for each in (*(resource.get("dependencies") or ()), resource.get("parent"))} - found:
            if urn in by_urn:
                found.add(urn)
                left.append(by_urn[urn])
    return found


def _paths(resource: Mapping[str, Any]) -> set[str]:
    kind, identity = str(resource["type"]), str(resource.get("id", ""))
    service = {
        "gcp:compute/": "compute",
        "gcp:storage/": "storage",
        "gcp:secretmanager/": "secretmanager",
        "gcp:artifactregistry/": "artifactregistry",
    }
    for prefix, name in service.items():
        if kind.startswith(prefix):
            return {f"{name}:b/{identity}" if kind == "gcp:storage/bucket:Bucket" else f"{name}:{identity}"}
    return set()
