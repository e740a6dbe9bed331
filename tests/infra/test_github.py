"""GitHub without keys: one repository by its number, a preview that sees no data, a deploy that can grant little."""

import re
from collections.abc import Iterable

import pytest

from catalog import tables
from coursecloud.plan.planning import Plan
from emulator import conditions
from infra.federation import ci_runs, run_attribute
from infra.github import preview_permissions
from tests.infra.planned import PROJECT, TEAM, Planner, account, grants, of, one, pretend, roles

GITHUB = "coursecloud:github: {repositoryId: 42}"
DEPLOY = "coursecloud:github: {repositoryId: 42, deploy: true}"
REVEALING = (
    "storage.objects.*",
    "secretmanager.versions.*",
    "artifactregistry.repositories.downloadArtifacts",
    "artifactregistry.files.download",
    "logging.*",
    "*.create",
    "*.update",
    "*.delete",
    "*.setIamPolicy",
    "*.actAs",
    "*.getAccessToken",
    "*.signBlob",
    "*.signJwt",
)
"""Permissions that read what a group stores, or change anything."""


def matching(permissions: Iterable[str], patterns: Iterable[str]) -> set[str]:
    forms = [re.compile(re.escape(pattern).replace(r"\*", ".*")) for pattern in patterns]
    return {permission for permission in permissions if any(form.fullmatch(permission) for form in forms)}


def limits(plan: Plan) -> list[list[str]]:
    """The lists of roles that the deploy identity may grant from."""
    admin = one(plan, "projects.IAMMember", "deploy-resourcemanager-project-iam-admin")
    expression = admin.inputs["condition"]["expression"]
    attribute = re.escape("api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])")
    one_list = rf"{attribute}\.hasOnly\(\[('[^']+'(?:, '[^']+')*)\]\)"
    assert re.fullmatch(rf"{one_list}( \|\| {one_list})*", expression), expression
    return [re.findall(r"'([^']+)'", found) for found in re.findall(r"hasOnly\(\[([^\]]+)\]\)", expression)]


def granted(plan: Plan) -> set[str]:
    """What the stack grants on the project, but for the identities of GitHub themselves."""
    return {
        grant.role
        for grant in grants(plan)
        if grant.kind == "projects.IAMMember" and "infra:GitHub$" not in grant.resource.urn
    }


def test_there_is_no_federation_unless_a_repository_is_named(dev: Plan) -> None:
    assert not [resource for resource in dev.custom if resource.type.startswith("gcp:iam/")]


def test_only_the_numbered_repository_and_its_ref_or_pull_requests_come_in(plan_of: Planner) -> None:
    provider = one(
        plan_of("coursecloud:github: {repositoryId: 42, ref: refs/heads/prod}"),
        "iam.WorkloadIdentityPoolProvider",
        "provider",
    )
    assert provider.inputs["attributeCondition"] == (
        "assertion.repository_id == '42'"
        " && assertion.event_name in ['pull_request', 'push', 'release', 'schedule', 'workflow_dispatch']"
        " && (assertion.event_name == 'pull_request' || assertion.ref == 'refs/heads/prod'"
        " || assertion.ref.startsWith('refs/tags/'))"
    )
    assert provider.inputs["oidc"] == {"issuerUri": "https://token.actions.githubusercontent.com"}


def test_what_the_condition_and_the_bindings_ask_about_is_mapped(plan_of: Planner) -> None:
    mapping = one(plan_of(DEPLOY), "iam.WorkloadIdentityPoolProvider", "provider").inputs["attributeMapping"]
    assert mapping == {"google.subject": "assertion.sub", "attribute.run": run_attribute("refs/heads/main")}


@pytest.mark.parametrize(
    ("event", "ref", "deploying", "value"),
    [
        ("push", "refs/heads/main", "refs/heads/main", "42/push/refs/heads/main"),
        ("push", "refs/tags/v1", "refs/heads/main", "42/push/refs/tags"),
        ("push", "refs/tags/v1", "refs/tags/v1", "42/push/refs/tags/v1"),
        ("push", "refs/tags/v2", "refs/tags/v1", "42/push/refs/tags"),
        ("release", "refs/tags/v1", "refs/heads/main", "42/release/refs/tags"),
        ("pull_request", "refs/pull/7/merge", "refs/heads/main", "42/pull_request"),
        ("pull_request_target", "refs/heads/main", "refs/heads/main", "42/pull_request_target/refs/heads/main"),
        ("workflow_run", "refs/heads/main", "refs/heads/main", "42/workflow_run/refs/heads/main"),
    ],
)
def test_a_run_is_known_by_repository_event_and_ref_together(event: str, ref: str, deploying: str, value: str) -> None:
    claims = {"repository_id": "42", "event_name": event, "ref": ref}
    assert conditions.value(run_attribute(deploying), {"assertion": claims}) == value


