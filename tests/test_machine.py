"""No test finds a program that reaches a cloud, an account or a state that it did not ask for; none is touched.

The last tests run a part of the suite in a clone as a group has it, beside programs that write down each call.
`COURSECLOUD_CLONE=tests` runs all of it there.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from coursecloud.common import project as found
from tests import machine, project

PART = (
    "tests/test_examples.py tests/test_hooks.py tests/coursecloud/test_lifecycle.py tests/coursecloud/test_ready.py"
    " tests/coursecloud/test_cli.py::test_a_mistake_ends_with_code_2_and_says_what_to_do"
    " tests/coursecloud/test_cli.py::test_plan_all_has_a_row_a_stack_file"
)
ASKING = (
    "tests/test_machine.py",
    "tests/documents/test_documents.py::test_gcloud_understands_every_command_that_a_document_names",
    "tests/emulator/test_gcloud.py",
    "tests/infra/test_outputs.py::test_gcloud_understands_every_command",
    "tests/infra/test_outputs.py::test_what_gcloud_does_not_understand_is_seen",
)
"""Tests that ask for the real gcloud, and these, which would go on in circles."""


@pytest.mark.parametrize("program", ["pulumi", "gcloud", "pulumi-language-python", "gsutil"])
def test_no_program_that_reaches_a_cloud_is_on_path(program: str) -> None:
    assert shutil.which(program) is None


def test_other_programs_are() -> None:
    for program in ("git", "sh", "sed"):
        assert shutil.which(program)


def test_no_account_and_no_state_is_named_by_the_environment() -> None:
    assert [name for name in os.environ if machine.CLOUD_VARIABLE.fullmatch(name)] == []
    assert [name for name in (".pulumi/credentials.json", ".config") if (Path.home() / name).exists()] == []


def test_a_folder_with_such_a_program_keeps_its_others(tmp_path: Path) -> None:
    mixed, other = tmp_path / "mixed", tmp_path / "other"
    for name in (mixed / "pulumi", mixed / "pulumi-resource-gcp", mixed / "git", other / "sh"):
        name.parent.mkdir(exist_ok=True)
        name.touch(mode=0o755)
    path = machine.path_without_cloud(f"{mixed}{os.pathsep}/not/there{os.pathsep}{other}", tmp_path)
    assert [shutil.which(name, path=path) is not None for name in ("pulumi", "pulumi-resource-gcp", "git", "sh")] == [
        False, False, True, True,
    ]  # fmt: skip


def test_a_test_stands_in_a_project_that_is_not_the_checkout() -> None:
    assert found.find(Path.cwd()) == project.ROOT
    assert not project.ROOT.is_relative_to(project.CHECKOUT)


READS_THE_CHECKOUT = re.compile(r"(CHECKOUT|shared\.ROOT)( / f?|\.glob\()\"(Pulumi\.|members)")


def test_no_test_reads_a_stack_of_the_checkout() -> None:
    wrong = [
        f"{path.relative_to(project.CHECKOUT)}: {line.strip()}"
        for path in sorted((project.CHECKOUT / "tests").rglob("*.py"))
        if path != Path(__file__)
        for line in path.read_text(encoding="utf-8").splitlines()
        if READS_THE_CHECKOUT.search(line) or line == "from coursecloud.cli.commands.shared import ROOT"
    ]
    assert wrong == [], "take ROOT or STACKS of tests/project.py"
    assert READS_THE_CHECKOUT.search('text = (CHECKOUT / f"Pulumi.{stack}.yaml").read_text()')


class Clone(NamedTuple):
    """A clone that a group uses, and what its programs were asked."""

    root: Path
    calls: Path

    def test(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run tests in it as its user does, with their PATH, home and credentials."""
        home = self.root.parent / "home"
        users = {
            "PATH": os.pathsep.join([str(self.calls.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(home),
            "PULUMI_HOME": str(home / ".pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.root}/.pulumi-state",
            "GOOGLE_OAUTH_ACCESS_TOKEN": "planted",
            "PYTHONPATH": str(self.root),
        }
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
            cwd=self.root,
            env={name: value for name, value in os.environ.items() if not name.startswith("COURSECLOUD_")} | users,
            check=False,
            capture_output=True,
            text=True,
        )


def _not_copied(folder: str, names: list[str]) -> set[str]:
    """Leave out what git has not, and the stacks of whoever uses this checkout."""
    if Path(folder) != project.CHECKOUT:
        return set()
    own = re.compile(r"\.git|\.venv.*|\.mutation|\..*_cache|\.hypothesis|\.pulumi-state|Pulumi\..+\.ya?ml|members\..*")
    return {name for name in names if own.fullmatch(name)}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root, programs, home = tmp_path / "clone", tmp_path / "programs", tmp_path / "home"
    shutil.copytree(project.CHECKOUT, root, ignore=_not_copied)
    own = (project.STACKS / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    own = own.replace("example-project-id", "our-project-1")
    for stack in ("dev", "group-07"):
        (root / f"Pulumi.{stack}.yaml").write_text(f"{own}  coursecloud:storage: {{keep: true}}\n", encoding="utf-8")
    for stack in ("dev", "full", "x", "unit", "group-07"):
        (root / f"members.{stack}.yaml").write_text("- user:ada@example.com\n", encoding="utf-8")
    for folder in (root / ".pulumi-state/.pulumi/stacks/coursecloud", home / ".pulumi", home / ".config/gcloud"):
        folder.mkdir(parents=True)
    (root / ".pulumi-state/.pulumi/stacks/coursecloud/dev.json").write_text('{"version": 3}', encoding="utf-8")
    programs.mkdir()
    calls = programs / "calls"
    for name in ("pulumi", "gcloud"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{calls}"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    return Clone(root, calls)


def test_the_tests_pass_in_a_clone_that_a_group_uses_and_touch_nothing_of_it(clone: Clone) -> None:
    before = project.owned(clone.root)
    words = os.environ.get("COURSECLOUD_CLONE", PART).split()
    spread = ("-n", "auto" if "COURSECLOUD_CLONE" in os.environ else "0")
    done = clone.test(*spread, *words, *(f"--deselect={each}" for each in ASKING))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert not clone.calls.exists(), clone.calls.read_text(encoding="utf-8")
    assert project.owned(clone.root) == before
    assert len(before) > 8


def test_a_test_that_writes_into_the_checkout_fails_the_run_and_is_told_what(clone: Clone) -> None:
    (clone.root / "tests/test_bad.py").write_text(
        "from tests.project import CHECKOUT\n\n\ndef test_bad():\n    (CHECKOUT / 'members.dev.yaml').write_text('')\n"
    )
    done = clone.test("tests/test_bad.py")
    assert done.returncode == 1
    assert "  members.dev.yaml\n" in done.stdout
