"""Who comes in as which account, where only the real run knows all of a name: workflows, and Google's own agents."""

import dataclasses
import datetime
from pathlib import Path

import pytest

import coursecloud.policy
from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from coursecloud.policy.example import put
from infra.names import member_key
from tests.project import ROOT

TODAY = datetime.date(2026, 11, 25)
POOL = "principalSet://iam.googleapis.com/${pool.name}/attribute."
OLD = {"google.subject": "assertion.sub", "attribute.repository_id": "assertion.repository_id"}


def told(plan: Plan, name: str, member: str) -> list[str]:
    """Give what `grant-understood` says of a grant of a plan with another member."""
    resources = [
        dataclasses.replace(each, at_run={"member": member}) if each.name == name else each for each in plan.resources
    ]
    assert tuple(resources) != plan.resources
    found = coursecloud.policy.check(dataclasses.replace(plan, resources=tuple(resources)), TODAY)
    return [each.message for each in found if (each.rule.id, each.name) == ("grant-understood", name)]


@pytest.mark.parametrize("name", ["preview-federation", "deploy-federation", "ci-push-ref-federation"])
@pytest.mark.parametrize("attribute", ["repository_id/123456789", "ref/refs/heads/main"])
def test_the_repository_or_the_ref_alone_is_no_run_where_a_run_is_mapped(
    committed: dict[str, Plan], name: str, attribute: str
) -> None:
    account = name.removesuffix("-push-ref-federation").removesuffix("-federation")
    (said,) = told(committed["full"], name, POOL + attribute)
    assert f"it lets a workflow at {attribute.replace('/', ' ', 1)} be {account}" in said


@pytest.mark.parametrize(
    ("name", "attribute", "named"),
    [
        ("preview-federation", "repository_id/123456789", False),
        ("preview-federation", "ref/refs/heads/main", True),
        ("deploy-federation", "ref/refs/heads/main", False),
        ("deploy-federation", "repository_id/123456789", True),
        ("ci-push-ref-federation", "ref/refs/heads/main", True),
    ],
)
def test_a_program_that_maps_no_run_lets_in_by_the_repository_or_the_ref(
    committed: dict[str, Plan], name: str, attribute: str, named: bool
) -> None:
    before = put("iam.WorkloadIdentityPoolProvider", "provider", "attributeMapping", OLD)(committed["full"])
    assert bool(told(before, name, POOL + attribute)) is named


@pytest.mark.parametrize(("agent", "named"), [("compute-system", False), ("gcp-sa-aiplatform-cc", True)])
def test_only_the_agent_that_stops_machines_gets_the_role_for_it(
    committed: dict[str, Plan], agent: str, named: bool
) -> None:
    number = "serviceAccount:service-${data.projectNumber}@"
    said = told(committed["full"], "scheduled-stop-agent", f"{number}{agent}.iam.gserviceaccount.com")
    assert any("which no stack gives to a service of Google's" in each for each in said) is named


def test_a_member_that_nobody_here_can_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.one.yaml"
    file.write_text(
        "config:\n  gcp:project: some-project-1\n"
        "  coursecloud:team: {members: [{secure: AAABBB}, user:ada@example.com]}\n",
        encoding="utf-8",
    )
    found = coursecloud.policy.check(planning.make("one", file, ROOT), TODAY)
    unread = {each.name for each in found if each.unknown and "encrypted, only the real run reads" in each.message}
    assert any("member" in name for name in unread)
    assert not any(each.violates for each in found if each.rule.id == "grant-understood")
    (readable,) = {name.partition("-operator")[0] for name in unread if name.endswith("-operator")}
    assert readable != member_key("user:ada@example.com")
