"""The team: what a student needs, for as long as the lease lasts, and owner never."""

import pytest

from catalog import tables
from coursecloud.plan.planning import Plan
from infra.component import short
from infra.names import member_key
from infra.operator import OPERATOR_PERMISSIONS
from tests.infra.planned import PROJECT, TEAM, Planner, grants, of

MEMBER = "group:team@example.com"
LEASE = "coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-18}"
BARE = ("coursecloud:machines: {}", "coursecloud:training: {enabled: false}")
BUILDS = "coursecloud:builds: {repository: {owner: a, name: b}, triggers: {t: {tag: v, dockerfile: D}}}"


def on_project(plan: Plan) -> set[str]:
    return {grant.role for grant in grants(plan, MEMBER) if grant.kind == "projects.IAMMember"}


def test_without_members_nobody_is_granted_anything(dev: Plan) -> None:
    assert not [grant for grant in grants(dev) if not grant.member.startswith("serviceAccount:")]


@pytest.mark.parametrize(
    ("lines", "further"),
    [
        ((), set[str]()),
        (
            ("coursecloud:machines: {workbench: {}}",),
            {
                "roles/iap.tunnelResourceAccessor",
                "roles/compute.osAdminLogin",
                "custom role operator",
            },
        ),
        (("coursecloud:training: {}",), {"roles/aiplatform.user"}),
        ((BUILDS,), {"roles/cloudbuild.builds.editor"}),
        (
            (BUILDS.replace("tag: v", "tag: v, approval: true"),),
            {"roles/cloudbuild.builds.editor", "roles/cloudbuild.builds.approver"},
        ),
        (("coursecloud:services: {demo: {}}",), {"roles/run.viewer"}),
        (
            ("coursecloud:services: {demo: {}}", 'coursecloud:monitoring: {channels: ["12345"]}'),
            {"roles/run.viewer", "roles/monitoring.viewer"},
        ),
        (("coursecloud:github: {repositoryId: 1}",), set[str]()),
    ],
)
def test_a_member_holds_roles_for_what_is_switched_on_only(
    plan_of: Planner, lines: tuple[str, ...], further: set[str]
) -> None:
    switched = {line.partition(": ")[0] for line in lines}
    off = [line for line in BARE if line.partition(": ")[0] not in switched]
    assert on_project(plan_of(TEAM, *off, *lines)) == {
        "roles/logging.viewer",
        "roles/serviceusage.serviceUsageConsumer",
        *further,
    }


def test_access_to_the_project_ends_with_the_lease(plan_of: Planner) -> None:
    for grant in grants(plan_of(TEAM, LEASE), MEMBER):
        if grant.kind == "projects.IAMMember":
            # The last grace day, 30 days after the end, is still in.
            assert grant.condition == "request.time < timestamp('2027-01-18T00:00:00Z')", grant.role


def test_every_binding_on_the_project_names_its_stack(plan_of: Planner) -> None:
    for plan in (plan_of(TEAM), plan_of(TEAM, LEASE)):
        for grant in grants(plan, MEMBER):
            if grant.kind == "projects.IAMMember":
                assert grant.resource.inputs["condition"]["title"] == "lease of stack unit"
                assert grant.condition


def test_a_service_account_of_the_stack_does_not_end_with_the_lease(plan_of: Planner) -> None:
    for grant in grants(plan_of(TEAM, LEASE)):
        assert grant.member == MEMBER or not grant.condition


def test_no_member_can_grant_anything_or_owns_the_project(full: Plan) -> None:
    known = tables.table("roles")["roles"]
    for member in full.settings.team.members:
        for grant in grants(full, member):
            assert grant.role not in {"roles/owner", "roles/editor", "roles/viewer"}
            for permission in known.get(grant.role, {"permissions": OPERATOR_PERMISSIONS})["permissions"]:
                assert not permission.endswith((".setIamPolicy", ".getAccessToken", "serviceAccountKeys.create"))


