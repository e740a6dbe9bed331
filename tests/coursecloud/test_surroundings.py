"""Where a command runs: closed streams, no home, no locale, odd widths and folders; it answers, or says why not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

FIRST = "Write your project's id into Pulumi.dev.yaml"


def run(
    words: str, *, folder: Path = ROOT, without: tuple[str, ...] = (), **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run a command line of a shell in which `coursecloud` is the command."""
    environment = {name: value for name, value in os.environ.items() if name not in without} | extra
    line = words.replace("coursecloud ", f"'{sys.executable}' -m coursecloud ", 1)
    return subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("words", ["init --project a 0<&-", "finish 0<&-", "explain lease 0<&-"])
def test_a_closed_input_is_one_without_an_answer(words: str) -> None:
    done = run(f"coursecloud {words}")
    assert "Traceback" not in done.stderr
    assert done.returncode == (0 if "explain" in words else 2)


def test_with_nobody_to_read_it_nothing_is_done() -> None:
    done = run("coursecloud explain lease >&-")
    assert (done.returncode, done.stderr) == (141, "")
    assert run("coursecloud plan --stack none 2>&-").returncode == 2


@pytest.mark.parametrize("words", ["explain lease", "plan --json", "schema"])
def test_a_full_disk_is_said(words: str) -> None:
    done = run(f"coursecloud {words} > /dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("the output cannot be written: No space left on device")


@pytest.mark.parametrize("columns", ["0", "1", "19", "-3", "wide"])
def test_a_width_that_shows_nothing_is_none(columns: str) -> None:
    assert FIRST in run("coursecloud plan --quiet", COLUMNS=columns).stdout


def test_without_home_terminal_locale_or_anything_it_plans() -> None:
    nothing = tuple(os.environ)
    assert FIRST in run("coursecloud plan --quiet", without=nothing).stdout
    ascii_only = run("coursecloud plan --quiet", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert FIRST in ascii_only.stdout


def test_a_folder_may_be_called_anything_and_be_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "en sti" / "gr\u00fcppe \u00f8"
    shutil.copytree(ROOT, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        assert FIRST in run("coursecloud plan --quiet", folder=folder).stdout
        ascii_only = run("coursecloud plan --quiet", folder=folder, LC_ALL="C", PYTHONUTF8="0")
        assert FIRST in ascii_only.stdout
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)


def test_without_git_a_review_says_what_else_there_is() -> None:
    done = run("coursecloud review", PATH="/nowhere")
    assert done.returncode == 2
    assert "install git, or compare stack files" in done.stderr
