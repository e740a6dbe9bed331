"""What a group lets the course do in its project: custom roles and bindings, each to the lease's grace day. Pure.

The roles stay when the bindings go: Google blocks the id of a deleted role from the 7th day to the 37th.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from catalog.types import short_type
from coursecloud.course import permissions
from coursecloud.deploy import last_update
from coursecloud.plan.planning import Plan
from coursecloud.spend import store
from infra import apis, github, operator
from infra.names import Names
from infra.settings import Settings
from infra.settings.backend import bucket_of
from infra.settings.lease import before

Purpose = Literal["look", "stop", "deploy"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
DOES: Mapping[str, str] = {
    "look": "see what runs and what it has cost",
    "stop": "stop machines, jobs and services",
    "deploy": "bring the stack up, take it down and delete all of it",
}
MOST = 12
"""Logical operators that Google takes in a condition
(https://cloud.google.com/iam/docs/conditions-overview#limitations, from memory, 2026-11)."""
_OBJECTS = ("storage.googleapis.com/Bucket", "storage.googleapis.com/Object")
_SECRETS = ("secretmanager.googleapis.com/Secret", "secretmanager.googleapis.com/SecretVersion")
HELD: Mapping[str, tuple[str, ...]] = {"roles/storage.admin": _OBJECTS, "roles/secretmanager.admin": _SECRETS}
"""Roles whose resources Google's conditions know by name, and the types of these resources: both are held to the
stack's own (https://cloud.google.com/iam/docs/conditions-resource-attributes, from memory, 2026-11)."""


@dataclass(frozen=True)
class Role:
    """A custom role of the project."""

    id: str
    """As it is first tried; where Google blocks that id, `_2` and so on stand behind it."""
    title: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class Grant:
    """One binding on the project."""

    purpose: Purpose
    account: str
    role: str
    """A predefined one, or the id of one of the roles."""
    expression: str

    @property
    def member(self) -> str:
        """As policies name the account."""
        return f"serviceAccount:{self.account}"


@dataclass
class Wanted:
    """All that a group's grants come to."""

    roles: list[Role] = field(default_factory=list[Role])
    grants: list[Grant] = field(default_factory=list[Grant])
    notes: list[str] = field(default_factory=list[str])
    """What is allowed beyond the stack's own, and what is not allowed although one would think so."""


def title(stack: str, purpose: str) -> str:
    """Write the title of the conditions, by which the course's bindings are known again."""
    return f"course of stack {stack}: {purpose}"


def wanted(plan: Plan, accounts: Mapping[Purpose, str], *, number: str, operators: Collection[str], end: str) -> Wanted:
    """Work out roles and bindings. `number` is the project's, `operators` the full names of the stack's own roles.

    `end` is the condition that ends all of them, and is no more than that.
    """
    settings = plan.settings
    names = Names(settings.project, settings.stack, settings.existing)
    found = Wanted()
    for purpose, account in accounts.items():
        if purpose == "deploy":
            _deploying(found, plan, account, names, number, operators, end)
            continue
        every = permissions.looking() if purpose == "look" else permissions.stopping()
        role = Role(names.role("course", purpose), f"{settings.stack}: the course may {purpose}"[:100], every)
        found.roles.append(role)
        found.grants.append(Grant(purpose, account, role.id, end))
        if purpose == "look":
            found.roles.append(ledger := _ledger(names))
            name = _object(settings, number)
            found.grants.append(Grant(purpose, account, ledger.id, f"resource.name == '{name}' && {end}"))
            found.notes.append(
                "look: of objects it reads one, the ledger of `coursecloud status`, and no secret; what your programs"
                " print stands in the logs, which it reads"
            )
        elif settings.services:
            found.notes.append(
                "stop: a service is stopped by changing it, and who may do that could also run other code in it, as the"
                " account of the services; the stack lets it use that account from the next `coursecloud up` on"
            )
    return found


def _ledger(names: Names) -> Role:
    return Role(names.role("course", "ledger"), f"{names.stack}: the course's ledger"[:100], permissions.LEDGER)


def _object(settings: Settings, number: str) -> str:
    return f"projects/_/buckets/{last_update.bucket_of(settings)}/objects/{store.name_of(number)}"


def _deploying(
    found: Wanted, plan: Plan, account: str, names: Names, number: str, operators: Collection[str], end: str
) -> None:
    settings = plan.settings
    for role in github.deploy_roles(apis.needed(settings)):
        for expression in _bounded(role, _own(role, settings, names, number), end):
            found.grants.append(Grant("deploy", account, role, expression))
    only = github.only_these([*granted(plan), *operators])
    found.grants.append(Grant("deploy", account, github.GRANTING, f"({only}) && {end}"))
    found.notes += [
        "deploy: it reads and deletes all data and secret values of the stack; of buckets and secrets, no others",
        "deploy: Google has no condition for the rest, so it may also change machines, networks, services, builds,"
        " jobs, images and alerts that the stack did not make, and let itself use any service account of the project",
        "deploy: on the project it may grant and revoke only the roles that the stack itself grants, to whomever"
        f" ({len(set(granted(plan)) | set(operators))} roles)",
        "deploy: roles and federations are made and deleted by members only: after each edit that adds one, and after"
        " the first `coursecloud up`, run `coursecloud course join` again; `course finish` leaves the stack's own role",
    ]
    if waits_for_role(plan) and not operators:
        found.notes.append(
            "deploy: NOT YET whole: the role that stops machines is made by your first `coursecloud up`; until then and"
            " another `coursecloud course join` the course cannot grant it"
        )
    if settings.github:
        found.notes.append(
            "deploy: what coursecloud:github holds is left to members: without `keep` an `up` of the course after a"
            " `down` is refused there"
        )


def granted(plan: Plan) -> list[str]:
    """List the roles that a stack grants on the project, as far as their names are known before it is up."""
    return sorted({role for role in _granted(plan) if isinstance(role, str)})


def waits_for_role(plan: Plan) -> bool:
    """Say whether the stack grants a role that it makes itself."""
    return any(not isinstance(role, str) for role in _granted(plan))


def _granted(plan: Plan) -> Iterator[object]:
    for each in plan.custom:
        # What the federation's identities hold only a person changes.
        if short_type(each.type) == "projects.IAMMember" and "coursecloud:infra:GitHub$" not in each.urn:
            yield each.inputs.get("role")


def _own(role: str, settings: Settings, names: Names, number: str) -> list[str]:
    """Name what the stack has of the resources that a role is about, as conditions name it."""
    if role == "roles/storage.admin":
        buckets = [names.bucket(each) for each in ("data", "models", "staging")]
        state, _ = bucket_of(settings.course.backend)
        buckets += [state or f"{settings.project}-pulumi"]
        return [f"projects/_/buckets/{each}" for each in dict.fromkeys(buckets)]
    return [f"projects/{number}/secrets/{names.secret(each)}" for each in sorted(settings.secrets.names)]


def _bounded(role: str, own: Sequence[str], end: str) -> Iterator[str]:
    """Write the conditions that hold a role to some resources, as many as Google's limit asks for.

    What is asked of the project itself, as to make or to list, is of another type and passes.
    """
    types = HELD.get(role)
    if types is None:
        yield end
        return
    others = " && ".join(f"resource.type != '{each}'" for each in types)
    each_time = (MOST - 2 - len(types)) // 2  # a name takes two operators, `||` and the one between its two forms
    for start in range(0, max(1, len(own)), each_time):
        some = own[start : start + each_time]
        forms = [f"resource.name == '{name}' || resource.name.startsWith('{name}/')" for name in some]
        yield f"({' || '.join([f'({others})', *forms])}) && {end}"


def operators(roles: Iterable[Mapping[str, Any]], settings: Settings) -> list[str]:
    """Pick, of a project's custom roles, those that the stack itself has made: their full names."""
    here, called = f"projects/{settings.project}/roles/coursecloud_", operator.title(settings.stack)
    named = [(str(each.get("name")), each) for each in roles]
    return sorted(
        name
        for name, each in named
        if name.startswith(here) and each.get("title") == called and not each.get("deleted")
    )


def powerful(policy: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the service accounts of a policy that are Owner or Editor: who may use one is as much."""
    found: list[tuple[str, str]] = []
    for binding in cast("list[dict[str, Any]]", policy.get("bindings") or []):
        role = str(binding.get("role")).removeprefix("roles/")
        if role in ("owner", "editor"):
            members = cast("list[str]", binding.get("members") or [])
            found += [(each.partition(":")[2], role) for each in members if each.startswith("serviceAccount:")]
    return sorted(found)


def end_of(settings: Settings) -> str | None:
    """Write the condition that ends with the lease's grace day; None where the lease has no end."""
    until = settings.lease.kept_until
    return before(until) if until else None
