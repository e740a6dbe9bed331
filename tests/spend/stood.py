"""A world whose things stand on an emulator of Google's APIs, too: what is done to it is done there by REST.

Its bill is still its own, added up at the times at which the emulator answers; the emulator writes both logs of it by
itself, late and out of order where the odds say so, and no test hands a log in.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests

from emulator import Emulator
from tests.spend.simulator import DAY, Thing, World

Json = dict[str, Any]
PROJECT = "some-project-1"
APIS = (
    "aiplatform", "cloudresourcemanager", "compute", "iam", "logging", "run", "serviceusage", "storage"
)  # fmt: skip
STOPPING = 40
"""Seconds for which a machine that was told to stop shuts down."""
QUOTAS = {"CPUS_ALL_REGIONS": 500, "GPUS_ALL_REGIONS": 50}
IMAGE = "projects/debian-cloud/global/images/family/debian-12"
LISTS = (
    "compute.instances.aggregatedList", "compute.disks.aggregatedList", "compute.addresses.aggregatedList",
    "aiplatform.projects.locations.customJobs.list", "run.projects.locations.services.list", "logging.entries.list",
    "serviceusage.services.list", "storage.objects.get", "storage.objects.insert",
)  # fmt: skip
"""What a look asks, and may be refused."""


@dataclass
class Stood(World):
    """A project on an emulator, with a bill of its own; `origin` is the second 0 of its times."""

    emulator: Emulator = field(kw_only=True)
    origin: datetime = field(init=False)
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Google's full names, by a thing's path."""

    def __post_init__(self) -> None:
        self.emulator.reset()
        # However slow the machine is that lives this: no time passes but what is waited for.
        self.emulator.world.held = self.emulator.world.time()
        self.calm()
        midnight = self.emulator.world.time().replace(hour=0, minute=0, second=0, microsecond=0)
        self.origin = midnight + timedelta(days=5)
        self.emulator.pass_time(hours=(self.origin - self.emulator.world.time()) / timedelta(hours=1) - 3 * 24)
        self.compute("global/networks", {"name": "net", "autoCreateSubnetworks": True})

    def calm(self) -> None:
        """Let every question be answered."""
        late = {0.0: 0, 0.05: 900, 0.3: 5 * 3600}[self.odds.late]
        self._use({"stopping": STOPPING, "quotas": QUOTAS, "late": late, "twice": self.odds.doubled > 0})

    def _use(self, scenario: Json) -> None:
        self._scenario = scenario
        self.emulator.use(scenario)

    @contextmanager
    def failing(self) -> Generator[list[str]]:
        """Let some questions be refused, as the odds have it; gives which."""
        refused = [each for each in LISTS if self.random.random() < self.odds.failing]
        faults = [{"match": each, "status": 403, "count": 0} for each in refused]
        # The scenario alone: a change of it would make the logs later that were written already.
        self.emulator.use({**self._scenario, "faults": faults})
        try:
            yield refused
        finally:
            self.emulator.use(self._scenario)

    @property
    def clock(self) -> float:
        """Give the emulator's time, in seconds after the start."""
        return (self.emulator.world.time() - self.origin) / timedelta(seconds=1)

    def wait(self, until: int) -> None:
        """Let time pass on the emulator until then; what the calls before have taken has passed, too."""
        if until > self.clock:
            self.emulator.pass_time(hours=(until - self.clock) / 3600)
        super().wait(max(self.now, round(self.clock)))

    def create(self, kind: str, name: str, config: Json, *, logged: bool = True, **more: Any) -> Thing:
        if kind == "sql":
            # The emulator has none of it; the core's scenarios do.
            return Thing(kind, name, "", config, self.now)
        self.wait(self.now)
        labels = {"managed-by": "coursecloud", "stack": "x"} if more.get("declared", True) else {}
        path = f"{config['zone']}/{kind}/{name}"
        self.names[path] = getattr(self, f"_{kind}")(name, config, labels)
        thing = super().create(kind, name, config, logged=logged, **more)
        if thing.boot:
            self.names[thing.boot.path] = self.names[path].replace("/instances/", "/disks/")
        return thing

    def _instances(self, name: str, config: Json, labels: Json) -> str:
        zone = config["zone"]
        kept = any(each.name == name and each.config["zone"] == zone for each in self.there("disks"))
        boot: Json = {"boot": True, "autoDelete": config["bootGoes"], "deviceName": "boot"}
        if kept:
            boot["source"] = f"projects/{PROJECT}/zones/{zone}/disks/{name}"
        else:
            type_ = f"zones/{zone}/diskTypes/{config['bootType']}"
            boot["initializeParams"] = {"sourceImage": IMAGE, "diskSizeGb": f"{config['boot']}", "diskType": type_}
        body: Json = {
            "name": name,
            "labels": labels,
            "machineType": f"zones/{zone}/machineTypes/{config['machine']}",
            "disks": [boot],
            "networkInterfaces": [
                {"network": "global/networks/net", **({"accessConfigs": [{}]} if config["address"] else {})}
            ],
            "scheduling": {"onHostMaintenance": "TERMINATE" if config["gpus"] or config["spot"] else "MIGRATE"},
        }
        if config["spot"]:
            body["scheduling"] |= {"provisioningModel": "SPOT", "preemptible": True, "automaticRestart": False}
        if config["gpus"]:
            type_ = f"zones/{zone}/acceleratorTypes/nvidia-tesla-t4"
            body["guestAccelerators"] = [{"acceleratorType": type_, "acceleratorCount": config["gpus"]}]
        self.compute(f"zones/{zone}/instances", body)
        return f"//compute.googleapis.com/projects/{PROJECT}/zones/{zone}/instances/{name}"

    def _disks(self, name: str, config: Json, labels: Json) -> str:
        zone = config["zone"]
        type_ = f"projects/{PROJECT}/zones/{zone}/diskTypes/{config['type']}"
        body = {"name": name, "labels": labels, "sizeGb": f"{config['size']}", "type": type_}
        self.compute(f"zones/{zone}/disks", body)
        return f"//compute.googleapis.com/projects/{PROJECT}/zones/{zone}/disks/{name}"

    def _addresses(self, name: str, config: Json, labels: Json) -> str:
        region = config["zone"][:-2]
        self.compute(f"regions/{region}/addresses", {"name": name, "labels": labels})
        return f"//compute.googleapis.com/projects/{PROJECT}/regions/{region}/addresses/{name}"

    def _services(self, name: str, config: Json, labels: Json) -> str:
        where = f"projects/{PROJECT}/locations/{config['zone'][:-2]}/services"
        self.ask("POST", f"run/v2/{where}", {"labels": labels, **_template(config)}, serviceId=name)
        return f"//run.googleapis.com/{where}/{name}"

    def _customJobs(self, name: str, config: Json, labels: Json) -> str:  # noqa: N802 - by Google's name of the kind
        region = config["zone"][:-2]
        pool = {
            "machineSpec": {
                "machineType": config["machine"], "acceleratorType": "NVIDIA_TESLA_T4",
                "acceleratorCount": config["gpus"],
            },
            "replicaCount": "1",
            "containerSpec": {"imageUri": "python"},
        }  # fmt: skip
        body = {"displayName": name, "labels": labels, "jobSpec": {"workerPoolSpecs": [pool]}}
        path = f"aiplatform/v1/projects/{PROJECT}/locations/{region}/customJobs"
        made = self.ask("POST", path, body)
        job = f"{path}/{made['name'].rpartition('/')[2]}"
        self.ask("GET", job)  # a look at a job moves it on there: it runs now
        return f"//aiplatform.googleapis.com/{job.removeprefix('aiplatform/v1/')}"

    def stop(self, thing: Thing, by: str = "somebody@example.com", reason: str = "") -> None:
        """Stop a machine; told to stop it bills until it has shut down, and Google tells nobody beforehand."""
        self.wait(self.now)
        if by == "system":
            taken = reason.endswith("preempted") and thing.config["spot"]
            path = self.names[thing.path].removeprefix("//compute.googleapis.com/")
            self.emulator.happen("preempt" if taken else "shutdown", path)
        else:
            self.compute(f"{self._at(thing)}/stop")
            self.wait(self.now + STOPPING)
        thing.running, thing.stopped, thing.edges = False, self.now, thing.edges + 1

    def start(self, thing: Thing) -> None:
        self.wait(self.now)
        self.compute(f"{self._at(thing)}/start")
        super().start(thing)

    def resize(self, thing: Thing, **config: Any) -> None:
        self.wait(self.now)
        zone = thing.config["zone"]
        if thing.kind == "instances":
            self.compute(
                f"{self._at(thing)}/setMachineType", {"machineType": f"zones/{zone}/machineTypes/{config['machine']}"}
            )
        elif thing.kind == "disks":
            self.compute(f"{self._at(thing)}/resize", {"sizeGb": f"{config['size']}"})
        else:
            path = self.names[thing.path].removeprefix("//run.googleapis.com/")
            self.ask("PATCH", f"run/v2/{path}", _template(thing.config | config))
        super().resize(thing, **config)

    def end_job(self, thing: Thing) -> None:
        self.wait(self.now)
        self.ask("GET", f"aiplatform/v1/{self.names[thing.path].removeprefix('//aiplatform.googleapis.com/')}")
        super().end_job(thing)

    def delete(self, thing: Thing) -> None:
        self.wait(self.now)
        self.compute(self._at(thing), method="DELETE")
        super().delete(thing)

    def _at(self, thing: Thing) -> str:
        return f"zones/{thing.config['zone']}/{thing.kind}/{thing.name}"

    def _log(self, thing: Thing, act: str, **_more: Any) -> None:
        """Write nothing: the emulator does."""

    def missing(self) -> set[str]:
        """Name the resources of which the logs hold something that nobody can read yet."""
        now = self.emulator.world.time()
        found = set[str]()
        for received, entry in self.emulator.world.logs.entries:
            payload: Json = entry["protoPayload"]
            answer: Json = payload.get("response") or {}
            # A job's own name is in the answer.
            for name in (str(payload["resourceName"]), str(answer.get("name") or "")):
                if received > now:
                    found.add("/".join([f"//{payload['serviceName']}/projects/{PROJECT}", *name.split("/")[2:]]))
        return found

    def delivered_all(self) -> None:
        """Wait until the logs have given all, and a day more."""
        last = max((received for received, _ in self.emulator.world.logs.entries), default=self.origin)
        self.wait(max(self.now, round((last - self.origin) / timedelta(seconds=1))) + DAY + 2 * 3600)

    def compute(self, path: str, body: Json | None = None, *, method: str = "POST") -> Json:
        """Ask Compute Engine."""
        return self.ask(method, f"compute/v1/projects/{PROJECT}/{path}", body)

    def ask(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """Ask for something as its owner; an operation that failed is an error, too."""
        answer = requests.request(method, f"{self.emulator.url}/{path}", json=body, params=query, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.text}"
        told: Json = answer.json() if answer.content else {}
        assert "error" not in told, f"{method} {path}: {told['error']}"
        return told


def _template(config: Json) -> Json:
    limits = {"cpu": f"{config['cpu']}", "memory": f"{config['memory']}Gi"}
    return {
        "template": {
            "containers": [{"image": "docker.io/library/nginx", "resources": {"limits": limits, "cpuIdle": True}}],
            "scaling": {"minInstanceCount": config["least"], "maxInstanceCount": 3},
        }
    }
