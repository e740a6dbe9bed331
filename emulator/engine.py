"""One request in, one answer out: find the method, check who may, check the body, do what its name says."""

from __future__ import annotations

import re
from typing import Any

from . import access, audit, catalog, crud, iampolicy, longrunning, services
from .call import Call
from .discovery import Method, load
from .errors import ApiError, bad_value, denied, disabled
from .kinds import Handler, Service
from .services import halting
from .validate import check_body, check_path, check_query
from .world import World

GENERIC: dict[str, Handler] = {
    "insert": crud.create,
    "create": crud.create,
    "get": crud.get,
    "list": crud.list_all,
    "aggregatedList": crud.aggregated,
    "patch": crud.update,
    "update": crud.update,
    "delete": crud.delete,
    "undelete": crud.undelete,
    "getIamPolicy": iampolicy.get,
    "setIamPolicy": iampolicy.put,
    "testIamPermissions": iampolicy.test,
}


class Engine:
    """The emulator without its HTTP shell."""

    def __init__(self, world: World):
        self.world = world

    def in_bucket(self, url_path: str) -> bool:
        """Is the path a bucket's and an object's, as the XML API has it, and not that of an API?"""
        name, _, rest = url_path.strip("/").partition("/")
        service = services.ALL.get(name)
        if not rest or (service is not None and rest.partition("/")[0] in service.versions):
            return False
        return self.world.get("storage", f"b/{name}") is not None or not catalog.known_api(f"{name}.googleapis.com")

    def prepare(self, http: str, url_path: str) -> Call:
        """Which method of which service this is; 404 when Google has none such."""
        name, _, rest = url_path.strip("/").partition("/")
        version, _, tail = rest.partition("/")
        service = services.ALL.get(name)
        if service is None or version not in service.versions or not tail:
            raise ApiError(404, f"The requested URL {url_path} was not found on this server.")
        doc = load(name, version)
        method, params = doc.find(http, tail.split("/"))
        path = tail[: -len(method.verb) - 1] if method.verb else tail
        return Call(self.world, service, doc, method, params, self._canonical(service, method, path))

    def _canonical(self, service: Service, method: Method, path: str) -> str:
        """The name under which the addressed thing is kept: without trailing verbs, project by id."""
        parts = path.split("/")
        if not method.addresses_collection and 0 <= method.last_parameter < len(parts) - 1:
            parts = parts[: method.last_parameter + 1]
        if len(parts) > 1 and parts[0] == "projects" and (project := self.world.project(parts[1])):
            parts[1] = project.id
        joined = "/".join(parts)
        return service.canonical(joined) if service.canonical else joined

    def answer(self, call: Call, query: dict[str, list[str]], body: Any) -> Any:
        """The answer as JSON (or bytes), or an ApiError."""
        halting.settle(self.world)
        self.admit(call, query, body)
        asked = audit.begin(call)
        if call.fault and call.fault.operation:
            failed = longrunning.failed(call, call.fault.operation)
            audit.done(call, asked, failed)
            return failed
        seen = str(call.query.get("requestId") or "")
        if seen and seen in self.world.requests_seen:
            return self.world.requests_seen[seen]
        handler = call.service.handlers.get(call.method.id) or GENERIC.get(call.method.action)
        if handler is None:
            raise ApiError(501, f"The emulator does not imitate {call.method.id}.")
        try:
            result = handler(call)
        except ApiError as refused:
            audit.refused(call, asked, refused)
            raise
        audit.done(call, asked, result)
        if seen:
            self.world.requests_seen[seen] = result
        return result

    def admit(self, call: Call, query: dict[str, list[str]], body: Any) -> None:
        """Check all that is asked before anything is done; ApiError for what does not pass."""
        call.query = {name: given[-1] for name, given in query.items()}
        public = self._admit(call)
        check_path(call.method, call.params)
        call.query = check_query(call.doc, call.method, query)
        call.body = check_body(call.doc, call.method, body)
        if call.caller and not public:
            access.admit(call, call.caller)

    def _admit(self, call: Call) -> bool:
        """Project, API, location: in the order in which Google looks. Is it what everybody may read?"""
        named = re.match(r"projects/([^/:]+)", call.path)
        public = named is not None and named[1] in catalog.PUBLIC_PROJECTS and call.method.http == "GET"
        if named and named[1] != "-" and call.find_project() is None and not public:
            if call.service.name == "compute":
                raise ApiError(404, f"The resource 'projects/{named[1]}' was not found")
            raise ApiError(403, f"Permission denied on resource project {named[1]}.")
        consumer = call.consumer()
        if consumer and call.service.host not in consumer.services:
            raise disabled(call.service.host, consumer.number)
        if call.refused(call.permission) or call.refused(call.method.id):
            raise denied(call.permission, f"{call.service.host}/{call.path}")
        self._check_place(call)
        return public

    def _check_place(self, call: Call) -> None:
        zone, region, location = call.segment("zones"), call.segment("regions"), call.segment("locations")
        if call.service.name == "compute":
            if zone and catalog.zone(zone) is None and call.method.collection != "projects/zones":
                raise bad_value("zone", zone, "Unknown zone.")
            if region and region not in catalog.REGIONS and call.method.collection != "projects/regions":
                raise bad_value("region", region, "Unknown region.")
        elif location and location not in (*catalog.REGIONS, *call.service.locations, "-"):
            raise ApiError(403, f"Permission denied on 'locations/{location}' (or it may not exist).")
