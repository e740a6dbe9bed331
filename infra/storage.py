"""Cloud Storage: the buckets for data, models and staging.

Deliberately absent: access-log buckets (they bill and a group of five reads none) and customer-managed keys
(a key costs money and, lost, loses the data).
"""

from __future__ import annotations

import datetime

import pulumi
from pulumi_gcp import storage

from infra.component import Component, Place
from infra.settings.lease import Lease
from infra.settings.stores import Storage as StorageSettings

UNDATED_LEASE_DAYS = 180
"""How long old versions stay where the lease has no dates: about a semester."""


def noncurrent_days(lease: Lease) -> int:
    """Count the days that a replaced version stays: whenever in the lease it was replaced, it is there on the
    last grace day after the lease's end."""
    if lease.starts and lease.kept_until:
        return (lease.kept_until - lease.starts).days
    return UNDATED_LEASE_DAYS


def first_loss(lease: Lease) -> datetime.date | None:
    """Say the first day on which an old version can be gone, and with it an old `dvc checkout` fails."""
    return lease.kept_until + datetime.timedelta(days=1) if lease.kept_until else None


class Storage(Component):
    """Three private buckets. Who may read and write them is said where that identity is declared."""

    def __init__(self, place: Place, settings: StorageSettings, lease: Lease):
        super().__init__("storage", place)
        self._location = (settings.location or place.region).upper()
        old = noncurrent_days(lease)
        self.data = self._bucket("data", self._versions(old, settings.data.keep_newest), keep=settings.keep)
        self.models = self._bucket("models", self._versions(old, settings.models.keep_newest), keep=settings.keep)
        self.staging = self._bucket(
            "staging",
            [
                storage.BucketLifecycleRuleArgs(
                    action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                    condition=storage.BucketLifecycleRuleConditionArgs(age=settings.staging.days),
                )
            ],
            versioned=False,
        )
        self.register_outputs({})

    def _bucket(
        self,
        name: str,
        rules: list[storage.BucketLifecycleRuleArgs],
        *,
        versioned: bool = True,
        keep: bool = False,
    ) -> storage.Bucket:
        if self.place.names.existing.get(name):
            return self._adopted(name, self.place.names.bucket(name))
        unfinished = storage.BucketLifecycleRuleArgs(
            action=storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
            condition=storage.BucketLifecycleRuleConditionArgs(age=7),
        )
        return storage.Bucket(
            name,
            name=self.place.names.bucket(name),
            project=self.place.project,
            location=self._location,
            storage_class="STANDARD",
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=storage.BucketVersioningArgs(enabled=versioned),
            # The default keeps deleted objects for seven days, and bills them.
            soft_delete_policy=storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=0),
            lifecycle_rules=[*rules, unfinished],
            labels=self.place.labelled("storage"),
            # A destroy of a bucket that is not protected takes its objects along; protection is what keeps them.
            force_destroy=True,
            opts=self.child("storage", keep=keep),
        )

    def _adopted(self, name: str, existing: str) -> storage.Bucket:
        # Its inputs are read at the import; the location has to be said, and is as little written as the rest.
        return storage.Bucket(
            name,
            name=existing,
            project=self.place.project,
            location=self._location,
            force_destroy=False,
            opts=self.child("storage", existing=existing),
        )

    @staticmethod
    def _versions(days: int, newest: int) -> list[storage.BucketLifecycleRuleArgs]:
        # Both conditions must hold: a version goes when it is old and `newest` newer ones are there.
        return [
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                condition=storage.BucketLifecycleRuleConditionArgs(
                    days_since_noncurrent_time=days, num_newer_versions=newest, with_state="ARCHIVED"
                ),
            )
        ]

    def grant(
        self, name: str, member: pulumi.Input[str], role: str, *buckets: str, under: Component
    ) -> list[pulumi.Resource]:
        """Grant a member a role on some of the buckets; the binding hangs under the component that asks."""
        return [self._grant(f"{name}-{bucket}", member, role, getattr(self, bucket), under) for bucket in buckets]

    @staticmethod
    def _grant(
        name: str, member: pulumi.Input[str], role: str, bucket: storage.Bucket, under: Component
    ) -> pulumi.Resource:
        return storage.BucketIAMMember(name, bucket=bucket.name, role=role, member=member, opts=under.child())

    def grant_seeing(self, name: str, member: pulumi.Input[str], *buckets: str, under: Component) -> None:
        """Let a member look up the buckets themselves, as DVC and an upload do before they ask for an object."""
        self.grant(f"{name}-sees", member, "roles/storage.bucketViewer", *buckets, under=under)
