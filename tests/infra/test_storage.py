"""Buckets: private, without a bill for what is deleted, and versioned for as long as the lease needs it."""

import datetime
from typing import Any

import pytest

from coursecloud.plan.planning import Plan
from infra.settings.lease import Lease
from infra.storage import UNDATED_LEASE_DAYS, first_loss, noncurrent_days
from tests.infra.planned import COMMITTED, Planner, names, of, one

LEASE = "coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-18}"


def deletions(bucket: Any) -> list[dict[str, Any]]:
    return [rule["condition"] for rule in bucket.inputs["lifecycleRules"] if rule["action"]["type"] == "Delete"]


@pytest.mark.parametrize("stack", COMMITTED)
def test_there_are_three_buckets_and_each_is_private(committed: dict[str, Plan], stack: str) -> None:
    assert names(committed[stack], "storage.Bucket") == {"data", "models", "staging"}
    for bucket in of(committed[stack], "storage.Bucket"):
        assert bucket.inputs["uniformBucketLevelAccess"] is True
        assert bucket.inputs["publicAccessPrevention"] == "enforced"


@pytest.mark.parametrize("stack", COMMITTED)
def test_no_bucket_bills_for_deleted_objects(committed: dict[str, Plan], stack: str) -> None:
    for bucket in of(committed[stack], "storage.Bucket"):
        assert bucket.inputs["softDeletePolicy"] == {"retentionDurationSeconds": 0}


@pytest.mark.parametrize("stack", COMMITTED)
def test_in_each_bucket_a_rule_deletes_something_and_ends_broken_uploads(
    committed: dict[str, Plan], stack: str
) -> None:
    for bucket in of(committed[stack], "storage.Bucket"):
        assert deletions(bucket)
        actions = [rule["action"]["type"] for rule in bucket.inputs["lifecycleRules"]]
        assert "AbortIncompleteMultipartUpload" in actions


@pytest.mark.parametrize("stack", COMMITTED)
@pytest.mark.parametrize("name", ["data", "models"])
def test_no_rule_deletes_the_live_version_of_data(committed: dict[str, Plan], stack: str, name: str) -> None:
    bucket = one(committed[stack], "storage.Bucket", name)
    assert bucket.inputs["versioning"] == {"enabled": True}
    for condition in deletions(bucket):
        assert condition["withState"] == "ARCHIVED"
        assert condition["numNewerVersions"] >= 1
        assert "age" not in condition


@pytest.mark.parametrize("name", ["data", "models"])
def test_a_version_is_there_until_the_leases_end_and_its_grace_days(plan_of: Planner, name: str) -> None:
    (condition,) = deletions(one(plan_of(LEASE), "storage.Bucket", name))
    first_day, last_grace_day = datetime.date(2026, 11, 23), datetime.date(2027, 1, 17)
    assert first_day + datetime.timedelta(days=condition["daysSinceNoncurrentTime"]) >= last_grace_day


def test_the_grace_days_count(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-18, graceDays: 100}")
    (condition,) = deletions(one(plan, "storage.Bucket", "data"))
    assert condition["daysSinceNoncurrentTime"] == 125


def test_a_lease_without_dates_keeps_versions_for_a_semester() -> None:
    assert noncurrent_days(Lease()) == UNDATED_LEASE_DAYS
    assert first_loss(Lease()) is None


def test_the_first_loss_is_the_day_after_the_grace_days() -> None:
    lease = Lease(starts=datetime.date(2026, 1, 1), ends=datetime.date(2026, 1, 31), graceDays=30)  # pyright: ignore[reportCallIssue]
    assert first_loss(lease) == datetime.date(2026, 3, 3)
    assert noncurrent_days(lease) == 60


def test_the_newest_versions_are_kept_however_old(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:storage: {data: {keepNewest: 7}, models: {keepNewest: 2}}")
    kept = {name: deletions(one(plan, "storage.Bucket", name))[0]["numNewerVersions"] for name in ("data", "models")}
    assert kept == {"data": 7, "models": 2}


def test_staging_forgets_after_its_days_and_keeps_no_versions(plan_of: Planner) -> None:
    staging = one(plan_of("coursecloud:storage: {keep: true, staging: {days: 3}}"), "storage.Bucket", "staging")
    assert deletions(staging) == [{"age": 3}]
    assert staging.inputs["versioning"] == {"enabled": False}
    assert not staging.protect


@pytest.mark.parametrize(("keep", "protected"), [("true", {"data", "models"}), ("false", set[str]())])
def test_keep_protects_and_nothing_else_does(plan_of: Planner, keep: str, protected: set[str]) -> None:
    plan = plan_of(f"coursecloud:storage: {{keep: {keep}}}")
    assert {bucket.name for bucket in of(plan, "storage.Bucket") if bucket.protect} == protected


def test_a_bucket_that_is_not_kept_can_be_destroyed_with_its_objects(dev: Plan) -> None:
    assert all(bucket.inputs["forceDestroy"] is True for bucket in of(dev, "storage.Bucket"))


def test_buckets_are_where_the_stack_says(plan_of: Planner) -> None:
    assert one(plan_of(), "storage.Bucket", "data").inputs["location"] == "EUROPE-WEST1"
    assert one(plan_of("coursecloud:storage: {location: eu}"), "storage.Bucket", "data").inputs["location"] == "EU"


@pytest.mark.parametrize("stack", COMMITTED)
def test_every_bucket_is_of_the_class_that_costs_nothing_to_read_and_to_delete(
    committed: dict[str, Plan], stack: str
) -> None:
    for bucket in of(committed[stack], "storage.Bucket"):
        assert bucket.inputs["storageClass"] == "STANDARD"


def test_a_broken_upload_ends_after_a_week(dev: Plan) -> None:
    for bucket in of(dev, "storage.Bucket"):
        ends = [r["condition"] for r in bucket.inputs["lifecycleRules"] if r["action"]["type"].startswith("Abort")]
        assert ends == [{"age": 7}]
