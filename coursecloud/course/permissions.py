"""What the course's roles permit: what `coursecloud status` and `coursecloud stop` ask of Google, and no more."""

from __future__ import annotations

from typing import cast

from coursecloud.deploy.cloud import Cloud, CloudError, escaped
from coursecloud.look.kinds import Kind, kinds

OTHER_NAMES = {"sqladmin": "cloudsql", "bigtableadmin": "bigtable", "workerPools": "workerpools"}
"""Services and collections that permissions call otherwise than addresses do
(https://cloud.google.com/iam/docs/roles-permissions, from memory, 2026-11)."""
PROJECT = (
    "logging.logEntries.list",
    "resourcemanager.projects.get",
    "serviceusage.services.get",
    "serviceusage.services.list",
)
"""Which APIs are on, and both logs that are always on: who did what, and what Google did by itself."""
LEDGER = ("storage.objects.create", "storage.objects.delete", "storage.objects.get")
"""To read and write one object; writing over it is a deletion, too."""
STOPPING = {
    "stop": ("compute.{}.stop", "compute.zoneOperations.get"),
    "scale": ("run.{}.get", "run.{}.update"),
    "cancel": ("{api}.{}.cancel",),
}
"""By how a kind is stopped."""


def listing(kind: Kind) -> str:
    """Name the permission by which a kind is listed.

    >>> listing(next(each for each in kinds() if each.api == "sqladmin"))
    'cloudsql.instances.list'
    """
    return f"{OTHER_NAMES.get(kind.api, kind.api)}.{_collection(kind)}.list"


def _collection(kind: Kind) -> str:
    last = kind.path.rpartition("/")[2].partition(":")[0]
    return OTHER_NAMES.get(last, last)


def looking() -> tuple[str, ...]:
    """List what a look asks for: lists and logs, of no object, image or secret what is in it."""
    return tuple(sorted({*PROJECT, *(listing(kind) for kind in kinds())}))


def stopping() -> tuple[str, ...]:
    """List what a stop asks for, beside a look."""
    found = set(looking())
    for kind in kinds():
        found |= {form.format(_collection(kind), api=kind.api) for form in STOPPING.get(kind.stops, ())}
    return tuple(sorted(found))


SIGNS = {"look": "logging.logEntries.list", "stop": "compute.instances.stop", "deploy": "storage.buckets.create"}
"""A permission of each that tells whether whoever asks has been let in to it."""


def joined(cloud: Cloud, project: str) -> list[str] | None:
    """Ask Google to what of look, stop and deploy whoever asks is let in; None where it does not say."""
    body = {"permissions": list(SIGNS.values())}
    try:
        told = cloud.call("POST", "resourceManager", f"projects/{escaped(project)}:testIamPermissions", body=body)
    except CloudError:
        return None
    held = set(cast("list[str]", told.get("permissions") or []))
    return [name for name, permission in SIGNS.items() if permission in held]
