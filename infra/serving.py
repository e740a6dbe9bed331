"""Cloud Run: services that answer over HTTPS, bill while they do, and scale to nothing unless told otherwise."""

from __future__ import annotations

import functools

import pulumi
from pulumi_gcp import cloudrunv2, projects

from infra.component import Component, Place
from infra.github import GitHub
from infra.images import BUILDS_OWN, DEPLOYED, first_image
from infra.names import variable
from infra.registry import full_image
from infra.settings.delivery import Builds as BuildsSettings
from infra.settings.services import Service, Services
from infra.stores import Stores, environment

RELEASER_PERMISSIONS = (
    "run.configurations.get",
    "run.operations.get",
    "run.revisions.get",
    "run.revisions.list",
    "run.routes.get",
    "run.services.get",
    "run.services.update",
)
"""What `gcloud run deploy` asks of a service that is there."""


class Serving(Component):
    """Cloud Run services, all running as one service account; public only where the stack file says so."""

    def __init__(
        self, place: Place, services: Services, *, builds: BuildsSettings, stores: Stores, github: GitHub | None
    ):
        super().__init__("serving", place)
        self._builds = builds
        self.account = self.service_account("services", purpose="Cloud Run services")
        self._attachable = github.let_deploy_use("services", self.account) if github else []
        self._attachable += self.let_course_use("services", self.account)
        stops = place.course.stop
        if stops and stops != place.course.deploy:
            # Google asks whoever changes a service, also to scale it to nothing, whether they may act as its account.
            self.grant_use("course-stops", self.account, f"serviceAccount:{stops}")
        self.grant_project("services", self.account, ["roles/logging.logWriter"])
        stores.registry.grant("services-read", self.account.member, "roles/artifactregistry.reader", under=self)
        self._reading = stores.secrets.grant_reading("services", self.account.member, under=self)
        self._mounting = self._grant_buckets(services, stores)
        self.services = {name: self._service(name, service) for name, service in services.items()}
        self.register_outputs({})

    def _grant_buckets(self, services: Services, stores: Stores) -> list[pulumi.Resource]:
        """Let the services read the models and what they mount or write, and write what the stack file says.

        Who adds objects can replace none, as that takes storage.objects.delete; who writes in a mounted folder can,
        and reads as well.
        """
        mounted = [each for service in services.values() for each in service.volumes.items()]
        written = {bucket for bucket, volume in mounted if volume.write}
        added = {bucket for service in services.values() for bucket in service.writes}
        used = {"models", *(bucket for bucket, _ in mounted), *added}
        storage, account = stores.storage, self.account.member
        storage.grant_seeing("services", account, *sorted(used), under=self)
        read, added = sorted(used - (written - {"models"})), added - written
        return [
            *storage.grant("services-read", account, "roles/storage.objectViewer", *read, under=self),
            *storage.grant("services-add", account, "roles/storage.objectCreator", *sorted(added), under=self),
            *storage.grant("services-write", account, "roles/storage.objectUser", *sorted(written), under=self),
        ]

    def _service(self, name: str, settings: Service) -> cloudrunv2.Service:
        place = self.place
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
                volumes=_volumes(place, settings),
                containers=[self._container(name, settings)],
            ),
            # A revision that mounts a secret or a bucket does not start until its account may read it.
            opts=self.child(
                "run",
                depends_on=[
                    *self._attachable,
                    *(self._reading if settings.mounted_secrets else ()),
                    *(self._mounting if settings.volumes else ()),
                ],
                ignore=BUILDS_OWN if settings.deployed_by else None,
            ),
        )
        if settings.public:
            self.grant_calling(f"{name}-public", service, "allUsers", under=self)
        return service

    def _container(self, name: str, settings: Service) -> cloudrunv2.ServiceTemplateContainerArgs:
        return cloudrunv2.ServiceTemplateContainerArgs(
            image=first_image(self.place, name, self._image(settings)),
            ports=cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=settings.port),
            resources=cloudrunv2.ServiceTemplateContainerResourcesArgs(
                limits={"cpu": str(settings.cpu), "memory": settings.memory}, cpu_idle=True
            ),
            envs=_variables(self.place, settings),
            startup_probe=_startup_probe(settings),
            liveness_probe=_liveness_probe(settings),
            volume_mounts=[
                cloudrunv2.ServiceTemplateContainerVolumeMountArgs(name=bucket, mount_path=folder)
                for bucket, folder in settings.folders.items()
            ]
            or None,
        )

    def _image(self, settings: Service) -> str:
        if not settings.deployed_by:
            return full_image(self.place, settings.image)
        name = self._builds.triggers[settings.deployed_by].image or settings.deployed_by
        return full_image(self.place, f"{name}:{DEPLOYED}")

    def grant_releasing(self, name: str, member: pulumi.Input[str], *, under: Component) -> None:
        """Let a member give each service another revision; not make or delete one, nor say who may call it."""
        for key, service in self.services.items():
            cloudrunv2.ServiceIamMember(
                f"{name}-releases-{key}",
                project=self.place.project,
                location=self.place.region,
                name=service.name,
                role=self._releaser.name,
                member=member,
                opts=under.child(),
            )

    @functools.cached_property
    def _releaser(self) -> projects.IAMCustomRole:
        # No predefined role updates a service that does not delete it too.
        return self.custom_role(
            "releaser",
            after=self.account,
            title=f"{self.place.names.stack}: release a service",
            description="Another revision of a service; neither a new service, nor a deletion, nor who may call it",
            permissions=RELEASER_PERMISSIONS,
        )

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


def _variables(place: Place, settings: Service) -> list[cloudrunv2.ServiceTemplateContainerEnvArgs]:
    given = sorted((environment(place, settings.secrets) | settings.env).items())
    return [cloudrunv2.ServiceTemplateContainerEnvArgs(name=key, value=value) for key, value in given] + [
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


def _volumes(place: Place, settings: Service) -> list[cloudrunv2.ServiceTemplateVolumeArgs] | None:
    return [
        cloudrunv2.ServiceTemplateVolumeArgs(
            name=bucket,
            gcs=cloudrunv2.ServiceTemplateVolumeGcsArgs(bucket=place.names.bucket(bucket), read_only=not volume.write),
        )
        for bucket, volume in sorted(settings.volumes.items())
    ] or None


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
