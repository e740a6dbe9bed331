"""Edits of the committed stacks, and what they do: the same that `pulumi preview` says (tests/e2e/test_review.py)."""

import pytest

from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.comparison import compare
from coursecloud.review import dangers
from coursecloud.review.dangers import Kind
from tests.review.conftest import Planner
from tests.review.made import Config, Edit

MACHINES = "coursecloud:machines"


def of(plan_of: Planner, edit: Edit, stack: str = "full", base: Edit = lambda _: None) -> dict[str, Change]:
    found = compare(plan_of(stack, base).resources, plan_of(stack, edit).resources)
    return {change.name: change for change in found if change.operation is not Operation.SAME}


def test_another_zone_replaces_the_machine_and_its_disk_with_what_is_on_it(plan_of: Planner) -> None:
    found = of(plan_of, lambda c: c[MACHINES]["trainer"].update(zone="europe-west4-c", fallbackZones=[]))
    assert {name: str(change.operation) for name, change in found.items()} == {
        "trainer": "replace",
        "trainer-work": "replace",
    }
    assert found["trainer-work"].loses == "files"
    assert [reason.property for reason in found["trainer"].reasons] == ["zone", "replaceWith"]


def test_a_machine_gets_its_new_data_disk_by_being_made_anew(plan_of: Planner) -> None:
    found = of(plan_of, lambda c: c[MACHINES]["trainer"].update(dataDisk={"sizeGb": 10}))
    assert {name: str(change.operation) for name, change in found.items()} == {
        "trainer": "replace",
        "trainer-work": "replace",
    }
    assert [reason.follows for reason in found["trainer"].reasons] == ["trainer-work"]


def test_a_boot_disk_that_grows_is_an_update(plan_of: Planner) -> None:
    found = of(plan_of, lambda c: c[MACHINES]["workbench"].update(bootDisk={"sizeGb": 80}))
    assert {name: str(change.operation) for name, change in found.items()} == {"workbench": "update"}
    assert [entry.path for entry in found["workbench"].properties] == ["bootDisk.initializeParams.size"]


def test_a_machine_without_its_gpu_is_replaced_because_the_program_says_so(plan_of: Planner) -> None:
    found = of(plan_of, lambda c: c[MACHINES]["trainer"].update(gpu=None, image="deep-learning"))
    assert "replacementTrigger" in [reason.property for reason in found["trainer"].reasons]


def test_a_narrower_range_replaces_the_subnet_and_the_machines_in_it(plan_of: Planner) -> None:
    def narrow(config: Config) -> None:
        config["coursecloud:network"]["subnets"]["europe-west4"] = "10.10.0.0/22"

    found = of(plan_of, narrow)
    assert {name for name, change in found.items() if change.operation is Operation.REPLACE} == {
        "subnet-europe-west4",
        "workbench",
        "trainer",
        "runner",
    }
    assert {reason.follows for reason in found["runner"].reasons} == {"subnet-europe-west4"}


def test_buckets_in_another_place_lose_their_objects_and_their_grants_follow(plan_of: Planner) -> None:
    def moved(config: Config) -> None:
        config["coursecloud:storage"] = {"location": "US"}

    found = of(plan_of, moved, stack="dev")
    assert {name for name, change in found.items() if change.loses} == {"data", "models", "staging"}
    assert found["machines-use-data"].reasons[0].follows == "data"
    assert [danger.kind for danger in dangers.dangers(found.values())] == [Kind.DATA] * 3


def test_a_lifecycle_rule_that_deletes_sooner_is_a_danger_though_the_bucket_stays(plan_of: Planner) -> None:
    def sooner(config: Config) -> None:
        config["coursecloud:storage"]["staging"]["days"] = 1

    found = of(plan_of, sooner)
    assert {name: str(change.operation) for name, change in found.items()} == {"staging": "update"}
    (danger,) = dangers.dangers(found.values())
    assert danger.kind is Kind.PRUNES


def test_protected_stores_that_go_are_refused(plan_of: Planner) -> None:
    def without(config: Config) -> None:
        config["coursecloud:registry"]["python"] = False

    found = of(plan_of, without)
    gone = [change for change in found.values() if change.loses]
    assert [change.operation for change in gone] == [Operation.DELETE]
    assert gone[0].refused


@pytest.mark.parametrize("label", ["group", "owner"])
def test_another_label_replaces_nothing(plan_of: Planner, label: str) -> None:
    found = of(plan_of, lambda c: c["coursecloud:course"].update({label: "others"}))
    assert found
    assert {change.operation for change in found.values()} == {Operation.UPDATE}


def test_another_region_replaces_all_that_is_in_one(plan_of: Planner) -> None:
    found = of(plan_of, lambda c: c.update({"gcp:region": "us-central1"}), stack="dev")
    assert {"data", "workbench", "docker"} <= {n for n, c in found.items() if c.operation is Operation.REPLACE}
