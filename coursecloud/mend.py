"""What an interrupted update leaves behind, and how Pulumi takes it over: pure decisions on state and messages.

A laptop that closes, a network that breaks or a `kill` can end an update between Google's doing and Pulumi's
writing it down. The state then lacks what Google has; each later `up` is refused with 409, a `destroy` leaves the
thing behind and it goes on billing.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]
TABLE = Path(__file__).parent / "data" / "import-ids.json"
THERE = re.compile(r"already exists|already own it|alreadyExists|ALREADY_EXISTS|existing object already found")
"""How Google says that a name is taken by something of the same project; the last is the provider's own look, for what
is an entry of another resource (a NAT of its router)."""


@dataclass(frozen=True)
class Found:
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


@functools.cache
def import_ids() -> dict[str, str]:
    """Read the dated table: the form of the import id of each resource type."""
    return json.loads(TABLE.read_text(encoding="utf-8"))["ids"]


def pending(state: Json) -> list[Json]:
    """List the operations that were begun and never ended: `type` (creating, deleting...) and `resource`."""
    return cast("list[Json]", state.get("pending_operations") or [])


def urns(state: Json) -> frozenset[str]:
    """Name what the state holds."""
    resources = cast("list[Json]", state.get("resources") or [])
    return frozenset(resource["urn"] for resource in resources)


def half_made(state: Json) -> list[Found]:
    """List what was being created when the update ended, as far as it can be taken over."""
    begun = [operation["resource"] for operation in pending(state) if operation["type"] == "creating"]
    return [found for resource in begun if (found := _found(resource["urn"], resource))]


def already_there(
    messages: Iterable[tuple[str, str]], wanted: Mapping[str, Json] | None, known: Collection[str]
) -> list[Found]:
    """List what Google refused to create because it is there, and that the state (`known` URNs) does not hold."""
    refused = dict.fromkeys(urn for urn, text in messages if THERE.search(text) and urn not in known)
    return [found for urn in refused if (found := _found(urn, (wanted or {}).get(urn, {})))]


def import_file(resources: Iterable[Found]) -> Json:
    """Write them down as `pulumi import --file` reads them."""
    listed = list(resources)
    parents = {urn: f"parent{index}" for index, urn in enumerate(sorted({r.parent for r in listed if r.parent}))}
    entries: list[Json] = []
    for resource in listed:
        entry: Json = {"type": resource.type, "name": resource.name, "id": resource.id}
        entries.append(entry | ({"parent": parents[resource.parent]} if resource.parent else {}))
    return {"nameTable": {name: urn for urn, name in parents.items()}, "resources": entries}


def _found(urn: str, resource: Json) -> Found | None:
    form = import_ids().get(resource.get("type", ""))
    if not form:
        return None
    inputs = cast("Json", resource.get("inputs") or {})
    needed = re.findall(r"\{(\w+)\}", form)
    if not all(isinstance(inputs.get(name), str) and inputs[name] for name in needed):
        return None  # chosen by the provider, secret, or not known when the update ended
    identity = form.format(**{name: inputs[name] for name in needed})
    return Found(urn, resource["type"], identity, resource.get("parent") or "")
