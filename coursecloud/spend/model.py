"""What a look at a project hands to its account: what is there, what logs say was done, and what was not read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Act = Literal["create", "start", "stop", "delete", "resize"]


@dataclass(frozen=True)
class Shape:
    """What a resource is, as far as it decides its price."""

    type: str
    """Pulumi's type token, e.g. `gcp:compute/instance:Instance`; empty where the project does not know the kind."""
    asset: str
    """Google's asset type, e.g. `compute.googleapis.com/Instance`."""
    inputs: Mapping[str, object]
    """In the words of the type's Pulumi inputs (machineType, zone, scheduling, bootDisk, size): what is priced."""


@dataclass(frozen=True)
class Change:
    """One thing that a log says was done to a resource."""

    id: str
    """The entry's insertId, its log included: the same entry is counted once."""
    at: datetime
    """UTC, when it took effect."""
    received: datetime
    """UTC, when Cloud Logging had it."""
    resource: str
    """Full name: `//compute.googleapis.com/projects/P/zones/Z/instances/N`."""
    act: Act
    by: str
    """The account, or `system` (preempted, shut down from inside, end of max run, host event)."""
    reason: str = ""
    """E.g. `compute.instances.preempted`."""
    incarnation: str = ""
    """Google's numeric id where given: the same name made anew is another thing."""
    shape: Shape | None = None
    """What it is from now on, where the entry says so."""


@dataclass(frozen=True)
class Found:
    """One resource that a live look saw."""

    resource: str
    """Full name, as in a `Change`."""
    shape: Shape
    running: bool
    since: datetime | None
    """UTC, its last start, where the API says so."""
    made: datetime | None
    """UTC, its creation."""
    incarnation: str = ""
    declared: bool = False
    """Whether it is of this stack, by its label or its state."""
    stopped: datetime | None = None
    """UTC, its last stop, where the API says so."""


@dataclass(frozen=True)
class Look:
    """All that one look saw; what could not be read is named."""

    at: datetime
    """UTC, by the server's Date header where there is one: a laptop's clock may be off."""
    project: str
    """The project's number."""
    found: tuple[Found, ...]
    unread: tuple[tuple[str, str], ...]
    """What could not be read, and the reason in words. What is an asset type, a service (`compute.googleapis.com`) or a
    full name is about that alone; of anything else nobody knows what would have been found."""
    changes: tuple[Change, ...]
    """Of both logs since `since`."""
    complete_until: datetime | None
    """Until when the logs are believed to be complete."""
    since: datetime | None
    """How far back the logs were read."""
