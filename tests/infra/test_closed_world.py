"""Every type of resource is classed in one table, and the table holds no type that nothing uses."""

import re

import pytest

from catalog import types
from coursecloud.plan.import_ids import form
from coursecloud.plan.planning import Plan, bills, holds
from coursecloud.plan.provenance import component_of
from coursecloud.plan.registration import UNKNOWN
from tests.infra.planned import Planner, needs, of, one

# The full stack has no 2nd generation connection, whose type needs another trigger's repository, and no alert, whose
# channel somebody has to have made.
SECOND_GENERATION = """\
coursecloud:builds:
  repository: {owner: group, name: project, connection: github}
  triggers: {image: {branch: ^main$, dockerfile: Dockerfile}}
coursecloud:monitoring: {channels: ["12345678"]}"""


def used(*plans: Plan) -> set[str]:
    return {resource.type for plan in plans for resource in plan.custom}


def test_the_table_classes_exactly_the_types_that_are_used(committed: dict[str, Plan], plan_of: Planner) -> None:
    assert used(*committed.values(), plan_of(SECOND_GENERATION)) == {each.type for each in types.declared()}


def test_every_component_declares_the_types_that_say_so_and_no_other(
    committed: dict[str, Plan], plan_of: Planner
) -> None:
    plans = (*committed.values(), plan_of(SECOND_GENERATION))
    made = {(types.short_type(each.type), component_of(each)) for plan in plans for each in plan.custom}
    assert made == {(known.short, component) for known in types.declared() for component in known.components}


def test_each_class_is_one_of_the_four() -> None:
    assert {each.bills for each in types.declared()} <= {"free", "storage", "hourly", "usage"}


def test_what_bills_for_storage_says_what_it_holds() -> None:
    for each in types.every().values():
        assert each.bills != "storage" or each.holds, each.short
        assert each.bills != "free" or not each.idle, each.short


def test_only_types_that_hold_something_or_carry_it_are_ever_kept(full: Plan) -> None:
    federation = {"gcp:iam/workloadIdentityPool:WorkloadIdentityPool"}
    federation |= {
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        "gcp:serviceaccount/account:Account",
        "gcp:projects/iAMCustomRole:IAMCustomRole",
    }
    assert all(holds(resource) or resource.type in federation for resource in full.custom if resource.protect)


def test_what_google_blocks_the_id_of_gets_a_fresh_one_each_time_it_is_made(full: Plan) -> None:
    """A group that comes back after a break of eight or forty days brings its stack up as on the first day."""
    blocked = {each.type for each in types.declared() if each.id_blocked}
    found = [resource for resource in full.custom if resource.type in blocked]
    assert {resource.type for resource in found} == blocked
    for resource in found:
        parts = re.findall(r"\{(\w+)\}", form(resource.type) or "")
        fresh = [part for part in parts if resource.inputs[part] == UNKNOWN]
        accounts = [other for other in needs(full, resource) if other.type == "gcp:serviceaccount/account:Account"]
        # The id follows from the number of an account, which Google gives anew with each creation ...
        assert fresh, f"{resource.name}: nothing in its id changes when it is made anew"
        assert len(accounts) == 1, resource.name
        # ... and the two are deleted together, or a new resource would get the old id.
        assert resource.protect == accounts[0].protect, resource.name


@pytest.mark.parametrize("keep", [True, False])
def test_a_role_is_kept_as_long_as_the_account_that_its_id_follows(plan_of: Planner, keep: bool) -> None:
    plan = plan_of(f"coursecloud:github: {{repositoryId: 42, keep: {str(keep).lower()}}}")
    assert one(plan, "projects.IAMCustomRole", "preview").protect is keep
    assert one(plan, "serviceaccount.Account", "preview-account").protect is keep


def test_a_role_that_is_there_keeps_its_id(full: Plan) -> None:
    assert all(role.options["ignoreChanges"] == ["roleId"] for role in of(full, "projects.IAMCustomRole"))


def test_the_machine_is_what_bills_by_the_hour(dev: Plan) -> None:
    assert [resource.name for resource in dev.custom if bills(resource) == "hourly"] == ["workbench"]
    assert bills(of(dev, "storage.Bucket")[0]) == "storage"
