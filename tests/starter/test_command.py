"""`coursecloud starter` as somebody types it: what is asked, written, refused, and with which exit code."""

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT
from tests.starter.repositories import HERE, made

STACKS = str(HERE / "stacks")


def run(*words: str, cwd: Path = ROOT, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coursecloud", "starter", *words]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"PYTHONPATH": str(ROOT)}
    if typed is None:
        return subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        return subprocess.run(
            command, cwd=cwd, env=environment, stdin=theirs, capture_output=True, text=True, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)


def files(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not path.startswith(".git/"))


def test_a_folder_that_is_not_there_is_made_with_a_whole_project(tmp_path: Path) -> None:
    done = run(str(tmp_path / "ours"), "--stack", "group", "--folder", STACKS, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"wrote 25 files into {tmp_path / 'ours'} for stack group\n")
    assert "src/digits/train.py" in files(tmp_path / "ours")
    again = run(str(tmp_path / "ours"), "--stack", "group", "--folder", STACKS)
    assert again.returncode == 0
    assert again.stdout.startswith(f"nothing to write: {tmp_path / 'ours'} has all of it for stack group\n")


def test_without_a_terminal_it_writes_nothing_unless_told_to(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--stack", "group", "--folder", STACKS)
    assert done.returncode == 2
    assert "add --yes to write, or --diff" in done.stderr
    assert files(tmp_path) == []


@pytest.mark.parametrize(("typed", "code", "some"), [("y\n", 0, True), ("n\n", 2, False)])
def test_at_a_terminal_it_shows_and_asks(tmp_path: Path, typed: str, code: int, some: bool) -> None:
    done = run(str(tmp_path), "--stack", "group", "--folder", STACKS, typed=typed)
    assert done.returncode == code
    assert "+++ b/cloudbuild.yaml" in done.stdout
    assert bool(files(tmp_path)) is some


def test_diff_says_what_will_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("", encoding="utf-8")
    (tmp_path / ".dockerignore").mkdir()
    done = run(str(tmp_path), "--stack", "group", "--folder", STACKS, "--diff")
    assert (done.returncode, ".dockerignore is a folder where a file would be" in done.stdout) == (3, True)


def test_diff_only_shows_and_what_will_fail_is_an_exit_code(tmp_path: Path) -> None:
    folder = made("flat", tmp_path)
    before = files(folder)
    done = run(str(folder), "--stack", "group", "--folder", STACKS, "--diff")
    assert done.returncode == 3
    assert done.stdout.startswith("would write 6 files into ")
    assert done.stdout.splitlines()[0].endswith("; 1 thing there will fail")
    assert "start.sh:3  port 8501" in done.stdout
    assert files(folder) == before


def test_json_writes_only_when_told_to(tmp_path: Path) -> None:
    folder = made("key-in-actions", tmp_path)
    before = files(folder)
    done = run(str(folder), "--stack", "group", "--folder", STACKS, "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["written"], files(folder)) == (3, False, before)
    assert {"path", "line", "id", "severity", "value", "rule", "remedy"} == set(said["findings"][0])
    assert "MIIEvQ" not in done.stdout
    done = run(str(folder), "--stack", "group", "--folder", STACKS, "--json", "--yes")
    assert json.loads(done.stdout)["written"] is True
    assert "vertex_job.yaml" in files(folder)


def test_quiet_says_what_follows_in_a_line(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--stack", "group", "--folder", STACKS, "--yes", "--quiet")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)


def test_from_the_repository_itself_the_stack_file_is_that_of_the_project(tmp_path: Path) -> None:
    done = run("--diff", "--stack", "gpu", cwd=tmp_path)
    assert done.returncode == 0
    assert f"the stack file is that of {ROOT}" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([str(ROOT)], "is the project of the stacks itself"),
        ([str(ROOT / "Pulumi.yaml")], "this is no folder"),
        (["/nowhere/at/all"], "there is no folder /nowhere/at"),
        (["x", "--stack", "nothing"], "there is no such stack file"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(words: list[str], said: str) -> None:
    done = run(*words, "--yes")
    assert done.returncode == 2
    assert said in done.stderr
    assert "remedy" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (ROOT / "x").exists()


def test_nothing_is_written_through_a_link_or_over_a_folder(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "repository"
    elsewhere.mkdir()
    folder.mkdir()
    for name in ("train.py", "requirements.txt"):
        (folder / name).write_text("", encoding="utf-8")
    (folder / ".github").symlink_to(elsewhere)
    done = run(str(folder), "--stack", "group", "--folder", STACKS, "--yes")
    assert (done.returncode, files(elsewhere)) == (2, [])
    assert ".github is a link" in done.stderr
    (folder / "vertex_job.yaml").mkdir()
    (folder / ".coursecloud").write_text("", encoding="utf-8")
    done = run(str(folder), "--stack", "group", "--folder", STACKS, "--yes")
    assert done.returncode == 2
    for what in ("vertex_job.yaml is a folder where a file would be", ".coursecloud is a file where a folder would be"):
        assert what in done.stderr
    assert files(elsewhere) == []
    assert files(folder) == [".coursecloud", "requirements.txt", "train.py"]


def test_what_cannot_be_written_leaves_nothing_half_done(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "a" / "b").mkdir(parents=True)
    words = shlex.join([sys.executable, "-m", "coursecloud", "starter", str(folder), "--stack", "group", "--yes"])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1; exec {words} --folder {shlex.quote(STACKS)}"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "nothing was written" in done.stderr
    assert files(folder) == []
    assert [path.name for path in folder.iterdir()] == ["a"]
