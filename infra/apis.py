"""The Google APIs that a stack needs: derived from what is switched on, enabled, and never disabled."""

import pulumi
from pulumi_gcp import projects

from infra.settings import Settings


def needed(settings: Settings) -> tuple[str, ...]:
    """List the short names of the APIs for what the settings switch on."""
    switched = {
        "artifactregistry": True,
        "storage": True,
        "iam": True,
        "cloudresourcemanager": True,
        "compute": bool(settings.machines),
        "iap": bool(settings.machines),
        "oslogin": bool(settings.machines),
        "cloudbuild": bool(settings.builds.triggers),
        "aiplatform": settings.training.enabled,
        "secretmanager": bool(settings.secrets.names),
        "run": bool(settings.services),
        "monitoring": bool(settings.monitoring.channels),
        "iamcredentials": settings.github is not None,
        "sts": settings.github is not None,
    }
    return tuple(sorted(api for api, on in switched.items() if on))


class Apis(pulumi.ComponentResource):
    """Enabled APIs. A destroy leaves them on: another stack of the project may need them."""

    def __init__(self, project: str, apis: tuple[str, ...]):
        super().__init__("coursecloud:infra:Apis", "apis")
        self.enabled: dict[str, pulumi.Resource] = {
            api: projects.Service(
                api,
                project=project,
                service=f"{api}.googleapis.com",
                disable_on_destroy=False,
                disable_dependent_services=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for api in apis
        }
        self.register_outputs({})
