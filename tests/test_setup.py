"""The set-up of .venv: what it says before it makes anything, and that nothing half made stays for the next run.

Python and pip are emulators that write down what they are asked; `.ci/bare` tries the real ones on a bare machine.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import CHECKOUT

PYTHON = f"""#!/bin/sh
case "$*" in
  *fcntl*) exec {sys.executable} "$@" ;;
  *_base_executable*) [ -z "$TOO_OLD" ] && echo "$0" ;;
  *"import ensurepip"*) [ -z "$NO_ENSUREPIP" ] ;;
  "-m venv .venv") echo venv >> "$CALLS"; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  *compileall*) echo "$*" >> "$CALLS.compiled" ;;
  *"pip install"*) echo pip >> "$CALLS"; [ -z "$SLOW" ] || sleep "$SLOW"; [ -z "$OFFLINE" ] ;;
  "- "*) cat > /dev/null; [ -z "$OTHER_PINS" ] ;;
esac
"""


class Folder:
    """A folder with the set-up and what it reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / ".ci").mkdir(parents=True)
        for name in ("setup", "alone"):
            (root / ".ci" / name).write_bytes((CHECKOUT / ".ci" / name).read_bytes())
        for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            (root / name).touch()
        self.python = root / "python3"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)
        self.log = root / "calls"

    def start(self, python: str | None = None, **how: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", ".ci/setup", str(self.python) if python is None else python],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "CALLS": str(self.log), **how},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def reaches_pip(self, process: subprocess.Popen[str]) -> None:
        """Wait until it installs packages."""
        while not self.log.exists() or "pip" not in self.log.read_text():
            assert process.poll() is None
            time.sleep(0.02)

    def run(self, python: str | None = None, **how: str) -> tuple[int, str]:
        """Run it; give its exit code and what it says of mistakes."""
        with self.start(python, **how) as process:
            _, said = process.communicate()
        return process.returncode, said

    def calls(self) -> list[str]:
        """Take what was asked since the last time."""
        asked = self.log.read_text().split() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return asked


ANEW = ["venv", "pip", "pip"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "clone")


def test_the_libraries_are_compiled_once(folder: Folder) -> None:
    """Where no bytecode is written, each plan would compile all of them again: twice the time."""
    for _ in range(2):
        assert folder.run() == (0, "")
        (compiled,) = folder.log.with_name("calls.compiled").read_text().splitlines()
        assert ".venv/lib" in compiled


def test_it_is_made_once(folder: Folder) -> None:
    assert folder.run() == (0, "")
    assert folder.calls() == ANEW
    assert folder.run() == (0, "")
    assert folder.calls() == []


@pytest.mark.parametrize(
    ("python", "how", "said"),
    [
        (None, {"NO_ENSUREPIP": "1"}, "sudo apt install python3-venv"),
        (None, {"TOO_OLD": "1"}, "needs Python 3.11 or newer"),
        ("", {}, "needs Python 3.11 or newer"),
        ("/not/there/python3.12", {}, "/not/there/python3.12 is not"),
    ],
)
def test_what_has_to_be_installed_is_said_in_one_line_before_anything_is_made(
    python: str | None, how: dict[str, str], said: str, folder: Folder
) -> None:
    code, line = folder.run(python, **how)
    assert code == 2
    assert said in line
    assert all(system in line for system in ("Debian, Ubuntu, WSL: sudo apt install", "dnf", "brew"))
    assert line.count("\n") == 1
    assert folder.calls() == []
    assert not (folder.root / ".venv").exists()


def test_the_package_of_a_python_by_its_number_is_named_so(folder: Folder) -> None:
    other = folder.python.rename(folder.root / "python3.13")
    assert "apt install python3.13-venv" in folder.run(str(other), NO_ENSUREPIP="1")[1]


def empty(root: Path) -> None:
    (root / ".venv").mkdir()


def without_pip(root: Path) -> None:
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    (root / ".venv/bin/python").chmod(0o755)


def python_gone(root: Path) -> None:
    Folder.run(_of(root))
    (root / ".venv/bin/python").unlink()
    (root / ".venv/bin/python").symlink_to("/usr/bin/python3.99")


def pip_gone(root: Path) -> None:
    Folder.run(_of(root))
    (root / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")


def moved(root: Path) -> None:
    Folder.run(_of(root))
    (root / ".venv/whole").write_text("/home/ada/another\n")


def cut_off(root: Path) -> None:
    Folder.run(_of(root))
    (root / ".venv/whole").unlink()


def _of(root: Path) -> Folder:
    there = Folder.__new__(Folder)
    there.root, there.python, there.log = root, root / "python3", root / "calls"
    return there


@pytest.mark.parametrize("leave", [empty, without_pip, python_gone, pip_gone, moved, cut_off])
def test_what_is_half_made_or_another_ones_is_made_anew(leave: Callable[[Path], None], folder: Folder) -> None:
    leave(folder.root)
    folder.calls()
    (folder.root / ".venv/stale").touch()
    assert folder.run() == (0, "")
    assert folder.calls() == ANEW
    assert not (folder.root / ".venv/stale").exists()
    assert folder.run() == (0, "")
    assert folder.calls() == []


def test_other_pins_are_brought_in_without_making_all_anew(folder: Folder) -> None:
    folder.run()
    folder.calls()
    assert folder.run(OTHER_PINS="1") == (0, "")
    assert folder.calls() == ["pip", "pip"]


def test_without_a_network_it_says_so_and_begins_anew_the_next_time(folder: Folder) -> None:
    code, said = folder.run(OFFLINE="1")
    assert (code, folder.calls()) == (2, ["venv", "pip"])
    assert "it begins anew" in said
    assert folder.run() == (0, "")
    assert folder.calls() == ANEW


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("there", [False, True])
def test_what_was_ended_in_the_middle_begins_anew_the_next_time(
    there: bool, number: signal.Signals, folder: Folder
) -> None:
    if there:
        folder.run()
        folder.calls()
    with folder.start(SLOW="30", OTHER_PINS="1") as process:
        folder.reaches_pip(process)
        os.killpg(process.pid, number)
    folder.calls()
    assert folder.run() == (0, "")
    assert folder.calls() == ANEW


def test_of_two_at_once_the_second_waits_and_finds_it_made(folder: Folder) -> None:
    with folder.start(SLOW="2") as first:
        folder.reaches_pip(first)
        with folder.start() as second:
            said, wrong = second.communicate()
            assert (second.returncode, wrong) == (0, "")
        assert first.wait() == 0, "what the first made was taken from under it"
    assert "Another set-up runs in this folder; waiting" in said
    assert "Setting up" not in said
    assert folder.calls() == ANEW


def test_a_set_up_that_was_killed_leaves_no_lock(folder: Folder) -> None:
    with folder.start(SLOW="30") as process:
        folder.reaches_pip(process)
        os.killpg(process.pid, signal.SIGKILL)
    with folder.start() as again:
        said, _ = again.communicate()
    assert "waiting" not in said
    assert again.returncode == 0
