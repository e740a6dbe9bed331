"""A stack that the real engine brought up, and what becomes of it until the evening: one look tells all of it."""

from __future__ import annotations

from typing import Any

import requests

from coursecloud.deploy.cloud import Cloud
from coursecloud.look import look
from coursecloud.spend.model import Look
from tests.e2e.conftest import PROJECT, Project

ZONE = "europe-west1-b"


def ask(project: Project, method: str, path: str, body: Any = None) -> dict[str, Any]:
    url = f"{project.emulator.url}/compute/v1/projects/{PROJECT}/zones/{ZONE}/{path}"
    answer = requests.request(method, url, json=body, timeout=60)
    assert answer.ok, answer.text
    found: dict[str, Any] = answer.json()
    return found


def acts(seen: Look, name: str) -> list[str]:
    return [each.act for each in seen.changes if each.resource.endswith(f"/instances/{name}")]


def test_what_was_forgotten_preempted_restarted_deleted_and_made_by_hand(project: Project) -> None:
    emulator = project.emulator
    emulator.world.projects[PROJECT].services.add("logging.googleapis.com")  # as in every new project of Google's
    since = emulator.world.time()
    machines = {
        "forgotten": {"machineType": "e2-medium", "zone": ZONE},
        "spot": {"machineType": "e2-standard-2", "zone": ZONE, "spot": True},
        "gone": {"machineType": "e2-medium", "zone": ZONE},
    }
    project.stack_file("dev", {"gcp:project": PROJECT, "coursecloud:machines": machines})
    assert project.pulumi("stack", "init", "dev").returncode == 0
    up = project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev")
    assert up.returncode == 0, up.stdout + up.stderr
    emulator.pass_time(hours=1)
    emulator.happen("preempt", "dev-spot")
    emulator.pass_time(hours=1)
    ask(project, "POST", "instances/dev-spot/start")
    ask(project, "DELETE", "instances/dev-gone")
    mine = ask(project, "GET", "instances/dev-forgotten")
    image = {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}
    ask(project, "POST", "instances", {
        "name": "by-hand", "machineType": f"zones/{ZONE}/machineTypes/n1-standard-4",
        "disks": [{"boot": True, "autoDelete": True, "initializeParams": image}],
        "networkInterfaces": [{"subnetwork": mine["networkInterfaces"][0]["subnetwork"]}],
    })  # fmt: skip
    emulator.pass_time(hours=1)
    seen = look(PROJECT, Cloud(emulator.env(), {}), since, stack="dev")
    assert seen.unread == ()
    found = {each.resource.rpartition("/")[2]: each for each in seen.found if "/instances/" in each.resource}
    told = {name: (each.running, each.declared, each.shape.inputs["machineType"]) for name, each in found.items()}
    assert told == {
        "dev-forgotten": (True, True, "e2-medium"),
        "dev-spot": (True, True, "e2-standard-2"),
        "by-hand": (True, False, "n1-standard-4"),
    }
    assert acts(seen, "dev-forgotten") == ["create"]
    assert acts(seen, "dev-spot") == ["create", "stop", "start"]
    assert acts(seen, "dev-gone") == ["create", "delete"]
    assert acts(seen, "by-hand") == ["create"]
    created = {each.resource.rpartition("/")[2]: each for each in seen.changes if each.act == "create"}
    for name, each in found.items():
        shape = created[name].shape
        assert shape is not None
        assert shape.type == each.shape.type
        boot = {key: shape.inputs.get("bootDisk", {}).get("initializeParams", {}).get(key) for key in ("size", "type")}  # type: ignore[attr-defined]
        there = each.shape.inputs["bootDisk"]["initializeParams"]  # type: ignore[index]
        assert boot == {key: there[key] for key in ("size", "type")}, name
        assert shape.inputs["machineType"] == each.shape.inputs["machineType"]
        assert created[name].incarnation == each.incarnation
    ask(project, "DELETE", "instances/by-hand")
    down = project.pulumi("destroy", "--refresh", "--yes", "--skip-preview", "--stack", "dev")
    assert down.returncode == 0, down.stdout + down.stderr
    after = look(PROJECT, Cloud(emulator.env(), {}), since, stack="dev")
    assert after.found == ()
    assert acts(after, "dev-spot") == ["create", "stop", "start", "delete"]
