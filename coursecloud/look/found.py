"""What was listed, as what the ledger knows: each thing once, whether it bills now, and what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from coursecloud.look import shapes
from coursecloud.look.kinds import Kind, kinds, own
from coursecloud.look.shapes import many, path_of
from coursecloud.spend.model import Found, Shape

Json = dict[str, Any]
INSTANCE, DISK, ADDRESS = (f"compute.googleapis.com/{kind}" for kind in ("Instance", "Disk", "Address"))
SERVICE, ENDPOINT = "run.googleapis.com/Service", "aiplatform.googleapis.com/Endpoint"


class _Fields(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def full(kind: Kind, body: Mapping[str, Any], project: str) -> str:
    """Give a resource's full name, with the project's id: `//compute.googleapis.com/projects/P/zones/Z/instances/N`."""
    name = path_of(kind.name.format_map(_Fields({**body, "project": project})))
    return f"//{kind.api}.googleapis.com/{with_id(name, project)}"


def with_id(path: str, project: str) -> str:
    """Write a path with the project's id, where it may have its number."""
    parts = path.split("/")
    if parts[0] in ("projects", "namespaces") and len(parts) > 1:
        parts[:2] = ["projects", project]
    return "/".join(parts)


def when(text: object) -> datetime | None:
    """Read a time as Google writes it; None where there is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def found(bodies: Mapping[str, tuple[Json, ...]], project: str, stack: str) -> list[Found]:
    """Make one Found of each thing; a boot disk is its machine's, and a machine's address is not counted again."""
    disks = {path_of(body.get("selfLink")): body for body in bodies.get(DISK, ())}
    machines = {path_of(body.get("selfLink")): body for body in bodies.get(INSTANCE, ())}
    boots = dict(shapes.boots(machines))
    made: list[Found] = []
    for kind in kinds():
        for body in bodies.get(kind.asset, ()):
            if kind.asset == DISK and path_of(body.get("selfLink")) in boots:
                continue
            if kind.only and not body.get(kind.only):
                continue
            if kind.end and body.get(kind.end):
                continue  # it has ended: its times are changes
            made.append(_one(kind, body, disks, machines, project, stack))
    return made


def _one(
    kind: Kind, body: Json, disks: Mapping[str, Json], machines: Mapping[str, Json], project: str, stack: str
) -> Found:
    running = runs(kind, body, machines)
    since = when(body.get(kind.since)) if kind.since and running else None
    started = when(body.get(kind.made)) if kind.made else None
    return Found(
        resource=full(kind, body, project),
        shape=shape(kind, body, disks),
        running=running,
        since=since,
        made=started,
        incarnation=incarnation(kind, body),
        declared=own(body.get("labels"), stack),
        stopped=None if running else when(body.get("lastStopTimestamp")),
    )


def shape(kind: Kind, body: Mapping[str, Any], disks: Mapping[str, Mapping[str, Any]]) -> Shape:
    """Say what a listed thing is."""
    regional = kind.asset == DISK and not body.get("zone")
    kind_type = "gcp:compute/regionDisk:RegionDisk" if regional else kind.type
    if kind.asset == ADDRESS and not body.get("region"):
        kind_type = "gcp:compute/globalAddress:GlobalAddress"
    return Shape(kind_type, kind.asset, shapes.MAKERS[kind.shape](body, disks))


def incarnation(kind: Kind, body: Mapping[str, Any]) -> str:
    """Give the id that is never given again; empty where Google tells none."""
    return shapes.last(body.get(kind.id)) if kind.id else ""


def runs(kind: Kind, body: Json, machines: Mapping[str, Json]) -> bool:
    """Say whether it bills by the hour now."""
    if kind.asset == SERVICE:
        return shapes.least(body) > 0
    if kind.asset == ENDPOINT:
        return any(part.get("dedicatedResources") or part.get("automaticResources")
                   for part in many(body, "deployedModels"))  # fmt: skip
    if kind.asset == ADDRESS:
        # An address of a machine that runs bills with it: https://cloud.google.com/vpc/network-pricing (from memory).
        users = [machines.get(path_of(user), {}) for user in cast("list[str]", body.get("users") or [])]
        return not any(user.get("status") == "RUNNING" for user in users)
    if kind.runs is None:
        return True
    value = body.get(str(kind.runs["field"]))
    return value is None if kind.runs.get("absent") else value in kind.runs["values"]


def once(bodies: Mapping[str, tuple[Json, ...]]) -> Iterator[tuple[Kind, Json]]:
    """Yield what runs once and ends by itself, jobs: no log tells when they begin and end, their own times do."""
    for kind in kinds():
        if kind.end:
            yield from ((kind, body) for body in bodies.get(kind.asset, ()))
