"""What the check counts is what it checks: by garbage in every input, by hand, and with values not known yet."""

import copy
import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.validation import discovery
from coursecloud.validation.check import ValidationReport, check
from coursecloud.validation.request import Leaf, leaves
from tests.coursecloud.conformed import committed, one, only


def test_an_unknown_value_is_counted_and_not_judged() -> None:
    for path in ("format", "location", "labels", "cleanupPolicies"):
        resource = one("artifactregistry.Repository", "docker")
        before = check(only(resource)).totals["later"]
        report = check(only(dataclasses.replace(resource, inputs={**resource.inputs, path: UNKNOWN})))
        assert report.findings == []
        assert (before, report.totals["later"]) == (0, 1)


def test_what_a_stack_file_allows_beyond_the_tables_is_no_finding() -> None:
    plan = committed("full")
    allow = plan.settings.allow.model_copy(
        update={"zones": ("mars-north1-a",), "machine_types": ("e9-huge",), "gpus": ("nvidia-x1",)}
    )
    resource = one("compute.Instance", "trainer")
    inputs = {
        **resource.inputs,
        "zone": "mars-north1-a",
        "machineType": "e9-huge",
        "guestAccelerators": [{"type": "nvidia-x1", "count": 1}],
    }
    changed = dataclasses.replace(resource, inputs=inputs)
    assert len(check(only(changed)).findings) == 3
    assert check(Plan(plan.settings.model_copy(update={"allow": allow}), (changed,), {})).findings == []


GARBAGE = "§ no=such/thing ( " * 30


def _spoilt(resource: Registration, leaf: Leaf) -> Registration:
    inputs = copy.deepcopy(dict(resource.inputs))
    node: Any = inputs
    for part in leaf.parts[:-1]:
        node = node[part]
    number = isinstance(leaf.value, int) and not isinstance(leaf.value, bool)
    # A huge number where there is a number: its type is right, so only its format or range can refuse it.
    node[leaf.parts[-1]] = -(2**70) if number else GARBAGE
    return dataclasses.replace(resource, inputs=inputs)


def _against(report: ValidationReport) -> int:
    counted = report.totals
    return counted["inputs"] - counted["type"] - counted["unsent"] - counted["later"]


def test_the_table_counts_as_checked_exactly_what_garbage_is_refused_in() -> None:
    refused: Counter[str] = Counter()
    seen: set[str] = set()
    expected = 0
    for resource in committed("full").custom:
        if resource.type in seen and "Member" in resource.type:
            continue  # hundreds of grants differ in nothing here
        seen.add(resource.type)
        expected += _against(check(only(resource)))
        for leaf in leaves(resource.inputs):
            if isinstance(leaf.value, bool) or leaf.unknown or leaf.value == {}:
                continue
            found = check(only(_spoilt(resource, leaf))).findings
            refused.update({leaf.generic for f in found if f.input == leaf.at and f.kind not in ("type", "required")})
    assert refused.total() == expected


def test_the_coverage_of_a_bucket_is_as_counted_by_hand() -> None:
    inputs = {
        "name": "some-bucket",  # ours
        "project": "my-project-1",  # ours
        "location": "EU",  # ours
        "uniformBucketLevelAccess": True,  # type
        "labels": {"a": "b", "c": "d"},  # ours, twice
        "lifecycleRules": [{"action": {"type": "Delete"}, "condition": {"age": 3, "withState": "ANY"}}],
        "forceDestroy": True,  # unsent
        "versioning": {"enabled": UNKNOWN},  # later
    }
    report = check(only(dataclasses.replace(one("storage.Bucket"), inputs=inputs)))
    assert report.findings == []
    counted = report.coverage["storage v1"]
    # The action is ours; the age is int32 and ours. ANY is translated to nothing at all.
    assert counted == {
        # The two required are the name, and the project in the query.
        "inputs": 11, "ours": 7, "enum": 1, "format": 1, "type": 1, "unsent": 1, "later": 1, "required": 2
    }  # fmt: skip


def test_without_googles_descriptions_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery.util, "find_spec", dict[str, None]().get)
    with pytest.raises(discovery.MissingError, match=r"pip install 'coursecloud\[check\]'"):
        check(committed("dev"))


def test_descriptions_that_lack_an_api_are_said_to_be_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(discovery, "folder", lambda: tmp_path)
    with pytest.raises(discovery.MissingError, match=r"no description of storage v9[\s\S]*--upgrade"):
        discovery.raw("storage", "v9")
