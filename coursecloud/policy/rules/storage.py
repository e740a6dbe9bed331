"""Buckets: private by construction, and old versions that end."""

from collections.abc import Iterator, Mapping
from typing import cast

from coursecloud.plan.registration import Registration
from coursecloud.policy.example import Example, bucket, put
from coursecloud.policy.reading import at, entries, is_true
from coursecloud.policy.rule import ResourceRule
from infra.settings import Settings

_BUCKETS = frozenset({"storage.Bucket"}).__contains__


def _uniform(bucket: Registration, _: Settings) -> Iterator[str]:
    if not is_true(at(bucket.inputs, "uniformBucketLevelAccess")):
        yield "uniformBucketLevelAccess is not true: single objects can be made public past the bucket's policy"


def _prevented(bucket: Registration, _: Settings) -> Iterator[str]:
    value = at(bucket.inputs, "publicAccessPrevention", "inherited")
    if value != "enforced":
        yield f"publicAccessPrevention is '{value}': one grant to allUsers would publish the bucket"


def _deletes(bucket: Registration) -> Iterator[Mapping[str, object]]:
    for rule in entries(bucket.inputs, "lifecycleRules"):
        condition = at(rule, "condition")
        if at(rule, "action.type") == "Delete" and isinstance(condition, Mapping):
            yield cast("Mapping[str, object]", condition)


def _versioned(bucket: Registration, _: Settings) -> Iterator[str]:
    if is_true(at(bucket.inputs, "versioning.enabled")):
        return
    # What is deleted by its age anyway is passed on once and not worked on: versions of it would only bill.
    if any("age" in condition for condition in _deletes(bucket)):
        return
    yield "versioning is off, and no lifecycle rule deletes by age: an overwritten object is lost"


def _ends(bucket: Registration, _: Settings) -> Iterator[str]:
    if not is_true(at(bucket.inputs, "versioning.enabled")):
        return
    about_versions = ("daysSinceNoncurrentTime", "numNewerVersions", "noncurrentTimeBefore", "age")
    if not any(key in condition for condition in _deletes(bucket) for key in about_versions):
        yield "versioning is on, and no lifecycle rule deletes replaced versions: each bills for ever"


RULES = (
    ResourceRule(
        id="bucket-uniform-access",
        title="A bucket has uniform access",
        why="With access lists on single objects, a bucket's policy no longer says who can read what is in it.",
        remedy="Set uniform_bucket_level_access=True.",
        severity="high",
        applies=_BUCKETS,
        check=_uniform,
        trivy=("AVD-GCP-0002",),
        cis=("5.2",),
        breaks=(
            Example("dev", "data", bucket("uniformBucketLevelAccess", False), says="not true", checkov=("CKV_GCP_29",)),
        ),
        keeps=(Example("dev", "data", bucket("uniformBucketLevelAccess", "true")),),
    ),
    ResourceRule(
        id="bucket-public-access-prevented",
        title="A bucket cannot be made public",
        why="Without it one wrong grant, also one made by hand, shows the data to everybody.",
        remedy='Set public_access_prevention="enforced".',
        severity="high",
        applies=_BUCKETS,
        check=_prevented,
        breaks=(
            Example(
                "dev",
                "data",
                bucket("publicAccessPrevention", "inherited"),
                says="'inherited'",
                checkov=("CKV_GCP_114",),
            ),
        ),
        keeps=(Example("dev", "data", bucket("location", "EU")),),
    ),
    ResourceRule(
        id="bucket-versioned",
        title="A bucket of lasting data keeps what was overwritten",
        why="A wrong `dvc push` or a deleted object cannot be undone without versions.",
        remedy="Set versioning.enabled=True, or delete by age what is meant to be passed on once.",
        severity="medium",
        topic="upkeep",
        applies=_BUCKETS,
        check=_versioned,
        breaks=(
            Example(
                "dev", "data", bucket("versioning", {"enabled": False}), says="overwritten", checkov=("CKV_GCP_78",)
            ),
        ),
        keeps=(Example("dev", "staging", put("storage.Bucket", "staging", "versioning.enabled", True)),),
    ),
    ResourceRule(
        id="bucket-old-versions-end",
        title="Old versions are deleted some day",
        why="Each replaced version of a data set bills as much as the newest, unseen, until somebody looks.",
        remedy="Add a lifecycle rule that deletes with daysSinceNoncurrentTime and numNewerVersions.",
        severity="medium",
        topic="cost",
        applies=_BUCKETS,
        check=_ends,
        breaks=(Example("dev", "data", bucket("lifecycleRules", []), says="for ever"),),
        keeps=(Example("dev", "data", bucket("lifecycleRules.0.condition", {"numNewerVersions": 3})),),
    ),
)
