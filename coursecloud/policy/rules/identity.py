"""Who may do what: additive grants, no basic roles, no keys, nobody who can become somebody else."""

import re
from collections.abc import Iterator

from catalog import tables
from catalog.tables import table
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy.example import DEFAULT_ACCOUNT, Example, add, grant, then
from coursecloud.policy.grants import grants_on_project, grants_something, is_default_account, members, roles
from coursecloud.policy.rule import ResourceRule
from infra.settings import Settings

_KEYS = frozenset({"serviceaccount.Key", "storage.HmacKey"}).__contains__
_AUTHORITATIVE = re.compile(r"\.\w*iam_?(binding|policy|auditconfig)$", re.IGNORECASE)


def _additive(resource: Registration, _: Settings) -> Iterator[str]:
    yield f"{short_type(resource.type)} replaces what others have granted"


def _basic(resource: Registration, _: Settings) -> Iterator[str]:
    for role in roles(resource):
        if role in table("google")["basicRoles"]:
            yield f"it grants {role}"


def _becomes(role: str) -> bool:
    facts = table("google")["impersonating"]
    known = tables.table("roles")["roles"].get(role, {}).get("permissions", ())
    return role in facts["roles"] or not set(known).isdisjoint(facts["permissions"])


def _impersonation(resource: Registration, _: Settings) -> Iterator[str]:
    for role in roles(resource):
        if _becomes(role):
            yield f"it grants {role} on the whole project: its holder can become any service account in it"


def _admin(resource: Registration, _: Settings) -> Iterator[str]:
    for role in roles(resource):
        if re.search(table("google")["administering"], role) and role.startswith("roles/"):
            for member in members(resource, of=role):
                if member.startswith("serviceAccount:"):
                    yield f"it makes {member.partition(':')[2]} {role}"


def _default_account(resource: Registration, _: Settings) -> Iterator[str]:
    for member in members(resource):
        if is_default_account(member):
            yield f"it grants something to {member.rpartition(':')[2]}, which everything without an account runs as"


def _key(resource: Registration, _: Settings) -> Iterator[str]:
    yield f"{short_type(resource.type)} makes a key that never expires and can be copied"


RULES = (
    ResourceRule(
        id="iam-additive",
        title="Grants are added, never set",
        why="An authoritative binding or policy takes away what Google's agents and other stacks were granted.",
        remedy="Use the IAMMember resource of the same thing, one a member.",
        severity="high",
        applies=lambda kind: _AUTHORITATIVE.search(kind) is not None,
        check=_additive,
        breaks=(
            Example(
                "full",
                "b",
                add("projects/iAMBinding:IAMBinding", "b", role="roles/run.viewer", members=["user:a@example.com"]),
                says="IAMBinding replaces",
            ),
        ),
        keeps=(
            Example(
                "full", "m", add("projects/iAMMember:IAMMember", "m", role="roles/run.viewer", member="user:a@b.c")
            ),
        ),
    ),
    ResourceRule(
        id="iam-no-basic-roles",
        title="Nobody gets owner, editor or viewer",
        why="Basic roles hold thousands of permissions, among them to read every secret's metadata and to spend.",
        remedy="Grant the predefined role of what is really done.",
        severity="critical",
        applies=grants_on_project,
        check=_basic,
        breaks=(
            Example(
                "full",
                "services-logging-log-writer",
                grant("role", "roles/viewer"),
                says="roles/viewer",
                checkov=("CKV_GCP_117",),
            ),
        ),
        keeps=(Example("full", "services-logging-log-writer", grant("role", "roles/compute.viewer")),),
    ),
    ResourceRule(
        id="iam-no-project-impersonation",
        title="Nobody can become every service account",
        why="On the project such a role reaches all accounts, also those that are made tomorrow.",
        remedy="Grant it on the one service account (serviceaccount.IAMMember).",
        severity="high",
        applies=grants_on_project,
        check=_impersonation,
        cis=("1.7",),
        breaks=(
            Example(
                "full",
                "services-logging-log-writer",
                grant("role", "roles/iam.serviceAccountUser"),
                says="serviceAccountUser",
                checkov=("CKV_GCP_41", "CKV_GCP_49"),
            ),
        ),
        keeps=(
            Example(
                "full",
                "m",
                add(
                    "serviceaccount/iAMMember:IAMMember", "m", role="roles/iam.serviceAccountUser", member="user:a@b.c"
                ),
            ),
        ),
    ),
    ResourceRule(
        id="iam-no-admin-accounts",
        title="No service account administers",
        why="Whoever gets onto a machine or into a workflow is that account, with nobody watching.",
        remedy="Grant what it does on the resource it does it to, or a custom role.",
        severity="high",
        applies=grants_on_project,
        check=_admin,
        cis=("1.6",),
        breaks=(
            Example(
                "full",
                "services-logging-log-writer",
                grant("role", "roles/storage.admin"),
                says="roles/storage.admin",
                checkov=("CKV_GCP_42",),
            ),
        ),
        keeps=(
            Example(
                "full",
                "services-logging-log-writer",
                then(grant("role", "roles/storage.admin"), grant("member", "group:teachers@example.com")),
            ),
        ),
    ),
    ResourceRule(
        id="iam-no-default-accounts",
        title="Default service accounts get nothing",
        why="Everything that names no account runs as one of them, in all stacks of the project.",
        remedy="Declare a service account for the work and grant it the role.",
        severity="high",
        applies=grants_something,
        check=_default_account,
        breaks=(
            Example(
                "full",
                "services-logging-log-writer",
                grant("member", f"serviceAccount:{DEFAULT_ACCOUNT}"),
                says="123456789-compute@developer.gserviceaccount.com",
                checkov=("CKV_GCP_46",),
            ),
        ),
        keeps=(
            Example(
                "full",
                "services-logging-log-writer",
                grant("member", "serviceAccount:service-1@compute-system.iam.gserviceaccount.com"),
            ),
        ),
    ),
    ResourceRule(
        id="iam-no-keys",
        title="No service account has a key",
        why="A key in a repository or a notebook is found by others; the project then pays for them.",
        remedy="Use the account attached to the machine, or Workload Identity Federation (coursecloud:github).",
        severity="critical",
        applies=_KEYS,
        check=_key,
        cis=("1.5",),
        breaks=(
            Example("dev", "k", add("serviceaccount/key:Key", "k", serviceAccountId="a"), says="serviceaccount.Key"),
        ),
        keeps=(Example("dev", "k", add("serviceaccount/account:Account", "k", accountId="a-b-c-d")),),
    ),
)
