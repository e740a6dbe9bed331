"""Artifact Registry: repositories and their cleanup policies; images.py has what is in them."""

from __future__ import annotations

from typing import Any

from .. import longrunning
from ..call import Call
from ..errors import bad_value, invalid
from ..kinds import Handlers, Kind, Service, always
from ..shapes import part
from . import images
from .common import labels

Json = dict[str, Any]
handlers = Handlers()


def check(_call: Call, body: Json, _old: Json | None) -> None:
    """Format, mode and cleanup policies fit each other."""
    labels(body)
    if body.get("format", "FORMAT_UNSPECIFIED") == "FORMAT_UNSPECIFIED":
        raise invalid("repository.format must be specified.", ("repository.format", "required"))
    for key, policy in part(body, "cleanupPolicies").items():
        if policy.get("id", key) != key:
            raise invalid(
                f"cleanup policy '{key}' has another id: {policy['id']}", ("repository.cleanup_policies", key)
            )
        if ("condition" in policy) == ("mostRecentVersions" in policy):
            raise invalid(
                f"cleanup policy '{key}' needs either condition or mostRecentVersions.", ("cleanup_policies", key)
            )
        if "mostRecentVersions" in policy and policy.get("action") != "KEEP":
            raise bad_value("cleanup_policies.action", policy.get("action"), "mostRecentVersions goes with KEEP only.")
    if body.get("mode", "STANDARD_REPOSITORY") == "REMOTE_REPOSITORY" and "remoteRepositoryConfig" not in body:
        raise invalid("A remote repository needs remoteRepositoryConfig.", ("repository", "remote_repository_config"))


def fill(call: Call, body: Json, _old: Json | None) -> None:
    """Where clients push to."""
    location, project = call.segment("locations"), call.project.id
    sort = {"DOCKER": "docker"}.get(body["format"], body["format"].lower())
    name = call.path.rsplit("/", 1)[-1]
    body["registryUri"] = f"{location}-{sort}.pkg.dev/{project}/{name}"
    body.setdefault("satisfiesPzi", False)


handlers["artifactregistry.projects.locations.operations.get"] = longrunning.read
KINDS = (
    Kind(
        "artifactregistry",
        "projects/locations/repositories",
        "?repositoryId",
        r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
        stamps=("createTime", "updateTime"),
        immutable=("format", "mode"),
        check=check,
        fill=fill,
        defaults={"mode": "STANDARD_REPOSITORY"},
        bills=always("per GB and month of what is in it"),
    ),
    *(Kind("artifactregistry", each) for each in (images.PACKAGES, images.VERSIONS, images.TAGS, images.IMAGES)),
    Kind("artifactregistry", images.FILES),
)
handlers |= images.handlers
SERVICE = Service(
    "artifactregistry",
    ("v1",),
    locations=("us", "europe", "asia"),
    kinds=KINDS,
    handlers=handlers,
    passes=images.passes,
)
