"""What somebody has made or switched off by hand stops no evening, and a firewall is narrowed where Pulumi cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coursecloud.deploy import drift, inspection, openings, reconcile
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.deploy.pulumi_cli import Pulumi
from coursecloud.diff.engine_events import Told
from tests.coursecloud import days, deployed
from tests.coursecloud.deployed import HERE, PROJECT, REGION, ZONE, Deployed
from tests.coursecloud.faked import Fake, answer
from tests.coursecloud.told import resource

RULE = f"{HERE}/global/firewalls/dev-ssh-from-iap"
URN = "urn:pulumi:dev::coursecloud::gcp:compute/firewall:Firewall::ssh-from-iap"
IAP = ["35.235.240.0/20"]
IMAGE = "projects/debian-cloud/global/images/family/debian-12"
NOTHING_OPEN = openings.Openings((), ())


@pytest.fixture
def stack() -> Iterator[Deployed]:
    yield from deployed.deploy()


def ranges(stack: Deployed) -> list[str]:
    return stack.cloud.get("compute", RULE)["sourceRanges"]


def widened(stack: Deployed, *now: str) -> drift.Drift:
    """Open the rule by hand, and say what a refresh finds."""
    stack.cloud.call("PATCH", "compute", RULE, body={"sourceRanges": list(now)})
    state = {"id": RULE, "inputs": {"sourceRanges": IAP}}
    value = drift.Value("sourceRanges", IAP, list(now))
    return drift.Drift("opened", URN, openings.FIREWALL, (value,), state=state)


def test_a_rule_open_to_the_world_is_narrowed_at_once_because_the_provider_leaves_it_open(
    stack: Deployed, tmp_path: Path
) -> None:
    told = days.begin(stack, tmp_path, yes=True)
    assert reconcile.settle(told.day, [widened(stack, "0.0.0.0/0")], NOTHING_OPEN) == [URN]
    assert ranges(stack) == IAP
    assert told.day.done == [("closed", URN)]


def test_a_rule_that_was_widened_otherwise_is_left_to_the_update(stack: Deployed, tmp_path: Path) -> None:
    told = days.begin(stack, tmp_path, yes=True)
    assert reconcile.settle(told.day, [widened(stack, "10.0.0.0/8")], NOTHING_OPEN) == [URN]
    assert ranges(stack) == ["10.0.0.0/8"]
    assert told.day.done == []


def test_no_leaves_it_open_and_counts_it(stack: Deployed, tmp_path: Path) -> None:
    told = days.begin(stack, tmp_path)
    assert reconcile.settle(told.day, [widened(stack, "0.0.0.0/0")], NOTHING_OPEN) == []
    assert ranges(stack) == ["0.0.0.0/0"]
    assert told.day.left_open == 1


def test_where_google_refuses_it_stays_open_and_is_said(stack: Deployed, tmp_path: Path) -> None:
    told, change = days.begin(stack, tmp_path, yes=True), widened(stack, "0.0.0.0/0")
    stack.emulator.use({"deny": {"emulator-token": ["compute.firewalls.patch"]}})
    reconcile.settle(told.day, [change], NOTHING_OPEN)
    assert told.day.left_open == 1
    assert any("NOT closed" in line for line in told.lines)


@pytest.mark.parametrize("more", [{}, {"allowed": [], "denied": [{"IPProtocol": "tcp"}]}, {"direction": "EGRESS"}])
def test_rules_of_ones_own_on_the_network_go_along_in_the_evening(
    stack: Deployed, tmp_path: Path, more: dict[str, Any]
) -> None:
    body = {"name": "mine", "network": "global/networks/dev-network", "allowed": [{"IPProtocol": "tcp"}], **more}
    stack.cloud.call("POST", "compute", f"{HERE}/global/firewalls", body={key: body[key] for key in body if body[key]})
    told = days.begin(stack, tmp_path, "down", yes=True)
    inspection.in_the_way(told.day, stack.resources)
    for rule in told.day.in_the_way:
        reconcile.close(told.day, rule)
    with pytest.raises(CloudError):
        stack.cloud.get("compute", f"{HERE}/global/firewalls/mine")
    assert ranges(stack) == IAP, "the stack's own goes with the stack"
    assert told.lines == ["In the way, and goes along: Network dev-network: firewall rule mine"]


def test_a_machine_of_ones_own_on_the_network_is_named_before_anything_is_deleted(
    stack: Deployed, tmp_path: Path
) -> None:
    machine = {
        "name": "my-own",
        "machineType": f"zones/{ZONE}/machineTypes/e2-small",
        "disks": [
            {"boot": True, "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}
        ],
        "networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/dev-subnet"}],
    }
    told = days.begin(stack, tmp_path, "down", yes=True)
    inspection.in_the_way(told.day, stack.resources)
    stack.cloud.call("POST", "compute", f"{HERE}/zones/{ZONE}/instances", body=machine)
    with pytest.raises(RefusedError, match=rf"my-own \({ZONE}\)"):
        inspection.in_the_way(told.day, stack.resources)


def test_an_api_that_was_switched_off_is_on_again_before_anything_is_deleted(
    stack: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = stack.emulator.world.projects[PROJECT].services
    services.discard("compute.googleapis.com")
    old = resource(inspection.SERVICE, "compute", project=PROJECT, service="compute.googleapis.com")
    off = Told(refreshed=[{"urn": old["urn"], "type": inspection.SERVICE, "old": old, "new": None, "diff": {}}])
    text = "googleapi: Error 403: Compute Engine API has not been used, SERVICE_DISABLED"
    waking = Told(unread=["urn"], failed={"urn": text})
    looks, slept = [waking, Told()], list[float]()
    monkeypatch.setattr(inspection.time, "sleep", slept.append)

    def looked(_: Pulumi) -> Told:
        return looks.pop(0)

    monkeypatch.setattr(Pulumi, "look", looked)
    told = days.begin(stack, tmp_path, "down", yes=True)
    assert inspection._switched_on(told.day, off).refreshed == []  # pyright: ignore[reportPrivateUsage]
    assert "compute.googleapis.com" in services
    assert slept == [inspection.SECONDS]
    (line,) = told.lines
    assert line.startswith("Switched off by hand, and on again")
    assert line.endswith("compute.googleapis.com")


def test_what_was_taken_over_half_made_can_be_deleted(fake: Fake) -> None:
    made = resource("gcp:storage/bucket:Bucket", "b", name="some-bucket", forceDestroy=True)
    imported = {**made, "id": "some-bucket", "inputs": {"name": "some-bucket"}, "outputs": {"forceDestroy": False}}
    fake.holds(pending_operations=[{"type": "creating", "resource": made}])
    fake.answers("import", answer(state=[imported]))
    assert fake.down() == 0
    (held,) = fake.file("stack import")["deployment"]["resources"]
    assert (held["inputs"]["forceDestroy"], held["outputs"]["forceDestroy"]) == (True, True)
