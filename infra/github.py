"""GitHub without keys: Workload Identity Federation for one repository, and the identities it may use.

Deliberately absent: service-account keys, which 15 of 31 course projects put into their CI, and access by the
repository's name, which somebody else can own tomorrow.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pulumi
from pulumi_gcp import iam, projects, serviceaccount

from catalog import types
from infra.component import Component, Place, short
from infra.federation import ISSUER, PULL_REQUEST, condition, run_attribute
from infra.settings.delivery import GitHub as GitHubSettings

LATER = frozenset({"monitoring"})
"""APIs that the program came to use when stacks had their preview role, which only a person changes: what their types
need is in it where they are on."""


def preview_permissions(apis: Collection[str] = ()) -> tuple[str, ...]:
    """List what a preview with refresh asks of the types that the program declares (`read` in catalog/types).

    Settings and policies; no object and no secret value. `apis` are those that the stack switches on.
    """
    readable = (each for each in types.declared() if each.api not in LATER - set(apis))
    return tuple(sorted({permission for each in readable for permission in each.read}))


def deploy_roles(apis: Collection[str]) -> tuple[str, ...]:
    """List what `pulumi up` needs for the types of the APIs that are on (`deploy` in catalog/types).

    Custom roles and the federation itself are left to people, and are only read: whoever can change them can give
    themselves anything.
    """
    always = (*apis, "serviceusage")  # by which the others are switched on
    wanted = (role for each in types.declared() if each.api in always for role in each.deploy)
    return tuple(sorted({role for role in wanted if role != GRANTING}))


GRANTING = "roles/resourcemanager.projectIamAdmin"
"""Granted on a condition only."""


class GitHub(Component):
    """A pool and provider for one repository, a preview identity, and a deploy identity if asked for.

    It is made before what names an account of the stack, so that this can wait for `let_deploy_use`.
    """

    def __init__(self, place: Place, settings: GitHubSettings):
        super().__init__("github", place)
        self.settings = settings
        self.preview = self.service_account("preview", purpose="previews in GitHub workflows", keep=settings.keep)
        # The id of a deleted pool stays blocked for 30 days. An account's numeric id is new each time the
        # account is made, so a stack that was destroyed whole gets a fresh pool id with its fresh account.
        self.pool = iam.WorkloadIdentityPool(
            "pool",
            workload_identity_pool_id=self.preview.unique_id.apply(_pool_id),
            project=place.project,
            display_name=f"GitHub, {place.names.stack}"[:32],
            description=f"Workflows of GitHub repository {settings.repository_id}",
            opts=self.child("sts", keep=settings.keep),
        )
        self.provider = iam.WorkloadIdentityPoolProvider(
            "provider",
            workload_identity_pool_id=self.pool.workload_identity_pool_id,
            workload_identity_pool_provider_id="github",
            project=place.project,
            display_name="GitHub Actions",
            attribute_mapping={"google.subject": "assertion.sub", "attribute.run": run_attribute(settings.ref)},
            attribute_condition=condition(settings.repository_id, settings.ref),
            oidc=iam.WorkloadIdentityPoolProviderOidcArgs(issuer_uri=ISSUER),
            opts=self.child(keep=settings.keep),
        )
        self.let_in("preview", self.preview, PULL_REQUEST, under=self)
        role = self.custom_role(
            "preview",
            after=self.preview,
            title=f"{place.names.stack}: preview",
            description="Reads settings and policies; no object, no secret value",
            permissions=preview_permissions(place.apis),
            keep=settings.keep,
        )
        projects.IAMMember(
            "preview",
            project=place.project,
            role=role.name,
            member=self.preview.member,
            opts=self.child("cloudresourcemanager"),
        )
        self.deploy = None
        if settings.deploy:
            self.deploy = self.service_account("deploy", purpose="pulumi up in GitHub workflows")
            self.let_in("deploy", self.deploy, f"push/{settings.ref}", under=self)
        self.register_outputs({})

    def let_deploy_use(self, name: str, account: serviceaccount.Account) -> list[pulumi.Resource]:
        """Let the deploy identity attach an account, which what is attached has to wait for."""
        return [self.grant_use(f"deploy-{name}", account, self.deploy.member)] if self.deploy else []

    def grant_deploy(self, granted: Sequence[pulumi.Input[str]]) -> None:
        """Grant the deploy identity what `pulumi up` needs; `granted` are the roles that the stack grants."""
        if not self.deploy:
            return
        for role in deploy_roles(self.place.apis):
            self._grant("deploy", self.deploy, role)
        only = pulumi.Output.all(*granted).apply(only_these)
        self._grant(
            "deploy",
            self.deploy,
            GRANTING,
            projects.IAMMemberConditionArgs(
                title="roles-of-this-stack",
                description="May grant and revoke only roles that the stack itself grants",
                expression=only,
            ),
        )

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

    def let_in(self, name: str, account: serviceaccount.Account, run: str, *, under: Component) -> None:
        """Let the repository's workflows be an account where event and ref are these."""
        attribute = f"attribute.run/{self.settings.repository_id}/{run}"
        serviceaccount.IAMMember(
            f"{name}-federation",
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=pulumi.Output.concat("principalSet://iam.googleapis.com/", self.pool.name, "/", attribute),
            opts=under.child("iamcredentials"),
        )


def _pool_id(unique_id: str) -> str:
    return f"github-{unique_id}"


def only_these(roles: Sequence[str]) -> str:
    """Write the condition under which a grant of roles may change the project's policy: of these roles alone."""
    # Google takes ten roles in a list, so there may be several lists. A change that touches roles of two of
    # them at once is refused; the next `up` makes the rest of it.
    names = [f"'{role}'" for role in sorted(set(roles))]
    lists = (", ".join(names[start : start + 10]) for start in range(0, len(names), 10))
    changed = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])"
    return " || ".join(f"{changed}.hasOnly([{ten}])" for ten in lists)
