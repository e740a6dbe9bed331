"""What counts what is in a store of each kind, asked of Google."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from coursecloud.deploy.cloud import Cloud, CloudError, escaped
from coursecloud.spend import store

Json = dict[str, Any]

PAGES = 10
"""Pages of a list that are read at most, of 1000 objects or images each; beyond them it is "at least"."""


MARKER = ".coursecloud/last-update.json"
"""The object in which the tool itself notes who updated the stack last; it is nobody's work, and not counted."""


_HOLDS = ("temporaryHold", "eventBasedHold", "retentionExpirationTime")
"""What of an object's description keeps it from being deleted; whether a time has passed is Google's to tell."""


@dataclass(frozen=True)
class StateResource:
    """One resource of a state, with what its outputs and inputs say."""

    resource: Mapping[str, Any]

    def text(self, key: str) -> str:
        """Give a text of the outputs, or of the inputs; empty where neither has one."""
        for side in ("outputs", "inputs"):
            value = cast("Json", self.resource.get(side) or {}).get(key)
            if isinstance(value, str) and value:
                return value
        return ""

    @property
    def id(self) -> str:
        """What the provider calls it."""
        return str(self.resource.get("id") or "")

    def part(self, collection: str) -> str:
        """Give the name that follows a collection in the id: of `projects/p/zones/z/disks/d` `zones` has `z`."""
        parts = self.id.split("/")
        return parts[parts.index(collection) + 1] if collection in parts[:-1] else ""


Zone = tuple[str, str]
"""Project and zone."""


Disks = Mapping[Zone, "dict[str, Json] | CloudError"]
"""The disks of each zone by their name, or why they are not known."""


def _bucket(cloud: Cloud, place: StateResource, _: Disks) -> Json:
    name = place.text("name") or place.id
    fields = f"nextPageToken,items(name,size,timeDeleted,{','.join(_HOLDS)})"
    path = f"b/{escaped(name)}/o"
    objects, more = cloud.pages("storage", path, "items", most=PAGES, versions="true", maxResults="1000", fields=fields)
    counted = [each for each in objects if not _own(str(each.get("name") or ""))]
    live = [each for each in counted if not each.get("timeDeleted")]
    old = [each for each in counted if each.get("timeDeleted")]
    stuck = sum(any(each.get(hold) for hold in _HOLDS) for each in counted)
    bytes_of = _sum("size")
    says = _filled(len(live), "object", bytes_of(live), more=more)
    if old:
        says += f", and {_many(len(old), 'older version', more=more)} of {readable(bytes_of(old))}"
    if stuck:
        says += f"; {_many(stuck, 'of them is', 'of them are')} held, and Google refuses to delete those"
    return {
        "called": name,
        "where": f"gs://{name}",
        "command": f"gcloud storage ls --recursive --long --all-versions gs://{name}",
        "says": says,
        "count": len(live),
        "size": bytes_of(live),
        "older": len(old),
        "older_size": bytes_of(old),
        "held": stuck,
        "more": more,
    }


def _own(name: str) -> bool:
    """Say whether an object is the tool's own note, or the ledger that a `status` has left."""
    return name == MARKER or store.is_ledger(name)


def _registry(cloud: Cloud, place: StateResource, _: Disks) -> Json:
    project, region = place.part("projects"), place.part("locations")
    docker = place.text("format").upper() == "DOCKER"
    listed, size, word = ("dockerImages", "imageSizeBytes", "image") if docker else ("files", "sizeBytes", "file")
    entries, more = cloud.pages("artifactRegistry", f"{place.id}/{listed}", listed, most=PAGES, pageSize="1000")
    total = _sum(size)(entries)
    # Images share layers, which are stored once.
    bound = "at most " if docker and len(entries) > 1 and not more else ""
    name = place.part("repositories")
    sort = place.text("format").lower()
    repository = f"{region}-{sort}.pkg.dev/{project}/{name}"
    return {
        "called": name,
        "where": f"https://console.cloud.google.com/artifacts/{sort}/{project}/{region}/{name}?project={project}",
        "command": f"gcloud artifacts docker images list {repository} --include-tags"
        if docker
        else f"gcloud artifacts files list --repository={name} --location={region} --project={project}",
        "says": _filled(len(entries), word, total, bound, more=more),
        "count": len(entries),
        "size": total,
        "more": more,
    }


