"""What people do by hand in the console: the requests that it, or gcloud, would make, straight to the emulator."""

from __future__ import annotations

import fnmatch
import json
import urllib.error
import urllib.request
from typing import Any, cast
from urllib.parse import quote

from emulator import Emulator
from emulator.world import Resource
from tests.month.place import PROJECT

Json = dict[str, Any]
ADDRESSES = {
    "aiplatform": "aiplatform/v1",
    "artifactregistry": "artifactregistry/v1",
    "cloudbuild": "cloudbuild/v1",
    "cloudresourcemanager": "cloudresourcemanager/v1",
    "compute": "compute/v1",
    "iam": "iam/v1",
    "run": "run/v2",
    "secretmanager": "secretmanager/v1",
    "serviceusage": "serviceusage/v1",
    "storage": "storage/v1",
}
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RefusedError(AssertionError):
    """Google refuses what somebody does by hand: alone a mistake of the event's, in a sequence what can happen."""


class Hands:
    """Somebody with a browser. Patterns are those of a shell, over `service:path`, and have to match something."""

    def __init__(self, emulator: Emulator, stack: str):
        self.emulator = emulator
        self.stack = stack

    def find(self, pattern: str) -> list[Resource]:
        """List what a pattern means; `{stack}` and `{project}` in it are filled in."""
        wanted = pattern.replace("{stack}", self.stack).replace("{project}", PROJECT)
        with self.emulator.lock:
            world = self.emulator.world
            return [
                r for key, r in sorted(world.resources.items()) if not r.deleted and fnmatch.fnmatchcase(key, wanted)
            ]

    def one(self, pattern: str) -> Resource:
        """Give the first thing that a pattern means."""
        found = self.find(pattern)
        assert found, f"nothing is there that {pattern} means: the event should not have been tried"
        return found[0]

    def request(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Json:
        """Ask the emulator as Google is asked."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        headers = {"Authorization": "Bearer by-hand", "Content-Type": kind}
        asked = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.emulator.url}/{path}", data=data, method=method, headers=headers
        )
        try:
            with _OPENER.open(asked) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RefusedError(f"by hand: {method} {path}: {error.code} {error.read().decode()[:400]}") from None
        return cast("Json", json.loads(text)) if text[:1] == b"{" else {}

    def address(self, resource: Resource) -> str:
        """Give where a thing is asked for."""
        return f"{ADDRESSES[resource.service]}/{resource.path}"

    def delete(self, patterns: str | list[str]) -> None:
        """Delete, as the console does: a bucket with what is in it."""
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            for resource in self.find(pattern):
                if resource not in self.find(f"{resource.service}:{resource.path}"):
                    continue  # it went with what it was in
                if resource.collection == "b":
                    self.empty(resource)
                self.request("DELETE", self.address(resource))

    def empty(self, bucket: Resource) -> None:
        """Delete all objects of a bucket, old versions included."""
        with self.emulator.lock:
            world = self.emulator.world
            held = [r for r in world.resources.values() if r.path.startswith(f"{bucket.path}/o/") and not r.deleted]
        for item in held:
            name = quote(str(item.body["name"]), safe="")
            self.request("DELETE", f"storage/v1/{bucket.path}/o/{name}?generation={item.body['generation']}")

    def post(self, *, of: str, verb: str, body: Json | None = None, query: str = "") -> None:
        """Call a method of a thing: `stop`, `resize`, `setMachineType`."""
        resource = self.one(of)
        between = "/" if resource.service == "compute" else ":"
        self.request("POST", f"{self.address(resource)}{between}{verb}{query}", self._filled(body or {}))

    def patch(self, *, of: str, body: Json, query: str = "") -> None:
        """Change some of a thing."""
        self.request("PATCH", f"{self.address(self.one(of))}{query}", self._filled(body))

    def insert(self, *, at: str, body: Json) -> None:
        """Make something that no stack declares."""
        self.request("POST", at.replace("{project}", PROJECT), self._filled(body))

    def label(self, *, of: str, labels: dict[str, str]) -> None:
        """Put labels on a machine or disk beside those that it has."""
        resource = self.one(of)
        all_of_them = {**cast("Json", resource.body.get("labels") or {}), **labels}
        body = {"labels": all_of_them, "labelFingerprint": resource.body["labelFingerprint"]}
        self.request("POST", f"{self.address(resource)}/setLabels", body)

    def detach(self, pattern: str) -> None:
        """Take the data disk off a machine."""
        machine = self.one(pattern)
        entry = next(disk for disk in machine.body["disks"] if not disk["boot"])
        self.request("POST", f"{self.address(machine)}/detachDisk?deviceName={entry['deviceName']}")

    def allow(self, *, of: str, role: str, member: str) -> None:
        """Let somebody in."""
        self._policy(of, role, member, add=True)

    def deny(self, *, of: str, role: str, member: str) -> None:
        """Take somebody's access away."""
        self._policy(of, role, member, add=False)

    def write(self, *, into: str, name: str, size: int = 1000) -> None:
        """Work: put an object into a bucket."""
        bucket = self.one(into)
        path = f"upload/storage/v1/{bucket.path}/o?uploadType=media&name={quote(name, safe='')}"
        self.request("POST", path, b"x" * size, "application/octet-stream")

    def value(self, secret: str) -> None:
        """Give a secret a value."""
        payload = {"payload": {"data": "bm90IGEgc2VjcmV0"}}
        self.request("POST", f"{self.address(self.one(secret))}:addVersion", payload)

    def image(self, *, into: str, name: str, size: int = 10**9) -> None:
        """Work: push an image, as far as the emulator can take one."""
        _, project, _, place, _, repository = self.one(into).path.split("/")
        image = f"{place}-docker.pkg.dev/{project}/{repository}/{name}:latest"
        self.request("POST", "_emulator/image", {"image": image, "size": size})

    def disable(self, service: str) -> None:
        """Switch an API off."""
        path = f"serviceusage/v1/projects/{PROJECT}/services/{service}:disable"
        self.request("POST", path, {"disableDependentServices": True})

    def _policy(self, of: str, role: str, member: str, *, add: bool) -> None:
        if of == "project":
            service, path = "cloudresourcemanager", f"projects/{PROJECT}"
        else:
            resource = self.one(of)
            service, path = resource.service, resource.path
        with self.emulator.lock:
            policy: Json = json.loads(json.dumps(self.emulator.world.policies.get(f"{service}:{path}") or {}))
        bindings = cast("list[Json]", policy.setdefault("bindings", []))
        if add:
            bindings.append({"role": role, "members": [member]})
        else:
            for binding in bindings:
                if role in ("*", binding["role"]) and member in binding["members"]:
                    binding["members"].remove(member)
            policy["bindings"] = [binding for binding in bindings if binding["members"]]
        if service == "storage":
            self.request("PUT", f"storage/v1/{path}/iam", policy)
        else:
            self.request("POST", f"{ADDRESSES[service]}/{path}:setIamPolicy", {"policy": policy})

    def _filled(self, body: Json) -> Json:
        """Fill in `{stack}` and `{project}`."""
        text = json.dumps(body).replace("{stack}", self.stack).replace("{project}", PROJECT)
        return cast("Json", json.loads(text))
