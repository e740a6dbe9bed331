"""Which kinds of thing bill by the hour and may be made by hand, and how each is listed: `catalog/running.json`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from catalog import tables
from infra.names import label_value

Json = dict[str, Any]


_LEFT_OUT = {
    "aiplatform": "", "bigtableadmin": "failedLocations,", "composer": "", "compute": "", "container": "missingZones,",
    "dataflow": "failedLocation,", "dataproc": "", "run": "", "sqladmin": "warnings,",
}  # fmt: skip
"""The field of an answer that says which places it left out; `unreachable` where no other is said."""


@dataclass(frozen=True)
class Kind:
    """One kind of resource as a list of Google's tells of it."""

    asset: str
    """Google's asset type: `compute.googleapis.com/Instance`."""
    type: str
    """Pulumi's type token; empty where the project does not know the kind."""
    api: str
    """The API that has to be on: `compute` for compute.googleapis.com."""
    path: str
    """The list's address, with {project} and, where it is asked region by region, {region}."""
    key: str
    """The field of the answer that has the entries."""
    fields: str
    """What of an entry is asked for, as a field mask."""
    name: str
    """How the resource's name is made of an entry's fields."""
    shape: str
    """What makes its inputs: a function of `shapes.MAKERS`."""
    at: str = ""
    """The address that it is asked at, of `coursecloud.deploy.endpoints.APIS`; the API's own unless given."""
    per: str = ""
    """`region` where Google lists it region by region."""
    aggregated: bool = False
    """Whether one answer has the zones and regions of a project, each by its name."""
    parameters: Mapping[str, str] | None = None
    runs: Mapping[str, Any] | None = None
    """The field that says whether it bills now: its `values`, or that it is `absent`; None: it bills by being there."""
    only: str = ""
    """The field without which it bills nothing and is left out."""
    id: str = ""
    made: str = ""
    since: str = ""
    """The field with its last start."""
    end: str = ""
    """The field with its end, for what runs once."""
    log: str = ""
    """How the audit log calls it."""
    stops: str = ""
    """How it is stopped: stop, scale, cancel; empty where only its deletion ends it."""
    ends: str = ""
    """`stored` where it bills for what it holds, not for running."""

    @property
    def mask(self) -> str:
        """The `fields` parameter of its list."""
        if self.aggregated:
            return f"nextPageToken,unreachables,warning,items/*/warning,items/*/{self.key}({self.fields})"
        pages = "" if self.api == "container" else "nextPageToken,"
        return f"{pages}{_LEFT_OUT.get(self.api, 'unreachable,')}{self.key}({self.fields})"


@functools.cache
def table() -> Json:
    """Read the data file."""
    return tables.table("running")


@functools.cache
def kinds() -> tuple[Kind, ...]:
    """Every kind that is looked for, disks before the machines that they are on."""
    return tuple(Kind(**each) for each in table()["kinds"])


def of_asset(asset: str) -> Kind | None:
    """The kind of an asset type; None for one that is not looked for."""
    return next((kind for kind in kinds() if kind.asset == asset), None)


@functools.cache
def known_apis() -> frozenset[str]:
    """The APIs of which it is known what bills by the hour, or that nothing does."""
    otherwise = {api for apis in table()["otherwise"].values() for api in apis}
    return frozenset(kind.api for kind in kinds()) | otherwise


def own(labels: object, stack: str) -> bool:
    """Say whether labels are those that the program gives the resources of a stack."""
    given = cast("Mapping[str, object]", labels) if isinstance(labels, Mapping) else dict[str, object]()
    return bool(stack) and given.get("managed-by") == "coursecloud" and given.get("stack") == label_value(stack)
