"""A second run, after the stack or the group has changed something: edits stay, and what meets is said."""

import subprocess
from pathlib import Path

import pytest

from coursecloud.plan import planning
from coursecloud.starter import merging, starting
from coursecloud.starter.kept import kept_at
from coursecloud.starter.starting import Start
from tests.project import ROOT
from tests.starter.repositories import HERE, look

GROUP = (HERE / "stacks" / "Pulumi.group.yaml").read_text(encoding="utf-8")


def again(folder: Path, text: str, tmp_path: Path) -> Start:
    """Look with a changed stack file."""
    file = tmp_path / "Pulumi.group.yaml"
    file.write_text(text, encoding="utf-8")
    return starting.look(planning.make("group", file, ROOT), file.name, folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    starting.write(made, look("group", made))
    return made


def state(start: Start, path: str) -> str:
    return next(one.state for one in start.outcomes if one.path == path)


def moved(text: str) -> str:
    return text.replace("group-seven-2026", "group-eight-2026")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new).encode())


def test_without_a_change_nothing_is_written(folder: Path) -> None:
    start = look("group", folder)
    assert {one.state for one in start.outcomes} == {"same"}
    assert (start.written, start.clean) == ((), True)


def test_a_changed_stack_changes_what_nobody_has_edited(folder: Path, tmp_path: Path) -> None:
    start = again(folder, moved(GROUP), tmp_path)
    assert {"cloudbuild.yaml", "vertex_job.yaml", ".dvc/config"} <= {one.path for one in start.written}
    assert {one.state for one in start.written} == {"changed"}, "nobody has edited anything"
    starting.write(folder, start)
    assert "group-seven-2026" not in "".join(
        path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["unix", "windows"])
def test_edits_stay_beside_what_the_stack_changes(folder: Path, tmp_path: Path, ends: str) -> None:
    file = folder / "cloudbuild.yaml"
    edit(file, "timeout: 2400s", "timeout: 3600s # ours")
    file.write_bytes(file.read_bytes().replace(b"\n", ends.encode()))
    start = again(folder, moved(GROUP), tmp_path)
    assert state(start, "cloudbuild.yaml") == "merged"
    starting.write(folder, start)
    text = file.read_bytes().decode()
    assert "timeout: 3600s # ours" in text
    assert "group-eight-2026" in text
    assert text.count("\n") == text.count(ends)
    assert state(again(folder, moved(GROUP), tmp_path), "cloudbuild.yaml") == "same"


def test_where_both_changed_a_line_nothing_of_the_file_is_written_and_the_rest_is(folder: Path, tmp_path: Path) -> None:
    file = folder / "cloudbuild.yaml"
    edit(file, "_IMAGE: europe-west1-docker.pkg.dev/group-seven-2026", "_IMAGE: europe-west1-docker.pkg.dev/ours")
    before = file.read_bytes()
    start = again(folder, moved(GROUP), tmp_path)
    conflict = next(one for one in start.outcomes if one.path == "cloudbuild.yaml")
    line = 1 + before.decode().split("\n").index("  _IMAGE: europe-west1-docker.pkg.dev/ours/group-docker/api")
    assert conflict.state == "conflict"
    assert f"line {line}" in conflict.said
    assert not start.clean
    starting.write(folder, start)
    assert file.read_bytes() == before
    assert "group-eight-2026" in (folder / "vertex_job.yaml").read_text(encoding="utf-8")
    # It is not forgotten: whoever runs it again is told again.
    assert state(again(folder, moved(GROUP), tmp_path), "cloudbuild.yaml") == "conflict"


def test_what_the_group_removed_is_not_written_again(folder: Path) -> None:
    (folder / ".gcloudignore").unlink()
    start = look("group", folder)
    assert state(start, ".gcloudignore") == "removed"
    (folder / kept_at(".gcloudignore")).unlink()
    assert state(look("group", folder), ".gcloudignore") == "new"


def test_what_the_stack_no_longer_asks_for_is_said_and_stays(folder: Path, tmp_path: Path) -> None:
    start = again(folder, GROUP.replace("{machineType: n1-highmem-2}", "{enabled: false}"), tmp_path)
    assert state(start, "vertex_job.yaml") == "obsolete"
    starting.write(folder, start)
    assert (folder / "vertex_job.yaml").is_file()


def test_what_is_kept_does_not_pass_for_a_file_of_the_repository(folder: Path) -> None:
    names = {path.name for path in (folder / ".coursecloud").rglob("*") if path.is_file()}
    assert names
    assert all(name.endswith(".base") for name in names)
    assert not list((folder / ".coursecloud").rglob(".*"))
    listed = subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True, capture_output=True) and subprocess.run(
        ["git", "status", "--short", "-uall"], cwd=folder, check=True, capture_output=True, text=True
    )
    assert ".coursecloud/starter/cloudbuild.yaml.base" in listed.stdout


def test_two_edits_of_one_place_meet_and_others_do_not() -> None:
    base = "a\nb\nc\nd\ne\n"
    assert merging.merge("A\nb\nc\nd\ne\n", base, "a\nb\nc\nd\nE\n") == ("A\nb\nc\nd\nE\n", [])
    assert merging.merge("A\nb\nc\nd\ne\n", base, "x\nb\nc\nd\ne\n")[1] == ["line 1"]
    assert merging.merge("a\nB\nC\nd\ne\n", base, "a\nx\ny\nd\ne\n")[1] == ["lines 2 to 3"]


def test_without_git_nothing_is_merged_and_that_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder / "cloudbuild.yaml", "timeout: 2400s", "timeout: 3600s")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(merging.MergeError, match="install git"):
        again(folder, moved(GROUP), tmp_path)


def test_an_image_that_only_a_trigger_of_pull_requests_names_stays_where_it_was_written(tmp_path: Path) -> None:
    checks = "      checks: {pullRequest: ^main$, dockerfile: docker/service.dockerfile}\n"
    text = GROUP.replace("  coursecloud:registry", checks + "  coursecloud:registry")
    made = tmp_path / "repository"
    starting.write(made, again(made, text, tmp_path))
    assert (made / "docker" / "service.dockerfile").is_file()
    second = again(made, text, tmp_path)
    assert ({one.state for one in second.outcomes}, second.findings) == ({"same"}, ())
