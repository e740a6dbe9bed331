"""What a service has from buckets and secrets: which, where, and whether it writes there, as the stack file says."""

import datetime
from pathlib import Path
from typing import Any

import pytest

import coursecloud.policy
from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from coursecloud.policy.example import put
from tests.project import ROOT

TODAY = datetime.date(2026, 11, 25)
FILE = """\
config:
  gcp:project: some-project-1
  gcp:region: europe-west4
  coursecloud:services:
    s: {image: "demo:1", memory: 512Mi, volumes: {models: {}, data: {path: /app/data, write: true}}}
"""


SECRET = FILE.replace("volumes: {models: {}, data: {path: /app/data, write: true}}", "mountedSecrets: [A-KEY]")


def planned(folder: Path, text: str) -> Plan:
    file = folder / "Pulumi.one.yaml"
    file.write_text(text, encoding="utf-8")
    return planning.make("one", file, ROOT)


@pytest.fixture(scope="module")
def mounting(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A stack with a service that reads one bucket and writes to another."""
    return planned(tmp_path_factory.mktemp("mounting"), FILE)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A stack with a service that has a variable from a secret."""
    text = f"{SECRET}  coursecloud:secrets: {{names: {{A-KEY: [services]}}}}\n"
    return planned(tmp_path_factory.mktemp("filled"), text)


def told(plan: Plan) -> list[str]:
    found = coursecloud.policy.check(plan, TODAY)
    return [each.message for each in found if (each.rule.id, each.name) == ("input-understood", "s")]


def test_the_folders_of_the_stack_file_are_understood(mounting: Plan) -> None:
    assert told(mounting) == []


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("template.volumes.1.gcs.readOnly", False, "it may write to the bucket `some-project-1-one-models`"),
        ("template.executionEnvironment", "EXECUTION_ENVIRONMENT_GEN1", "`template.executionEnvironment` is"),
        ("template.volumes.1.gcs.bucket", "theirs", "it mounts the bucket `theirs`"),
        ("template.volumes.0.gcs.mountOptions", ["uid=0"], "with `uid=0`, which no stack file says"),
        ("template.containers.0.volumeMounts.0.mountPath", "/usr/lib/python3", "the folder `/usr/lib/python3`"),
        ("template.containers.0.volumeMounts.0.subPath", "secret", "the folder `/app/data`"),
    ],
)
def test_another_folder_or_more_rights_are_named(mounting: Plan, path: str, value: Any, says: str) -> None:
    (said,) = told(put("cloudrunv2.Service", "s", path, value)(mounting))
    assert says in said


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("secret", "one-other", "it fills `A_KEY` from the secret `one-other`, and the stack file says `one-A-KEY`"),
        ("version", "1", "it fills `A_KEY` from the version `1`, and the stack file says `latest`"),
    ],
)
def test_a_variable_is_filled_from_the_newest_version_of_its_secret(
    filled: Plan, key: str, value: str, says: str
) -> None:
    assert told(filled) == []
    (place,) = (
        number
        for resource in filled.resources
        if resource.name == "s"
        for container in resource.inputs.get("template", {}).get("containers", ())
        for number, each in enumerate(container["envs"])
        if each["name"] == "A_KEY"
    )
    path = f"template.containers.0.envs.{place}.valueSource.secretKeyRef.{key}"
    (said,) = told(put("cloudrunv2.Service", "s", path, value)(filled))
    assert says in said
