"""What a container image and the image of a machine are called."""

import re
from typing import Annotated

from pydantic import AfterValidator

from infra.settings.problem import RuleViolationError
from infra.settings.types import matching

_HOST = r"(?=[^/]*[.:])[A-Za-z0-9]+(-+[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(-+[A-Za-z0-9]+)*)*(:[0-9]+)?/"
_PART = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
"""A docker tag."""
_DIGEST = r"@sha256:[0-9a-f]{64}"

ImageName = Annotated[
    str,
    matching(
        rf"({_HOST})?{_PART}(/{_PART})*(:{TAG})?({_DIGEST})?",
        "a container image is a path in lower case without spaces, with at most one :tag and one @sha256: digest of 64"
        " digits behind it; a registry's host in front has a '.' or ':'",
        "write for example trainer:latest or europe-west1-docker.pkg.dev/PROJECT/REPOSITORY/trainer:v1",
    ),
]
"""A container image as docker names it (the grammar of its registry, `distribution/reference`)."""

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
