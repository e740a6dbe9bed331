"""A program that is run ends well: asked once, waited for, ended at the second word, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coursecloud.deploy import process
from tests.project import CHECKOUT

CHILD = """
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
waits = [sys.executable, "-IS", "-c", "import time; time.sleep(600)"]
sleeper = subprocess.Popen(waits) if "plugin" in sys.argv else None
def asked(number, frame):
    print("asked", flush=True)
    if "deaf" in sys.argv:
        return
    time.sleep(.2)  # what it has begun is ended, and written down
    if sleeper:
        sleeper.kill()
        sleeper.wait()
    (folder / "written").write_text("in order")
    print("written down", flush=True)
    sys.exit(1)
signal.signal(signal.SIGINT, asked)
print("begun", flush=True)
(folder / "pid").write_text(str(os.getpid()))
(folder / "session").write_text(str(os.getsid(0)))
for _ in range(6000):
    time.sleep(.01)
    if "talks" in sys.argv and not (folder / "written").exists():
        print("still working", flush=True)
    if (folder / "enough").exists():
        (folder / "written").write_text("to its end")
        break
"""
PARENT = """
import os, pathlib, sys
from coursecloud.deploy import process
from coursecloud.deploy.pulumi_cli import Pulumi
folder = pathlib.Path(sys.argv[1])
pulumi = Pulumi(folder, "x", os.environ)
try:
    ended = process.run([sys.executable, "-IS", str(folder / "child.py"), *sys.argv[1:]], cwd=folder,
                        environment=os.environ, said=pulumi.say, asked=lambda: pulumi.say("handed on"))
except process.InterruptError as error:
    (folder / "caught").write_text(f"{error.code} {error.forced}")
    sys.exit(error.code)
(folder / "caught").write_text(f"ended {ended.code}")
"""


class Started:
    """A command of ours that runs a child, as a shell or a terminal starts it."""

    def __init__(self, folder: Path, *how: str, **more: object):
        self.folder = folder
        (folder / "child.py").write_text(CHILD, encoding="utf-8")
        self.out = folder / "out"
        with self.out.open("wb") as out:
            options: dict[str, Any] = {"stdout": out, "stderr": subprocess.STDOUT, **more}
            self.run: subprocess.Popen[Any] = subprocess.Popen(
                [sys.executable, "-c", PARENT, str(folder), *how],
                env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
                **options,
            )
        wait(lambda: (folder / "session").exists() and (folder / "session").read_text() != "")

    @property
    def left(self) -> list[int]:
        """List what still runs of the child's session."""
        return list(process.members(int((self.folder / "session").read_text())))

    def told(self, name: str) -> str:
        """Give what a file of the child's or the parent's says."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def send(self, number: int) -> None:
        """Send a signal to the parent alone."""
        self.run.send_signal(number)

    def ends(self) -> int:
        """Wait for the parent's end; gives its exit code."""
        return self.run.wait(timeout=20)


