"""What is said of the images of services: whose they are, what runs before the first push, what an evening takes."""

from collections.abc import Iterator

from infra.names import names_registry
from infra.settings import Settings
from infra.settings.services import Service

SAMPLE = "us-docker.pkg.dev/cloudrun/container/hello"
"""Google's sample, with which a service begins (https://cloud.google.com/run/docs/quickstarts, 2026-11-28). What the
program has for it is held to this."""


def _own(settings: Settings) -> dict[str, str]:
    """Name the services whose image is in the stack's own docker repository, and who pushes it."""
    found: dict[str, str] = {}
    for name, service in settings.services.items():
        if service.deployed_by:
            found[name] = f"trigger {service.deployed_by} has deployed"
        elif not names_registry(service.image):
            found[name] = "somebody has pushed its image, and `make up` then"
    return found


def first(settings: Settings) -> Iterator[str]:
    """Say what a service runs whose image nobody has pushed yet, and that a build owns an image."""
    for name, until in _own(settings).items():
        yield f"service {name} is made with Google's sample where its image is not in the registry: until {until}"
    for name, service in settings.services.items():
        if service.deployed_by and service.image != Service.model_fields["image"].default:
            yield (
                f"coursecloud:services.{name}.image has no effect: trigger {service.deployed_by} owns the image"
                " (`deployedBy`); leave one of the two out"
            )


def evening(settings: Settings) -> Iterator[str]:
    """Say which services lose their image with a registry that is not kept."""
    if (own := _own(settings)) and not settings.registry.keep and not settings.existing.get("docker"):
        yield (
            f"the registry is not kept, so in the evening its images go: the morning begins {', '.join(own)} with"
            " Google's sample; `coursecloud:registry: {keep: true}` keeps them"
        )
