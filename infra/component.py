"""What every component shares: the stack it is in, how its children hang under it, and service accounts."""

# An annotation that is not evaluated loads no part of the SDK: a stack loads what it uses.
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_gcp import projects, serviceaccount

from infra.names import Names
from infra.settings.lease import Accounts


@dataclass(frozen=True)
class Place:
    """Where resources go and what they are called: passed to every component."""

    project: str
    region: str
    names: Names
    labels: Mapping[str, str]
    apis: Mapping[str, pulumi.Resource]
    """The enabled APIs by short name (`compute`); a resource depends on its own and on no other."""
    granted: list[pulumi.Input[str]] = field(default_factory=list)
    """Roles that the stack grants on the project, collected as they are granted."""
    course: Accounts = field(default_factory=Accounts)
    """Accounts of the course that the group lets in."""

    def labelled(self, component: str, own: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the labels of one component's resources."""
        return {**self.labels, **(own or {}), "component": component}


class Component(pulumi.ComponentResource):
    """One concept with its IAM inside. Subclasses name their type `coursecloud:infra:CLASS`."""

    def __init__(self, name: str, place: Place):
        super().__init__(f"coursecloud:infra:{type(self).__name__}", name)
        self.place = place

    def child(
        self,
        *apis: str,
        keep: bool = False,
        depends_on: Sequence[pulumi.Resource] = (),
        replace_on: Sequence[object] | None = None,
        replace_with: Sequence[pulumi.Resource] = (),
        ignore: Sequence[str] | None = None,
        existing: str | None = None,
    ) -> pulumi.ResourceOptions:
        """Options of a child: under this component, after its APIs, and protected if it is kept.

        `replace_on` are values whose change replaces the resource where the provider would overlook it, and
        `replace_with` resources that it cannot outlive. Such a resource keeps its name, so the old one goes first.
        `ignore` are inputs that a resource keeps as it was made with. `existing` is the id of what is the group's own:
        it is imported as it is, none of its inputs is ever written, and a destroy only forgets it.
        """
        if existing:
            return pulumi.ResourceOptions(
                parent=self,
                depends_on=[*(self.place.apis[api] for api in apis), *depends_on],
                import_=existing,
                retain_on_delete=True,
                ignore_changes=["*"],
            )
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=[*(self.place.apis[api] for api in apis), *depends_on],
            protect=keep or None,
            replacement_trigger=replace_on,
            replace_with=list(replace_with) or None,
            delete_before_replace=True if replace_on or replace_with else None,
            ignore_changes=list(ignore) if ignore else None,
        )

    def service_account(self, name: str, *, purpose: str, keep: bool = False) -> serviceaccount.Account:
        """Declare a service account of the stack's own; it never gets a key."""
        return serviceaccount.Account(
            f"{name}-account",
            account_id=self.place.names.account(name),
            project=self.place.project,
            display_name=f"{self.place.names.stack}: {purpose}",
            opts=self.child("iam", keep=keep),
        )

    def custom_role(
        self,
        name: str,
        *,
        after: serviceaccount.Account,
        title: str,
        permissions: Sequence[str],
        description: str | None = None,
        keep: bool = False,
    ) -> projects.IAMCustomRole:
        """Declare a custom role that may be deleted and made anew at any time.

        Google blocks the id of a deleted role from the 7th day to the 37th. The numeric id of `after` is another one
        each time that account is made, so whoever comes back after a break gets a fresh role beside a fresh account;
        an existing role keeps the id that it has. `keep` has to be that of the account.
        """
        return projects.IAMCustomRole(
            name,
            role_id=after.unique_id.apply(lambda number: self.place.names.role(name, number)),
            project=self.place.project,
            title=title,
            description=description,
            permissions=list(permissions),
            opts=self.child("iam", keep=keep, ignore=["roleId"]),
        )

    def grant_project(self, name: str, account: serviceaccount.Account, roles: Iterable[str]) -> None:
        """Grant a service account roles on the project; additive: other members of a role stay."""
        for role in roles:
            self.place.granted.append(role)
            projects.IAMMember(
                f"{name}-{short(role)}",
                project=self.place.project,
                role=role,
                member=account.member,
                opts=self.child("cloudresourcemanager"),
            )

    def grant_use(self, name: str, account: serviceaccount.Account, member: pulumi.Input[str]) -> pulumi.Resource:
        """Let a member act as a service account: attach it to machines, jobs and builds."""
        return serviceaccount.IAMMember(
            f"{name}-acts-as",
            service_account_id=account.name,
            role="roles/iam.serviceAccountUser",
            member=member,
            opts=self.child(),
        )

    def let_course_use(self, name: str, account: serviceaccount.Account) -> list[pulumi.Resource]:
        """Let the course's deploying identity attach an account, which what is attached has to wait for."""
        runner = self.place.course.deploy
        return [self.grant_use(f"course-{name}", account, f"serviceAccount:{runner}")] if runner else []


def short(role: str) -> str:
    """Name a role in a resource's name: `roles/storage.objectUser` gives `storage-object-user`.

    >>> short("roles/storage.objectUser")
    'storage-object-user'
    """
    plain = role.rpartition("/")[2].replace(".", "-")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in plain)
