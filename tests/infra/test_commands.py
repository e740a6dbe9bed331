"""Each command of the outputs can be typed by each member: who needs which permission, and who has it."""

import dataclasses
from collections.abc import Iterator

import pytest

from catalog import tables
from coursecloud.plan.planning import Plan
from tests.infra.planned import PROJECT, Planner, grants, of, one

KINDS = tables.table("commands")["commands"]
MEMBERS = ("group:mlops-group-07@googlegroups.com", "user:teaching-assistant@example.com")


def commands(plan: Plan) -> list[str]:
    """All that the outputs say can be done."""
    return list(plan.outputs["commands"])


def kind_of(command: str) -> str | None:
    """Find the entry of a command: the longest that its name begins with."""
    fitting = [kind for kind in KINDS if command == kind or command.startswith(f"{kind} ")]
    return max(fitting, key=len, default=None)


def permissions(plan: Plan) -> dict[str, set[str]]:
    """What each role of a plan contains, predefined or its own."""
    known = {role: set(entry["permissions"]) for role, entry in tables.table("roles")["roles"].items()}
    for role in of(plan, "projects.IAMCustomRole"):
        known[f"custom role {role.name}"] = set(role.inputs["permissions"])
    return known


def place(plan: Plan, command: str, on: str) -> tuple[str, str]:
    """Say which type of grant a permission can come with, and on what, besides the project."""
    subject = command.removeprefix(kind_of(command) or "").strip()
    accounts = {"training account": "training", "builds account": "builds"}
    if on == "project":
        return "projects.IAMMember", plan.settings.project
    if on == "machine account":
        email = one(plan, "compute.Instance", subject).inputs["serviceAccount"]["email"]
        return "serviceaccount.IAMMember", f"projects/{plan.settings.project}/serviceAccounts/{email}"
    if on == "build account" and subject:
        return "serviceaccount.IAMMember", one(plan, "cloudbuild.Trigger", subject).inputs["serviceAccount"]
    if on in accounts:
        inputs = one(plan, "serviceaccount.Account", f"{accounts[on]}-account").inputs
        email = f"{inputs['accountId']}@{inputs['project']}.iam.gserviceaccount.com"
        return "serviceaccount.IAMMember", f"projects/{inputs['project']}/serviceAccounts/{email}"
    if on in ("data", "models", "staging"):
        return "storage.BucketIAMMember", one(plan, "storage.Bucket", on).inputs["name"]
    if on == "docker":
        docker = one(plan, "artifactregistry.Repository", "docker").inputs["repositoryId"]
        return "artifactregistry.RepositoryIamMember", docker
    if on == "secret":
        secret = one(plan, "secretmanager.Secret", subject).inputs["secretId"]
        return "secretmanager.SecretIamMember", secret
    if on == "service":
        return "cloudrunv2.ServiceIamMember", one(plan, "cloudrunv2.Service", subject).inputs["name"]
    raise AssertionError(f"the table says `{on}`, which no test knows")


def missing(plan: Plan, member: str) -> Iterator[str]:
    """List what a member would be refused."""
    known = permissions(plan)
    held = [
        ((grant.kind, grant.target), known.get(grant.role, set()))
        for grant in grants(plan, member)
        if not grant.condition or grant.condition.startswith("request.time ")
    ]
    for command in commands(plan):
        for need in KINDS[kind_of(command) or ""]:
            where = place(plan, command, need["on"])
            has = {
                permission
                for at, contained in held
                if at in (where, ("projects.IAMMember", plan.settings.project))
                for permission in contained
            }
            for permission in set(need["permissions"]) - has:
                yield f"`{command}`: {member} lacks {permission} on {where[1]}"


@pytest.mark.parametrize("member", MEMBERS)
def test_each_member_may_do_what_each_command_does(full: Plan, member: str) -> None:
    assert member in full.settings.team.members
    assert list(missing(full, member)) == []


def test_everybody_of_the_committed_team_is_asked_about(full: Plan) -> None:
    assert set(MEMBERS) <= set(full.settings.team.members)


def test_a_stranger_may_do_nothing(full: Plan) -> None:
    lacks = list(missing(full, "user:stranger@example.com"))
    asks_nobody = ("docker login", "dvc remote")
    assert len({line.partition(":")[0] for line in lacks}) == len(commands(full)) - len(asks_nobody)


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        ("storage.BucketIAMMember", "upload data"),
        ("artifactregistry.RepositoryIamMember", "docker push"),
        ("secretmanager.SecretIamMember", "add secret WANDB_API_KEY"),
        ("cloudrunv2.ServiceIamMember", "call service demo"),
        ("serviceaccount.IAMMember", "train"),
        ("projects.IAMMember", "read logs"),
    ],
)
def test_a_missing_grant_is_seen(full: Plan, kind: str, lost: str) -> None:
    gone = {grant.resource.urn for grant in grants(full, MEMBERS[0]) if grant.kind == kind}
    less = dataclasses.replace(full, resources=tuple(r for r in full.resources if r.urn not in gone))
    assert any(line.startswith(f"`{lost}`") for line in missing(less, MEMBERS[0]))


def test_every_command_has_an_entry_and_every_entry_a_command(committed: dict[str, Plan]) -> None:
    for plan in committed.values():
        assert [command for command in commands(plan) if kind_of(command) is None] == []
    assert {kind_of(command) for command in commands(committed["full"])} == set(KINDS)


def test_an_unlisted_command_is_seen() -> None:
    assert kind_of("delete everything") is None
    assert kind_of("startle workbench") is None
    assert kind_of("start workbench") == "start"


def test_the_table_is_dated_and_names_permissions_that_google_has() -> None:
    table = tables.table("commands")
    assert table["date"]
    assert all(source["url"].startswith("https://") for source in table["source"])
    known = {p for role in tables.table("roles")["roles"].values() for p in role["permissions"]}
    for kind, needs in table["commands"].items():
        for need in needs:
            assert need["permissions"], kind
            assert set(need["permissions"]) <= known, kind


def test_approval_can_be_given_by_a_member(full: Plan) -> None:
    assert any(trigger.approval for trigger in full.settings.builds.triggers.values())
    known = permissions(full)
    for member in MEMBERS:
        assert any("cloudbuild.builds.approve" in known[grant.role] for grant in grants(full, member))


def test_members_can_do_the_same_without_a_lease(plan_of: Planner) -> None:
    plan = plan_of(
        "coursecloud:team: {members: [user:ada@example.com]}",
        "coursecloud:secrets: {names: {KEY: []}}",
        "coursecloud:services: {demo: {}}",
        "coursecloud:builds: {repository: {owner: a, name: b}, triggers: {t: {tag: v, dockerfile: D}}}",
    )
    assert plan.settings.project == PROJECT
    assert list(missing(plan, "user:ada@example.com")) == []
