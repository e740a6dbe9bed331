"""What an interrupted update leaves behind, and how Pulumi takes it over: pure decisions on state and messages.

A laptop that closes, a network that breaks or a `kill` can end an update between Google's doing and Pulumi's
writing it down. The state then lacks what Google has; each later `up` is refused with 409, a `destroy` leaves the
thing behind and it goes on billing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from coursecloud.plan import import_ids

Json = dict[str, Any]
THERE = re.compile(r"already exists|already own it|alreadyExists|ALREADY_EXISTS|existing object already found")
"""How Google says that a name is taken by something of the same project; the last is the provider's own look, for what
is an entry of another resource (a NAT of its router)."""


@dataclass(frozen=True)
class PendingResource:
    """Something that Google has, or may have, and the state has not."""

    urn: str
    type: str
    id: str
    """The id under which `pulumi import` takes it over."""
    parent: str

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.rpartition("::")[2]


def pending(state: Json) -> list[Json]:
    """List the operations that were begun and never ended: `type` (creating, deleting...) and `resource`."""
    return cast("list[Json]", state.get("pending_operations") or [])


def resources(state: Json) -> list[Json]:
    """List what the state holds."""
    return cast("list[Json]", state.get("resources") or [])


def urns(state: Json) -> frozenset[str]:
    """Name what the state holds."""
    return frozenset(resource["urn"] for resource in resources(state))


def half_made(open_operations: Iterable[Json], state: Json) -> list[PendingResource]:
    """List what was being created when the update ended, as far as it can be taken over into `state`."""
    begun = [operation["resource"] for operation in open_operations if operation["type"] == "creating"]
    return _free([found for resource in begun if (found := named(resource["urn"], resource))], state)


def already_there(
    messages: Iterable[tuple[str, str]], wanted: Mapping[str, Json] | None, state: Json
) -> tuple[list[PendingResource], list[PendingResource]]:
    """List what Google refused to create because it is there: what may be taken over, and what the state holds.

    What any URN of the state holds is one and the same thing under two names: taking it over would have the engine
    delete it as the old one.
    """
    known = urns(state)
    refused = dict.fromkeys(urn for urn, text in messages if THERE.search(text) and urn not in known)
    found = [found for urn in refused if (found := named(urn, (wanted or {}).get(urn, {})))]
    free = _free(found, state)
    return free, [each for each in found if each not in free]


def import_file(resources: Iterable[PendingResource]) -> Json:
    """Write them down as `pulumi import --file` reads them."""
    listed = list(resources)
    parents = {urn: f"parent{index}" for index, urn in enumerate(sorted({r.parent for r in listed if r.parent}))}
    entries: list[Json] = []
    for resource in listed:
        entry: Json = {"type": resource.type, "name": resource.name, "id": resource.id}
        entries.append(entry | ({"parent": parents[resource.parent]} if resource.parent else {}))
    return {"nameTable": {name: urn for urn, name in parents.items()}, "resources": entries}


def _free(found: Iterable[PendingResource], state: Json) -> list[PendingResource]:
    known = dict(import_ids.held(resources(state)))
    # What the provider calls it counts as well: not every input of an old state tells it.
    ids = {str(resource.get("id", "")) for resource in resources(state)}
    return [each for each in found if f"{each.type} {each.id}" not in known and each.id not in ids]


def named(urn: str, resource: Json) -> PendingResource | None:
    """Give what Google would call a resource by (`type`, `inputs`, `parent`); None where that does not tell."""
    kind = resource.get("type", "")
    same = import_ids.import_id(kind, cast("Json", resource.get("inputs") or {}))
    return PendingResource(urn, kind, same, resource.get("parent") or "") if same else None
