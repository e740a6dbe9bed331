"""Rules between inputs: each is broken by one change of a real plan, and kept by another; an unknown is not judged."""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from catalog import types
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import UNKNOWN
from coursecloud.validation import cross_field
from coursecloud.validation.check import ApiFinding, check
from coursecloud.validation.mapping import mappings
from coursecloud.validation.path_view import Broken, names, stated
from tests.coursecloud.conformed import committed, findings, put

Changes = Mapping[str, object]
VM, RUN, BUILD = "compute.Instance", "cloudrunv2.Service", "cloudbuild.Trigger"
WALL, KEEP, SECRET = "compute.Firewall", "artifactregistry.Repository", "secretmanager.Secret"
PROVIDER, GRANT = "iam.WorkloadIdentityPoolProvider", "projects.IAMMember"
LIMITS = "template.containers.0.resources.limits"
TITLED = {"title": "until June", "expression": "request.time < timestamp('2027-06-01T00:00:00Z')"}
TWICE = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]
LABELS = {f"label-{number}": "x" for number in range(65)}

BROKEN: list[tuple[str, str, str, Changes, str]] = [
    # rule, type, name, changes, the input that is to change
    ("spot-restart", VM, "trainer", {"scheduling.automaticRestart": True}, "scheduling.automaticRestart"),
    ("spot-preemptible", VM, "trainer", {"scheduling.preemptible": False}, "scheduling.preemptible"),
    ("gpu-maintenance", VM, "trainer", {"scheduling.onHostMaintenance": "MIGRATE"}, "scheduling.onHostMaintenance"),
    ("gpu-maintenance", VM, "workbench", {"machineType": "g2-standard-4"}, "scheduling.onHostMaintenance"),
    ("gpu-attached", VM, "trainer", {"machineType": "n2-standard-4"}, "guestAccelerators[0].type"),
    ("gpu-included", VM, "trainer", {"guestAccelerators.0.type": "nvidia-l4"}, "guestAccelerators[0].type"),
    ("gpu-count", VM, "trainer", {"guestAccelerators.0.count": 3}, "guestAccelerators[0].count"),
    ("gpu-count", VM, "trainer", {"guestAccelerators.0.count": 8}, "guestAccelerators[0].count"),
    ("boot-disk-type", VM, "workbench", {"machineType": "n4-standard-4"}, "bootDisk.initializeParams.type"),
    ("boot-disk-type", VM, "workbench", {"bootDisk.initializeParams.type": "hyperdisk-ml"},
     "bootDisk.initializeParams.type"),
    ("image-processor", VM, "workbench", {"machineType": "t2a-standard-4"}, "bootDisk.initializeParams.image"),
    ("image-processor", VM, "workbench", {"bootDisk.initializeParams.image": "debian-cloud/debian-12-arm64"},
     "bootDisk.initializeParams.image"),
    ("no-spot", VM, "trainer", {"machineType": "h3-standard-88", "guestAccelerators": None},
     "scheduling.provisioningModel"),
    ("no-on-demand", VM, "workbench", {"machineType": "a3-highgpu-1g", "scheduling.onHostMaintenance": "TERMINATE",
     "scheduling.onInstanceStopAction": {"discardLocalSsd": True}}, "scheduling.provisioningModel"),
    ("no-migration", VM, "workbench", {"machineType": "h4d-standard-192",
     "bootDisk.initializeParams.type": "hyperdisk-balanced"}, "scheduling.onHostMaintenance"),
    ("local-ssd", VM, "workbench", {"machineType": "c3-standard-4-lssd"},
     "scheduling.onInstanceStopAction.discardLocalSsd"),
    ("variables", "cloudrunv2.Service", "demo", {"template.containers.0.envs.0.value": "x" * 32_769},
     "template.containers[0].envs[0].value"),
    ("disk-size-of-type", "compute.Disk", "", {"type": "hyperdisk-throughput"}, "size"),
    ("run-end", VM, "trainer", {"scheduling.instanceTerminationAction": None}, "scheduling.instanceTerminationAction"),
    ("subnet-region", VM, "workbench", {"networkInterfaces.0.subnetwork": "projects/p/regions/us-east1/subnetworks/s"},
     "networkInterfaces[0].subnetwork"),
    ("subnet-region", VM, "runner", {"zone": "us-east1-b"}, "networkInterfaces[0].subnetwork"),
    ("disk-zone", VM, "workbench", {"attachedDisks.0.source": "projects/p/zones/europe-west4-c/disks/d"},
     "attachedDisks[0].source"),
    ("metadata-value", VM, "trainer", {"metadata.x": "é" * 131_073}, "metadata.x"),
    ("metadata-total", VM, "trainer", {"metadata.x": "x" * 262_144, "metadata.y": "y" * 262_144}, "metadata"),
    ("firewall-side", WALL, "", {"allows": None}, "allows"),
    ("firewall-side", WALL, "", {"denies": [{"protocol": "udp"}]}, "allows"),
    ("firewall-ports", WALL, "", {"allows.0.protocol": "icmp"}, "allows[0].ports"),
    ("firewall-ports", WALL, "", {"allows.0.protocol": "all"}, "allows[0].ports"),
    ("trigger-build", BUILD, "trainer", {"build": None}, "filename"),
    ("trigger-build", BUILD, "trainer", {"filename": "cloudbuild.yaml"}, "filename"),
    ("trigger-build", BUILD, "trainer", {"gitFileSource": {"path": "x", "repoType": "GITHUB"}}, "filename"),
    ("trigger-event", BUILD, "trainer", {"github": None}, "github"),
    ("trigger-kind", BUILD, "trainer", {"github.pullRequest": {"branch": "^main$"}}, "github.push"),
    ("trigger-kind", BUILD, "trainer", {"github.push": None}, "github.push"),
    ("trigger-push", BUILD, "trainer", {"github.push.tag": "^v"}, "github.push.branch"),
    ("trigger-push", BUILD, "trainer", {"github.push.branch": None}, "github.push.branch"),
    ("trigger-push", BUILD, "trainer", {"github.push": {}}, "github.push.branch"),
    ("instances", RUN, "demo", {"template.scaling.minInstanceCount": 3}, "template.scaling.minInstanceCount"),
    ("memory", RUN, "demo", {f"{LIMITS}.memory": "5Gi"}, "template.containers[0].resources.limits.memory"),
    ("memory", RUN, "demo", {f"{LIMITS}.cpu": "4000m"}, "template.containers[0].resources.limits.memory"),
    ("memory", RUN, "demo", {f"{LIMITS}.cpu": "0.5", f"{LIMITS}.memory": "8Gi"},
     "template.containers[0].resources.limits.memory"),
    ("variable-twice", RUN, "demo", {"template.containers.0.envs": TWICE}, "template.containers[0].envs[2].name"),
    ("cleanup-keep", KEEP, "docker", {"cleanupPolicies.1.mostRecentVersions": None}, "cleanupPolicies[1].condition"),
    ("cleanup-keep", KEEP, "docker", {"cleanupPolicies.1.condition": {"tagState": "ANY"}},
     "cleanupPolicies[1].condition"),
    ("cleanup-recent", KEEP, "docker", {"cleanupPolicies.1.action": "DELETE"}, "cleanupPolicies[1].mostRecentVersions"),
    ("replication", SECRET, "", {"replication": {}}, "replication"),
    ("replication", SECRET, "", {"replication": None}, "replication"),
    ("replication", SECRET, "", {"replication.userManaged": {"replicas": [{"location": "europe-west4"}]}},
     "replication"),
    ("subject", PROVIDER, "", {"attributeMapping": {"attribute.ref": "assertion.ref"}}, "attributeMapping"),
    ("subject", PROVIDER, "", {"attributeMapping": None}, "attributeMapping"),
    ("condition", GRANT, "", {"condition": {**TITLED, "title": ""}}, "condition.title"),
    ("condition", GRANT, "", {"condition": {"title": "x"}}, "condition.expression"),
    ("labels", "storage.Bucket", "data", {"labels": LABELS}, "labels"),
    ("labels", VM, "trainer", {"bootDisk.initializeParams.labels": LABELS}, "bootDisk.initializeParams.labels"),
]  # fmt: skip


