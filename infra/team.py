"""The team: what each member may do with the stack, and no more. Owner never."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_gcp import projects, serviceaccount

from infra.component import Component, Place, short
from infra.names import member_key
from infra.serving import Serving
from infra.settings import Settings
from infra.settings.lease import before
from infra.stores import Stores


class Team(Component):
    """The grants of every member. Where the lease has an end, those on the project end with its grace days."""

    def __init__(
        self,
        place: Place,
        settings: Settings,
        *,
        operator: pulumi.Input[str] | None,
        accounts: Mapping[str, serviceaccount.Account],
        stores: Stores,
        serving: Serving | None,
    ):
        super().__init__("team", place)
        roles = project_roles(settings)
        for member in dict.fromkeys(settings.team.members):
            who = member_key(member)
            for role in roles:
                self._grant(f"{who}-{short(role)}", role, member, settings.lease.kept_until)
            if operator is not None:
                self._grant(f"{who}-operator", operator, member, settings.lease.kept_until)
            stores.storage.grant(
                f"{who}-uses", member, "roles/storage.objectUser", "data", "models", "staging", under=self
            )
            stores.storage.grant_seeing(who, member, "data", "models", "staging", under=self)
            stores.registry.grant(f"{who}-pushes", member, "roles/artifactregistry.writer", under=self)
            for name, account in accounts.items():
                self.grant_use(f"{who}-{name}", account, member)
            for name in stores.secrets.containers:
                role = "roles/secretmanager.secretVersionAdder"
                stores.secrets.grant(f"{who}-adds-{name}", name, member, role, under=self)
            for name, service in serving.services.items() if serving else ():
                assert serving is not None  # noqa: S101 - the loop is empty without it
                serving.grant_calling(f"{who}-calls-{name}", service, member, under=self)
        self.register_outputs({})

    def _grant(self, name: str, role: pulumi.Input[str], member: str, until: datetime.date | None) -> None:
        self.place.granted.append(role)
        projects.IAMMember(
            name,
            project=self.place.project,
            role=role,
            member=member,
            # A condition's title also keeps two stacks of one project from sharing a binding, which the
            # destroy of either would take from the other: so there is one, always true, without a lease's end.
            condition=projects.IAMMemberConditionArgs(
                title=f"lease of stack {self.place.names.stack}",
                expression=before(until) if until else "request.time > timestamp('2026-01-01T00:00:00Z')",
            ),
            opts=self.child("cloudresourcemanager"),
        )


def project_roles(settings: Settings) -> Sequence[str]:
    """List the predefined roles that a member holds on the project, for what is switched on."""
    switched = {
        "roles/logging.viewer": True,
        "roles/serviceusage.serviceUsageConsumer": True,
        "roles/iap.tunnelResourceAccessor": bool(settings.machines),
        # Admin login, because the machines are the group's own and docker needs root.
        "roles/compute.osAdminLogin": bool(settings.machines),
        "roles/cloudbuild.builds.editor": bool(settings.builds.triggers),
        "roles/cloudbuild.builds.approver": any(trigger.approval for trigger in settings.builds.triggers.values()),
        "roles/aiplatform.user": settings.training.enabled,
        "roles/run.viewer": bool(settings.services),
        # The message of an alert links to its incident.
        "roles/monitoring.viewer": bool(settings.monitoring.channels),
    }
    own = [role for role, on in switched.items() if on]
    return list(dict.fromkeys([*own, *settings.team.extra_roles]))
