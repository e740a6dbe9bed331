"""The folders that a service has from buckets: which, where, and whether it writes there, as the stack file says."""

import datetime
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


@pytest.fixture(scope="module")
def mounting(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A stack with a service that reads one bucket and writes to another."""
    file = tmp_path_factory.mktemp("mounting") / "Pulumi.one.yaml"
    file.write_text(FILE, encoding="utf-8")
    return planning.make("one", file, ROOT)


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
