"""Which of a stack's machines run, and starting those that an edit needs running: asked of Compute Engine itself."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursecloud.deploy.cloud import Cloud, CloudError, together, unread

Json = dict[str, Any]

INSTANCE = "gcp:compute/instance:Instance"
PAGES = 5
"""Pages of 500 machines of a zone that are read at most."""
SECONDS = 300.0
"""How long to wait for a machine to start; capacity is refused sooner than that."""
RUNNING, GONE, UNKNOWN = "RUNNING", "GONE", "UNKNOWN"
"""Statuses: one of Compute Engine's own, and two for what it does not tell."""
VERBS = {"TERMINATED": "start", "STOPPED": "start", "SUSPENDED": "resume"}
"""How a machine is started, by its status; one that was stopped is TERMINATED to Compute Engine."""
PASSING = ("PENDING", "PENDING_STOP", "PROVISIONING", "REPAIRING", "STAGING", "STOPPING", "SUSPENDING")
"""Statuses that another follows by itself."""


@dataclass(frozen=True)
class Machine:
    """A machine of the state, and how it is."""

    urn: str
    id: str
    """`projects/p/zones/z/instances/i`."""
    status: str
    unread: str = ""
    """Why the status is not known."""

    @property
    def name(self) -> str:
        """What the program calls it."""
        return self.urn.rpartition("::")[2]

    @property
    def stopped(self) -> bool:
        """It is there, does not run, and `start` starts it."""
        return self.status in VERBS


def running(cloud: Cloud, resources: Iterable[Json]) -> list[Machine]:
    """Say of each machine of a state how it is: one question a zone. Raises nothing."""
    listed = [each for each in resources if each.get("type") == INSTANCE and each.get("id") and not each.get("delete")]
    zones = sorted({str(each["id"]).rpartition("/instances/")[0] for each in listed})

    def of(zone: str) -> dict[str, str] | CloudError:
        try:
            fields = "nextPageToken,items(name,status)"
            found, more = cloud.pages(
                "compute", f"{zone}/instances", "items", most=PAGES, maxResults="500", fields=fields
            )
        except CloudError as error:
            return error
        if more:
            return CloudError(200, f"only the first {len(found)} machines of the zone")
        return {str(each.get("name")): str(each.get("status") or UNKNOWN) for each in found}

    known = dict(zip(zones, together([functools.partial(of, zone) for zone in zones]), strict=True))
    return [_machine(each, known) for each in listed]


def _machine(resource: Json, known: Mapping[str, dict[str, str] | CloudError]) -> Machine:
    urn, path = str(resource["urn"]), str(resource["id"])
    zone, _, name = path.rpartition("/instances/")
    statuses = known[zone]
    if isinstance(statuses, CloudError):
        return Machine(urn, path, UNKNOWN, unread(f"whether {name} runs", statuses))
    return Machine(urn, path, statuses.get(name, GONE))


def start(
    cloud: Cloud, machines: Sequence[Machine], *, seconds: float = SECONDS, sleep: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """Start what is stopped, all at a time, and wait until it runs. Raises nothing.

    Gives by name why a machine does not run; nothing for one that does. `seconds` bounds the wait for each.
    """

    def bring_up(machine: Machine) -> str:
        try:
            _start(cloud, machine.id, seconds, sleep)
        except CloudError as error:
            return error.words
        return ""

    said = together([functools.partial(bring_up, machine) for machine in machines])
    return {machine.name: words for machine, words in zip(machines, said, strict=True) if words}


def _start(cloud: Cloud, path: str, seconds: float, sleep: Callable[[float], None]) -> None:
    """Ask for the status each time: another may start or stop the machine at the same time."""
    until = time.monotonic() + seconds
    while True:
        status = str(cloud.get("compute", path).get("status") or UNKNOWN)
        left = until - time.monotonic()
        if status == RUNNING:
            return
        if status not in VERBS and status not in PASSING:
            raise CloudError(0, f"it is {status}, from which nothing is started")
        if left <= 0:
            raise CloudError(0, f"it was {status} after {seconds:.0f} seconds")
        if verb := VERBS.get(status):
            begun = cloud.call("POST", "compute", f"{path}/{verb}")
            cloud.done(begun, path.split("/")[1], left)
        else:
            sleep(1)
