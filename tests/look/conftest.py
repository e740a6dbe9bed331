"""An emulator in which things are made and done by REST, and a look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from coursecloud.deploy.cloud import Cloud
from coursecloud.look import look
from coursecloud.spend.model import Change, Found, Look
from emulator import Emulator

PROJECT = "my-project"
REGION, ZONE = "europe-west1", "europe-west1-b"
WHERE = f"projects/{PROJECT}/zones/{ZONE}"
MACHINES = f"//compute.googleapis.com/{WHERE}/instances"
APIS = ["aiplatform", "cloudresourcemanager", "compute", "iam", "logging", "run", "serviceusage"]


class Project:
    """A project on the emulator, and what somebody does in it by hand."""

    def __init__(self, emulator: Emulator):
        self.emulator = emulator
        self.start = emulator.world.time() - timedelta(seconds=1)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        answer = requests.request(method, f"{self.emulator.url}/{path}", json=body, params=query, timeout=30)
        assert answer.ok, answer.text
        told: dict[str, Any] = answer.json() if answer.content else {}
        return told

    def compute(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        return self.ask(method, f"compute/v1/projects/{PROJECT}/{path}", body, **query)

    def machine(self, name: str = "vm", **more: Any) -> dict[str, Any]:
        boot = {"sourceImage": "projects/debian-cloud/global/images/family/debian-12", "diskSizeGb": "20"}
        body: dict[str, Any] = {
            "name": name,
            "machineType": f"zones/{ZONE}/machineTypes/e2-medium",
            "disks": [{"boot": True, "autoDelete": True, "initializeParams": boot}],
            "networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/sub", "accessConfigs": [{}]}],
        }
        return self.compute("POST", f"zones/{ZONE}/instances", body | more)

    def do(self, verb: str, name: str = "vm", body: Any = None, **query: str) -> dict[str, Any]:
        return self.compute("POST", f"zones/{ZONE}/instances/{name}/{verb}", body, **query)

    def event(self, name: str, machine: str = "vm") -> None:
        self.emulator.happen(name, machine)

    def cloud(self, token: str = "") -> Cloud:
        env = self.emulator.env()
        return Cloud(env | ({"GOOGLE_OAUTH_ACCESS_TOKEN": token} if token else {}), {})

    def look(self, since: datetime | None = None, **more: Any) -> Look:
        return look(PROJECT, more.pop("cloud", None) or self.cloud(), since or self.start, **more)


@pytest.fixture(scope="session")
def emulated() -> Iterator[Emulator]:
    with Emulator(projects=[PROJECT], enabled=[f"{api}.googleapis.com" for api in APIS]) as emulator:
        yield emulator


@pytest.fixture
def project(emulated: Emulator) -> Project:
    emulated.reset()
    emulated.use({})
    made = Project(emulated)
    made.compute("POST", "global/networks", {"name": "net", "autoCreateSubnetworks": False})
    sub = {"name": "sub", "network": "global/networks/net", "ipCidrRange": "10.0.0.0/24"}
    made.compute("POST", f"regions/{REGION}/subnetworks", sub)
    return made


def acts(seen: Look, resource: str = f"{MACHINES}/vm") -> list[str]:
    return [each.act for each in seen.changes if each.resource == resource]


def of(seen: Look, resource: str = f"{MACHINES}/vm") -> Found:
    (found,) = [each for each in seen.found if each.resource == resource]
    return found


def change(seen: Look, act: str, resource: str = f"{MACHINES}/vm") -> Change:
    (found,) = [each for each in seen.changes if (each.resource, each.act) == (resource, act)]
    return found


def shown(value: object) -> str:
    return json.dumps(value, default=str, sort_keys=True)
