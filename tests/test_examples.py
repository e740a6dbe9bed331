"""The stacks that the project comes with are those that the tests plan, until a group makes them its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import project


def test_the_stacks_that_the_tests_plan_are_those_that_the_project_comes_with() -> None:
    changed = project.changed_examples(project.CHECKOUT)
    if changed and project.is_used(project.CHECKOUT):
        pytest.skip(f"a group uses this checkout; of the project's own stacks it changed {', '.join(changed)}")
    assert not changed, "copy what you changed: " + "; ".join(
        f"cp Pulumi.{each}.yaml tests/stacks/" for each in changed
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    for stack in project.NAMES:
        shutil.copy(project.STACKS / f"Pulumi.{stack}.yaml", tmp_path)
    (tmp_path / ".pulumi-state").mkdir()
    (tmp_path / ".pulumi-state/.gitignore").touch()
    return tmp_path


def edit(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


USES: list[Callable[[Path], object]] = [
    lambda folder: edit(folder, "Pulumi.dev.yaml", "config: {gcp:project: our-project-1}"),
    lambda folder: edit(folder, "Pulumi.group-07.yml", "config: {gcp:project: example-project-id}"),
    lambda folder: edit(folder, "members.dev.yaml", "[]"),
    lambda folder: edit(folder, ".pulumi-state/meta.yaml", ""),
    lambda folder: (folder / "Pulumi.full.yaml").unlink(),
]


@pytest.mark.parametrize("use", USES)
def test_a_checkout_with_anything_of_a_groups_own_is_used(fresh: Path, use: Callable[[Path], object]) -> None:
    assert not project.is_used(fresh)
    use(fresh)
    assert project.is_used(fresh)


def test_a_stack_that_differs_is_told(fresh: Path) -> None:
    assert project.changed_examples(fresh) == []
    edit(fresh, "Pulumi.gpu.yaml", "config: {gcp:project: example-project-id}")
    (fresh / "Pulumi.full.yaml").unlink()
    assert project.changed_examples(fresh) == ["gpu", "full"]
    assert project.is_used(fresh)
