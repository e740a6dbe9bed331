"""Updates that are killed in the middle, and two at once: the next `up` finds its way, and nothing is lost."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

from coursecloud.deploy import lifecycle, process
from coursecloud.deploy.pulumi_cli import Pulumi, alive
from coursecloud.deploy.store_readers import MARKER
from tests.e2e.conftest import Project, Record
from tests.project import CHECKOUT as ROOT

MOMENTS = 10
UP = (
    "import pathlib, sys; from coursecloud.deploy.lifecycle import up;"
    " sys.exit(up(pathlib.Path(), {stack!r}, yes=True))"
)


def begin(project: Project, log: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start an update in a process group of its own, so that all of it can be killed at once."""
    with log.open("wb") as out:
        return subprocess.Popen(
            command,
            cwd=project.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def begin_up(project: Project, log: Path, stack: str) -> subprocess.Popen[bytes]:
    return begin(project, log, sys.executable, "-c", UP.format(stack=stack))


def writes(project: Project) -> int:
    """Count what was written in the cloud, but for the note of who updates."""
    calls = [call for call in list(project.emulator.requests) if call.get("write") and call["status"] < 300]
    return sum(1 for call in calls if MARKER not in unquote(call["path"]))


def kill_after(project: Project, started: subprocess.Popen[bytes], more: int) -> bool:
    """Kill the update when Google has done that many more writes; False where it ended before."""
    due = writes(project) + more
    while started.poll() is None and writes(project) < due:
        time.sleep(0.005)
    if started.poll() is not None:
        return False
    # Pulumi has a session of its own, and is asked to stop where the command alone is killed: all of it goes at once.
    os.killpg(started.pid, signal.SIGSTOP)
    for lock in Pulumi(project.root, "*", os.environ).locks():
        for number in process.members(lock["pid"]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    while any(alive(lock) for lock in Pulumi(project.root, "*", os.environ).locks()):
        time.sleep(0.05)  # what is killed is gone a moment later
    return True


@pytest.mark.long
@pytest.mark.parametrize(("stack", "total"), [("dev", 24), ("full", 66)])
def test_an_update_that_is_killed_ten_times_still_ends_well(
    project: Project, tmp_path: Path, stack: str, total: int, record_property: Record
) -> None:
    # Answers take a while, so that a kill also meets what was done and not yet written down.
    project.emulator.use({"latency": 0.1})
    killed = 0
    for moment in range(MOMENTS):
        log = tmp_path / f"up-{moment}.log"
        killed += kill_after(project, begin_up(project, log, stack), total // (MOMENTS + 1))
    project.emulator.use({})
    code = lifecycle.up(project.root, stack, yes=True)
    logs = [(tmp_path / f"up-{moment}.log").read_text() for moment in range(MOMENTS)]
    mended = sum("Taken over" in text for text in logs)
    project.note(record_property, {"stack": stack, "killed": killed, "taken over in": mended, "last up": code})
    assert killed == MOMENTS
    assert code == 0
    project.unchanged(stack)
    assert lifecycle.finish(project.root, stack) == 0
    assert project.emulator.remaining() == []


@pytest.mark.long
def test_after_a_kill_an_evening_leaves_nothing_behind_that_bills(project: Project, tmp_path: Path) -> None:
    project.emulator.use({"latency": 0.1})
    assert kill_after(project, begin_up(project, tmp_path / "up.log", "dev"), 12)
    project.emulator.use({})
    assert lifecycle.finish(project.root, "dev") == 0
    assert project.emulator.remaining() == []


@pytest.mark.long
def test_of_two_ups_at_once_the_second_is_refused_and_the_first_ends_well(project: Project, tmp_path: Path) -> None:
    first = begin_up(project, tmp_path / "first.log", "dev")
    while writes(project) < 5:
        assert first.poll() is None, (tmp_path / "first.log").read_text()
        time.sleep(0.05)
    with pytest.raises(lifecycle.RefusedError, match=r"(?s)is being worked on by .*pulumi cancel"):
        lifecycle.up(project.root, "dev", yes=True)
    plain = project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev")
    assert plain.returncode != 0
    assert "the stack is currently locked by 1 lock" in plain.stdout + plain.stderr
    assert first.wait() == 0, (tmp_path / "first.log").read_text()
    project.unchanged("dev")
    assert lifecycle.finish(project.root, "dev") == 0
    assert project.emulator.remaining() == []
