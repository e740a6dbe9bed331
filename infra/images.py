"""What a service runs where it is made: what was deployed last, or Google's sample while nobody has pushed it."""

from __future__ import annotations

import pulumi

from infra.component import Place
from infra.registry import docker_url

DEPLOYED = "deployed"
"""The tag that a build moves once its image runs; a service that is made anew begins with it."""

PLACEHOLDER = "us-docker.pkg.dev/cloudrun/container/hello"
"""Google's sample, which listens where it is told to (https://cloud.google.com/run/docs/quickstarts, 2026-11-28)."""

BUILDS_OWN = ("template.containers[0].image", "template.labels", "client", "clientVersion")
"""What `gcloud run services update` changes of a service whose image is a build's."""

_ABSENT = ("not found", "notfound", "404", "service_disabled", "has not been used in project")
"""Of Google's and the provider's refusals, those that say that there is no such image, repository or API yet."""


def first_image(place: Place, service: str, image: str) -> str:
    """Give the image of a service, or Google's sample where the stack's repository lacks it, and say so.

    Cloud Run refuses a service whose image is not there, and with it the first `up`. An image of somebody else is
    taken on trust, and so is one that Google does not tell of: whoever may not look is no reason to take it away.
    """
    home = f"{docker_url(place)}/"
    if not image.startswith(home) or _pushed(place, image.removeprefix(home)):
        return image
    pulumi.warn(
        f"service {service} is made with Google's sample: nobody has pushed {image} yet. Push it, then `make up`,"
        " or let the build that deploys it run"
    )
    return PLACEHOLDER


def _pushed(place: Place, image: str) -> bool:
    from pulumi_gcp import artifactregistry

    try:
        artifactregistry.get_docker_image(
            image_name=image,
            location=place.region,
            project=place.project,
            repository_id=place.names.repository("docker"),
        )
    except Exception as refused:  # noqa: BLE001 - the SDK raises nothing narrower
        return not any(word in str(refused).lower() for word in _ABSENT)
    return True
