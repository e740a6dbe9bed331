"""The real engine and provider on the emulator: one project folder, one backend and one emulator a test."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from coursecloud.rehearse.calls import outside
from coursecloud.rehearse.stage import scrubbed, tools
from emulator import Emulator
from infra.settings import EXAMPLE_PROJECT
from tests.machine import FOUND
from tests.project import CHECKOUT, ROOT

PROJECT = "rehearsal-project-1"
Record = Callable[[str, object], None]
"""pytest's record_property."""


TOOLS = tools(CHECKOUT, FOUND)
NOTES = os.environ.get("COURSECLOUD_NOTES")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip where the CLI or the provider is missing, and leave the long form to `make rehearsal`."""
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    reason = "; ".join(f"{each.what}: {each.remedy}" for each in TOOLS.missing)
    for item in here:
        if "project" not in getattr(item, "fixturenames", ()):
            continue  # this one needs no engine
        if TOOLS.missing:
            item.add_marker(pytest.mark.skip(reason=reason))
        elif item.get_closest_marker("long") and not os.environ.get("COURSECLOUD_LONG"):
            item.add_marker(pytest.mark.skip(reason="the long form takes hours: make rehearsal"))


@dataclass
class Project:
    """A copy of the project whose Pulumi talks to an emulator."""

    root: Path
    emulator: Emulator

    def pulumi(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["pulumi", *words], cwd=self.root, capture_output=True, text=True, check=False)

    def stack_file(self, stack: str, config: dict[str, Any]) -> None:
        """Write a stack's settings, and keep what Pulumi itself has written into the file."""
        path = self.root / f"Pulumi.{stack}.yaml"
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(yaml.safe_dump(content | {"config": config}), encoding="utf-8")

    def note(self, record: Record, facts: dict[str, Any]) -> None:
        """Say what a run found: in the JUnit report, and a line of JSON in the file that COURSECLOUD_NOTES names."""
        for name, value in facts.items():
            record(name, value)
        if NOTES:
            with Path(NOTES).open("a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")

    def unchanged(self, stack: str) -> None:
        """See that neither the program nor the cloud has anything to change."""
        for command in (["preview", "--expect-no-changes"], ["refresh", "--preview-only", "--expect-no-changes"]):
            done = self.pulumi(*command, "--stack", stack, "--non-interactive", "--diff")
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    root = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("catalog", "infra", "starter"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for path in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        (root / path.name).write_text(
            path.read_text(encoding="utf-8").replace(EXAMPLE_PROJECT, PROJECT), encoding="utf-8"
        )
    (root / ".pulumi-state").mkdir()
    (root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    home = tmp_path / "home"
    (home / ".pulumi").mkdir(parents=True)
    if TOOLS.plugins:
        (home / ".pulumi/plugins").symlink_to(TOOLS.plugins, target_is_directory=True)
    with Emulator(projects=[PROJECT]) as emulator:
        environment = scrubbed({**os.environ, **FOUND}, emulator.env(PROJECT), home)
        for name in set(os.environ) - set(environment):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PULUMI_BACKEND_URL", "file://.pulumi-state")
        yield Project(root, emulator)
        assert not [host for host in outside(emulator.requests) if host != "openidconnect.googleapis.com"]
