"""Artifact Registry: a docker repository (and optionally a Python one) that cleans up after itself."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_gcp import artifactregistry

from infra.component import Component, Place
from infra.settings.stores import Registry as RegistrySettings


class Registry(Component):
    """Private repositories with cleanup policies: without a Delete rule nothing is ever deleted."""

    def __init__(self, place: Place, settings: RegistrySettings, *, kept: Sequence[str] = ()):
        super().__init__("registry", place)
        self._kept_tags = [*settings.keep_tags, *kept]
        self.docker = self._repository("docker", "DOCKER", settings)
        self.python = self._repository("python", "PYTHON", settings) if settings.python else None
        self.docker_url = docker_url(place)
        self.register_outputs({})

    def _repository(self, name: str, kind: str, settings: RegistrySettings) -> artifactregistry.Repository:
        if self.place.names.existing.get(name):
            return self._adopted(name, kind, self.place.names.repository(name))
        keep_tagged = artifactregistry.RepositoryCleanupPolicyArgs(
            id="keep-tagged",
            action="KEEP",
            condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(
                tag_state="TAGGED", tag_prefixes=self._kept_tags
            ),
        )
        return artifactregistry.Repository(
            name,
            repository_id=self.place.names.repository(name),
            project=self.place.project,
            location=self.place.region,
            format=kind,
            description=f"{kind.capitalize()} artifacts of stack {self.place.names.stack}",
            labels=self.place.labelled("registry"),
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="delete-old",
                    action="DELETE",
                    condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(
                        tag_state="ANY", older_than=f"{settings.delete_after_days * 86400}s"
                    ),
                ),
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="keep-newest",
                    action="KEEP",
                    most_recent_versions=artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(
                        keep_count=settings.keep_newest
                    ),
                ),
                # Only container images have tags.
                *([keep_tagged] if kind == "DOCKER" and self._kept_tags else []),
            ],
            opts=self.child("artifactregistry", keep=settings.keep),
        )

    def _adopted(self, name: str, kind: str, existing: str) -> artifactregistry.Repository:
        place = self.place
        path = f"projects/{place.project}/locations/{place.region}/repositories/{existing}"
        return artifactregistry.Repository(
            name,
            repository_id=existing,
            project=place.project,
            location=place.region,
            format=kind,
            opts=self.child("artifactregistry", existing=path),
        )

    def grant(self, name: str, member: pulumi.Input[str], role: str, *, under: Component) -> None:
        """Grant a member a role on each repository; the binding hangs under the component that asks."""
        for key, repository in (("docker", self.docker), ("python", self.python)):
            if repository is not None:
                artifactregistry.RepositoryIamMember(
                    f"{name}-{key}",
                    project=self.place.project,
                    location=self.place.region,
                    repository=repository.repository_id,
                    role=role,
                    member=member,
                    opts=under.child(),
                )


def docker_url(place: Place) -> str:
    """Say where docker images are pushed: HOST/PROJECT/REPOSITORY."""
    return place.names.docker(place.region)


def full_image(place: Place, image: str) -> str:
    """Complete the name of an image: one without a registry's host is in the stack's docker repository."""
    return place.names.image(place.region, image)
