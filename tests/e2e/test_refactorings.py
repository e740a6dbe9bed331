"""A refactoring that changes names alone: with aliases nothing happens, without them nothing is lost."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from coursecloud.deploy import consent, lifecycle
from coursecloud.deploy.store_readers import MARKER
from tests.e2e.conftest import PROJECT, Project
from tests.e2e.refactorings import REFACTORINGS, Refactoring
from tests.project import CHECKOUT as ROOT

CONFIG = {"gcp:project": PROJECT, "coursecloud:secrets": {"names": {"KEY": ["machines"]}}}


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the program as it is, so that a review has something to compare with."""
    root = tmp_path_factory.mktemp("committed")
    for name in ("catalog", "coursecloud", "guardrails", "infra", "starter"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, root)
    (root / "Pulumi.x.yaml").write_text(json.dumps({"config": CONFIG}), encoding="utf-8")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "as it is")):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)
    return root


def reviewed(committed: Path, refactorings: Iterable[Refactoring], *, aliases: bool) -> dict[str, Any]:
    """Review refactorings in the working tree, which is put back."""
    for refactoring in refactorings:
        refactoring.apply(committed, aliases=aliases)
    try:
        command = [sys.executable, "-m", "coursecloud", "review", "--project", str(committed), "--base", "main"]
        done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        subprocess.run(["git", "checkout", "-q", "--", "."], cwd=committed, check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (stack,) = json.loads(done.stdout)["stacks"]
    return stack


APART = ("secrets split", "secrets merged", "buckets out", "a component's class")
TOGETHER = [
    [each for each in REFACTORINGS if not each.called.startswith(APART)],
    [each for each in REFACTORINGS if each.called.startswith(APART[0::2] + APART[3:])],
    [each for each in REFACTORINGS if each.called.startswith(APART[1])],
]
"""Those that can be made in one change: each touches other lines."""


@pytest.mark.parametrize("refactorings", TOGETHER, ids=["names", "moves", "merges"])
def test_a_review_says_that_two_names_mean_one_thing_and_with_aliases_that_nothing_goes(
    committed: Path, refactorings: list[Refactoring]
) -> None:
    without = reviewed(committed, refactorings, aliases=False)
    renamed = [danger for danger in without["dangers"] if danger["kind"] == "renamed"]
    assert {each.type for each in refactorings} <= {
        danger["urn"].split("::")[2].rpartition("$")[2] for danger in renamed
    }
    assert all("alias" in danger["text"] for danger in renamed)
    assert without["level"] == "stop"
    assert "without an alias" in without["verdict"]

    told = reviewed(committed, refactorings, aliases=True)
    assert not [danger for danger in told["dangers"] if danger["kind"] in ("renamed", "data")]
    assert told["counts"]["delete"] == told["counts"]["replace"] == told["counts"]["create"] == 0


def test_every_refactoring_is_reviewed() -> None:
    assert sorted(each.called for group in TOGETHER for each in group) == sorted(each.called for each in REFACTORINGS)
    assert len(REFACTORINGS) == 12


def writes(project: Project) -> int:
    return sum(1 for call in list(project.emulator.requests) if call.get("write"))


def cloud(project: Project) -> str:
    """Give all that Google has, but for the note of who updated last, which each update writes anew."""
    state = project.emulator.state()
    resources = [each for each in state["resources"] if MARKER not in unquote(each["path"])]
    return json.dumps(state | {"resources": resources}, sort_keys=True)


def program(project: Project) -> None:
    """Put the program back as it is."""
    shutil.rmtree(project.root / "infra")
    shutil.copytree(ROOT / "infra", project.root / "infra", ignore=shutil.ignore_patterns("__pycache__"))


def refactored(project: Project, refactorings: Iterable[Refactoring]) -> None:
    project.stack_file("x", CONFIG)
    assert lifecycle.up(project.root, "x", yes=True) == 0
    state = project.root.parent / "state.json"
    state.write_text(project.pulumi("stack", "export", "--stack", "x").stdout, encoding="utf-8")
    for refactoring in refactorings:
        before, there = writes(project), cloud(project)
        refactoring.apply(project.root, aliases=False)
        with pytest.raises(consent.StoppedError, match=r"(?s)would be DELETED.*aliases=\["):
            lifecycle.up(project.root, "x", yes=True, lose=["data", "KEY", "docker", "workbench-work"])
        assert writes(project) == before, f"{refactoring.called}: something was touched"

        program(project)
        refactoring.apply(project.root, aliases=True)
        assert lifecycle.up(project.root, "x", yes=True) == 0, refactoring.called
        project.unchanged("x")
        assert cloud(project) == there, f"{refactoring.called}: the cloud changed"
        program(project)
        assert project.pulumi("stack", "import", "--stack", "x", "--file", str(state)).returncode == 0
    assert lifecycle.finish(project.root, "x") == 0
    assert project.emulator.remaining() == []


def test_a_renamed_bucket_is_never_deleted_unasked(project: Project) -> None:
    refactored(project, REFACTORINGS[:1])


@pytest.mark.long
def test_no_refactoring_deletes_anything_unasked(project: Project) -> None:
    refactored(project, REFACTORINGS[1:])
