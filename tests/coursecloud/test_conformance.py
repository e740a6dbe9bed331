"""What Google would refuse is found, with its rule, remedy and place; what is right has nothing against it."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from coursecloud.plan import planning as plans
from coursecloud.validation.check import check
from coursecloud.validation.mapping import mappings
from tests.coursecloud.conformed import committed, findings, one, only, put
from tests.fuzz import examples
from tests.infra.planned import COMMITTED
from tests.infra.stacks import configs, stack_names
from tests.project import ROOT

SLOW: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


@pytest.mark.parametrize("stack", COMMITTED)
def test_google_has_nothing_against_the_committed_stacks(stack: str) -> None:
    report = check(committed(stack))
    assert report.findings == []
    assert report.totals["inputs"] > 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@given(stack=stack_names, config=configs())
@settings(max_examples=examples(15), phases=[Phase.explicit, Phase.reuse, Phase.generate], **SLOW)
def test_google_has_nothing_against_any_valid_stack(folder: Path, stack: str, config: dict[str, Any]) -> None:
    file = folder / "Pulumi.stack.yaml"
    file.write_text(json.dumps({"config": config}), encoding="utf-8")
    assert check(plans.make(stack, file, ROOT)).findings == []


MACHINES = "machines.trainer"
REFUSED: list[tuple[str, str, str, object, str, str]] = [
    # type, name, path, value, kind, where it comes from
    ("artifactregistry.Repository", "docker", "format", "DOKCER", "enum", "infra/registry.py"),
    ("compute.Instance", "trainer", "scheduling.provisioningModel", "SPOTTY", "enum", f"{MACHINES}.spot"),
    ("compute.Instance", "trainer", "scheduling.onHostMaintenance", "MAYBE", "enum", f"{MACHINES}.spot"),
    ("compute.Instance", "trainer", "scheduling.maxRunDuration.seconds", 5, "ours", f"{MACHINES}.maxRun"),
    ("compute.Instance", "trainer", "scheduling.preemptible", "yes", "type", f"{MACHINES}.spot"),
    ("compute.Instance", "trainer", "zone", "europe-west1-z", "ours", f"{MACHINES}.zone"),
    ("compute.Instance", "trainer", "machineType", "e2-mediun", "ours", f"{MACHINES}.machineType"),
    ("compute.Instance", "trainer", "guestAccelerators.0.type", "nvidia-tesla-t5", "ours", f"{MACHINES}.gpu"),
    ("compute.Instance", "trainer", "guestAccelerators.0.count", "two", "type", f"{MACHINES}.gpu"),
    ("compute.Instance", "trainer", "guestAccelerators.0.count", -1, "ours", f"{MACHINES}.gpu"),
    ("compute.Instance", "trainer", "bootDisk.initializeParams.image", "Ubuntu 24", "ours", f"{MACHINES}.image"),
    ("compute.Instance", "trainer", "bootDisk.initializeParams.image", "", "ours", f"{MACHINES}.image"),
    ("compute.Instance", "trainer", "bootDisk.initializeParams.image", "debian-cloud/debian 12",
     "ours", f"{MACHINES}.image"),
    ("compute.Instance", "trainer", "serviceAccount.email", "full-machines", "ours", "infra/machines.py"),
    ("compute.Instance", "trainer", "bootDisk.initializeParams.size", 1.5, "type", f"{MACHINES}.bootDisk.sizeGb"),
    ("compute.Instance", "trainer", "bootDisk.initializeParams.type", "pd-fast", "ours", f"{MACHINES}.bootDisk.type"),
    ("compute.Instance", "trainer", "metadata.enable-oslogin", True, "type", "infra/machines.py"),
    ("compute.Instance", "trainer", "name", "Trainer_1", "pattern", "infra/machines.py"),
    ("compute.Instance", "trainer", "networkInterfaces", {"subnetwork": "x"}, "type", "infra/machines.py"),
    ("compute.Instance", "trainer", "serviceAccount", "me", "type", "infra/machines.py"),
    ("compute.Disk", "trainer-work", "size", "big", "type", f"{MACHINES}.dataDisk.sizeGb"),
    ("compute.Subnetwork", "", "ipCidrRange", "10.10.0.1/20", "ours", "network.subnets.europe-west1"),
    ("compute.Subnetwork", "", "ipCidrRange", "10.10.0.0", "ours", "network.subnets.europe-west1"),
    ("compute.Subnetwork", "", "ipCidrRange", "10.10.0.0/30", "ours", "network.subnets.europe-west1"),
    ("compute.Subnetwork", "", "ipCidrRange", "0.0.0.0/0", "ours", "network.subnets.europe-west1"),
    ("compute.Subnetwork", "", "ipCidrRange", "224.0.0.0/20", "ours", "network.subnets.europe-west1"),
    ("compute.Subnetwork", "", "ipCidrRange", "169.254.0.0/20", "ours", "network.subnets.europe-west1"),
    ("compute.Subnetwork", "", "ipCidrRange", "fd20::/64", "ours", "network.subnets.europe-west1"),
    ("compute.RouterNat", "", "minPortsPerVm", -1, "ours", "infra/network.py"),
    ("compute.RouterNat", "", "natIpAllocateOption", "AUTO", "enum", "infra/network.py"),
    ("compute.RouterNat", "", "router", "Router", "pattern", "infra/network.py"),
    ("compute.Firewall", "", "sourceRanges.0", "everywhere", "ours", "infra/network.py"),
    ("compute.ResourcePolicy", "", "instanceSchedulePolicy.vmStopSchedule.schedule", "often",
     "ours", "lease.stopSchedule"),
    ("compute.Firewall", "", "allows.0.ports.0", "65536", "ours", "infra/network.py"),
    ("compute.Firewall", "", "allows.0.ports.0", "90-80", "ours", "infra/network.py"),
    ("compute.Firewall", "", "allows.0.ports.0", "1-2-3", "ours", "infra/network.py"),
    ("compute.Firewall", "", "allows.0.ports.0", "ssh", "ours", "infra/network.py"),
    ("compute.ResourcePolicy", "", "instanceSchedulePolicy.expirationTime", "2026-12-18", "ours", "infra/machines.py"),
    ("compute.ResourcePolicy", "", "instanceSchedulePolicy.expirationTime", "2026-13-18T20:00:00Z",
     "ours", "infra/machines.py"),
    ("compute.ResourcePolicy", "", "instanceSchedulePolicy.startTime", "2026-12-18T20:00:00",
     "ours", "infra/machines.py"),
    ("compute.ResourcePolicy", "", "instanceSchedulePolicy.timeZone", "Mars/Base", "ours", "lease.timeZone"),
    ("storage.Bucket", "data", "lifecycleRules.0.action.type", "Delet", "ours", "infra/storage.py"),
    ("storage.Bucket", "data", "lifecycleRules.0.condition.withState", "OLD", "enum", "infra/storage.py"),
    ("storage.Bucket", "data", "lifecycleRules.0.condition.numNewerVersions", -1, "ours", "storage.data.keepNewest"),
    ("storage.Bucket", "data", "name", "My-Data", "ours", "infra/storage.py"),
    ("storage.Bucket", "data", "name", "192.168.5.4", "ours", "infra/storage.py"),
    ("storage.Bucket", "data", "publicAccessPrevention", "yes", "ours", "infra/storage.py"),
    ("storage.Bucket", "data", "location", "europe-west99", "ours", "storage.location"),
    ("storage.Bucket", "data", "storageClass", "CHEAP", "ours", "infra/storage.py"),
    ("storage.Bucket", "data", "softDeletePolicy.retentionDurationSeconds", 3600, "ours", "infra/storage.py"),
    ("storage.Bucket", "data", "project", "My Project", "ours", "gcp:project"),
    ("secretmanager.Secret", "", "secretId", "my key", "ours", "secrets.names.WANDB_API_KEY"),
    ("projects.IAMMember", "machines-logging-log-writer", "role", "aiplatform.user", "ours", "infra/machines.py"),
    ("projects.IAMMember", "machines-logging-log-writer", "member", "ada@example.com", "ours", "infra/machines.py"),
    ("projects.IAMMember", "machines-logging-log-writer", "member", "user:ada", "ours", "infra/machines.py"),
    ("projects.IAMMember", "machines-logging-log-writer", "member", "serviceAccount:builds",
     "ours", "infra/machines.py"),
    ("projects.Service", "compute", "service", "compute", "ours", "infra/apis.py"),
    ("projects.IAMCustomRole", "operator", "roleId", "stop-machines", "ours", "infra/operator.py"),
    ("serviceaccount.Account", "machines-account", "accountId", "short", "ours", "infra/machines.py"),
    ("serviceaccount.IAMMember", "preview-federation", "serviceAccountId", "builds", "pattern", "infra/github.py"),
    ("artifactregistry.Repository", "docker", "cleanupPolicies.0.action", "DELET", "enum", "infra/registry.py"),
    ("artifactregistry.Repository", "docker", "cleanupPolicies.0.condition.olderThan", "14 days",
     "format", "registry.deleteAfterDays"),
    ("artifactregistry.Repository", "docker", "cleanupPolicies.0.condition.olderThan", "-30s",
     "ours", "registry.deleteAfterDays"),
    ("artifactregistry.Repository", "docker", "cleanupPolicies.1.mostRecentVersions.keepCount", -1,
     "ours", "registry.keepNewest"),
    ("artifactregistry.Repository", "docker", "location", "nowhere", "ours", "gcp:region"),
    ("artifactregistry.Repository", "docker", "location", "a/b", "pattern", "gcp:region"),
    ("cloudrunv2.Service", "demo", "ingress", "ALL", "enum", "infra/serving.py"),
    ("cloudrunv2.Service", "demo", "template.timeout", "5 minutes", "format", "services.demo.timeout"),
    ("cloudrunv2.Service", "demo", "template.timeout", "7200s", "ours", "services.demo.timeout"),
    ("cloudrunv2.Service", "demo", "template.scaling.maxInstanceCount", 2**31, "format", "services.demo.maxInstances"),
    ("cloudrunv2.Service", "demo", "template.scaling.maxInstanceCount", -2, "ours", "services.demo.maxInstances"),
    ("cloudrunv2.Service", "demo", "template.serviceAccount", "full-services", "ours", "infra/serving.py"),
    ("cloudrunv2.Service", "demo", "template.containers.0.resources.limits.cpu", "3", "ours", "services.demo.cpu"),
    ("cloudrunv2.Service", "demo", "template.containers.0.resources.limits.cpu", "5000m", "ours", "services.demo.cpu"),
    ("cloudrunv2.Service", "demo", "template.containers.0.envs.0.name", "PORT", "ours", "infra/serving.py"),
    ("cloudrunv2.Service", "demo", "template.containers.0.envs.0.name", "K_SERVICE", "ours", "infra/serving.py"),
    ("cloudrunv2.Service", "demo", "template.containers.0.envs.0.name", "K_REVISION", "ours", "infra/serving.py"),
    ("cloudrunv2.Service", "demo", "template.containers.0.envs.0.name", "K_CONFIGURATION", "ours", "infra/serving.py"),
    ("cloudrunv2.Service", "demo", "template.containers.0.resources.limits.memory", "plenty",
     "ours", "services.demo.memory"),
    ("cloudrunv2.Service", "demo", "name", "d" * 50, "ours", "infra/serving.py"),
    ("cloudbuild.Trigger", "trainer", "build.options.logging", "NOWHERE", "enum", "infra/builds.py"),
    ("cloudbuild.Trigger", "trainer", "github.push.branch", "^(main$", "ours", "builds.triggers.trainer.branch"),
    ("cloudbuild.Trigger", "trainer", "github.push.branch", "^(?!main)", "ours", "builds.triggers.trainer.branch"),
    ("cloudbuild.Trigger", "release", "github.push.tag", "(a)\\1", "ours", "builds.triggers.release.tag"),
    ("cloudbuild.Trigger", "checks", "github.pullRequest.branch", "[a", "ours", "builds.triggers.checks.pullRequest"),
    ("cloudbuild.Trigger", "trainer", "build.timeout", "20m", "format", "builds.triggers.trainer.timeout"),
    ("vertex.AiEndpoint", "", "name", "0123", "ours", "infra/training.py"),
    ("iam.WorkloadIdentityPoolProvider", "", "oidc.issuerUri", "http://example.com", "ours", "infra/github.py"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "path", "value", "wrong", "source"), REFUSED)
def test_what_google_refuses_is_found_with_the_place_it_comes_from(
    kind: str, name: str, path: str, value: object, wrong: str, source: str
) -> None:
    (finding,) = findings(kind, put(path, value), name)
    dotted = finding.input.replace("[", ".").replace("]", "")
    assert dotted == path or dotted.startswith(f"{path}."), finding
    assert finding.kind == wrong
    keys = [key.removeprefix("coursecloud:") for key in finding.place.keys]
    assert source in (*keys, finding.place.file)
    assert finding.resource.startswith(kind)
    assert finding.remedy
    # The rule names the API and the field or parameter of Google's.
    assert finding.rule.partition(" ")[0] in ("the", *(mapping.service for mapping in mappings().values()))


@pytest.mark.parametrize(("period", "kind"), [("7 minutes", "format"), ("120s", "ours"), (300, "type")])
def test_a_bad_uptime_period_is_found(period: object, kind: str) -> None:
    inputs = {"project": "my-project-1", "displayName": "demo", "timeout": "10s", "period": period}
    resource = dataclasses.replace(
        one("storage.Bucket"), type="gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", inputs=inputs
    )
    (finding,) = check(only(resource)).findings
    assert (finding.input, finding.kind) == ("period", kind)
    resource = dataclasses.replace(resource, inputs=inputs | {"period": "300s"})
    assert check(only(resource)).findings == []


def test_a_label_key_with_capitals_and_a_space_is_found_by_its_key() -> None:
    (finding,) = findings("storage.Bucket", put("labels.Cost Center", "x"))
    assert (finding.input, finding.value, finding.kind) == ("labels.Cost Center", "Cost Center", "ours")
    assert finding.place.keys == ("coursecloud:course",)
    (finding,) = findings("compute.Instance", put("bootDisk.initializeParams.labels.x", "No"))
    assert (finding.input, finding.value) == ("bootDisk.initializeParams.labels.x", "No")


@pytest.mark.parametrize(
    ("kind", "path", "meant"),
    [
        ("compute.Instance", "scheduling.onHostMaintainance", "onHostMaintenance"),
        ("storage.Bucket", "lifecycleRules.0.condition.agee", "age"),
        ("cloudrunv2.Service", "template.containers.0.imag", "image"),
        ("artifactregistry.Repository", "cleanupPolicies.0.conditions", "condition"),
    ],
)
def test_a_field_that_google_does_not_have_is_found_with_the_one_that_was_meant(
    kind: str, path: str, meant: str
) -> None:
    (finding,) = findings(kind, put(path, "x"))
    assert finding.kind == "unknown field"
    assert f"'{meant}'" in finding.remedy


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("storage.Bucket", "project", ["a", "b"]),
        ("cloudrunv2.Service", "location", {"a": "b"}),
        ("storage.Bucket", "labels", ["a"]),
        ("storage.Bucket", "labels", "a"),
        ("storage.Bucket", "versioning", True),
        ("storage.Bucket", "lifecycleRules", {"action": "x"}),
        ("compute.Instance", "metadata", ["a"]),
        ("compute.Instance", "metadata.x", {"a": "b"}),
        ("compute.Instance", "metadata.x", ["a"]),
        ("compute.Instance", "scheduling", [{"preemptible": True}]),
        ("compute.Firewall", "sourceRanges", "10.0.0.0/8"),
        ("artifactregistry.Repository", "cleanupPolicies.0", "a"),
    ],
)
def test_a_value_of_another_shape_is_found(kind: str, path: str, value: object) -> None:
    (finding,) = findings(kind, put(path, value))
    assert finding.kind == "type"
    assert finding.input.startswith(path.replace(".0", "[0]"))


def test_a_limit_that_cloud_run_does_not_have_is_found_by_its_key() -> None:
    (finding,) = findings("cloudrunv2.Service", put("template.containers.0.resources.limits.mem", "1Gi"))
    assert (finding.value, finding.kind) == ("mem", "ours")


def test_a_field_that_only_google_sets_is_found() -> None:
    (finding,) = findings("cloudrunv2.Service", put("template.containers.0.buildInfo", {"functionTarget": "x"}))
    assert finding.kind == "output only"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("storage.Bucket", "name"),
        ("storage.Bucket", "project"),
        ("compute.Instance", "zone"),
        ("compute.RouterNat", "router"),
        ("secretmanager.Secret", "secretId"),
        ("projects.IAMMember", "project"),
        ("vertex.AiEndpoint", "displayName"),
        ("iam.WorkloadIdentityPoolProvider", "oidc.issuerUri"),
        ("cloudrunv2.Service", "template.containers.0.image"),
    ],
)
def test_what_is_missing_is_found(kind: str, path: str) -> None:
    (finding,) = findings(kind, put(path, None))
    assert finding.kind == "required"
    assert finding.input.replace("[]", ".0") == path


def test_an_empty_object_lacks_what_its_message_requires() -> None:
    (finding,) = findings("iam.WorkloadIdentityPoolProvider", put("oidc", {}))
    assert (finding.input, finding.kind) == ("oidc.issuerUri", "required")


def test_every_thing_that_is_wrong_is_found_at_once_and_in_order() -> None:
    def change(inputs: dict[str, Any]) -> None:
        for path, value in (("zone", "nowhere"), ("scheduling.provisioningModel", "X"), ("canIpForward", "no")):
            put(path, value)(inputs)

    assert [finding.input for finding in findings("compute.Instance", change)] == [
        "canIpForward",
        "scheduling.provisioningModel",
        "zone",
    ]