def test_every_role_of_a_member_is_in_the_dated_table(full: Plan) -> None:
    known = tables.table("roles")["roles"]
    predefined = {grant.role for grant in grants(full) if grant.role.startswith("roles/")}
    assert predefined - set(known) <= {"roles/iam.roleViewer", "roles/iam.workloadIdentityPoolViewer"}


def test_start_and_stop_is_not_make_and_delete() -> None:
    verbs = {permission.rpartition(".")[2] for permission in OPERATOR_PERMISSIONS}
    assert verbs <= {"get", "list", "start", "stop", "suspend", "resume", "reset"}


def test_a_member_may_act_as_what_they_start_and_not_as_what_deploys(full: Plan) -> None:
    for member in full.settings.team.members:
        acted = {g.target.rpartition("/")[2] for g in grants(full, member) if g.role == "roles/iam.serviceAccountUser"}
        assert {email.partition("@")[0] for email in acted} == {"full-machines", "full-training", "full-builds"}


def test_a_members_address_is_in_no_name_in_the_program(full: Plan) -> None:
    assert member_key(MEMBER) == member_key(MEMBER) != member_key("group:other@example.com")
    for resource in full.custom:
        for member in full.settings.team.members:
            assert member.partition(":")[2].partition("@")[0] not in resource.name


def test_each_member_holds_the_same(full: Plan) -> None:
    held = [{(g.kind, g.target, g.role, g.condition) for g in grants(full, m)} for m in full.settings.team.members]
    assert len(held) == 2
    assert held[0] == held[1]


def test_further_roles_are_granted_once_and_end_too(plan_of: Planner) -> None:
    further = "extraRoles: [roles/bigquery.jobUser, roles/logging.viewer]"
    plan = plan_of(TEAM.replace("}", f", {further}}}"), LEASE)
    assert "roles/bigquery.jobUser" in on_project(plan)
    assert sum(grant.role == "roles/logging.viewer" for grant in grants(plan, MEMBER)) == 1


def test_a_members_key_is_the_same_in_every_stack_so_that_nothing_moves(plan_of: Planner) -> None:
    first = {r.name for r in of(plan_of(TEAM), "projects.IAMMember") if r.name.startswith("member-")}
    second = {r.name for r in of(plan_of(TEAM, stack="other"), "projects.IAMMember") if r.name.startswith("member-")}
    assert first == second


def test_on_the_stores_a_member_may_do_what_uploads_and_pushes_need(plan_of: Planner) -> None:
    secrets = "coursecloud:secrets: {names: {KEY: []}}"
    held = {(g.role, g.target) for g in grants(plan_of(TEAM, secrets, *BARE), MEMBER) if g.kind != "projects.IAMMember"}
    buckets = [f"{PROJECT}-unit-{name}" for name in ("data", "models", "staging")]
    assert held == {
        *(("roles/storage.objectUser", bucket) for bucket in buckets),
        *(("roles/storage.bucketViewer", bucket) for bucket in buckets),
        ("roles/artifactregistry.writer", "unit-docker"),
        ("roles/secretmanager.secretVersionAdder", "unit-KEY"),
    }


def test_a_member_may_call_each_service(plan_of: Planner) -> None:
    plan = plan_of(TEAM, *BARE, "coursecloud:services: {one: {}, two: {}}")
    called = {grant.target for grant in grants(plan, MEMBER) if grant.role == "roles/run.invoker"}
    assert called == {"unit-one", "unit-two"}


def test_a_members_key_is_eight_digits_of_a_digest_so_that_no_binding_moves() -> None:
    assert member_key(MEMBER) == "member-2e596663"


@pytest.mark.parametrize(
    ("role", "called"),
    [
        ("roles/storage.objectUser", "storage-object-user"),
        ("projects/some-project/roles/coursecloud_operator", "coursecloud_operator"),
        ("roles/viewer", "viewer"),
    ],
)
def test_a_role_is_named_in_a_grants_name_by_its_last_part(role: str, called: str) -> None:
    assert short(role) == called
