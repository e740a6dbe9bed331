"""Cloud Run: services that answer over HTTPS, bill while they do, and scale to nothing unless told otherwise."""

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
        models = stores.storage.grant(
            "services-read", self.account.member, "roles/storage.objectViewer", "models", under=self
        )
        stores.registry.grant("services-read", self.account.member, "roles/artifactregistry.reader", under=self)
        self._reading = stores.secrets.grant_reading("services", self.account.member, under=self)
        self._mounting = [*models, *self._grant_mounts(services, stores)]
        self.services = {name: self._service(name, service) for name, service in services.items()}
        self.register_outputs({})

    def _grant_mounts(self, services: Services, stores: Stores) -> list[pulumi.Resource]:
        """Let the services read the buckets that they mount, and write those that the stack file says."""
        mounted = [each for service in services.values() for each in service.volumes.items()]
        written = {bucket for bucket, volume in mounted if volume.write}
        # Every service reads the models, mounted or not; who may write may read.
        read = {bucket for bucket, _ in mounted} - written - {"models"}
        account = self.account.member
        return [
            *stores.storage.grant("services-read", account, "roles/storage.objectViewer", *sorted(read), under=self),
            *stores.storage.grant("services-write", account, "roles/storage.objectUser", *sorted(written), under=self),
        ]

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
                    min_instance_count=settings.min_instances, max_instance_count=settings.max_instances
                ),
                max_instance_request_concurrency=settings.concurrency,
                # Only the second generation mounts buckets; which of the two serves is Google's choice otherwise.
                execution_environment="EXECUTION_ENVIRONMENT_GEN2" if settings.volumes else None,
                volumes=[
                    cloudrunv2.ServiceTemplateVolumeArgs(
                        name=bucket,
                        gcs=cloudrunv2.ServiceTemplateVolumeGcsArgs(
                            bucket=place.names.bucket(bucket), read_only=not volume.write
                        ),
                    )
                    for bucket, volume in sorted(settings.volumes.items())
                ]
                or None,
                containers=[
                    cloudrunv2.ServiceTemplateContainerArgs(
                        image=full_image(place, settings.image),
                        ports=cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=settings.port),
                        resources=cloudrunv2.ServiceTemplateContainerResourcesArgs(
                            limits={"cpu": str(settings.cpu), "memory": settings.memory}, cpu_idle=True
                        ),
                        envs=variables,
                        startup_probe=_startup_probe(settings),
                        liveness_probe=_liveness_probe(settings),
                        volume_mounts=[
                            cloudrunv2.ServiceTemplateContainerVolumeMountArgs(name=bucket, mount_path=folder)
                            for bucket, folder in settings.folders.items()
                        ]
                        or None,
                    )
                ],
            ),
            # A revision that mounts a secret or a bucket does not start until its account may read it.
            opts=self.child(
                "run",
                depends_on=[
                    *(self._reading if settings.mounted_secrets else ()),
                    *(self._mounting if settings.volumes else ()),
                ],
            ),
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


def _startup_probe(settings: Service) -> cloudrunv2.ServiceTemplateContainerStartupProbeArgs | None:
    if settings.startup_path is None:
        return None
    return cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
        # Period times failures is how long a start may take: Cloud Run's most, 240 s, for a model that loads slowly.
        period_seconds=10,
        failure_threshold=24,
        timeout_seconds=5,
        http_get=cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(
            path=settings.startup_path, port=settings.port
        ),
    )


def _liveness_probe(settings: Service) -> cloudrunv2.ServiceTemplateContainerLivenessProbeArgs | None:
    if settings.liveness_path is None:
        return None
    return cloudrunv2.ServiceTemplateContainerLivenessProbeArgs(
        period_seconds=30,
        failure_threshold=3,
        timeout_seconds=5,
        http_get=cloudrunv2.ServiceTemplateContainerLivenessProbeHttpGetArgs(
            path=settings.liveness_path, port=settings.port
        ),
    )
