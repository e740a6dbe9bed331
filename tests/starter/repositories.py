"""Repositories of groups as they usually are, each a file of `repositories/`, and the stacks that they are for."""

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from coursecloud.starter import starting
from coursecloud.starter.starting import Start
from tests.project import ROOT

HERE = Path(__file__).parent
NAMES = sorted(file.stem for file in (HERE / "repositories").glob("*.yaml"))
OWN = ("group", "plain", "sweep", "two")
# In two parts, so that no scanner takes this file for a leak.
KEY = "-----BEGIN " + "PRIVATE KEY-----\\nMIIEvQ\\n-----END " + "PRIVATE KEY-----\\n"


@dataclass(frozen=True)
class Case:
    """A repository, the stack that it is for, and what it must get and be told."""

    stack: str
    files: dict[str, str]
    written: list[str]
    found: list[str]
    told: list[str]
    """Words that must stand in a note or a command."""


def case(name: str) -> Case:
    said: dict[str, Any] = yaml.safe_load((HERE / "repositories" / f"{name}.yaml").read_text(encoding="utf-8"))
    return Case(said["stack"], said["files"], said.get("written", []), said.get("found", []), said.get("told", []))


def made(name: str, folder: Path) -> Path:
    """Make the repository in a folder, with git."""
    for path, text in case(name).files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("@PRIVATE KEY@", KEY), encoding="utf-8", newline="\n")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


@functools.cache
def plan(stack: str) -> Plan:
    folder = HERE / "stacks" if stack in OWN else ROOT
    return planning.make(stack, folder / f"Pulumi.{stack}.yaml", ROOT)


def look(stack: str, folder: Path) -> Start:
    return starting.look(plan(stack), f"Pulumi.{stack}.yaml", folder)


def ids(start: Start) -> list[str]:
    return [f"{each.place} {each.id}" for each in start.findings]
