"""Whether a change lets content go sooner: what says so each way round, and the same edit taken back."""

from typing import Any

import pytest

from coursecloud.diff import property_diff, pruning

Inputs = dict[str, Any]


def rule(kind: str = "Delete", **condition: Any) -> Inputs:
    return {"lifecycleRules": [{"action": {"type": kind}, "condition": {"age": 7, **condition}}]}


STORE = {
    "lifecycleRules": [{"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 7}}]
}
FEWER_TO_MORE: list[tuple[Inputs, Inputs]] = [
    (rule(), {}),
    (rule(), {"lifecycleRules": []}),
    (rule(), rule(matchesPrefixes=["a/"])),
    (rule(withState="ANY"), rule(withState="ARCHIVED")),
    (rule(), STORE),
    (rule(age=7), rule(age=8)),
    ({"softDeletePolicy": {"retentionDurationSeconds": 0}}, {"softDeletePolicy": {"retentionDurationSeconds": 604800}}),
    ({}, {"softDeletePolicy": {"retentionDurationSeconds": 604800}}),
    ({}, {"retentionPolicy": {"retentionPeriod": "86400"}}),
    ({}, {"versionDestroyTtl": "86400s"}),
    ({"ttl": "3600s"}, {"ttl": "7200s"}),
    ({"ttl": "3600s"}, {}),
    ({"expireTime": "2026-12-01T00:00:00Z"}, {"expireTime": "2027-01-01T00:00:00+01:00"}),
    ({"expireTime": "2026-12-01T00:00:00Z"}, {}),
    ({"cleanupPolicies": [{"id": "a", "action": "DELETE"}]}, {}),
    ({"cleanupPolicies": [{"id": "a", "action": "DELETE"}, {"id": "b", "action": "KEEP"}]}, {"cleanupPolicies": []}),
    ({"cleanupPolicyDryRun": False}, {"cleanupPolicyDryRun": True}),
    ({}, {"versioning": {"enabled": True}}),
]


def keeps(old: Inputs, new: Inputs) -> bool:
    found = list(property_diff.differences(property_diff.clean(old), property_diff.clean(new)))
    assert found
    return all(pruning.keeps_more(each, old, new) for each in found)


@pytest.mark.parametrize(("fewer", "more"), FEWER_TO_MORE, ids=str)
def test_what_keeps_more_is_told_from_what_keeps_less(fewer: Inputs, more: Inputs) -> None:
    assert keeps(fewer, more)
    assert not keeps(more, fewer)


@pytest.mark.parametrize(
    "new", [{"softDeletePolicy": {"retentionDurationSeconds": 0}}, {"expireTime": "soon"}, {"ttl": "1s"}], ids=str
)
def test_what_keeps_nothing_is_no_keeping(new: Inputs) -> None:
    assert not keeps({}, new)
    assert not keeps({"expireTime": "soon"}, {"expireTime": "later"})