def broken(kind: str, name: str, changes: Changes) -> list[ApiFinding]:
    def change(inputs: dict[str, Any]) -> None:
        for path, value in changes.items():
            put(path, value)(inputs)

    return findings(kind, change, name)


@pytest.mark.parametrize(("rule", "kind", "name", "changes", "at"), BROKEN)
def test_a_rule_between_inputs_is_broken_at_the_one_to_change(
    rule: str, kind: str, name: str, changes: Changes, at: str
) -> None:
    (finding,) = broken(kind, name, changes)
    assert (finding.input, finding.kind) == (at, "between")
    assert finding.rule.endswith(f"({stated(rule)['from']})")
    assert any(finding.rule.startswith(f"{mapping.api}: ") for mapping in mappings().values())
    assert finding.remedy
    assert "{" not in finding.rule + finding.remedy
    assert finding.place.file.startswith("infra/")


KEPT: list[tuple[str, str, Changes]] = [
    (VM, "workbench", {"scheduling.automaticRestart": True}),
    (VM, "workbench", {"machineType": "g2-standard-4", "scheduling.onHostMaintenance": "TERMINATE"}),
    (VM, "workbench", {"machineType": "g2-standard-4", "scheduling.onHostMaintenance": "TERMINATE",
                       "guestAccelerators": [{"type": "nvidia-l4", "count": 1}]}),
    (VM, "workbench", {"guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 0}], "machineType": "n1-standard-1"}),
    (VM, "workbench", {"scheduling.maxRunDuration": None, "scheduling.instanceTerminationAction": None}),
    (VM, "trainer", {"guestAccelerators.0.count": 4}),
    (VM, "trainer", {"networkInterfaces.0.subnetwork": "some-subnet", "attachedDisks.0.source": "some-disk"}),
    (VM, "trainer", {"metadata.x": "x" * 262_144}),
    (VM, "trainer", {"bootDisk.initializeParams.image": "debian-12"}),
    (VM, "trainer", {"bootDisk.initializeParams.image": "projects/debian-cloud/global/images/family/debian-12"}),
    (VM, "trainer", {"bootDisk.initializeParams.image":
                     "https://www.googleapis.com/compute/v1/projects/my-project-1/global/images/mine"}),
    (WALL, "", {"allows": [{"protocol": "icmp"}]}),
    (WALL, "", {"allows": None, "denies": [{"protocol": "sctp", "ports": ["0-65535"]}]}),
    (BUILD, "trainer", {"build": None, "filename": "cloudbuild.yaml"}),
    (BUILD, "trainer", {"build": None, "gitFileSource": {"path": "x", "repoType": "GITHUB"}}),
    (BUILD, "trainer", {"github": None, "webhookConfig": {"secret": "projects/p/secrets/s/versions/1"}}),
    (BUILD, "trainer", {"github.push": {"tag": r"^v\d+\z|\pN|[[:alpha:]]|\Q(\E|(?i)x|(?U:x)|\(?=|(?<n>x)"}}),
    (RUN, "demo", {"template.scaling.minInstanceCount": 2}),
    (RUN, "demo", {"template.scaling.minInstanceCount": 2, "template.scaling.maxInstanceCount": 0}),
    (RUN, "demo", {f"{LIMITS}.memory": "4Gi"}),
    (RUN, "demo", {f"{LIMITS}.memory": "24Gi", f"{LIMITS}.cpu": "6"}),
    (RUN, "demo", {f"{LIMITS}.memory": "2Gi", f"{LIMITS}.cpu": "4"}),
    (RUN, "demo", {f"{LIMITS}.memory": "512M", f"{LIMITS}.cpu": "0.5"}),
    (RUN, "demo", {f"{LIMITS}.memory": "24Gi", f"{LIMITS}.cpu": None}),
    (KEEP, "docker", {"cleanupPolicies.1": {"id": "x", "action": "KEEP", "condition": {"tagState": "ANY"}}}),
    (KEEP, "docker", {"cleanupPolicies.0.condition.olderThan": "1.5s"}),
    (SECRET, "", {"replication": {"userManaged": {"replicas": [{"location": "europe-west4"}]}}}),
    (GRANT, "", {"condition": TITLED}),
    (GRANT, "", {"member": "serviceAccount:my-project-1.svc.id.goog[space/account]"}),
    ("storage.Bucket", "data", {"labels": dict.fromkeys(list(LABELS)[:64], "x")}),
    ("compute.Subnetwork", "", {"ipCidrRange": "10.10.0.0/29"}),
    ("compute.ResourcePolicy", "", {"instanceSchedulePolicy.expirationTime": "2026-12-18T20:00:00.5+01:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "changes"), KEPT)
def test_what_keeps_the_rules_is_no_finding(kind: str, name: str, changes: Changes) -> None:
    assert broken(kind, name, changes) == []


UNSURE: list[tuple[str, str, Changes]] = [
    (VM, "trainer", {"scheduling": UNKNOWN}),
    (VM, "trainer", {"scheduling.automaticRestart": UNKNOWN, "scheduling.preemptible": UNKNOWN}),
    (VM, "trainer", {"scheduling.onHostMaintenance": UNKNOWN, "scheduling.instanceTerminationAction": UNKNOWN}),
    (VM, "trainer", {"guestAccelerators": UNKNOWN, "metadata": UNKNOWN}),
    (VM, "trainer", {"machineType": UNKNOWN, "guestAccelerators.0.count": UNKNOWN}),
    (VM, "workbench", {"zone": UNKNOWN}),
    (VM, "workbench", {"networkInterfaces.0.subnetwork": UNKNOWN, "attachedDisks.0.source": UNKNOWN}),
    (WALL, "", {"denies": UNKNOWN}),
    (WALL, "", {"allows": UNKNOWN}),
    (WALL, "", {"allows.0.protocol": UNKNOWN}),
    (BUILD, "trainer", {"build": UNKNOWN}),
    (BUILD, "trainer", {"filename": UNKNOWN}),
    (BUILD, "trainer", {"github": UNKNOWN}),
    (BUILD, "trainer", {"github.pullRequest": UNKNOWN}),
    (BUILD, "trainer", {"github.push": UNKNOWN}),
    (BUILD, "trainer", {"github.push.tag": UNKNOWN}),
    (RUN, "demo", {"template.scaling.maxInstanceCount": UNKNOWN, f"{LIMITS}.cpu": UNKNOWN}),
    (RUN, "demo", {"template": UNKNOWN}),
    (RUN, "demo", {"template.containers.0.envs": [{"name": UNKNOWN, "value": "1"}, {"name": UNKNOWN, "value": "2"}]}),
    (KEEP, "docker", {"cleanupPolicies.1.mostRecentVersions": UNKNOWN}),
    (KEEP, "docker", {"cleanupPolicies.1": {"id": "x", "action": UNKNOWN}}),
    (SECRET, "", {"replication": UNKNOWN}),
    (PROVIDER, "", {"attributeMapping": UNKNOWN}),
    (GRANT, "", {"condition": UNKNOWN}),
    (GRANT, "", {"condition": {"title": UNKNOWN, "expression": UNKNOWN}}),
    ("storage.Bucket", "data", {"labels": UNKNOWN}),
]


@pytest.mark.parametrize(("kind", "name", "changes"), UNSURE)
def test_what_only_the_real_run_can_know_is_not_judged(kind: str, name: str, changes: Changes) -> None:
    assert [found for found in broken(kind, name, changes) if found.kind == "between"] == []


SUBNETS = [resource for resource in committed("full").custom if short_type(resource.type) == "compute.Subnetwork"]


def subnets(**later: object) -> list[ApiFinding]:
    """Check the two subnets of the full stack, with other inputs of the later one."""
    first, second = SUBNETS
    changed = dataclasses.replace(second, inputs={**second.inputs, **later})
    return check(Plan(committed("full").settings, (first, changed), {})).findings


def test_ranges_of_one_network_that_overlap_are_found() -> None:
    (finding,) = subnets(ipCidrRange="10.10.24.0/24")
    assert (finding.kind, finding.input, finding.value) == ("between", "ipCidrRange", "10.10.24.0/24")
    assert "subnet-europe-west1 has 10.10.16.0/20" in finding.rule
    assert finding.resource == f"compute.Subnetwork {SUBNETS[1].name}"


@pytest.mark.parametrize("later", [{"network": "another"}, {"project": "another-project"}, {"network": UNKNOWN}])
def test_ranges_of_different_networks_may_overlap(later: dict[str, object]) -> None:
    assert subnets(ipCidrRange="10.10.24.0/24", **later) == []


@pytest.mark.parametrize("value", [UNKNOWN, "10.10.32.0/20"])
def test_ranges_that_are_apart_or_unknown_are_no_finding(value: object) -> None:
    assert subnets(ipCidrRange=value) == []


@pytest.mark.parametrize(
    ("machine_type", "disk_type", "wrong"),
    [("n4-standard-4", "pd-balanced", True), ("n4-standard-4", "hyperdisk-balanced", False),
     ("e2-medium", "hyperdisk-ml", True), ("g2-standard-4", "hyperdisk-ml", False), ("e2-medium", UNKNOWN, False),
     ("z9-new-4", "pd-balanced", False)],
)  # fmt: skip
def test_a_disk_is_attached_to_a_series_that_takes_its_type(machine_type: str, disk_type: str, wrong: bool) -> None:
    made = committed("full")
    vm = next(each for each in made.custom if each.property_dependencies.get("attachedDisks"))
    disk = next(each for each in made.custom if each.urn in vm.property_dependencies["attachedDisks"])
    vm = dataclasses.replace(vm, inputs={**vm.inputs, "machineType": machine_type})
    disk = dataclasses.replace(disk, inputs={**disk.inputs, "type": disk_type})
    found = [each for each in check(Plan(made.settings, (vm, disk), {})).findings if each.input == "type"]
    assert [each.kind for each in found] == ["between"] * wrong
    assert all(f"{machine_type} takes" in each.rule for each in found)


@pytest.mark.parametrize(("count", "wrong"), [(1500, 0), (1501, 1), (1600, 1)])
def test_the_policy_of_a_project_holds_so_many_principals(count: int, wrong: int) -> None:
    made = committed("full")
    grant = next(each for each in made.custom if short_type(each.type) == "projects.IAMMember")
    many = tuple(dataclasses.replace(grant, urn=f"{grant.urn}-{number}") for number in range(count))
    found = [each for each in check(Plan(made.settings, many, {})).findings if each.kind == "between"]
    assert len(found) == wrong
    assert all(f"these are {count}" in each.rule and "a group's address" in each.remedy for each in found)


def test_every_rule_between_inputs_is_broken_by_a_test_and_says_where_it_was_read() -> None:
    assert {rule for rule, *_ in BROKEN} | {"subnet-overlap", "disk-type", "policy-size"} == names()
    assert all(stated(name)["from"] and stated(name)["remedy"] for name in names())
    used = {name for each in types.every().values() if each.request for name in each.between}
    assert used == set(cross_field.RULES)


def test_a_value_that_is_wrong_on_its_own_is_not_told_twice() -> None:
    (finding,) = broken(RUN, "demo", {"template.scaling.minInstanceCount": 2**31})
    assert finding.kind == "format"


SHAPES: list[object] = [None, "x", 1, [], {}, ["x"], [[]], [{}], {"a": "b"}, {"": []}, UNKNOWN, [UNKNOWN], True]


@pytest.mark.parametrize("token", sorted(each.type for each in types.declared() if each.between))
def test_no_shape_of_an_input_breaks_the_judges(token: str) -> None:
    kinds = [resource for resource in committed("full").custom if resource.type == token]
    for path in sorted({path for resource in kinds[:1] for path in resource.inputs}):
        for shape in SHAPES:
            inputs = copy.deepcopy(dict(kinds[0].inputs)) | {path: shape}
            found = list(cross_field.judge(token, inputs))
            assert all(isinstance(each, Broken) and each.rule and each.remedy for each in found)
    assert all(isinstance(each, Broken) for each in cross_field.judge(token, {}))
