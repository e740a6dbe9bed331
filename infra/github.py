"""GitHub without keys: Workload Identity Federation for one repository, and the identities it may use.

Deliberately absent: service-account keys, which 15 of 31 course projects put into their CI, and access by the
repository's name, which somebody else can own tomorrow.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_gcp import iam, projects, serviceaccount

from infra.component import Component, Place, short
from infra.settings.delivery import GitHub as GitHubSettings

PREVIEW_PERMISSIONS = (
    "aiplatform.endpoints.get",
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.getIamPolicy",
    "cloudbuild.builds.get",
    "cloudbuild.builds.list",
    "cloudbuild.repositories.get",
    "compute.disks.get",
    "compute.firewalls.get",
    "compute.instances.get",
    "compute.networks.get",
    "compute.projects.get",
    "compute.resourcePolicies.get",
    "compute.routers.get",
    "compute.subnetworks.get",
    "compute.zones.get",
    "iam.roles.get",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.getIamPolicy",
    "iam.workloadIdentityPoolProviders.get",
    "iam.workloadIdentityPools.get",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "run.services.get",
    "run.services.getIamPolicy",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "serviceusage.services.get",
    "serviceusage.services.list",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
)
"""What a preview with refresh asks of each resource type: settings and policies, no object and no secret value
(the read methods of the provider's types against cloud.google.com/iam/docs/permissions-reference, 2026-11-23)."""

DEPLOY_ROLES = {
    "compute": (
        "roles/compute.instanceAdmin.v1",
        "roles/compute.networkAdmin",
        "roles/compute.securityAdmin",
    ),
    "storage": ("roles/storage.admin",),
    "artifactregistry": ("roles/artifactregistry.admin",),
    "cloudbuild": ("roles/cloudbuild.builds.editor",),
    "aiplatform": ("roles/aiplatform.user",),
    "secretmanager": ("roles/secretmanager.admin",),
    "run": ("roles/run.admin",),
    "iam": ("roles/iam.serviceAccountAdmin", "roles/iam.roleViewer", "roles/iam.workloadIdentityPoolViewer"),
}
"""What `pulumi up` needs for each API that is on. Custom roles and the federation itself are left to people:
whoever can change them can give themselves anything."""


class GitHub(Component):
    """A pool and provider for one repository, a preview identity, and a deploy identity if asked for."""

    def __init__(
        self,
        place: Place,
        settings: GitHubSettings,
        *,
        granted: Sequence[pulumi.Input[str]],
        act_as: Sequence[tuple[str, serviceaccount.Account]],
    ):
        super().__init__("github", place)
        self.preview = self.service_account("preview", purpose="previews in GitHub workflows", keep=settings.keep)
        # The id of a deleted pool stays blocked for 30 days. An account's numeric id is new each time the
        # account is made, so a stack that was destroyed whole gets a fresh pool id with its fresh account.
        pool = iam.WorkloadIdentityPool(
            "pool",
            workload_identity_pool_id=self.preview.unique_id.apply(_pool_id),
            project=place.project,
            display_name=f"GitHub, {place.names.stack}"[:32],
            description=f"Workflows of GitHub repository {settings.repository_id}",
            opts=self.child("sts", keep=settings.keep),
        )
        repository = f"assertion.repository_id == '{settings.repository_id}'"
        refs = f"(assertion.ref == '{settings.ref}' || assertion.ref.startsWith('refs/pull/'))"
        self.provider = iam.WorkloadIdentityPoolProvider(
            "provider",
            workload_identity_pool_id=pool.workload_identity_pool_id,
            workload_identity_pool_provider_id="github",
            project=place.project,
            display_name="GitHub Actions",
            attribute_mapping={
                "google.subject": "assertion.sub",
                "attribute.repository_id": "assertion.repository_id",
                "attribute.ref": "assertion.ref",
            },
            attribute_condition=f"{repository} && {refs}",
            oidc=iam.WorkloadIdentityPoolProviderOidcArgs(issuer_uri="https://token.actions.githubusercontent.com"),
            opts=self.child(keep=settings.keep),
        )
        self._let_in("preview", self.preview, pool, f"attribute.repository_id/{settings.repository_id}")
        role = self.custom_role(
            "preview",
            after=self.preview,
            title=f"{place.names.stack}: preview",
            description="Reads settings and policies; no object, no secret value",
            permissions=PREVIEW_PERMISSIONS,
            keep=settings.keep,
        )
        projects.IAMMember(
            "preview",
            project=place.project,
            role=role.name,
            member=self.preview.member,
            opts=self.child("cloudresourcemanager"),
        )
        self.deploy = self._deploy(settings, pool, granted, act_as) if settings.deploy else None
        self.register_outputs({})

    def _deploy(
        self,
        settings: GitHubSettings,
        pool: iam.WorkloadIdentityPool,
        granted: Sequence[pulumi.Input[str]],
        act_as: Sequence[tuple[str, serviceaccount.Account]],
    ) -> serviceaccount.Account:
        account = self.service_account("deploy", purpose="pulumi up in GitHub workflows")
        self._let_in("deploy", account, pool, f"attribute.ref/{settings.ref}")
        roles = [role for api, names in DEPLOY_ROLES.items() if api in self.place.apis for role in names]
        for role in (*roles, "roles/serviceusage.serviceUsageAdmin"):
            self._grant("deploy", account, role)
        only = pulumi.Output.all(*granted).apply(_only_these)
        self._grant(
            "deploy",
            account,
            "roles/resourcemanager.projectIamAdmin",
            projects.IAMMemberConditionArgs(
                title="roles-of-this-stack",
                description="May grant and revoke only roles that the stack itself grants",
                expression=only,
            ),
        )
        for name, used in act_as:
            self.grant_use(f"deploy-{name}", used, account.member)
        return account

    def _grant(
        self,
        name: str,
        account: serviceaccount.Account,
        role: str,
        condition: projects.IAMMemberConditionArgs | None = None,
    ) -> None:
        projects.IAMMember(
            f"{name}-{short(role)}",
            project=self.place.project,
            role=role,
            member=account.member,
            condition=condition,
            opts=self.child("cloudresourcemanager"),
        )

    def _let_in(
        self, name: str, account: serviceaccount.Account, pool: iam.WorkloadIdentityPool, attribute: str
    ) -> None:
        serviceaccount.IAMMember(
            f"{name}-federation",
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=pulumi.Output.concat("principalSet://iam.googleapis.com/", pool.name, "/", attribute),
            opts=self.child("iamcredentials"),
        )


def _pool_id(unique_id: str) -> str:
    return f"github-{unique_id}"


def _only_these(roles: Sequence[str]) -> str:
    # Google takes ten roles in a list, so there may be several lists. A change that touches roles of two of
    # them at once is refused; the next `up` makes the rest of it.
    names = [f"'{role}'" for role in sorted(set(roles))]
    lists = (", ".join(names[start : start + 10]) for start in range(0, len(names), 10))
    changed = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])"
    return " || ".join(f"{changed}.hasOnly([{ten}])" for ten in lists)
