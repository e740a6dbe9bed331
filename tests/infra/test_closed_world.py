"""Every type of resource is classed in one table, and the table holds no type that nothing uses."""

from coursecloud.plan import Plan, bills, holds
from infra import tables
from tests.infra.planned import Planner, of

# The full stack has no 2nd generation connection: this type needs another trigger's repository.
SECOND_GENERATION = """\
coursecloud:builds:
  repository: {owner: group, name: project, connection: github}
  triggers: {image: {branch: ^main$, dockerfile: Dockerfile}}"""


def used(*plans: Plan) -> set[str]:
    return {resource.type for plan in plans for resource in plan.custom}


def test_the_table_classes_exactly_the_types_that_are_used(committed: dict[str, Plan], plan_of: Planner) -> None:
    assert used(*committed.values(), plan_of(SECOND_GENERATION)) == set(tables.table("resource-types")["types"])


def test_each_class_is_one_of_the_four() -> None:
    types = tables.table("resource-types")["types"]
    assert {entry["bills"] for entry in types.values()} <= {"free", "storage", "hourly", "usage"}
    assert all(set(entry) == {"bills", "holds", "idle"} for entry in types.values())


def test_what_bills_for_storage_says_what_it_holds() -> None:
    for kind, entry in tables.table("resource-types")["types"].items():
        assert entry["bills"] != "storage" or entry["holds"], kind
        assert entry["bills"] != "free" or not entry["idle"], kind


def test_only_types_that_hold_something_or_carry_it_are_ever_kept(full: Plan) -> None:
    federation = {"gcp:iam/workloadIdentityPool:WorkloadIdentityPool"}
    federation |= {
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        "gcp:serviceaccount/account:Account",
    }
    assert all(holds(resource) or resource.type in federation for resource in full.custom if resource.protect)


def test_the_machine_is_what_bills_by_the_hour(dev: Plan) -> None:
    assert [resource.name for resource in dev.custom if bills(resource) == "hourly"] == ["workbench"]
    assert bills(of(dev, "storage.Bucket")[0]) == "storage"
