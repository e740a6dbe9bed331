"""What a stack has and what is open of it, read beside the real engine and provider: no false alarm of their state."""

import os

import pytest

from coursecloud.deploy import checkpoint, data_stores, last_update, lifecycle, machine_status, openings
from coursecloud.deploy.cloud import Cloud
from coursecloud.deploy.pulumi_cli import Pulumi
from tests.e2e.conftest import PROJECT, Project, Record

STACKS = ["dev", pytest.param("full", marks=pytest.mark.long)]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_looked_at_and_taken_down_again(project: Project, stack: str, record_property: Record) -> None:
    pulumi, cloud = Pulumi(project.root, stack, os.environ), Cloud(os.environ, {})
    bucket = f"{PROJECT}-{stack}-data"
    assert lifecycle.up(project.root, stack, yes=True) == 0
    resources = checkpoint.resources(pulumi.state())
    marker, said = last_update.read_marker(cloud, bucket)
    assert marker
    assert (marker.command, said) == ("up", "")

    before = cloud.calls
    found = {store.name: store for store in data_stores.look(cloud, resources)}
    counting = cloud.calls - before
    assert [store.unread for store in found.values() if store.unread] == []
    assert {name for name, store in found.items() if store.empty} >= {"data", "models", "staging", "docker"}
    before = cloud.calls
    assert openings.look(cloud, resources, PROJECT) == openings.Openings((), ())
    looking = cloud.calls - before
    assert {machine.status for machine in machine_status.running(cloud, resources)} == {"RUNNING"}
    project.note(record_property, {"stack": stack, "resources": len(resources), "counts": counting, "looks": looking})

    # The note in the bucket is no change to the engine, and no obstacle to the end.
    project.unchanged(stack)
    assert lifecycle.finish(project.root, stack) == 0
    assert project.emulator.remaining() == []
