"""What is being written into a repository, and what everything that writes needs for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from coursecloud.starter import images, install
from coursecloud.starter.facts import Facts
from coursecloud.starter.rendering import hidden, rendered
from coursecloud.starter.repository import Repository
from infra.builds import DOCKER, GCLOUD


@dataclass
class Contents:
    """The files by path, and in words what else there is to know."""

    files: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])
    commands: dict[str, str] = field(default_factory=dict[str, str])
    """What a person does once, by what it is for."""
    project: bool = False
    """Whether it is a whole repository, from nothing."""


@dataclass(frozen=True)
class BuiltImage:
    """An image that a build makes."""

    name: str
    dockerfile: str
    folder: str
    tags: tuple[str, ...]
    """Tags by which the stack itself names it, beside that of the commit."""


class Writer:
    """The files of one repository for one stack, as they are gathered."""

    def __init__(self, facts: Facts, repository: Repository):
        self.facts, self.repository = facts, repository
        self.project = repository.empty or "src/digits/train.py" in repository.written
        self.contents = Contents(project=self.project)
        self.python = "3.12" if self.project else install.python_version(repository)
        self.tests = install.line_of_tests(repository, project=self.project)
        read = images.read(repository)
        self.read = {path: each for path, each in read.items() if path not in repository.written}

    def put(self, path: str, template: str = "", **values: Any) -> None:
        """Add a file, made from the template of its name or from another one."""
        facts = self.facts
        known = {"stack": facts.stack, "project": facts.project, "region": facts.region, "registry": facts.registry}
        common = {"python": self.python, "docker": DOCKER, "gcloud": GCLOUD, "tests": self.tests}
        self.contents.files[path] = rendered(template or hidden(path), known | common | values)
