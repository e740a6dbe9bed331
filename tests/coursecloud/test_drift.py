"""What somebody changed by hand is told apart by kind: gone, grown, opened, or merely changed."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from catalog import types
from coursecloud.deploy import drift
from coursecloud.deploy.drift import Drift
from coursecloud.diff.engine_events import Told
from tests.coursecloud.test_events import recorded
from tests.coursecloud.told import bucket, disk, looked, machine, resource

Json = dict[str, Any]


def seen(old: Json, new: Json | None, *changed: str) -> list[Drift]:
    made = Told()
    for event in looked(old, new, *changed):
        made.take(json.dumps(event))
    return drift.changes(made.refreshed)


def test_what_the_real_engine_tells_of_a_month() -> None:
    found = {change.name: change for change in drift.changes(recorded("refresh").refreshed)}
    assert {name: change.kind for name, change in found.items()} == {
        "data": "opened", "ssh-from-iap": "opened", "workbench": "gone",
    }  # fmt: skip
    assert str(found["data"]) == "Bucket data: versioning.enabled true -> false"
    assert str(found["ssh-from-iap"]) == 'Firewall ssh-from-iap: sourceRanges ["35.235.240.0/20"] -> ["0.0.0.0/0"]'
    again = drift.changes(recorded("preview after a refresh").refreshed)
    assert [(change.kind, change.name) for change in again] == [("gone", "workbench"), ("opened", "data")]


class TestGone:
    """It was deleted by hand."""

    def test_what_was_in_it_is_said(self) -> None:
        (change,) = seen(bucket("data"), None)
        assert (change.kind, str(change)) == ("gone", "Bucket data: with all objects in it")

    def test_what_held_nothing_says_nothing(self) -> None:
        (change,) = seen(resource("gcp:compute/network:Network", "network"), None)
        assert (change.kind, str(change)) == ("gone", "Network network")

    @pytest.mark.parametrize(
        "old",
        [
            {"urn": "urn:pulumi:x::p::coursecloud:infra:Storage::s", "type": "coursecloud:infra:Storage"},
            {"urn": "urn:pulumi:x::p::pulumi:providers:gcp::d", "type": "pulumi:providers:gcp", "custom": True},
            bucket("theirs", external=True),
        ],
    )
    def test_what_is_nothing_of_ours_in_the_cloud_is_none(self, old: Json) -> None:
        assert seen(old, None) == []


class TestGrown:
    """It has more room than the file says, and files may be in it."""

    BOOT = "bootDisk.initializeParams.size"

    @staticmethod
    def boot(size: int) -> Json:
        return machine("workbench", bootDisk={"initializeParams": {"size": size}})

    def test_a_larger_disk_is(self) -> None:
        (change,) = seen(disk("workbench-work", 30), disk("workbench-work", 50), "size")
        assert (change.kind, str(change)) == ("grown", "Disk workbench-work: size 30 -> 50")

    def test_a_larger_boot_disk_is(self) -> None:
        (change,) = seen(self.boot(20), self.boot(40), self.BOOT)
        assert (change.kind, str(change)) == ("grown", f"Instance workbench: {self.BOOT} 20 -> 40")

    @pytest.mark.parametrize(("now"), [20, None, "50"])
    def test_what_is_smaller_or_no_number_is_none(self, now: object) -> None:
        new = disk("workbench-work", 30)
        new["inputs"]["size"] = now
        assert [change.kind for change in seen(disk("workbench-work", 30), new, "size")] == ["changed"]

    def test_another_number_that_is_larger_is_none(self) -> None:
        old, new = disk("w", 30), disk("w", 30)
        old["inputs"]["provisionedIops"], new["inputs"]["provisionedIops"] = 1, 2
        assert [change.kind for change in seen(old, new, "provisionedIops")] == ["changed"]

    def test_of_one_resource_each_kind_is_told_apart(self) -> None:
        old, new = self.boot(20), self.boot(40)
        old["inputs"] |= {"labels": {"a": "b"}, "canIpForward": False}
        new["inputs"] |= {"labels": {"a": "c"}, "canIpForward": True}
        found = seen(old, new, self.BOOT, "labels.a", "canIpForward")
        assert {change.kind: str(change.values[0]) for change in found} == {
            "grown": f"{self.BOOT} 20 -> 40", "changed": "labels.a b -> c", "opened": "canIpForward false -> true",
        }  # fmt: skip


class TestPaths:
    """A property is found by the path that Pulumi writes, in either form."""

    OLD = machine("w", networkInterfaces=[{"accessConfigs": [{"natIp": "1.2.3.4"}]}], labels={"a.b": "c"})

    @pytest.mark.parametrize(
        "path", ["networkInterfaces[0].accessConfigs[0].natIp", "networkInterfaces.0.accessConfigs.0.natIp"]
    )
    def test_a_list_is_entered_by_number(self, path: str) -> None:
        new = machine("w", networkInterfaces=[{"accessConfigs": []}])
        (change,) = seen(self.OLD, new, path)
        assert (change.kind, change.values[0].before, change.values[0].now) == ("opened", "1.2.3.4", None)

    def test_a_path_that_leads_nowhere_on_either_side_is_no_change(self) -> None:
        assert seen(self.OLD, self.OLD, "networkInterfaces[7].x", "labels.nothing", "zone.deeper") == []

    def test_what_is_said_to_differ_and_does_not_is_none(self) -> None:
        assert seen(self.OLD, self.OLD, "zone") == []

    def test_the_engines_own_notes_are_none(self) -> None:
        old, new = bucket("data"), bucket("data")
        old["inputs"]["__defaults"], new["inputs"]["__defaults"] = [], ["name"]
        assert seen(old, new, "__defaults") == []

    def test_what_only_the_outputs_say_is_taken_from_there(self) -> None:
        old, new = bucket("data", outputs={"versioning": {"enabled": True}}), bucket("data", outputs={})
        assert [str(change) for change in seen(old, new, "versioning.enabled")] == [
            "Bucket data: versioning.enabled true -> nothing"
        ]

    def test_a_long_value_is_cut(self) -> None:
        (change,) = seen(machine("w", description="a" * 100), machine("w", description="b" * 100), "description")
        assert str(change).endswith(f"{'a' * 57}... -> {'b' * 57}...")


GUARDS = [(each.type, guard) for each in types.every().values() for guard in each.guards]
GROWS = [(each.type, path) for each in types.declared() for path in each.grows]


def sdk_class(kind: str) -> type:
    """Find the SDK's class of a type token."""
    package, _, name = kind.removeprefix("gcp:").partition(":")
    return getattr(importlib.import_module(f"pulumi_gcp.{package.partition('/')[0].lower()}"), name)


