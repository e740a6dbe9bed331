"""What a look at the cloud tells the ledger: values alone, made by what reads and used by what counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Act = Literal["create", "start", "stop", "delete", "resize"]

@dataclass(frozen=True)
class Shape:
    """What a resource is, as far as it decides its price."""
    type: str                       # Pulumi's type token, e.g. gcp:compute/instance:Instance; "" where the project does not know the kind
    asset: str                      # Google's asset type, e.g. compute.googleapis.com/Instance
    inputs: Mapping[str, object]    # in the words of the type's Pulumi inputs (machineType, zone, scheduling.provisioningModel, guestAccelerators, bootDisk..., size ...): what coursecloud.cost prices

@dataclass(frozen=True)
class Change:
    """One thing that a log says was done to a resource."""
    id: str              # the entry's insertId (log name included): the same entry is counted once
    at: datetime         # UTC, when it took effect
    received: datetime   # UTC, when Cloud Logging had it
    resource: str        # full name: //compute.googleapis.com/projects/P/zones/Z/instances/N
    act: Act
    by: str              # the account, or "system" (preempted, shut down from inside, end of max run, host event)
    reason: str = ""     # e.g. compute.instances.preempted
    incarnation: str = ""   # Google's numeric id where given: the same name made anew is another thing
    shape: Shape | None = None   # what it is from now on, where the entry says so

@dataclass(frozen=True)
class Found:
    """One resource that a live look saw."""
    resource: str
    shape: Shape
    running: bool
    since: datetime | None    # last start, where the API says so
    made: datetime | None     # creation
    incarnation: str = ""
    declared: bool = False    # of this stack (by its label or its state)

@dataclass(frozen=True)
class Look:
    """All that one look saw; what could not be read is named."""
    at: datetime                       # UTC, by the server's Date header where there is one (clock skew)
    project: str                       # number
    found: tuple[Found, ...]
    unread: tuple[tuple[str, str], ...]   # what could not be read -> the reason in words
    changes: tuple[Change, ...]        # of both logs since `since`
    complete_until: datetime | None    # logs are believed to be complete up to here
    since: datetime | None             # how far back the logs were read
