"""What the mapping lacks is told from what nobody has: an unchecked input is no refusal, and is never misread."""

import dataclasses
import io

import pytest
from rich.console import Console

from coursecloud.validation import formatting, sdk
from coursecloud.validation.check import UNCHECKED, check
from coursecloud.validation.mapping import mappings
from tests.coursecloud.conformed import findings, one, only, put


def test_a_type_without_a_mapping_fails() -> None:
    (finding,) = check(only(dataclasses.replace(one("storage.Bucket"), type="gcp:pubsub/topic:Topic"))).findings
    assert finding.kind == "unmapped type"
    assert "catalog/types" in finding.rule
    assert "catalog/types/pubsub.Topic.json" in finding.remedy


def test_an_input_that_the_provider_lacks_fails_once_however_much_is_in_it() -> None:
    (finding,) = findings("storage.Bucket", put("websites", {"mainPageSuffix": "x", "notFoundPage": "y"}))
    assert (finding.kind, finding.input) == ("unknown input", "websites")
    (finding,) = findings("storage.Bucket", put("lifecycleRule", [{"action": "x"}]))
    assert "lifecycleRules" in finding.remedy


@pytest.mark.parametrize(
    ("kind", "path", "value", "at"),
    [
        ("storage.Bucket", "website", {"mainPageSuffix": "x", "notFoundPage": "y"}, "website"),
        ("storage.Bucket", "autoclass", {"enabled": True}, "autoclass"),
        ("compute.Instance", "minCpuPlatform", "Intel Skylake", "minCpuPlatform"),
        ("compute.Instance", "bootDisk.initializeParams.snapshot", "s", "bootDisk.initializeParams.snapshot"),
        ("compute.Instance", "networkInterfaces.0.networkIp", "10.10.0.5", "networkInterfaces[0].networkIp"),
    ],
)
def test_an_input_that_only_the_mapping_lacks_is_said_to_be_unchecked(
    kind: str, path: str, value: object, at: str
) -> None:
    (finding,) = findings(kind, put(path, value))
    assert (finding.kind, finding.input) == ("unmapped", at)
    assert "cannot be checked: the mapping lacks it" in finding.rule
    assert "did you mean" not in finding.remedy
    assert finding.kind in UNCHECKED


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        ("storage.Bucket", "data", "lifecycleRules.0.condition.matchesStorageClasses", ["NEARLINE"]),
        ("storage.Bucket", "data", "lifecycleRules.0.condition.matchesPrefixes", ["old/"]),
        ("storage.Bucket", "data", "lifecycleRules.0.condition.matchesSuffixes", [".tmp"]),
        ("storage.Bucket", "data", "lifecycleRules.0.condition.sendAgeIfZero", True),
        ("storage.Bucket", "data", "cors",
         [{"methods": ["GET"], "origins": ["*"], "responseHeaders": ["x"], "maxAgeSeconds": 60}]),
        ("cloudrunv2.Service", "demo", "template.containers.0.commands", ["python"]),
        ("cloudrunv2.Service", "demo", "template.containers.0.dependsOns", ["other"]),
        ("cloudbuild.Trigger", "trainer", "build.steps.0.envs", ["A=b"]),
        ("cloudbuild.Trigger", "trainer", "build.steps.0.secretEnvs", ["KEY"]),
        ("cloudbuild.Trigger", "trainer", "build.steps.0.waitFors", ["-"]),
        ("cloudbuild.Trigger", "trainer", "build.options.envs", ["A=b"]),
        ("cloudbuild.Trigger", "trainer", "build.options.secretEnvs", ["KEY"]),
        ("cloudbuild.Trigger", "trainer", "build.availableSecrets",
         {"secretManagers": [{"env": "KEY", "versionName": "projects/p/secrets/s/versions/1"}]}),
        ("compute.Instance", "trainer", "hostname", "trainer.example.com"),
        ("compute.Instance", "trainer", "description", "trains"),
    ],
)  # fmt: skip
def test_what_the_provider_calls_in_the_plural_goes_to_googles_field(
    kind: str, name: str, path: str, value: object
) -> None:
    assert findings(kind, put(path, value), name) == []


def shown(path: str, value: object) -> str:
    resource = one("storage.Bucket", "data")
    report = check(only(dataclasses.replace(resource, inputs={**resource.inputs, path: value})))
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(formatting.full(report))
    return console.export_text()


def test_what_cannot_be_checked_is_counted_apart_from_what_is_refused() -> None:
    text = shown("website", {"mainPageSuffix": "x"})
    assert "1 thing that cannot be checked" in text
    assert "would refuse" not in text
    text = shown("storageClass", "CHEAP")
    assert "1 thing that Google would refuse" in text
    assert "cannot be checked" not in text


def test_the_sdk_is_asked_however_deep_an_input_lies() -> None:
    bucket = "gcp:storage/bucket:Bucket"
    assert sdk.has(bucket, ("lifecycleRules", 0, "condition", "matchesPrefixes", 3))
    assert not sdk.has(bucket, ("lifecycleRules", 0, "condition", "matchesPrefix"))
    assert sdk.has(bucket, ("labels", "anything"))
    assert not sdk.has(bucket, ("label",))
    assert "agee" not in sdk.names(bucket, ("lifecycleRules", 0, "condition"))
    assert "age" in sdk.names(bucket, ("lifecycleRules", 0, "condition"))
    assert sdk.arguments("gcp:nothing/thing:Thing") is None
    assert sdk.arguments("gcp:storage/thing:Thing") is None


@pytest.mark.parametrize("token", sorted(mappings()))
def test_every_input_of_the_mapping_is_one_that_the_sdk_has(token: str) -> None:
    assert sdk.arguments(token) is not None
    mapping = mappings()[token]
    for path in (*mapping.inputs, *mapping.unsent):
        parts = tuple(path.replace("[]", "").split("."))
        assert sdk.has(token, parts), path
