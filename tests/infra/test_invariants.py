"""What holds for every plan holds for the committed ones, and each rule sees an offender."""

import dataclasses

import pytest

from coursecloud.plan.planning import Plan
from tests.infra import invariants
from tests.infra.planned import COMMITTED, changed, retyped


@pytest.mark.parametrize("stack", COMMITTED)
def test_the_committed_stacks_breach_no_rule(committed: dict[str, Plan], stack: str) -> None:
    assert invariants.breaches(committed[stack]) == []


def test_a_name_that_google_refuses_is_seen(dev: Plan) -> None:
    assert list(invariants.invalid_names(changed(dev, "storage.Bucket", name="Data"))) != []
    assert list(invariants.invalid_names(changed(dev, "serviceaccount.Account", accountId="short"))) != []
    assert list(invariants.invalid_names(changed(dev, "serviceaccount.Account", displayName="x" * 101))) != []


def test_a_type_of_unknown_naming_is_seen(dev: Plan) -> None:
    assert list(invariants.invalid_names(retyped(dev, "compute.Network", "gcp:pubsub/topic:Topic"))) != []


def test_two_resources_of_one_name_are_seen(dev: Plan) -> None:
    assert list(invariants.shared_names(changed(dev, "storage.Bucket", name="data"))) != []


def test_two_equal_bindings_are_seen(dev: Plan) -> None:
    same = changed(dev, "projects.IAMMember", role="roles/logging.logWriter", member="user:ada@example.com")
    assert list(invariants.shared_names(same)) != []


def test_a_missing_or_wrong_label_is_seen(dev: Plan) -> None:
    assert list(invariants.missing_labels(changed(dev, "compute.Disk", labels={"course": "mlops"}))) != []
    right = dict.fromkeys(invariants.OWN_LABELS, "x")
    assert list(invariants.missing_labels(changed(dev, "compute.Disk", labels={**right, "owner": "Ada L."}))) != []
    assert list(invariants.missing_labels(changed(dev, "compute.Disk", labels=right))) == []


@pytest.mark.parametrize(
    "token",
    [
        "gcp:projects/iAMBinding:IAMBinding",
        "gcp:projects/iAMPolicy:IAMPolicy",
        "gcp:storage/bucketIAMPolicy:BucketIAMPolicy",
        "gcp:secretmanager/secretIamBinding:SecretIamBinding",
        "gcp:serviceaccount/key:Key",
    ],
)
def test_authoritative_iam_and_keys_are_seen(dev: Plan, token: str) -> None:
    assert list(invariants.not_additive(retyped(dev, "projects.IAMMember", token))) != []


@pytest.mark.parametrize(
    "scheduling",
    [
        {},
        {"instanceTerminationAction": "STOP"},
        {"instanceTerminationAction": "DELETE", "maxRunDuration": {"seconds": 3600}},
        {"instanceTerminationAction": "STOP", "maxRunDuration": {"seconds": 86401}},
    ],
)
def test_a_machine_without_an_end_is_seen(dev: Plan, scheduling: dict[str, object]) -> None:
    assert list(invariants.endless_machines(changed(dev, "compute.Instance", scheduling=scheduling))) != []


def test_what_is_public_unasked_is_seen(dev: Plan, full: Plan) -> None:
    assert list(invariants.public(changed(dev, "storage.BucketIAMMember", member="allUsers"))) != []
    assert list(invariants.public(changed(dev, "projects.IAMMember", member="allAuthenticatedUsers"))) != []
    assert list(invariants.public(changed(dev, "storage.Bucket", publicAccessPrevention="inherited"))) != []
    assert list(invariants.public(changed(dev, "compute.Firewall", sourceRanges=["0.0.0.0/0"]))) != []
    address = [{"accessConfigs": [{"networkTier": "PREMIUM"}]}]
    assert list(invariants.public(changed(full, "compute.Instance", networkInterfaces=address))) != []


def test_a_resource_of_no_project_or_another_is_seen(dev: Plan) -> None:
    assert list(invariants.without_project(changed(dev, "compute.Network", project=None))) != []
    assert list(invariants.without_project(changed(dev, "projects.Service", project="another-one"))) != []


def test_a_resource_outside_of_every_component_is_seen(dev: Plan) -> None:
    first, *others = dev.custom
    components = [resource for resource in dev.resources if not resource.custom]
    loose = dataclasses.replace(dev, resources=(*components, dataclasses.replace(first, parent=None), *others))
    assert len(list(invariants.without_component(loose))) == 1


def test_an_unclassed_type_is_seen(dev: Plan) -> None:
    topic = "gcp:pubsub/topic:Topic"
    assert list(invariants.unclassed(retyped(dev, "compute.Network", topic))) == [topic]