def test_no_name_of_a_repository_lets_anybody_in(full: Plan) -> None:
    for provider in of(full, "iam.WorkloadIdentityPoolProvider"):
        assert not re.search(r"assertion\.repository\b|repository_owner\b", provider.inputs["attributeCondition"])


def test_federation_lets_in_through_the_pool_only(full: Plan) -> None:
    federated = [grant for grant in grants(full) if grant.role == "roles/iam.workloadIdentityUser"]
    assert {grant.resource.name for grant in federated} == {
        "preview-federation",
        "deploy-federation",
        "ci-read-federation",
        *(f"ci-{run}-federation" for run in ci_runs("refs/heads/main")),
    }
    pool = one(full, "iam.WorkloadIdentityPool", "pool")
    assert all(pool.urn in grant.resource.property_dependencies["member"] for grant in federated)


def test_the_repository_comes_in_as_the_preview_and_its_ref_as_the_deploy_identity(
    plan_anew: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = "projects/123/locations/global/workloadIdentityPools/github-1"
    pretend(monkeypatch, "gcp:iam/workloadIdentityPool:WorkloadIdentityPool", name=pool)
    plan = plan_anew("coursecloud:github: {repositoryId: 42, deploy: true, ref: refs/heads/prod}")
    members = {grant.resource.name: grant.member for grant in grants(plan) if "workloadIdentityUser" in grant.role}
    assert members == {
        f"{name}-federation": f"principalSet://iam.googleapis.com/{pool}/attribute.run/42/{run}"
        for name, run in {
            "preview": "pull_request",
            "deploy": "push/refs/heads/prod",
            "ci-read": "pull_request",
            "ci-push-ref": "push/refs/heads/prod",
            "ci-push-tags": "push/refs/tags",
            "ci-release-tags": "release/refs/tags",
            "ci-schedule-ref": "schedule/refs/heads/prod",
            "ci-workflow_dispatch-ref": "workflow_dispatch/refs/heads/prod",
            "ci-workflow_dispatch-tags": "workflow_dispatch/refs/tags",
        }.items()
    }


def test_the_pool_of_the_longest_stack_has_a_name_that_google_takes(plan_of: Planner) -> None:
    pool = one(plan_of(GITHUB, stack="a" * 26), "iam.WorkloadIdentityPool", "pool")
    assert pool.inputs["displayName"] == f"GitHub, {'a' * 24}"


def test_the_pools_id_follows_an_account_that_is_new_after_a_full_destroy(full: Plan) -> None:
    pool = one(full, "iam.WorkloadIdentityPool", "pool")
    account_urn = one(full, "serviceaccount.Account", "preview-account").urn
    assert pool.property_dependencies["workloadIdentityPoolId"] == (account_urn,)


def test_the_preview_identity_reads_neither_objects_nor_secret_values(plan_of: Planner) -> None:
    plan = plan_of(DEPLOY, "coursecloud:secrets: {names: {KEY: []}}")
    assert roles(plan, "preview") == {("custom role preview", PROJECT)}
    permissions = one(plan, "projects.IAMCustomRole", "preview").inputs["permissions"]
    assert permissions == sorted(set(preview_permissions()))
    assert matching(permissions, REVEALING) == set()


@pytest.mark.parametrize("role", ["roles/storage.objectViewer", "roles/secretmanager.secretAccessor"])
def test_a_role_that_reads_them_would_be_seen(role: str) -> None:
    assert matching(tables.table("roles")["roles"][role]["permissions"], REVEALING)


def test_each_permission_of_the_preview_is_one_that_google_has() -> None:
    every = {
        # A custom role names the pools' permissions without the host that predefined roles list them with.
        permission.replace("iam.googleapis.com/", "iam.")
        for role in tables.table("roles")["roles"].values()
        for permission in role["permissions"]
    }
    # Of the roles of Cloud Build connections, which have it, the table holds none.
    assert set(preview_permissions()) - every == {"cloudbuild.repositories.get"}


def test_there_is_no_deploy_identity_unless_asked_for(plan_of: Planner) -> None:
    names = {resource.inputs["accountId"] for resource in of(plan_of(GITHUB), "serviceaccount.Account")}
    assert names == {"unit-machines", "unit-training", "unit-preview", "unit-ci", "unit-ci-read"}
    assert plan_of(GITHUB).outputs["github"]["deployServiceAccount"] is None


STOPPED = "coursecloud:lease: {stopSchedule: 0 20 * * *}"
EXTRA = (
    "coursecloud:team: {members: [group:team@example.com], extraRoles: [roles/bigquery.jobUser, roles/pubsub.editor]}"
)


@pytest.mark.parametrize(
    "lines",
    [(DEPLOY,), (DEPLOY, TEAM), (DEPLOY, STOPPED), (DEPLOY, EXTRA, STOPPED), (DEPLOY, "coursecloud:machines: {}")],
)
def test_the_deploy_identity_may_grant_exactly_what_the_stack_grants(
    plan_numbered: Planner, lines: tuple[str, ...]
) -> None:
    plan = plan_numbered(*lines)
    assert sorted(role for ten in limits(plan) for role in ten) == sorted(granted(plan))


def test_google_takes_ten_roles_in_a_list(full_numbered: Plan) -> None:
    full = full_numbered
    assert sorted(role for ten in limits(full) for role in ten) == sorted(granted(full))
    assert all(1 <= len(ten) <= 10 for ten in limits(full))


def test_the_deploy_identity_may_not_grant_what_would_make_it_more(full_numbered: Plan) -> None:
    full = full_numbered
    powers = ("*.setIamPolicy", "*.getAccessToken", "*.signJwt", "iam.roles.update", "iam.serviceAccountKeys.create")
    known = tables.table("roles")["roles"]
    for role in (role for ten in limits(full) for role in ten if role.startswith("roles/")):
        assert matching(known[role]["permissions"], powers) == set(), role


def test_the_deploy_identity_cannot_change_custom_roles_or_the_federation(full: Plan) -> None:
    held = {grant.role for grant in grants(full, account(full, "deploy"))}
    known = tables.table("roles")["roles"]
    # Two roles that only look are not in the table.
    assert held - set(known) <= {"roles/iam.roleViewer", "roles/iam.workloadIdentityPoolViewer"}
    for role in held & set(known):
        changing = matching(known[role]["permissions"], ("iam.*roles.*", "iam.*workloadIdentityPool*"))
        assert {permission.rpartition(".")[2] for permission in changing} <= {"get", "list"}, role
    assert not held & {"roles/owner", "roles/editor"}


def test_the_deploy_identity_may_attach_every_account_that_something_runs_as(full: Plan) -> None:
    attached = {machine.inputs["serviceAccount"]["email"] for machine in of(full, "compute.Instance")}
    attached |= {trigger.inputs["serviceAccount"].rpartition("/")[2] for trigger in of(full, "cloudbuild.Trigger")}
    attached |= {service.inputs["template"]["serviceAccount"] for service in of(full, "cloudrunv2.Service")}
    may = {
        grant.target.rpartition("/")[2]
        for grant in grants(full, account(full, "deploy"))
        if grant.role == "roles/iam.serviceAccountUser"
    }
    assert attached <= may
    assert attached == may  # and no other: it submits no training


def test_the_deploy_identity_manages_only_what_is_switched_on(plan_of: Planner) -> None:
    held = {grant.role for grant in grants(plan_of(DEPLOY), account(plan_of(DEPLOY), "deploy"))}
    assert not {role for role in held if re.search(r"run\.|cloudbuild|secretmanager", role)}
    assert "roles/compute.instanceAdmin.v1" in held


@pytest.mark.parametrize(
    ("keep", "protected"), [("true", {"pool", "provider", "preview-account", "preview"}), ("false", set[str]())]
)
def test_keep_protects_the_federation_and_nothing_else_does(plan_of: Planner, keep: str, protected: set[str]) -> None:
    plan = plan_of(f"coursecloud:github: {{repositoryId: 42, keep: {keep}}}")
    assert {resource.name for resource in plan.custom if resource.protect} == protected
