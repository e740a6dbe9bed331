"""One request on its way through the engine: what every hook and handler is given."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import access
from .caller import Caller
from .discovery import Document, Method
from .errors import ApiError, invalid, not_found
from .faults import Fault, Scenario
from .kinds import Kind, Service
from .needs import Need
from .world import Project, Resource, World

Json = dict[str, Any]
PERMISSION_VERBS = {"insert": "create", "patch": "update", "aggregatedList": "list"}


@dataclass
class Call:
    """One request on its way: what handlers and hooks get."""

    world: World
    service: Service
    doc: Document
    method: Method
    params: dict[str, str]
    path: str
    query: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    media: bytes | None = None
    denied: tuple[str, ...] = ()  # permissions or methods that the caller lacks, with * and ?
    fault: Fault | None = None
    range: str = ""  # the Range header
    scenario: Scenario = field(default_factory=Scenario)
    until: datetime | None = None  # the operation is told as unfinished until then
    payer: str = ""  # the project that X-Goog-User-Project names
    caller: Caller | None = None  # who asks; None where IAM is not enforced, and everybody may do everything
    needs: list[Need] = field(default_factory=list[Need])  # what was asked of the caller, for the record
    modified: list[str] | None = None  # the roles of which a new policy gives somebody more or less
    notes: list[str] = field(default_factory=list[str])  # why it was refused, for the record

    @property
    def project(self) -> Project:
        """The project in the path, or the refusal that hides whether there is one."""
        found = self.find_project()
        if found is None:
            raise ApiError(403, f"Permission denied on resource '{self.path}' (or it may not exist).")
        return found

    def find_project(self) -> Project | None:
        """The project in the path, by id or number; for a bucket, the project that it is of."""
        match = re.match(r"(?:projects|namespaces)/([^/:]+)", self.path)
        name = match[1] if match else str(self.query.get("project") or "")
        if not name and self.service.name == "storage" and self.path.startswith("b/"):
            bucket = self.world.get("storage", "/".join(self.path.split("/")[:2]))
            name = bucket.body["projectNumber"] if bucket else ""
        return self.world.project(name)

    def consumer(self) -> Project | None:
        """The project whose APIs must be on: that of the path, else the one that the caller names, else the first."""
        return self.find_project() or self.world.project(self.payer) or next(iter(self.world.projects.values()), None)

    @property
    def kind(self) -> Kind:
        """What the service tells of the collection that the path is in."""
        return kind_of(self.service, self.method.collection)

    def segment(self, collection: str) -> str:
        """The name that follows a collection in the path: segment("zones") is the zone."""
        parts = self.path.split("/")
        return parts[parts.index(collection) + 1] if collection in parts[:-1] else ""

    def resource(self, *, deleted: bool = False) -> Resource:
        """The thing that the path addresses, or 404 in the words of its service."""
        found = self.world.get(self.service.name, self.path, deleted=deleted)
        if found is None:
            raise self.missing()
        return found

    def missing(self) -> ApiError:
        """404 in the words of the service."""
        if self.service.name == "compute":
            return ApiError(404, f"The resource '{self.path}' was not found")
        return not_found(self.shown(self.path))

    @property
    def permission(self) -> str:
        """compute.instances.insert needs compute.instances.create, and so on."""
        service, *middle, action = self.method.id.split(".")
        return ".".join([service, *middle[-1:], PERMISSION_VERBS.get(action, action)])

    def may(self, permission: str, service: str = "", path: str = "") -> bool:
        """Has the caller the permission, on what the path addresses or on something else?"""
        need = Need(permission, service or self.service.name, path or self.path)
        return self.caller is None or access.may(self.world, self.caller, need)

    def refused(self, permission: str) -> bool:
        """Does the scenario keep this permission from the caller?"""
        return any(fnmatch.fnmatchcase(permission, pattern) for pattern in self.denied)

    def shown(self, path: str) -> str:
        """The path as this service tells it: some give the project's number for its id."""
        project = self.find_project()
        if project and kind_of(self.service, re.sub(r"(/?)([^/]+)/[^/]+", r"\1\2", path)).number:
            return path.replace(f"projects/{project.id}", f"projects/{project.number}", 1)
        return path


def kind_of(service: Service, collection: str) -> Kind:
    """The Kind of a collection; one without is created and listed by the description alone."""
    return next((k for k in service.kinds if k.collection == collection), Kind(service.name, collection))


def page(call: Call, key: str, items: list[Json]) -> Json:
    """One page; the token is where the next begins."""
    size = int(call.query.get("maxResults") or call.query.get("pageSize") or 500)
    token = str(call.query.get("pageToken") or "0")
    if not re.fullmatch("[0-9]{1,9}", token) or size < 0:
        raise invalid("The page token is invalid." if size >= 0 else "Page size must not be negative.")
    start = int(token)
    answer: Json = {key: items[start : start + size]} if items else {}
    if start + size < len(items):
        answer["nextPageToken"] = str(start + size)
    if call.service.classic:
        answer["kind"] = f"{call.service.name}#{call.method.response[:1].lower()}{call.method.response[1:]}"
    return answer
