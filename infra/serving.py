"""Cloud Run: services that answer over HTTPS, bill while they do, and scale to nothing."""

from __future__ import annotations

import pulumi
from pulumi_gcp import cloudrunv2

from infra.component import Component, Place
from infra.names import variable
from infra.registry import full_image
from infra.settings.services import Service, Services
from infra.stores import Stores, environment


class Serving(Component):
    """Cloud Run services, all running as one service account; public only where the stack file says so."""

    def __init__(self, place: Place, services: Services, *, stores: Stores):
        super().__init__("serving", place)
        self.account = self.service_account("services", purpose="Cloud Run services")
        self.grant_project("services", self.account, ["roles/logging.logWriter"])
        stores.storage.grant("services-read", self.account.member, "roles/storage.objectViewer", "models", under=self)
        stores.registry.grant("services-read", self.account.member, "roles/artifactregistry.reader", under=self)
        self._reading = stores.secrets.grant_reading("services", self.account.member, under=self)
        self.services = {name: self._service(name, service) for name, service in services.items()}
        self.register_outputs({})

    def _service(self, name: str, settings: Service) -> cloudrunv2.Service:
        place = self.place
        variables = [
            cloudrunv2.ServiceTemplateContainerEnvArgs(name=key, value=value)
            for key, value in sorted((environment(place, settings.secrets) | settings.env).items())
        ] + [
            cloudrunv2.ServiceTemplateContainerEnvArgs(
                name=variable(secret),
                value_source=cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(
                    secret_key_ref=cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
                        secret=place.names.secret(secret), version="latest"
                    )
                ),
            )
            for secret in settings.mounted_secrets
        ]
        service = cloudrunv2.Service(
            name,
            name=place.names.resource(name),
            project=place.project,
            location=place.region,
            labels=place.labelled("serving"),
            ingress="INGRESS_TRAFFIC_ALL",
            deletion_protection=False,
            template=cloudrunv2.ServiceTemplateArgs(
                service_account=self.account.email,
                timeout=f"{int(settings.timeout)}s",
                scaling=cloudrunv2.ServiceTemplateScalingArgs(
                    min_instance_count=0, max_instance_count=settings.max_instances
                ),
                containers=[
                    cloudrunv2.ServiceTemplateContainerArgs(
                        image=full_image(place, settings.image),
                        ports=cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=settings.port),
                        resources=cloudrunv2.ServiceTemplateContainerResourcesArgs(
                            limits={"cpu": str(settings.cpu), "memory": settings.memory}, cpu_idle=True
                        ),
                        envs=variables,
                    )
                ],
            ),
            # A revision that mounts a secret is refused until its account may read it.
            opts=self.child("run", depends_on=self._reading if settings.mounted_secrets else ()),
        )
        if settings.public:
            self.grant_calling(f"{name}-public", service, "allUsers", under=self)
        return service

    def grant_calling(
        self, resource: str, service: cloudrunv2.Service, member: pulumi.Input[str], *, under: Component
    ) -> None:
        """Let a member call one service."""
        cloudrunv2.ServiceIamMember(
            resource,
            project=self.place.project,
            location=self.place.region,
            name=service.name,
            role="roles/run.invoker",
            member=member,
            opts=under.child(),
        )
