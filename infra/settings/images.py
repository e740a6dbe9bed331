"""What a container image and the image of a machine are called."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator

from catalog import tables
from infra.settings.problem import RuleViolationError, nearest
from infra.settings.types import Shown, matching

_HOST = r"(?=[^/]*[.:])[A-Za-z0-9]+(-+[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(-+[A-Za-z0-9]+)*)*(:[0-9]+)?/"
_PART = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
"""A docker tag."""
_DIGEST = r"@sha256:[0-9a-f]{64}"

_IMAGE = rf"({_HOST})?{_PART}(/{_PART})*(:{TAG})?({_DIGEST})?"

MULTI_REGIONS = ("us", "europe", "asia")
"""Where Artifact Registry has repositories beside the regions
(cloud.google.com/artifact-registry/docs/repositories/repo-locations, 2026-11-29)."""


def _addressed(value: str) -> str:
    """Want what an image's address has at Google's registries: a place that there is, and a repository in it."""
    host, _, path = value.partition("/")
    place = registry_place(value)
    if place == "" or (place and "-" not in place and place not in MULTI_REGIONS):
        regions = [*MULTI_REGIONS, *tables.regions()]
        raise RuleViolationError(
            f"a host of Artifact Registry is LOCATION-docker.pkg.dev, a region or one of {', '.join(MULTI_REGIONS)}",
            nearest(place, regions, "write for example europe-west1-docker.pkg.dev/PROJECT/REPOSITORY/trainer:v1"),
        )
    if place and path.count("/") < 2:
        raise RuleViolationError(
            "an image of Artifact Registry is at LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE; a part is missing",
            f"write for example {host}/PROJECT/REPOSITORY/trainer:v1",
        )
    continent, _, registry = host.rpartition("gcr.io")
    if continent.removesuffix(".") in ("europe", *tables.regions()) and not registry:
        raise RuleViolationError("Container Registry has the hosts gcr.io, us.gcr.io, eu.gcr.io and asia.gcr.io", _GCR)
    if host in ("gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io") and "/" not in path:
        raise RuleViolationError(f"an image of {host} is at {host}/PROJECT/IMAGE", _GCR)
    return value


_GCR = "write for example eu.gcr.io/PROJECT/trainer:v1"


def registry_place(image: str) -> str | None:
    """Give the location of Artifact Registry in the name of an image, empty where it lacks one; else None.

    >>> [registry_place(f"{host}/p/r/i") for host in ("us-docker.pkg.dev", "docker.pkg.dev", "docker.io")]
    ['us', '', None]
    """
    host = image.partition("/")[0]
    return host.removesuffix("docker.pkg.dev").removesuffix("-") if host.endswith("docker.pkg.dev") else None


ImageName = Annotated[
    str,
    matching(
        _IMAGE,
        "a container image is a path in lower case without spaces, with at most one :tag and one @sha256: digest of 64"
        " digits behind it; a registry's host in front has a '.' or ':'",
        "write for example trainer:latest or europe-west1-docker.pkg.dev/PROJECT/REPOSITORY/trainer:v1",
    ),
    AfterValidator(_addressed),
]
"""A container image as docker names it (the grammar of its registry, `distribution/reference`)."""

_FROM_GOOGLE_OR_DOCKER = r"([a-z0-9-]+\.)?gcr\.io|([a-z0-9-]+-)?docker\.pkg\.dev|docker\.io"
_HOSTED = re.compile(r"(?P<host>[^/]*[.:][^/]*)/.*", re.DOTALL)


@dataclass(frozen=True)
class pulled_by(Shown):  # noqa: N801 - reads as a verb where it stands
    """Accept an image of the registries that a service of Google's pulls from; one without a host is the stack's."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str) -> str:
        hosted = _HOSTED.fullmatch(value)
        if hosted and not re.fullmatch(_FROM_GOOGLE_OR_DOCKER, hosted["host"]):
            raise RuleViolationError(f"{self.rule}, not from {hosted['host']}", self.remedy)
        return value


def _pulled_by(service: str) -> pulled_by:
    return pulled_by(
        rf"(?=({_FROM_GOOGLE_OR_DOCKER})/|[^/]*$|[^/.:]*/){_IMAGE}",
        f"{service} pulls images from REGION-docker.pkg.dev, gcr.io and docker.io only",
        "push it to the stack's repository (`coursecloud commands`) and write its name there, e.g. trainer:latest",
    )


RunImage = Annotated[ImageName, _pulled_by("Cloud Run")]
"""An image that Cloud Run takes (cloud.google.com/run/docs/deploying#images, from memory, 2026-11-28)."""

TrainingImage = Annotated[ImageName, _pulled_by("Vertex AI")]
"""An image that a job of Vertex AI takes (its page on custom jobs, from memory, 2026-11-28)."""

IMAGE_PATH = r"[a-z]([a-z0-9.:-]*[a-z0-9])?/[a-z]([a-z0-9-]*[a-z0-9])?"
"""PROJECT/FAMILY; an old project's id has a domain in front, `example.com:project`."""


def _known_image(value: str) -> str:
    # A name without a slash is for the table, which knows what is like it.
    if not value or ("/" in value and not re.fullmatch(IMAGE_PATH, value)):
        raise RuleViolationError(
            "an image is a name of the table or PROJECT/FAMILY, in lower-case letters, digits and hyphens",
            "write debian, ubuntu, deep-learning, container-optimized or e.g. debian-cloud/debian-12",
        )
    return value


MachineImage = Annotated[str, AfterValidator(_known_image)]
"""The image of a machine's boot disk: a name of the table, or where it is."""
