"""What a repository has to know of its stack: names, regions, accounts and commands, all from the plan of the stack."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import re2

from catalog import tables
from coursecloud.plan.outputs import texts
from coursecloud.plan.planning import Plan
from infra.names import Names, email_of, names_registry
from infra.settings import EXAMPLE_PROJECT, Settings
from infra.settings.delivery import Trigger

BUILD_FILE = "cloudbuild.yaml"
"""The build file where no trigger names another."""


@dataclass(frozen=True)
class Service:
    """A service that the stack declares."""

    key: str
    name: str
    port: int
    deployed_by: str | None
    image: str | None
    """Name and tag of the image in the stack's docker repository; None for another one, or a build's."""


@dataclass(frozen=True)
class Build:
    """A build file of the group's repository, and what starts it."""

    path: str
    image: str
    """Name of the image that it builds first, without registry and tag."""
    triggers: tuple[str, ...]
    """Keys of the triggers that name it."""
    deploys: bool
    """Whether one of them may release services and submit training."""
    services: tuple[Service, ...]
    """The services that they release."""


class Facts:
    """A plan, read for what a group's own repository has to say."""

    def __init__(self, plan: Plan, file: str):
        self.plan = plan
        self.file = file
        """Name of the stack file."""
        settings = plan.settings
        self.settings: Settings = settings
        self.stack, self.project, self.region = settings.stack, settings.project, settings.region
        self.names = Names(project=settings.project, stack=settings.stack, existing=settings.existing)
        self.registry = str(plan.outputs["registry"])
        self.buckets = {name: f"gs://{self.names.bucket(name)}" for name in ("data", "models", "staging")}
        self.commands = texts(plan.outputs, "commands")
        self.training_region = settings.training.region or settings.region

    @property
    def example(self) -> bool:
        """Say whether the stack file still has the example's project id."""
        return self.project == EXAMPLE_PROJECT

    def account(self, name: str) -> str:
        """Give the address of a service account of the stack."""
        return self.names.email(name)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The addresses of all service accounts that the stack makes."""
        made = (each for each in self.plan.custom if each.type == "gcp:serviceaccount/account:Account")
        return frozenset(email_of(str(each.inputs["accountId"]), self.project) for each in made)

    @property
    def ci(self) -> bool:
        """Say whether workflows have identities."""
        return self.settings.github is not None

    @property
    def ref(self) -> str:
        """The ref that may build and deploy: refs/heads/main."""
        return self.settings.github.ref if self.settings.github else "refs/heads/main"

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The services that the stack declares."""
        return tuple(
            Service(
                key,
                self.names.resource(key),
                each.port,
                each.deployed_by,
                None if each.deployed_by else self.own_image(each.image),
            )
            for key, each in self.settings.services.items()
        )

    def own_image(self, image: str) -> str | None:
        """Give name and tag of an image of the stack's own repository; None for one of somebody else."""
        image = image.removeprefix(f"{self.registry}/")
        if names_registry(image):
            return None
        return image if ":" in image else f"{image}:latest"

    # Training.

    @property
    def trains(self) -> bool:
        """Say whether the stack has training."""
        return self.settings.training.enabled

    @property
    def training_image(self) -> str | None:
        """Name and tag of the training image in the stack's repository; None for one of somebody else."""
        return self.own_image(self.settings.training.image)

    @cached_property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """The training jobs as Vertex AI takes them: '' is the one without a name."""
        said = cast("Mapping[str, Any]", self.plan.outputs["training"])
        named = cast("Mapping[str, str]", said.get("jobs", {}))
        return {"": json.loads(said["job"]), **{name: json.loads(text) for name, text in named.items()}}

    def submit(self, name: str = "") -> list[str]:
        """Give the words of the command that submits a job, but for its `--config`."""
        line = self.commands[f"train {name}".strip()]
        words = shlex.split(line[line.index("&& ") + 3 :])
        return [word for word in words if not word.startswith("--config=")]

    @cached_property
    def gpu(self) -> tables.GpuModel | None:
        """The GPU of a training job; None without one."""
        found = self.settings.training.worker_gpu if self.trains else None
        return tables.gpu(found[0]) if found else None

    @property
    def gpu_name(self) -> str:
        """The GPU of a training job in words; '' without one."""
        found = self.settings.training.worker_gpu if self.trains else None
        return found[0] if found else ""

    # Builds.

    @cached_property
    def pushes(self) -> dict[str, Trigger]:
        """The triggers that pushed code starts."""
        return {name: each for name, each in self.settings.builds.triggers.items() if not each.pull_request}

    @cached_property
    def builds(self) -> tuple[Build, ...]:
        """The build files that the stack's triggers name; one that only a laptop submits where they name none."""
        by_path: dict[str, list[str]] = {}
        for name, trigger in self.pushes.items():
            if trigger.build_file:
                by_path.setdefault(trigger.build_file, []).append(name)
        return tuple(self._build(path, names) for path, names in (by_path or {BUILD_FILE: []}).items())

    def _build(self, path: str, names: list[str]) -> Build:
        released = tuple(each for each in self.services if each.deployed_by in names)
        deploying = [name for name in names if self.pushes[name].deploys]
        by = released[0].deployed_by if released else (deploying or names or [None])[0]
        own = next((each.image for each in self.services if each.image), None)
        image = (own or by or "api").partition(":")[0]
        if by and (self.pushes[by].image or deploying):
            # A trigger that deploys tells the build so.
            image = self.pushes[by].image or by
        return Build(path, image, tuple(names), bool(deploying), released)

    def dockerfile_of(self, image: str) -> str | None:
        """Give the Dockerfile from which a trigger of the stack builds an image."""
        found = ((each.image or name, each.dockerfile) for name, each in self.settings.builds.triggers.items())
        return next((file for name, file in found if file and name == image), None)

    @cached_property
    def builds_on_push(self) -> bool:
        """Say whether a push to the branch of the workflows starts a build of Cloud Build."""
        branch = self.ref.removeprefix("refs/heads/")
        return any(trigger.branch and re2.search(trigger.branch, branch) for trigger in self.pushes.values())