def wait(until: Callable[[], bool]) -> None:
    """Wait until something is so; what takes longer than anything takes fails."""
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end, "it did not come to it"
        time.sleep(0.01)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Start one; what a test leaves running is ended."""
    made: list[Started] = []

    def starting(*how: str, **more: object) -> Started:
        made.append(Started(tmp_path, *how, **more))
        return made[-1]

    yield starting
    for each in made:
        for number in each.left:
            with contextlib.suppress(OSError):
                os.kill(number, signal.SIGKILL)
        each.run.kill()
        each.run.wait()


Start = Callable[..., Started]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_the_first_word_is_handed_on_and_the_program_waited_for(start: Start, number: int, code: int) -> None:
    started = start("plugin")
    started.send(number)
    assert started.ends() == code
    assert started.told("caught") == f"{code} False"
    assert started.told("written") == "in order"
    assert started.left == []
    lines = started.told("out").splitlines()
    assert [line for line in lines if line != "still working"] == ["begun", "handed on", "asked", "written down"]


def test_the_second_word_ends_it_and_all_that_it_has_started(start: Start) -> None:
    started = start("deaf", "plugin")
    started.send(signal.SIGINT)
    wait(lambda: "asked" in started.told("out"))
    assert len(started.left) == 2
    started.send(signal.SIGINT)
    assert started.ends() == 130
    assert started.told("caught") == "130 True"
    assert started.left == []
    assert started.told("written") == ""


def test_what_a_program_leaves_running_is_ended_with_it(start: Start) -> None:
    started = start("plugin")
    assert len(started.left) == 2
    (started.folder / "enough").touch()
    assert started.ends() == 0
    assert started.left == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process of its parent's end")
def test_a_command_that_is_killed_leaves_no_process_and_the_program_ends_in_order(start: Start) -> None:
    started = start("plugin")
    started.send(signal.SIGKILL)
    assert started.ends() == -signal.SIGKILL
    wait(lambda: not started.left)
    assert started.told("written") == "in order"


def test_a_pipe_that_nobody_reads_any_more_ends_no_update(start: Start) -> None:
    reading, writing = os.pipe()
    started = start("talks", stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    assert os.read(reading, 5) == b"begun"
    os.close(reading)
    time.sleep(0.3)  # so that it has something to say to nobody
    assert started.run.poll() is None
    (started.folder / "enough").touch()
    assert started.ends() == 0
    assert started.told("written") == "to its end"


def test_a_terminal_that_is_closed_asks_it_to_stop_and_it_writes_down_what_it_did(start: Start) -> None:
    ours, theirs = os.openpty()

    def own_terminal() -> None:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    started = start("talks", stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
    os.close(theirs)
    os.close(ours)
    assert started.ends() == 129
    assert started.told("written") == "in order"
    assert started.left == []


def test_ctrl_c_of_a_terminal_reaches_the_program_once(start: Start) -> None:
    # A terminal signals every process of the foreground; the program is in a session of its own.
    started = start("plugin", start_new_session=True)
    os.killpg(started.run.pid, signal.SIGINT)
    assert started.ends() == 130
    assert started.told("out").splitlines().count("asked") == 1
    assert started.told("written") == "in order"


def test_who_ignores_a_closed_terminal_goes_on_ignoring_it(start: Start) -> None:
    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    started = start(preexec_fn=nohup)
    started.send(signal.SIGHUP)
    time.sleep(0.3)
    assert started.run.poll() is None
    (started.folder / "enough").touch()
    assert started.ends() == 0
    assert started.told("caught") == "ended 0"


def here(folder: Path, *script: str) -> tuple[process.Ended, list[str]]:
    """Run a line of Python from within this process."""
    lines: list[str] = []
    line = [sys.executable, "-IS", "-c", "\n".join(script)]
    return process.run(line, cwd=folder, environment=os.environ, said=lines.append), lines


def test_each_line_is_told_once_and_whole_and_what_is_not_text_does_not_matter(tmp_path: Path) -> None:
    script = (
        "import sys, time",
        "w = sys.stdout.buffer.write; f = sys.stdout.buffer.flush",
        "w(b'half a '); f(); time.sleep(.15); w('line \\u00e9\\n'.encode())",
        "w(b'\\xff\\n' + b'x' * 200000 + b'\\nno end')",
        "sys.stderr.write('an error'); sys.exit(3)",
    )
    ended, lines = here(tmp_path, *script)
    assert lines == ["half a line é", "\ufffd", "x" * 200000, "no end"]
    assert (ended.code, ended.errors) == (3, "an error")


def test_signals_mean_afterwards_what_they_meant_before(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    here(tmp_path, "pass")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_it_has_no_standard_input_that_it_could_wait_for(tmp_path: Path) -> None:
    ended, lines = here(tmp_path, "import sys", "print(repr(sys.stdin.read()))")
    assert (ended.code, lines) == (0, ["''"])
