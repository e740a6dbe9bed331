"""Bad days: each kind of write of an `up` goes wrong, and `up` again is all that it takes."""

import os
from typing import Any

import pytest

from coursecloud.deploy import lifecycle
from tests.e2e.conftest import Project, Record

KINDS: dict[str, dict[str, Any]] = {
    "busy": {"status": 503},
    "too many requests": {"status": 429},
    "taken": {"status": 409},
    "cut before it was done": {"cut": "before"},
    "cut after it was done": {"cut": "after"},
    "timed out after it was done": {"status": 504, "delay": 2, "applied": True},
}
"""How a call goes wrong. After the last two Google has what Pulumi does not know of."""
STACKS = ["dev", "full"]


def survive(project: Project, stack: str, fault: dict[str, Any], *, most: int) -> list[int]:
    """Bring a stack up on bad days until it stands; give the exit code of each `up`."""
    project.emulator.use({"faults": [fault]})
    codes = [lifecycle.up(project.root, stack, yes=True)]
    while codes[-1] and len(codes) < most:
        codes.append(lifecycle.up(project.root, stack, yes=True))
    return codes


@pytest.mark.long
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_write_fails_once_and_up_again_makes_the_stack_whole(
    project: Project, stack: str, kind: str, record_property: Record
) -> None:
    fault = {"match": "*", "writes": True, "each": True, **KINDS[kind]}
    # A fault that ends an `up` is met by the next one, and there are about thirty kinds of writes.
    codes = survive(project, stack, fault, most=40)
    hit = sorted(project.emulator.scenario.faults[0].hit)
    project.note(record_property, {"stack": stack, "kind": kind, "faults": len(hit), "methods": hit, "ups": codes})
    assert codes[-1] == 0
    made = {call["id"] for call in project.emulator.requests if call.get("write") and call["status"] < 300}
    assert made <= set(hit), "a write never went wrong"
    project.emulator.use({})
    project.unchanged(stack)
    assert lifecycle.finish(project.root, stack) == 0
    assert project.emulator.remaining() == []


@pytest.mark.long
@pytest.mark.parametrize("method", os.environ.get("COURSECLOUD_FAULTS_AT", "").split())
def test_one_write_that_was_done_and_not_answered_is_found_again_by_the_next_up(
    project: Project, method: str, record_property: Record
) -> None:
    """One life a method named in COURSECLOUD_FAULTS_AT; the other test has them all in one life."""
    codes = survive(project, "dev", {"match": method, "cut": "after"}, most=2)
    project.note(record_property, {"method": method, "ups": codes})
    assert project.emulator.scenario.faults[0].hit == {method: 1}
    assert codes[-1] == 0
    project.emulator.use({})
    project.unchanged("dev")


@pytest.mark.long
def test_a_machine_without_gpu_quota_fails_with_googles_reason_and_comes_up_once_there_is_some(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    project.emulator.use({"quotas": {"GPUS_ALL_REGIONS": 0}})
    assert lifecycle.up(project.root, "gpu", yes=True) != 0
    assert "GPUS_ALL_REGIONS" in capfd.readouterr().out
    project.emulator.use({"quotas": {"GPUS_ALL_REGIONS": 1}})
    assert lifecycle.up(project.root, "gpu", yes=True) == 0
    project.unchanged("gpu")
    assert lifecycle.finish(project.root, "gpu") == 0
    assert project.emulator.remaining() == []


@pytest.mark.long
def test_a_missing_permission_is_named_and_up_goes_on_once_it_is_granted(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    project.emulator.use({"deny": {"emulator-token": ["storage.buckets.create"]}})
    assert lifecycle.up(project.root, "dev", yes=True) != 0
    assert "storage.buckets.create" in capfd.readouterr().out
    project.emulator.use({})
    assert lifecycle.up(project.root, "dev", yes=True) == 0
    project.unchanged("dev")
