"""Secret Manager: containers for values that people add by a command; no value ever passes through here."""

from __future__ import annotations

import pulumi
from pulumi_gcp import secretmanager

from infra.component import Component, Place
from infra.settings.stores import Secrets as SecretsSettings


class Secrets(Component):
    """One secret a name. Which workload may read which is in the stack file."""

    def __init__(self, place: Place, settings: SecretsSettings):
        super().__init__("secrets", place)
        self._readers = settings.names
        self.containers = {
            name: secretmanager.Secret(
                name,
                secret_id=place.names.secret(name),
                project=place.project,
                replication=secretmanager.SecretReplicationArgs(auto=secretmanager.SecretReplicationAutoArgs()),
                labels=place.labelled("secrets"),
                opts=self.child("secretmanager", keep=settings.keep),
            )
            for name in settings.names
        }
        self.register_outputs({})

    def grant_reading(
        self, workload: str, member: pulumi.Input[str], *, under: Component, name: str | None = None
    ) -> list[pulumi.Resource]:
        """Let a workload's account, `name` where it has several, read what the stack file gives it; the bindings."""
        role = "roles/secretmanager.secretAccessor"
        return [
            self.grant(f"{name or workload}-reads-{secret}", secret, member, role, under=under)
            for secret in self.readable(workload)
        ]

    def readable(self, workload: str) -> tuple[str, ...]:
        """List the secrets that a workload may read."""
        return tuple(name for name, readers in self._readers.items() if workload in readers)

    def grant(
        self, resource: str, name: str, member: pulumi.Input[str], role: str, *, under: Component
    ) -> pulumi.Resource:
        """Grant a member a role on one secret; the binding hangs under the component that asks."""
        return secretmanager.SecretIamMember(
            resource,
            project=self.place.project,
            secret_id=self.containers[name].secret_id,
            role=role,
            member=member,
            opts=under.child(),
        )


def newest_version(place: Place, name: str) -> str:
    """Name the newest version of a secret as programs ask for it; this is not its value."""
    return f"projects/{place.project}/secrets/{place.names.secret(name)}/versions/latest"
