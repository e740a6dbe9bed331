"""How much is in what a stack keeps work in, asked of Google: what goes by a deletion, in numbers and with addresses.

What could not be read is said as such, never as nothing. Nobody can see files on a disk from outside: a disk is told by
its size and by the machine that it is attached to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from catalog import types
from coursecloud.deploy.cloud import Cloud, CloudError, together, unread
from coursecloud.deploy.store_readers import PAGES, READERS, Disks, StateResource, Zone
from coursecloud.diff import data_loss

Json = dict[str, Any]

BUCKET = "gcp:storage/bucket:Bucket"
REGISTRY = "gcp:artifactregistry/repository:Repository"
SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 - a resource type
DISK = "gcp:compute/disk:Disk"
INSTANCE = "gcp:compute/instance:Instance"
ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"


@dataclass(frozen=True)
class StoreContent:
    """What is in one thing of a state that holds data."""

    type: str
    urn: str
    kept: bool
    """It is protected: `down` leaves it."""
    called: str
    """What Google calls it."""
    where: str = ""
    """Where it is read: a `gs://` address, or a page of the console."""
    command: str = ""
    """The gcloud command that lists what is in it, to copy."""
    says: str = ""
    """What is in it, in words; empty where it was not read."""
    count: int | None = None
    """Objects, images, values or models; of a disk none is known."""
    size: int | None = None
    """Bytes; of a disk those that it may hold."""
    older: int = 0
    """Older versions of objects, which go along."""
    older_size: int = 0
    """Bytes of the older versions."""
    held: int = 0
    """Objects that Google refuses to delete, for a hold or a retention time."""
    more: bool = False
    """There are more than `count` and `size` say: counting stopped."""
    unread: str = ""
    """Why it is not known: `not read: WHAT: Google's words`."""
    gone: bool = False
    """It is not there any more: deleted by hand, and what was in it with it."""

    @property
    def name(self) -> str:
        """What the program calls it."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """Its type in a word: `Bucket`."""
        return self.type.rpartition(":")[2]

    @property
    def empty(self) -> bool:
        """Nothing is in it, for sure."""
        return self.count == 0 and not self.older and not self.more and not self.unread

    def __str__(self) -> str:
        """Say it in a line."""
        where = f" ({self.where})" if self.where else ""
        return f"{self.kind} {self.name}: {self.unread or self.says}{where}"

    def data(self) -> Json:
        """Give it as JSON."""
        return asdict(self) | {"name": self.name}


def look(cloud: Cloud, resources: Iterable[Json]) -> list[StoreContent]:
    """Count what is in each store of a state, some at a time; the order is the state's.

    One question a store, more only for long lists, and one a zone for all its disks and machines. A machine's boot disk
    is told by its machine. Raises nothing: what was not read says so.
    """
    listed = [each for each in resources if each.get("custom", True) and each.get("id")]
    chosen = [each for each in listed if each["type"] == INSTANCE or data_loss.in_state([each], protected=True)]
    zones = {
        (place.part("projects"), place.part("zones")) for place in map(StateResource, chosen) if place.part("zones")
    }
    disks = _disks(cloud, sorted(zones))
    jobs: list[Callable[[], StoreContent]] = [functools.partial(_store, cloud, each, disks) for each in chosen]
    return together(jobs)


def _disks(cloud: Cloud, zones: Sequence[Zone]) -> Disks:
    def of(zone: Zone) -> dict[str, Json] | CloudError:
        try:
            path = f"projects/{zone[0]}/zones/{zone[1]}/disks"
            found, _ = cloud.pages("compute", path, "items", most=PAGES, maxResults="500")
        except CloudError as error:
            return error
        return {str(disk.get("name")): disk for disk in found}

    return dict(zip(zones, together([functools.partial(of, zone) for zone in zones]), strict=True))


def _store(cloud: Cloud, resource: Json, disks: Disks) -> StoreContent:
    place = StateResource(resource)
    kind = str(resource["type"])
    called = place.text("name") or place.id
    bare = functools.partial(StoreContent, kind, str(resource["urn"]), bool(resource.get("protect")))
    known = types.of(kind)
    if not known or not known.counted:
        said = "what is in it: nobody has said how to count what this type holds"
        return bare(called=called, unread=f"not read: {said}")
    try:
        return bare(**READERS[known.counted](cloud, place, disks))
    except CloudError as error:
        called = called.rpartition("/")[2]
        return bare(called=called, unread=unread(f"what is in {called}", error), gone=error.gone)
