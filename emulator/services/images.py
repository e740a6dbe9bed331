"""Images in a repository of Artifact Registry: pushed in pretence, listed, deleted, cleaned up by policies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from .. import longrunning
from ..call import Call
from ..errors import ApiError, failed
from ..kinds import Handlers
from ..shapes import is_list, is_object, many, part
from ..world import Resource, World, moment
from .common import seconds

Json = dict[str, Any]
handlers = Handlers()
REPOSITORIES = "projects/locations/repositories"
PACKAGES, VERSIONS = f"{REPOSITORIES}/packages", f"{REPOSITORIES}/packages/versions"
TAGS, IMAGES, FILES = f"{REPOSITORIES}/packages/tags", f"{REPOSITORIES}/dockerImages", f"{REPOSITORIES}/files"
ADDRESS = re.compile(
    r"([a-z0-9-]+)-docker\.pkg\.dev/([a-z][a-z0-9-]+)/([a-z][a-z0-9-]*)/([a-z0-9._/-]+?)(?::([\w.-]+))?"
)


def push(world: World, given: Any) -> Json:
    """What `docker push` leaves behind of `image` REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG, of `size` bytes.

    `tags` may name more of them. Each push is another image. Raises ValueError for what is none, or goes nowhere.
    """
    known = {"image", "size", "tags"}
    if not is_object(given) or not set(given) <= known:
        raise ValueError(f"image: {given!r}; it is an object with {', '.join(sorted(known))}")
    found = ADDRESS.fullmatch(str(given.get("image")))
    size, tags = given.get("size", 0), given.get("tags", [])
    if not found or not isinstance(size, int) or size < 0 or not is_list(tags):
        example = '{"image": "europe-west1-docker.pkg.dev/my-project/images/app:v1", "size": 1000, "tags": []}'
        raise ValueError(f"image: {given!r}; it is such as {example}")
    place, project, repository, name, tag = found.groups()
    path = f"projects/{project}/locations/{place}/repositories/{repository}"
    held = world.get("artifactregistry", path)
    if held is None or held.body["format"] != "DOCKER":
        raise ValueError(f"image: {given['image']}: there is no docker repository {path}")
    names = [str(t) for t in (*([tag] if tag else []), *tags)]
    digest = "sha256:" + hashlib.sha256(world.next_id().encode()).hexdigest()
    return _keep(world, held, name, digest, names, size)


def _keep(world: World, repository: Resource, name: str, digest: str, tags: list[str], size: int) -> Json:
    package = f"{repository.path}/packages/{name.replace('/', '%2F')}"
    stamp = world.now()
    stamps = {"createTime": stamp, "updateTime": stamp}
    immutable = part(repository.body, "dockerConfig").get("immutableTags")
    for tag in tags:
        if immutable and world.get("artifactregistry", f"{package}/tags/{tag}"):
            raise ValueError(f"image: the tag {tag} is there, and the repository's tags are immutable")
    if held := world.get("artifactregistry", package):
        held.body["updateTime"] = stamp
    else:
        _put(world, package, PACKAGES, {"name": package, "displayName": name, **stamps})
    version = f"{package}/versions/{digest}"
    _put(world, version, VERSIONS, {"name": version, "metadata": {"imageSizeBytes": str(size)}, **stamps})
    for tag in tags:
        path = f"{package}/tags/{tag}"
        _put(world, path, TAGS, {"name": path, "version": version})
    place, project = repository.path.split("/")[3], repository.path.split("/")[1]
    path = f"{repository.path}/dockerImages/{name.replace('/', '%2F')}@{digest}"
    body = {
        "name": path,
        "uri": f"{place}-docker.pkg.dev/{project}/{repository.name}/{name}@{digest}",
        "imageSizeBytes": str(size),
        "uploadTime": stamp,
        "buildTime": stamp,
        "updateTime": stamp,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    }
    _put(world, path, IMAGES, body).bills = f"{size} bytes of an image"
    file = f"{repository.path}/files/{digest}"
    _put(world, file, FILES, {"name": file, "sizeBytes": str(size), "owner": version, **stamps})
    _count(world, repository)
    return body


def _put(world: World, path: str, collection: str, body: Json) -> Resource:
    return world.put(Resource("artifactregistry", path, collection, body))


def _tags(world: World, version: Resource) -> list[Resource]:
    package = version.path.rsplit("/", 2)[0]
    below = world.below("artifactregistry", f"{package}/tags")
    return [t for t in below if t.body["version"] == version.path]


def _count(world: World, repository: Resource) -> None:
    """What the repository holds, and which tags each image has."""
    total = 0
    for version in [v for v in world.below("artifactregistry", repository.path) if v.collection == VERSIONS]:
        tags = [t.name for t in _tags(world, version)]
        version.body["relatedTags"] = [{"name": t.path, "version": version.path} for t in _tags(world, version)]
        image = _image(world, version)
        total += int(version.body["metadata"]["imageSizeBytes"])
        if image:
            image.body["tags"] = tags
    repository.body["sizeBytes"] = str(total)


def _image(world: World, version: Resource) -> Resource | None:
    repository, _, rest = version.path.partition("/packages/")
    name, _, digest = rest.partition("/versions/")
    return world.get("artifactregistry", f"{repository}/dockerImages/{name}@{digest}")


def _drop(world: World, version: Resource) -> None:
    repository, digest = version.path.partition("/packages/")[0], version.name
    gone = [*_tags(world, version), version, _image(world, version)]
    gone.append(world.get("artifactregistry", f"{repository}/files/{digest}"))
    for each in gone:
        if each:
            world.drop(each)


def _recount(world: World, path: str) -> None:
    repository = world.get("artifactregistry", path.partition("/packages/")[0])
    if repository:
        _count(world, repository)


@handlers.on("artifactregistry.projects.locations.repositories.packages.versions.delete")
def delete_version(call: Call) -> Any:
    """One image; one that has a tag only by force."""
    version = call.resource()
    tags = _tags(call.world, version)
    if tags and not call.query.get("force"):
        named = ", ".join(t.name for t in tags)
        raise failed(f"cannot delete version '{version.name}' because it is tagged. Existing tags are: {named}")
    _drop(call.world, version)
    _recount(call.world, version.path)
    return longrunning.reply(call, None)


@handlers.on("artifactregistry.projects.locations.repositories.packages.delete")
def delete_package(call: Call) -> Any:
    """All images of a name."""
    package = call.resource()
    for version in list(call.world.below("artifactregistry", f"{package.path}/versions")):
        _drop(call.world, version)
    call.world.drop(package)
    _recount(call.world, package.path)
    return longrunning.reply(call, None)


@handlers.on("artifactregistry.projects.locations.repositories.packages.tags.delete")
def delete_tag(call: Call) -> Any:
    """The name, not the image."""
    tag = call.resource()
    call.world.drop(tag)
    _recount(call.world, tag.path)
    return {}


@handlers.on("artifactregistry.projects.locations.repositories.dockerImages.get")
def get_image(call: Call) -> Any:
    """By its digest, or by a tag."""
    repository, _, name = call.path.partition("/dockerImages/")
    if "@" not in name and ":" in name:
        package, _, tag = name.rpartition(":")
        found = call.world.get("artifactregistry", f"{repository}/packages/{package}/tags/{tag}")
        version = call.world.get("artifactregistry", found.body["version"]) if found else None
        image = _image(call.world, version) if version else None
        if image is None:
            raise ApiError(404, f"Resource '{call.path}' was not found")
        return image.body
    return call.resource().body


def passes(world: World, _since: datetime, until: datetime) -> None:
    """Delete what a repository's policies let go.

    https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy (2026-08): a version that any Delete
    policy names goes unless a Keep policy names it too; this runs about once a day, and in a dry run deletes nothing.
    """
    for repository in list(world.of("artifactregistry", REPOSITORIES)):
        policies = list(part(repository.body, "cleanupPolicies").values())
        if not policies or repository.body.get("cleanupPolicyDryRun"):
            continue
        every = [v for v in world.below("artifactregistry", repository.path) if v.collection == VERSIONS]
        kept = {v.path for p in policies if p.get("action") == "KEEP" for v in _named(world, p, every, until)}
        gone = [v for p in policies if p.get("action") == "DELETE" for v in _named(world, p, every, until)]
        for version in gone:
            if version.path not in kept:
                _drop(world, version)
        _count(world, repository)


def _named(world: World, policy: Json, versions: list[Resource], until: datetime) -> Iterator[Resource]:
    """The versions that a policy's condition names, or the newest of each package."""
    if newest := part(policy, "mostRecentVersions"):
        prefixes = tuple(many(newest, "packageNamePrefixes")) or ("",)
        by_package: dict[str, list[Resource]] = {}
        for version in versions:
            by_package.setdefault(_package(version), []).append(version)
        for name, found in by_package.items():
            if name.startswith(prefixes):
                found.sort(key=lambda v: moment(v.body["createTime"]), reverse=True)
                yield from found[: int(newest.get("keepCount") or 0)]
        return
    condition = part(policy, "condition")
    yield from [v for v in versions if _applies(condition, v, [t.name for t in _tags(world, v)], until)]


def _package(version: Resource) -> str:
    return version.path.rsplit("/", 3)[1].replace("%2F", "/")


def _applies(condition: Json, version: Resource, tags: list[str], until: datetime) -> bool:
    age = until - moment(version.body["createTime"])
    older, newer = condition.get("olderThan"), condition.get("newerThan")
    state = condition.get("tagState", "ANY")
    prefixes = tuple(many(condition, "tagPrefixes"))
    return (
        (not older or age >= timedelta(seconds=seconds(older)))
        and (not newer or age <= timedelta(seconds=seconds(newer)))
        and (state not in ("TAGGED", "UNTAGGED") or bool(tags) == (state == "TAGGED"))
        and (not prefixes or any(t.startswith(prefixes) for t in tags))
        and _package(version).startswith(tuple(many(condition, "packageNamePrefixes")) or ("",))
        and version.name.startswith(tuple(many(condition, "versionNamePrefixes")) or ("",))
    )
