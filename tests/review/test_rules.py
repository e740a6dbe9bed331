"""The dated table of what cannot be changed in place, and each of its conditions on both sides."""

import inspect
import re
from typing import Any

import pytest

from catalog import types
from catalog.types.parts import Changes
from coursecloud.diff import property_diff, replacement, replacement_conditions
from coursecloud.diff.replacement_conditions import Effect
from coursecloud.plan.registration import UNKNOWN
from tests.review.made import BUCKET, DISK, INSTANCE, NETWORK, SUBNET

CHANGES: dict[str, Changes] = {token: each.changes for token, each in types.every().items() if each.changes}
SECRET = "gcp:secretmanager/secret:Secret"
METRIC = "gcp:logging/metric:Metric"
MEMBER = "gcp:projects/iAMMember:IAMMember"
ROUTER = "gcp:compute/router:Router"
ADDRESS = "gcp:compute/address:Address"
OBJECT = "gcp:storage/bucketObject:BucketObject"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
LINK = "https://www.googleapis.com/compute/v1/projects/p/global/networks/n"
NIC = {"network": "n", "subnetwork": "s"}


def effects(kind: str, old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    known = replacement.rules_of(kind)
    assert known
    before, after = property_diff.clean(old), property_diff.clean(new)
    found = property_diff.differences(before, after, unordered=known.unordered)
    return {known.effect(difference, before, after).name for difference in found}


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], set[str]]] = [
    ("a listed property", NETWORK, {"autoCreateSubnetworks": False}, {"autoCreateSubnetworks": True}, {"REPLACE"}),
    ("one that is not listed", NETWORK, {"mtu": 1460}, {"mtu": 1500}, {"UPDATE"}),
    ("a zone", DISK, {"zone": "a"}, {"zone": "b"}, {"REPLACE"}),
    ("a disk that grows", DISK, {"size": 10}, {"size": 20}, {"UPDATE"}),
    ("a disk that shrinks", DISK, {"size": 20}, {"size": 10}, {"REPLACE"}),
    ("a size that is left out", DISK, {"size": 20}, {}, {"NONE"}),
    ("a disk's type as a link", DISK, {"type": "zones/z/diskTypes/pd-ssd"}, {"type": "pd-ssd"}, {"NONE"}),
    ("another type of disk", DISK, {"type": "pd-ssd"}, {"type": "pd-balanced"}, {"REPLACE"}),
    ("operations of a plain disk", DISK, {"provisionedIops": 1, "type": "pd-extreme"},
     {"provisionedIops": 2, "type": "pd-extreme"}, {"REPLACE"}),
    ("operations of a hyperdisk", DISK, {"provisionedIops": 1, "type": "hyperdisk-balanced"},
     {"provisionedIops": 2, "type": "hyperdisk-balanced"}, {"UPDATE"}),
    ("a deprecated interface", DISK, {"interface": "SCSI"}, {"interface": "NVME"}, {"NONE"}),
    ("a project that is left out", DISK, {"project": "p"}, {}, {"NONE"}),
    ("another project", DISK, {"project": "p"}, {"project": "q"}, {"REPLACE"}),
    ("a wider range", SUBNET, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/19"}, {"UPDATE"}),
    ("a narrower range", SUBNET, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/21"}, {"REPLACE"}),
    ("another range", SUBNET, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.1.0.0/20"}, {"REPLACE"}),
    ("a range that is none", SUBNET, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "wide"}, {"REPLACE"}),
    ("a link for its name", SUBNET, {"network": LINK}, {"network": "n"}, {"NONE"}),
    ("a link spelt otherwise", SUBNET, {"network": LINK}, {"network": "projects/p/global/networks/n"}, {"NONE"}),
    ("a name for a link", SUBNET, {"network": "n"}, {"network": LINK}, {"REPLACE"}),
    ("another network", SUBNET, {"network": LINK}, {"network": "m"}, {"REPLACE"}),
    ("a machine type", INSTANCE, {"machineType": "a"}, {"machineType": "b"}, {"UPDATE"}),
    ("Spot", INSTANCE, {"scheduling": {"preemptible": False}}, {"scheduling": {"preemptible": True}}, {"REPLACE"}),
    ("a run limit", INSTANCE, {"scheduling": {"maxRunDuration": {"seconds": 1}}},
     {"scheduling": {"maxRunDuration": {"seconds": 2}}}, {"REPLACE"}),
    ("a run limit that goes", INSTANCE, {"scheduling": {"maxRunDuration": {"seconds": 1}}}, {"scheduling": {}},
     {"REPLACE"}),
    ("a start-up script in metadata", INSTANCE, {"metadata": {"startup-script": "a"}},
     {"metadata": {"startup-script": "b"}}, {"UPDATE"}),
    ("a start-up script beside it", INSTANCE, {"metadataStartupScript": "a"}, {"metadataStartupScript": "b"},
     {"REPLACE"}),
    ("a start-up script that moves", INSTANCE, {"metadataStartupScript": "a"}, {"metadata": {"startup-script": "a"}},
     {"UPDATE"}),
    ("another GPU", INSTANCE, {"guestAccelerators": [{"type": "t4", "count": 1}]},
     {"guestAccelerators": [{"type": "v100", "count": 1}]}, {"REPLACE"}),
    ("GPUs that come", INSTANCE, {}, {"guestAccelerators": [{"type": "t4", "count": 1}]}, {"REPLACE"}),
    ("GPUs that go", INSTANCE, {"guestAccelerators": [{"type": "t4", "count": 1}]}, {}, {"NONE"}),
    ("no GPU, written down", INSTANCE, {}, {"guestAccelerators": [{"type": "t4", "count": 0}]}, {"NONE"}),
    ("a boot disk that grows", INSTANCE, {"bootDisk": {"initializeParams": {"size": 10}}},
     {"bootDisk": {"initializeParams": {"size": 20}}}, {"UPDATE"}),
    ("another image", INSTANCE, {"bootDisk": {"initializeParams": {"image": "a/b"}}},
     {"bootDisk": {"initializeParams": {"image": "a/c"}}}, {"REPLACE"}),
    ("another spelling of an image", INSTANCE,
     {"bootDisk": {"initializeParams": {"image": "projects/a/global/images/family/b"}}},
     {"bootDisk": {"initializeParams": {"image": "a/b"}}}, {"NONE"}),
    ("parameters of the boot disk that go", INSTANCE, {"bootDisk": {"initializeParams": {"image": "a/b"}}},
     {"bootDisk": {}}, {"NONE"}),
    ("another subnet", INSTANCE, {"networkInterfaces": [NIC]}, {"networkInterfaces": [NIC | {"subnetwork": "t"}]},
     {"UPDATE"}),
    ("a second interface", INSTANCE, {"networkInterfaces": [NIC]}, {"networkInterfaces": [NIC, NIC]}, {"REPLACE"}),
    ("an address of an interface", INSTANCE, {"networkInterfaces": [NIC | {"networkIp": "10.0.0.2"}]},
     {"networkInterfaces": [NIC | {"networkIp": "10.0.0.3"}]}, {"REPLACE"}),
    ("an address with another subnet", INSTANCE, {"networkInterfaces": [NIC | {"networkIp": "10.0.0.2"}]},
     {"networkInterfaces": [{"network": "n", "subnetwork": "t", "networkIp": "10.0.0.3"}]}, {"UPDATE"}),
    ("an address that is left out", INSTANCE, {"networkInterfaces": [NIC | {"networkIp": "10.0.0.2"}]},
     {"networkInterfaces": [NIC]}, {"NONE"}),
    ("a forced attachment that was none", INSTANCE, {"bootDisk": {}}, {"bootDisk": {"forceAttach": False}}, {"NONE"}),
    ("confidential computing that comes", INSTANCE, {}, {"confidentialInstanceConfig": {"x": True}}, {"REPLACE"}),
    ("confidential computing that goes", INSTANCE, {"confidentialInstanceConfig": {"x": True}}, {}, {"NONE"}),
    ("a bucket's location in small letters", BUCKET, {"location": "EU"}, {"location": "eu"}, {"NONE"}),
    ("another location", BUCKET, {"location": "EU"}, {"location": "US"}, {"REPLACE"}),
    ("a lock that closes", BUCKET, {"retentionPolicy": {"isLocked": False}}, {"retentionPolicy": {"isLocked": True}},
     {"UPDATE"}),
    ("a lock that opens", BUCKET, {"retentionPolicy": {"isLocked": True}}, {"retentionPolicy": {"isLocked": False}},
     {"REPLACE"}),
    ("a locked policy that goes", BUCKET, {"retentionPolicy": {"isLocked": True}}, {}, {"REPLACE"}),
    ("a policy that goes", BUCKET, {"retentionPolicy": {"isLocked": False}}, {}, {"UPDATE"}),
    ("a namespace that was off", BUCKET, {"hierarchicalNamespace": {"enabled": False}}, {}, {"NONE"}),
    ("a namespace that was on", BUCKET, {"hierarchicalNamespace": {"enabled": True}}, {}, {"REPLACE"}),
    ("a block that carries a place", BUCKET, {}, {"customPlacementConfig": {"dataLocations": ["a"]}}, {"REPLACE"}),
    ("replication by hand", SECRET, {"replication": {"auto": {}}}, {"replication": {"userManaged": {"replicas": []}}},
     {"REPLACE"}),
    ("a member in capitals", MEMBER, {"member": "user:A@b.c"}, {"member": "user:a@b.c"}, {"NONE"}),
    ("a principal in capitals", MEMBER, {"member": "principal://A"}, {"member": "principal://a"}, {"REPLACE"}),
    ("another member", MEMBER, {"member": "user:a@b.c"}, {"member": "user:d@b.c"}, {"REPLACE"}),
    ("a label of a metric", METRIC, {"metricDescriptor": {"labels": [{"key": "a", "description": "x"}]}},
     {"metricDescriptor": {"labels": [{"key": "a", "description": "y"}]}}, {"REPLACE"}),
    ("parameters that come", ROUTER, {}, {"params": {"resourceManagerTags": {"a": "b"}}}, {"REPLACE"}),
    ("parameters that change", ROUTER, {"params": {"resourceManagerTags": {"a": "b"}}},
     {"params": {"resourceManagerTags": {"a": "c"}}}, {"UPDATE"}),
    ("the usual kind of address", ADDRESS, {}, {"ipVersion": "IPV4"}, {"NONE"}),
    ("the other kind of address", ADDRESS, {}, {"ipVersion": "IPV6"}, {"REPLACE"}),
    ("an object's content", OBJECT, {"content": "a"}, {"content": "b"}, {"UPDATE"}),
    ("a value that is written only", VERSION, {"secretDataWo": "a"}, {"secretDataWo": "b"}, {"NONE"}),
    ("a secret's value", VERSION, {"secretData": "a"}, {"secretData": "b"}, {"REPLACE"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "kind", "expected"), [(o, n, k, e) for _, k, o, n, e in CASES], ids=[c[0] for c in CASES]
)
def test_a_change_has_its_effect(kind: str, old: dict[str, Any], new: dict[str, Any], expected: set[str]) -> None:
    assert effects(kind, old, new) == expected


def test_every_word_of_the_table_is_understood_and_every_one_that_is_understood_is_used() -> None:
    when = {word for entry in CHANGES.values() for word in entry.when.values()}
    same = {word for entry in CHANGES.values() for word in entry.same.values()}
    assert when == set(replacement_conditions.WHEN)
    assert same == set(replacement_conditions.SAME)
    assert {entry.delete_first for entry in CHANGES.values()} == {"always", "never", "named"}


def test_the_docstrings_explain_every_word() -> None:
    _, when, same = (part for part in re.split(r"\n    (?:when|same): ", inspect.getsource(Changes)))
    assert all(re.search(rf"\b{word}\s+=\s", when) for word in replacement_conditions.WHEN)
    assert all(re.search(rf"\b{word}\b", same) for word in replacement_conditions.SAME)


def test_every_type_that_a_stack_can_have_says_what_a_change_does_and_has_a_name_for_it() -> None:
    assert [each.short for each in types.declared() if replacement.rules_of(each.type) is None] == []
    assert [token for token in CHANGES if not replacement.called(token, 1).split(" ", 1)[1].islower()] == TITLED


TITLED = [
    "gcp:cloudrunv2/job:Job",
    "gcp:compute/routerNat:RouterNat",
    "gcp:projects/service:Service",
    "gcp:vertex/aiTensorboard:AiTensorboard",
]
"""Types that a reader calls by a name with capitals."""


@pytest.mark.parametrize(
    ("kind", "top", "expected"),
    [
        (SUBNET, "network", Effect.REPLACE),
        (INSTANCE, "networkInterfaces", Effect.REPLACE),
        (INSTANCE, "attachedDisks", Effect.UPDATE),
        (INSTANCE, "serviceAccount", Effect.UPDATE),
        (INSTANCE, "guestAccelerators", Effect.REPLACE),
        (DISK, "size", Effect.UPDATE),
        (MEMBER, "member", Effect.REPLACE),
    ],
)
def test_an_input_that_becomes_unknown_as_a_whole_has_its_effect(kind: str, top: str, expected: Effect) -> None:
    known = replacement.rules_of(kind)
    assert known
    assert known.unknown(top, {top: UNKNOWN}) is expected


@pytest.mark.parametrize(
    ("kind", "option", "old", "new", "expected"),
    [
        (DISK, None, {"name": "a"}, {"name": "a"}, True),
        (DISK, None, {"name": "a"}, {"name": "b"}, False),
        (DISK, None, {}, {}, False),
        (DISK, False, {"name": "a"}, {"name": "a"}, False),
        (MEMBER, None, {}, {}, True),
        (SECRET, None, {"secretId": "a"}, {"secretId": "b"}, True),
        ("gcp:serviceaccount/account:Account", None, {"accountId": "a"}, {"accountId": "a"}, True),
        ("gcp:artifactregistry/repository:Repository", None, {"name": "a"}, {"name": "a"}, False),
    ],
)
def test_the_old_one_goes_first_where_the_name_stays_or_the_program_says_so(
    kind: str, option: object, old: dict[str, Any], new: dict[str, Any], expected: bool
) -> None:
    known = replacement.rules_of(kind)
    assert known
    assert known.deletes_first(option, old, new) is expected
