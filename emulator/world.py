"""What exists: projects, resources by name, IAM policies, operations, quotas; kept in memory, dumped as JSON."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .logs import Logs
from .media import Uploads
from .moments import moment, written
from .shapes import many

if TYPE_CHECKING:
    from .caller import Token

Json = dict[str, Any]

__all__ = ["Project", "Resource", "World", "moment", "written"]

# What answers in a project where nothing was enabled yet; everything else needs a projects.Service first.
BARE_SERVICES = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
QUOTAS = {"CPUS_ALL_REGIONS": 72.0, "GPUS_ALL_REGIONS": 4.0, "IN_USE_ADDRESSES": 23.0, "NETWORKS": 15.0}


@dataclass
class Project:
    """A project, what is enabled in it and how much it may have."""

    id: str
    number: str
    billing_account: str
    services: set[str]
    quotas: dict[str, float]
    created: str


@dataclass
class Resource:
    """One thing that Google would list; `body` is what get answers, `deleted` when it is only soft-deleted."""

    service: str
    path: str
    collection: str
    body: Json
    bills: str = ""
    deleted: str = ""
    secret: Any = None  # what get does not answer: an object's bytes, a secret version's payload

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


class World:
    """All state of one emulator."""

    def __init__(self, projects: Iterable[str], *, enabled: Iterable[str] = (), billing_account: str = ""):
        self.projects: dict[str, Project] = {}
        self.resources: dict[str, Resource] = {}
        self.policies: dict[str, Json] = {}
        self.operations: dict[str, Json] = {}
        self.requests_seen: dict[str, Json] = {}
        self.uploads = Uploads()
        self.tokens: dict[str, Token] = {}
        """Whose the access tokens are that were handed out."""
        self.stopping: dict[str, datetime] = {}
        """Machines that are told to stop, and when they have."""
        self.ahead = timedelta()
        """How far this world's clock is before the machine's; passing.py moves it."""
        self.held: datetime | None = None
        """Where the machine's clock stands for this world, so that only passing.py moves it; None where it goes on."""
        self.logs = Logs()
        """What Cloud Logging has of what was done here."""
        self.passed = self.time()
        """Up to when it was looked what is due."""
        self._ids = 0
        for project in projects:
            self.add_project(project, enabled=enabled, billing_account=billing_account)

    def add_project(self, project: str, *, enabled: Iterable[str] = (), billing_account: str = "") -> None:
        """One more project, in which nothing is."""
        number = str(100000000000 + zlib.crc32(project.encode()) % 899999999999)
        account = billing_account or "01AB23-45CD67-89EF01"
        services = {*BARE_SERVICES, *enabled}
        self.projects[project] = Project(project, number, account, services, dict(QUOTAS), self.now())

    def time(self) -> datetime:
        """What time it is here."""
        return (self.held or datetime.now(UTC)) + self.ahead

    def now(self, later: timedelta = timedelta()) -> str:
        """What time it is here, or a while later, as Google writes it."""
        return written(self.time() + later)

    def project(self, text: str) -> Project | None:
        """By id or by number."""
        return self.projects.get(text) or next((p for p in self.projects.values() if p.number == text), None)

    def next_id(self) -> str:
        """A number as Google gives out: 19 digits that never come back."""
        self._ids += 1
        return str(4_000_000_000_000_000_000 + self._ids * 7_919_000_003)

    def uuid(self) -> str:
        """A new one."""
        text = hashlib.sha256(self.next_id().encode()).hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"

    def tag(self) -> str:
        """A new etag or fingerprint: base64, never the same twice."""
        return base64.b64encode(hashlib.sha256(self.next_id().encode()).digest()[:8]).decode()

    def get(self, service: str, path: str, *, deleted: bool = False) -> Resource | None:
        """The resource, or None; one that is soft-deleted only when asked for."""
        found = self.resources.get(f"{service}:{path}")
        return found if found and (deleted or not found.deleted) else None

    def put(self, resource: Resource) -> Resource:
        """Keep it, in the place of what was there."""
        self.resources[f"{resource.service}:{resource.path}"] = resource
        return resource

    def drop(self, resource: Resource) -> None:
        """Gone, with everything below it and their policies."""
        key = f"{resource.service}:{resource.path}"
        for name in [k for k in self.resources if k == key or k.startswith(key + "/")]:
            del self.resources[name]
        for name in [k for k in self.policies if k == key or k.startswith(key + "/")]:
            del self.policies[name]

    def move(self, service: str, old: str, new: str) -> None:
        """Keep a resource, all below it and their policies under another path."""
        start, target = f"{service}:{old}", f"{service}:{new}"
        for key in [k for k in self.resources if k == start or k.startswith(start + "/")]:
            found = self.resources.pop(key)
            found.path = new + found.path[len(old) :]
            self.resources[target + key[len(start) :]] = found
        for key in [k for k in self.policies if k == start or k.startswith(start + "/")]:
            self.policies[target + key[len(start) :]] = self.policies.pop(key)

    def below(self, service: str, prefix: str, *, deleted: bool = False) -> Iterator[Resource]:
        """Everything under a path, at any depth."""
        start = f"{service}:{prefix.rstrip('/')}/"
        yield from [r for k, r in self.resources.items() if k.startswith(start) and (deleted or not r.deleted)]

    def of(self, service: str, *collections: str) -> Iterator[Resource]:
        """Everything in these collections."""
        yield from [
            r for r in self.resources.values() if r.service == service and r.collection in collections and not r.deleted
        ]

    def of_project(self, project: Project) -> Iterator[Resource]:
        """Everything in a project; a bucket's path does not say in which it is."""
        own = {r.path for r in self.of("storage", "b") if r.body["projectNumber"] == project.number}
        for r in self.resources.values():
            in_bucket = r.service == "storage" and "/".join(r.path.split("/")[:2]) in own
            if in_bucket or r.path.startswith(f"projects/{project.id}/"):
                yield r

    def dump(self) -> Json:
        """All of it as JSON, without secrets and contents."""
        return {
            "projects": [asdict(p) | {"services": sorted(p.services)} for p in self.projects.values()],
            "resources": [
                {k: v for k, v in asdict(r).items() if k != "secret"} for _, r in sorted(self.resources.items())
            ],
            "policies": dict(sorted(self.policies.items())),
            "operations": len(self.operations),
        }

    def remaining(self) -> list[Json]:
        """What still exists, and why it costs money when it does; enabled APIs are meant to stay.

        Without what a bucket gives to the basic roles of its project, which comes and goes with it.
        """
        left = [
            {"service": r.service, "type": r.collection.rsplit("/", 1)[-1], "name": r.path, "bills": r.bills or None}
            for _, r in sorted(self.resources.items())
            if not r.deleted
        ]
        for name, policy in sorted(self.policies.items()):
            service, _, path = name.partition(":")
            for binding in many(policy, "bindings"):
                members = ", ".join(each for each in binding["members"] if not each.startswith("project"))
                if not members:
                    continue
                left.append(
                    {
                        "service": service,
                        "type": "iamBinding",
                        "name": path,
                        "bills": None,
                        "binding": f"{binding['role']}: {members}",
                    }
                )
        return left