def properties(made: type) -> dict[str, Any]:
    """Give the properties of a class of the SDK, as the engine writes them, with their types."""
    found: dict[str, Any] = {}
    for name, member in inspect.getmembers(made):
        if isinstance(member, property) and member.fget:
            hints = inspect.get_annotations(member.fget, eval_str=False)
            found[_camel(name)] = str(hints.get("return", ""))
    return found


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


@pytest.mark.parametrize(("kind", "guard"), GUARDS)
def test_every_guard_is_an_input_of_the_sdk(kind: str, guard: str) -> None:
    made = sdk_class(kind)
    assert issubclass(made, pulumi.CustomResource)
    assert guard == "*" or guard in properties(made)


def test_a_guard_that_nobody_knows_is_seen() -> None:
    assert "versionning" not in properties(sdk_class("gcp:storage/bucket:Bucket"))


@pytest.mark.parametrize(("kind", "path"), GROWS)
def test_every_size_that_grows_is_an_input_of_the_sdk(kind: str, path: str) -> None:
    first, *rest = path.split(".")
    hint = properties(sdk_class(kind))[first]
    for step in rest:
        inner = re.search(r"'outputs\.(\w+)'", hint) or re.search(r"outputs\.(\w+)", hint)
        assert inner, f"{step} of {hint}"
        package = kind.removeprefix("gcp:").partition("/")[0]
        hints = properties(getattr(importlib.import_module(f"pulumi_gcp.{package}.outputs"), inner[1]))
        hint = hints[step]
    assert "int" in hint


@pytest.mark.parametrize(("kind", "guard"), GUARDS)
def test_every_guard_that_is_changed_is_opened(kind: str, guard: str) -> None:
    name = "anyInput" if guard == "*" else guard
    old, new = resource(kind, "r", **{name: "old"}), resource(kind, "r", **{name: "new"})
    assert [change.kind for change in seen(old, new, name)] == ["opened"]


SAFER = [
    ("gcp:compute/instance:Instance", "deletionProtection"),
    ("gcp:cloudrunv2/service:Service", "deletionProtection"),
    ("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", "disabled"),
    ("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider", "disabled"),
    ("gcp:serviceaccount/account:Account", "disabled"),
    ("gcp:storage/bucket:Bucket", "uniformBucketLevelAccess"),
    ("gcp:storage/bucket:Bucket", "versioning.enabled"),
]


@pytest.mark.parametrize(("kind", "path"), SAFER)
def test_a_guard_that_was_switched_on_opens_nothing_and_one_that_was_switched_off_does(kind: str, path: str) -> None:
    def state(on: object) -> Json:
        first, _, rest = path.partition(".")
        inputs: Json = {first: {rest: on} if rest else on}
        return resource(kind, "r", **inputs)

    assert [change.kind for change in seen(state(False), state(True), path)] == ["changed"]
    assert [change.kind for change in seen(state(None), state(True), path)] == ["changed"]
    assert [change.kind for change in seen(state(True), state(False), path)] == ["opened"]
    assert [change.kind for change in seen(state(True), state(None), path)] == ["opened"]


def test_each_of_those_guards_is_tried() -> None:
    assert {path for _, path in SAFER} == drift._SAFER  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("kind", sorted({kind for kind, guard in GUARDS if guard != "*"}))
def test_what_guards_nothing_is_merely_changed(kind: str) -> None:
    old, new = resource(kind, "r", labels={"a": "b"}), resource(kind, "r", labels={"a": "c"})
    assert [change.kind for change in seen(old, new, "labels.a")] == ["changed"]


def test_every_type_of_the_table_is_one_that_the_program_has(tmp_path: Path) -> None:
    from coursecloud.common import stack_file
    from coursecloud.plan import planning
    from tests.project import ROOT

    watched = tmp_path / "Pulumi.watched.yaml"
    text = (ROOT / "Pulumi.full.yaml").read_text(encoding="utf-8")
    watched.write_text(f"{text}  coursecloud:monitoring: {{channels: ['12345678']}}\n", encoding="utf-8")
    files = (*stack_file.every(ROOT), ("watched", watched))
    made = {each.type for stack, path in files for each in planning.make(stack, path, ROOT).resources}
    assert {each.type for each in types.declared() if each.guards} <= made