def _secret(cloud: Cloud, place: StateResource, _: Disks) -> Json:
    project, name = place.part("projects"), place.part("secrets")
    versions, more = cloud.pages("secretManager", f"{place.id}/versions", "versions", most=PAGES, pageSize="250")
    states = [str(version.get("state")) for version in versions]
    enabled, disabled = states.count("ENABLED"), states.count("DISABLED")
    switched = f", and {disabled} switched off" if disabled else ""
    return {
        "called": name,
        "where": f"https://console.cloud.google.com/security/secret-manager/secret/{name}/versions?project={project}",
        "command": f"gcloud secrets versions list {name} --project={project}",
        "says": f"{_filled(enabled, 'value', more=more)}{switched}",
        "count": enabled + disabled,
        "more": more,
    }


def _disk(_: Cloud, place: StateResource, disks: Disks) -> Json:
    project, zone = place.part("projects"), place.part("zones")
    name = place.part("disks")
    found = _known(disks, project, zone, name)
    users = [str(user).rpartition("/")[2] for user in cast("list[Any]", found.get("users") or [])]
    attached = f"attached to {' and '.join(users)}" if users else "attached to no machine"
    return {
        **_of_disk(found, project, zone, name),
        "says": f"{_gib(found)} GB disk, {attached}; files on it are not counted",
    }


def _boot_disk(_: Cloud, place: StateResource, disks: Disks) -> Json:
    project, zone, machine = place.part("projects"), place.part("zones"), place.part("instances")
    boot: Any = cast("Json", place.resource.get("outputs") or {}).get("bootDisk") or {}
    name = str(boot.get("source") or machine).rpartition("/")[2]
    found = _known(disks, project, zone, name)
    return {
        **_of_disk(found, project, zone, name),
        "says": f"{_gib(found)} GB boot disk; files on it are not counted",
    }


def _of_disk(found: Json, project: str, zone: str, name: str) -> Json:
    page = f"https://console.cloud.google.com/compute/disksDetail/zones/{zone}/disks/{name}?project={project}"
    command = f"gcloud compute disks describe {name} --zone={zone} --project={project}"
    return {"called": name, "where": page, "command": command, "size": _gib(found) * 2**30}


def _known(disks: Disks, project: str, zone: str, name: str) -> Json:
    of = disks.get((project, zone))
    if isinstance(of, CloudError):
        raise of
    if of is None or name not in of:
        raise CloudError(404, f"there is no disk {name} in {zone or 'any zone of it'}", gone=True)
    return of[name]


def _gib(disk: Json) -> int:
    return _whole(disk.get("sizeGb"))


def _endpoint(cloud: Cloud, place: StateResource, _: Disks) -> Json:
    project, region, name = place.part("projects"), place.part("locations"), place.part("endpoints")
    found = cloud.get("vertexAi", place.id, region=region)
    models = cast("list[Json]", found.get("deployedModels") or [])
    site = "https://console.cloud.google.com/vertex-ai/online-prediction"
    return {
        "called": name,
        "where": f"{site}/locations/{region}/endpoints/{name}?project={project}",
        "command": f"gcloud ai endpoints describe {name} --region={region} --project={project}",
        "says": _filled(len(models), "deployed model"),
        "count": len(models),
    }


READERS: Mapping[str, Callable[[Cloud, StateResource, Disks], Json]] = {
    "bucket": _bucket,
    "repository": _registry,
    "secret": _secret,
    "disk": _disk,
    "boot disk": _boot_disk,
    "endpoint": _endpoint,
}
"""What counts what is in a store, by the name that its type's file gives (`counted`)."""


def readable(size: int) -> str:
    """Write a number of bytes for people, in powers of 1024 as Google bills them: `1.5 GiB`."""
    if size < 1024:
        return f"{size} byte{'' if size == 1 else 's'}"
    amount, units = float(size), ["KiB", "MiB", "GiB", "TiB"]
    for unit in units:
        amount /= 1024
        if amount < 999.95 or unit == units[-1]:
            return f"{amount:,.1f} {unit}"
    return ""


def _filled(count: int, word: str, size: int | None = None, bound: str = "", *, more: bool = False) -> str:
    if not count and not more:
        return f"no {word}"
    return _many(count, word, more=more) + ("" if size is None else f", {bound}{readable(size)}")


def _many(count: int, word: str, words: str = "", *, more: bool = False) -> str:
    said = word if count == 1 and not more else words or f"{word}s"
    return f"{'at least ' if more else ''}{count:,} {said}"


def _sum(key: str) -> Callable[[Iterable[Json]], int]:
    return lambda entries: sum(_whole(entry.get(key)) for entry in entries)


def _whole(value: object) -> int:
    """Read a number as Google writes it, in quotes."""
    text = str(value or "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
