"""Edits of a stack file, one for each key: where, to what, and which go together in one preview."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.e2e.conftest import PROJECT
from tests.project import ROOT

Config = dict[str, Any]
NOT_TRIED = {
    "project": "another project is another environment: everything is made there",
    "region": "another region is another environment: everything is made there",
    "training.waitForGpu": "no resource of the stack is made of it, and its GPU is another one's",
    **{
        f"{key}.existing": "it takes over what is no resource of the stack: tests/e2e/test_adoption.py"
        for key in ("registry", "storage.data", "storage.models")
    },
    "course.backend": "the state is in one place while the edits are tried; nothing is made of it",
    "course.nightly": "it says what the course's own job does; nothing is made of it",
    **{
        f"course.accounts.{each}": "an account of a project that is not there: tests/course/test_authority.py has one"
        for each in ("look", "stop", "deploy")
    },
    "allow.roles": "it permits what stands elsewhere; nothing is made of it",
}
"""Keys without an edit, and why."""


@dataclass(frozen=True, eq=False)
class Edit:
    """One key of the stack file with another value."""

    place: str
    """The key as the schema names it, with `*` for a name."""
    path: tuple[str, ...]
    value: Any

    def into(self, config: Config) -> Config:
        """Give the configuration with this edit."""
        made = copy.deepcopy(config)
        node: Any = made
        for name in self.path[:-1]:
            node = node.setdefault(name, {})
        node[self.path[-1]] = self.value
        return made


def base() -> Config:
    """Take the stack file that has everything, with nothing protected: a protected store is never replaced."""
    config: Config = yaml.safe_load((ROOT / "Pulumi.full.yaml").read_text(encoding="utf-8"))["config"]
    config["gcp:project"] = PROJECT
    for section in ("storage", "registry", "secrets", "github"):
        config[f"coursecloud:{section}"].pop("keep", None)
    config["coursecloud:machines"]["trainer"].pop("fallbackZones", None)
    config["coursecloud:machines"]["workbench"]["dataDisk"].pop("keep", None)
    return config


_VALUES: dict[str, Any] = {
    "zone": "europe-west4-c",
    "course.name": "operations",
    "course.group": "group-08",
    "course.owner": "grace",
    "course.labels": {"cost-center": "02477"},
    "lease.credit.amount": 400,
    "lease.credit.currency": "EUR",
    "lease.starts": "2026-11-24",
    "lease.ends": "2026-12-19",
    "lease.timeZone": "Europe/Berlin",
    "lease.workingHours.days": ["mon"],
    "lease.workingHours.start": "08:00",
    "lease.workingHours.end": "16:00",
    "lease.stopSchedule": "0 21 * * *",
    "lease.maxPerHour": 30,
    "lease.graceDays": 10,
    "lease.reserve": 2,
    "lease.alerts": [0.4, 0.9],
    "network.subnets": {"europe-west4": "10.10.0.0/20", "europe-west1": "10.20.0.0/20", "us-central1": "10.30.0.0/20"},
    "network.egress": "address",
    "storage.keep": True,
    "storage.location": "EU",
    "storage.data.keepNewest": 7,
    "storage.models.keepNewest": 7,
    "storage.staging.days": 5,
    "registry.keep": True,
    "registry.python": False,
    "registry.keepNewest": 9,
    "registry.keepTags": ["stable"],
    "registry.deleteAfterDays": 30,
    "secrets.keep": True,
    "secrets.names": {"WANDB_API_KEY": ["machines", "training", "prediction", "builds", "services"], "KAGGLE": []},
    "builds.repository.owner": "another-group",
    "builds.repository.name": "another-repository",
    "builds.repository.connection": "github",
    "builds.triggers.trainer.branch": "^develop$",
    "builds.triggers.release.tag": "^release-",
    "builds.triggers.checks.pullRequest": "^develop$",
    "builds.triggers.trainer.includedFiles": ["src/**"],
    "builds.triggers.release.buildFile": "release.yaml",
    "builds.triggers.trainer.dockerfile": "docker/Dockerfile",
    "builds.triggers.trainer.image": "another",
    "builds.triggers.trainer.timeout": "40m",
    "builds.triggers.trainer.machineType": "E2_HIGHCPU_8",
    "builds.triggers.trainer.approval": True,
    "builds.triggers.trainer.deploys": True,
    "builds.triggers.release.substitutions": {"_STAGE": "course"},
    "machines.workbench.machineType": "e2-standard-4",
    "machines.trainer.gpu.count": 2,
    "machines.trainer.gpu.model": "P4",
    "machines.trainer.zone": "europe-west4-c",
    "machines.trainer.fallbackZones": ["europe-west1-b"],
    "machines.workbench.spot": True,
    "machines.trainer.onDemandGpu": True,
    "machines.workbench.image": "ubuntu",
    "machines.workbench.bootDisk.sizeGb": 60,
    "machines.trainer.bootDisk.type": "pd-ssd",
    "machines.workbench.dataDisk.sizeGb": 50,
    "machines.workbench.dataDisk.type": "pd-ssd",
    "machines.workbench.dataDisk.keep": True,
    "machines.trainer.dataDisk": None,
    "machines.workbench.startupScript": "starter/setup.sh",
    "machines.workbench.beforeStop": "starter/checkpoint.sh",
    "machines.runner.container.image": "another:latest",
    "machines.runner.container.args": ["--epochs", "20"],
    "machines.runner.container.env": {"MODE": "quick"},
    "machines.workbench.maxRun": "4h",
    "machines.workbench.maxRunReason": "a demonstration",
    "machines.workbench.labels": {"team": "a"},
    "training.region": "us-central1",
    "training.image": "another:latest",
    "training.machineType": "n1-standard-8",
    "training.gpu.model": "V100",
    "training.gpu.count": 2,
    "training.spot": False,
    "training.timeout": "5h",
    "training.args": ["--epochs", "20"],
    "training.env": {"MODE": "quick"},
    "training.jobs": {"small": {"args": ["--lr", "0.1"]}},
    "training.atOnce": 2,
    "training.prediction": False,
    "training.endpoint": False,
    "services.demo.image": "us-docker.pkg.dev/cloudrun/container/job",
    "services.demo.port": 9000,
    "services.demo.cpu": 2,
    "services.demo.memory": "2Gi",
    "services.demo.timeout": "10m",
    "services.demo.env": {"MODE": "quick"},
    "services.demo.secrets": [],
    "services.demo.deployedBy": "release",
    "services.demo.writes": ["models"],
    "services.backend.mountedSecrets": ["WANDB_API_KEY"],
    "services.demo.maxInstances": 3,
    "services.demo.minInstances": 1,
    "services.demo.concurrency": 8,
    "services.demo.startupPath": "/ready",
    "services.demo.livenessPath": "/health",
    "services.demo.volumes": {"data": {"write": True}},
    "services.demo.public": False,
    "monitoring.channels": ["12345678901234567890"],
    "github.keep": True,
    "github.repositoryId": 42,
    "github.ref": "refs/heads/develop",
    "github.deploy": False,
    "team.members": ["group:mlops-group-07@googlegroups.com", "user:another@example.com"],
    "team.extraRoles": ["roles/monitoring.viewer"],
    "allow.machineTypes": ["n9-standard-4"],
    "allow.gpus": ["nvidia-future"],
    "allow.zones": ["europe-west4-z"],
}
_NEW: dict[str, tuple[str, Any]] = {
    "builds.triggers": ("nightly", {"branch": "^nightly$", "dockerfile": "Dockerfile"}),
    "machines": ("another", {"machineType": "e2-small", "dataDisk": None}),
    "services": ("another", {}),
}
"""Maps that get one entry more."""
_NAMED = ("builds.triggers", "machines", "services")


def edits() -> list[Edit]:
    """List them."""
    made = [Edit(_place(path), _path(path), value) for path, value in _VALUES.items()]
    made += [Edit(path, (*_path(path), name), value) for path, (name, value) in _NEW.items()]
    return [*made, Edit("training.enabled", ("coursecloud:training",), {"enabled": False})]


def _path(text: str) -> tuple[str, ...]:
    first, *rest = text.split(".")
    return (f"gcp:{first}" if first == "zone" else f"coursecloud:{first}", *rest)


def _place(text: str) -> str:
    for head in _NAMED:
        if text.startswith(f"{head}."):
            return f"{head}.*.{text.removeprefix(head + '.').partition('.')[2]}"
    return text


def together(predicted: Mapping[Edit, Iterable[object]]) -> Iterator[list[Edit]]:
    """Pack edits so that no two of a pack change the same resource: each pack is one preview."""
    packs: list[tuple[list[Edit], set[object]]] = []
    for edit, changed in predicted.items():
        touched = set(changed)
        for pack, taken in packs:
            same = any(edit.path[: len(e.path)] == e.path or e.path[: len(edit.path)] == edit.path for e in pack)
            if not taken & touched and not same:
                pack.append(edit)
                taken |= touched
                break
        else:
            packs.append(([edit], touched))
    yield from (pack for pack, _ in packs)
