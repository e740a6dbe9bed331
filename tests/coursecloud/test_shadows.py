"""No file of the project is run in place of a library: not by a plan, not by a review, and both say so."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from coursecloud.common import shadows
from coursecloud.plan import planning
from coursecloud.review import inputs, revisions
from coursecloud.review.sandbox import Wanted
from coursecloud.review.stacks import Stack, Status
from infra.settings import SettingsError
from tests.project import ROOT
from tests.review import repository
from tests.review.made import TODAY

IN_FRONT = {
    "yaml.py": "the library PyYAML",
    "yaml/__init__.py": "the library PyYAML",
    "json.py": "Python's own json",
    "json/__init__.py": "Python's own json",
    "subprocess.pyc": "Python's own subprocess",
    "pulumi.py": "the library pulumi",
    "pulumi_gcp/__init__.py": "the library pulumi_gcp",
    "pulumi_policy/__init__.py": "the library pulumi_policy",
    "google/protobuf/__init__.py": "protobuf",
    "grpc.abi3.so": "the library grpcio",
    "typing_extensions.py": "the library typing_extensions",
    "pydantic.py": "the library pydantic",
}
"""What stands in front of which library."""

BEHIND = (
    "infra/yaml.py", "yaml.txt", "json/data.json", "calendar/README.md", "secrets/x.py", "tests/__init__.py",
    "docs/conf.py", "helpers.py", "conftest.py", "sitecustomize.py", "usercustomize.py", "x.pth", "json.schema.json",
    "no-module.py", "pyproject.toml", "scripts/json.py",
)  # fmt: skip
"""What stands in front of nothing: in folders, of other names, or behind the library."""


def write(root: Path, name: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("raise SystemExit('it was run')\n", encoding="utf-8")


@pytest.mark.parametrize("name", IN_FRONT)
def test_what_stands_in_front_of_a_library_is_found(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    (found,) = shadows.found(tmp_path)
    assert IN_FRONT[name] in str(found)
    assert str(found).startswith(re.split("[/]", name)[0])


@pytest.mark.parametrize("name", BEHIND)
def test_what_does_not_is_not(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert shadows.found(tmp_path) == []


def test_a_system_that_brings_what_python_starts_with_accuses_no_project_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("lib", "project"):
        for name in ("sitecustomize.py", "usercustomize.py", "other.py"):
            write(tmp_path / folder, name)

    def libraries(_: Path) -> list[str]:
        return [str(tmp_path / "lib")]

    monkeypatch.setattr(shadows, "_libraries", libraries)
    assert [found.entry for found in shadows.found(tmp_path / "project")] == ["other.py"]


def test_a_link_is_found_and_this_project_has_none(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/__init__.py")
    (tmp_path / "rich").symlink_to("elsewhere")
    assert [found.entry for found in shadows.found(tmp_path)] == ["rich/"]
    assert shadows.found(ROOT) == []


def test_a_plan_says_so_before_anything_is_run(tmp_path: Path) -> None:
    for name in ("__main__.py", "yaml.py", "json.py"):
        write(tmp_path, name)
    with pytest.raises(SettingsError, match="2 mistakes") as caught:
        planning.make("dev", ROOT / "Pulumi.dev.yaml", tmp_path)
    for text in ("json.py at the project's root", "yaml.py at the project's root", "rule", "remedy"):
        assert text in str(caught.value)


def test_python_dash_m_from_the_projects_folder_runs_none_of_it(tmp_path: Path) -> None:
    for name in ("catalog", "coursecloud", "guardrails", "infra"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    write(tmp_path, "yaml.py")
    words = [sys.executable, "-B", "-m", "coursecloud", "plan"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "yaml.py at the project's root stands in front of the library PyYAML" in done.stderr
    assert "it was run" not in done.stdout + done.stderr


def reviewed(tmp_path: Path, names: Iterable[str], mode: Wanted) -> Stack:
    repo = repository.made(tmp_path / "repo")
    base = repo.git("rev-parse", "HEAD")
    for name in names:
        write(repo.root, name)
    head = repo.commit()
    (stack,) = revisions.make(inputs.Given(repo.root, base, head, sandbox=mode), inputs.Read(), today=TODAY).stacks
    assert "it was run" not in str(stack.mistakes)
    return stack


modes = pytest.mark.parametrize("mode", [Wanted.AUTO, Wanted.OFF])


@modes
@pytest.mark.parametrize("name", ["yaml.py", "json.py", "pulumi_gcp/__init__.py", "typing_extensions.py"])
def test_a_review_runs_none_of_it_and_names_it(tmp_path: Path, name: str, mode: Wanted) -> None:
    stack = reviewed(tmp_path, [name], mode)
    assert stack.status is Status.BROKEN
    ((side, said),) = stack.mistakes
    assert side == "after"
    assert IN_FRONT[name] in said


@modes
def test_a_review_runs_nothing_that_python_itself_would_pick_up(tmp_path: Path, mode: Wanted) -> None:
    stack = reviewed(tmp_path, BEHIND, mode)
    assert stack.status is Status.UNCHANGED, stack.mistakes


@pytest.mark.parametrize("name", ["yaml.py", "sitecustomize.py", "coursecloud/json.py"])
def test_a_revision_of_another_shape_runs_none_of_it_either(tmp_path: Path, name: str) -> None:
    repo = repository.made(tmp_path / "repo")
    repo.write("coursecloud/plan.py", "# make is called something else here\n")
    repo.write("coursecloud/__main__.py", "import json\nprint(json.dumps({'version': 99, 'resources': []}))\n")
    base = repo.commit()
    write(repo.root, name)
    head = repo.commit()
    (stack,) = revisions.make(inputs.Given(repo.root, base, head), inputs.Read(), today=TODAY).stacks
    assert "version 99" in dict(stack.mistakes)["before"]
    assert "it was run" not in str(stack.mistakes)
