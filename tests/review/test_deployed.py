"""What is deployed, against what the program wants: the form of `pulumi stack export`, and what is not read of it."""

import copy
import json
from typing import Any

import pytest

from coursecloud.plan.registration import Registration
from coursecloud.review import deployed_state
from tests.review.conftest import Planner
from tests.review.made import INSTANCE, operations

MARK = "4dabf18193072939515e22adb298388d"
CIPHER = {MARK: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:c2VjcmV0"}


def entry(resource: Registration) -> dict[str, Any]:
    """Write a planned resource as the engine keeps it."""
    return {
        "urn": resource.urn.replace("pulumi:pulumi:Stack$", ""),
        "type": resource.type,
        "custom": resource.custom,
        "id": "some-id",
        "inputs": {**resource.inputs, "__defaults": ["extra"], "extra": "by default"},
        "outputs": {"anything": CIPHER},
        "parent": resource.parent,
        "dependencies": list(resource.dependencies),
        "propertyDependencies": {top: list(urns) for top, urns in resource.property_dependencies.items()},
        "protect": resource.protect,
    }


def exported(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    root = {"urn": "urn:pulumi:full::coursecloud::pulumi:pulumi:Stack::coursecloud-full", "type": "pulumi:pulumi:Stack"}
    provider = {"urn": "urn:pulumi:full::coursecloud::pulumi:providers:gcp::default", "type": "pulumi:providers:gcp"}
    return {"version": 3, "deployment": {"manifest": {}, "resources": [root, provider, *entries], **more}}


def test_a_stack_that_was_deployed_as_it_is_has_no_drift(plan_of: Planner) -> None:
    resources = plan_of("full").resources
    state = deployed_state.read(json.loads(json.dumps(exported(*map(entry, resources)))))
    assert state.stack == "full"
    assert operations(state.resources, resources, state=True) == {}


def test_what_the_program_wants_otherwise_is_told(plan_of: Planner) -> None:
    resources = plan_of("full").resources
    entries = [entry(resource) for resource in resources]
    machine = next(e for e in entries if e["urn"].endswith("::workbench"))
    machine["inputs"] = copy.deepcopy(machine["inputs"]) | {"machineType": "e2-micro"}
    gone = next(e for e in entries if e["urn"].endswith("::demo"))
    entries.remove(gone)
    state = deployed_state.read(exported(*entries))
    assert operations(state.resources, resources, state=True) == {"workbench": "update", "demo": "create"}


def test_a_secret_of_a_state_is_never_read_and_that_is_said(plan_of: Planner) -> None:
    bucket = next(resource for resource in plan_of("full").custom if resource.name == "data")
    state = deployed_state.read(exported(entry(bucket) | {"inputs": dict(bucket.inputs) | {"location": CIPHER}}))
    assert "c2VjcmV0" not in repr(state)
    assert any("secrets" in note for note in state.notes)
    assert operations(state.resources, [bucket], state=True) == {}


def test_what_waits_to_be_deleted_or_was_only_read_is_left_out_and_told(plan_of: Planner) -> None:
    first, second, third = (entry(resource) for resource in plan_of("full").custom[:3])
    state = deployed_state.read(
        exported(first, second | {"delete": True}, third | {"external": True}, pending_operations=[{}])
    )
    assert len(state.resources) == 1
    assert any("wait to be deleted" in note for note in state.notes)
    assert any("never ended" in note for note in state.notes)


def test_a_state_with_its_own_numbers_and_triggers_reads_as_the_program_writes_them(plan_of: Planner) -> None:
    machine = next(r for r in plan_of("full").custom if r.name == "trainer" and r.type == INSTANCE)
    kept = entry(machine) | {"replacementTrigger": machine.options["replacementTrigger"]}
    kept["inputs"] = json.loads(json.dumps(kept["inputs"]), parse_int=float)
    assert operations(deployed_state.read(exported(kept)).resources, [machine], state=True) == {}
    other = deployed_state.read(exported(kept | {"replacementTrigger": ["no GPU"]}))
    assert operations(other.resources, [machine], state=True) == {"trainer": "replace"}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "state",
        {},
        {"deployment": None},
        {"deployment": {"resources": []}},
        {"deployment": {"manifest": {}, "resources": [{"urn": "x"}]}},
        {"deployment": {"manifest": {}, "resources": [{"urn": "x", "type": "y"}]}},
        {"deployment": {"manifest": {}, "resources": [7]}},
        {"deployment": {"manifest": {}}},
        {"deployment": {"manifest": {}, "resources": [{"urn": 1, "type": 2}]}},
        {"version": 1, "resources": [], "settings": {}},
    ],
)
def test_what_is_no_state_is_refused_with_a_remedy(data: object) -> None:
    with pytest.raises(deployed_state.StateError, match="remedy"):
        deployed_state.read(data)
