"""Google's own Python client, pointed at the emulator."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from emulator import Emulator

BUILD: Callable[..., Any] = discovery.build  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
BUILD_FROM: Callable[..., Any] = discovery.build_from_document  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
PROJECT = "my-project"
APIS = (
    "aiplatform",
    "artifactregistry",
    "billingbudgets",
    "cloudbilling",
    "cloudbuild",
    "cloudresourcemanager",
    "cloudscheduler",
    "compute",
    "iam",
    "logging",
    "monitoring",
    "oslogin",
    "pubsub",
    "run",
    "secretmanager",
    "storage",
)


def ask(url: str, path: str, body: str | None = None) -> tuple[int, Any]:
    with contextlib.closing(http.client.HTTPConnection(url.removeprefix("http://"))) as wire:
        wire.request("GET" if body is None else "POST", path, body)
        answer = wire.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


class Google:
    """The emulator and clients of it; `refused` runs a request that must fail and gives Google's error."""

    def __init__(self, emulator: Emulator):
        self.emulator = emulator
        self.project = PROJECT
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, version: str) -> Any:
        if (service, version) not in self._clients:
            self._clients[service, version] = self._build(service, version)
        return self._clients[service, version]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _build(self, service: str, version: str) -> Any:
        text = (files("googleapiclient") / "discovery_cache/documents" / f"{service}.{version}.json").read_text()
        document = json.loads(text)
        prefix = "" if document["servicePath"] else f"{service}/"
        document["rootUrl"] = f"{self.emulator.url}/{prefix}"
        document.pop("mtlsRootUrl", None)
        return BUILD_FROM(document, credentials=AnonymousCredentials())

    def ask(self, path: str, body: str | None = None) -> tuple[int, Any]:
        """A request without any client: status and JSON."""
        return ask(self.emulator.url, path, body)

    @property
    def number(self) -> str:
        return self.emulator.world.projects[PROJECT].number

    def enable(self, *names: str) -> None:
        self.emulator.world.projects[PROJECT].services.update(f"{n}.googleapis.com" for n in names)

    def refused(self, request: Any) -> dict[str, Any]:
        with pytest.raises(HttpError) as caught:
            request.execute()
        error: dict[str, Any] = json.loads(caught.value.content)["error"]
        assert caught.value.resp.status == error["code"]
        return error

    def account(self, name: str = "runner") -> str:
        accounts = self.client("iam", "v1").projects().serviceAccounts()
        made = accounts.create(name=f"projects/{PROJECT}", body={"accountId": name}).execute()
        return str(made["email"])

    def secret(self, name: str = "token") -> Any:
        """A secret with a version; gives the version."""
        secrets = self.client("secretmanager", "v1").projects().secrets()
        project = f"projects/{PROJECT}"
        secrets.create(parent=project, secretId=name, body={"replication": {"automatic": {}}}).execute()
        data = base64.b64encode(b"s3cret").decode()
        return secrets.addVersion(parent=f"{project}/secrets/{name}", body={"payload": {"data": data}}).execute()

    def network(self) -> str:
        """A network with a subnet in europe-west1; the subnet's short link."""
        compute = self.client("compute", "v1")
        net = {"name": "net", "autoCreateSubnetworks": False}
        assert compute.networks().insert(project=PROJECT, body=net).execute()["status"] == "DONE"
        sub = {"name": "sub", "network": "global/networks/net", "ipCidrRange": "10.0.0.0/24"}
        compute.subnetworks().insert(project=PROJECT, region="europe-west1", body=sub).execute()
        return "regions/europe-west1/subnetworks/sub"

    def machine(self, **more: Any) -> dict[str, Any]:
        zone = more.pop("zone", "europe-west1-b")
        return {
            "name": "vm",
            "machineType": f"zones/{zone}/machineTypes/e2-medium",
            "disks": [
                {
                    "boot": True,
                    "autoDelete": True,
                    "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"},
                }
            ],
            "networkInterfaces": [{"subnetwork": "regions/europe-west1/subnetworks/sub"}],
        } | more
