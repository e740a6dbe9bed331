"""Run a program so that it ends well: it is asked to stop once, waited for, and leaves no process behind.

The program runs in a session of its own, away from the terminal: Ctrl-C reaches this process alone, which hands it on
once. What the program says goes through a file, not a pipe: when this process is killed, the program is asked to stop
(on Linux) and can still write, so that it ends in order.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOOK = 0.05
"""Seconds between two looks at what the program has said."""

_ASKED = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
_SET_PDEATHSIG = 1  # prctl(2) of Linux
_LINUX = sys.platform == "linux"
_LIBRARY = ctypes.CDLL(None) if _LINUX else None


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    errors: str
    """What it wrote to its standard error."""


class InterruptError(Exception):
    """Somebody ended the command; the program that it ran has ended, too."""

    def __init__(self, number: int, *, forced: bool):
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number
        """The exit code that a shell gives for it."""
        self.forced = forced
        """The program was not waited for: what it had begun is open."""
        self.told: object = None
        """What the program had told until then, where somebody kept it."""


def run(
    line: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    said: Callable[[str], None],
    asked: Callable[[], None] = lambda: None,
) -> Ended:
    """Run a program, with no standard input; `said` gets each line of its output as it comes.

    The first Ctrl-C (or SIGTERM, or a terminal that closes) is handed on, `asked` is called, and the program is waited
    for; the second ends it and all that it has started. Raises InterruptError in both cases, once nothing runs any
    more.
    """
    requests = _Requests()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _handled(requests.note):
        started = subprocess.Popen(
            list(line),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=_stop_with_parent if _LINUX else None,
        )
        with contextlib.ExitStack() as stack:
            stack.callback(_sweep, started.pid)
            lines = _Lines(os.dup(out.fileno()))
            stack.callback(lines.close)
            handed = 0
            while True:
                ended = started.poll() is not None
                lines.each(said, last=ended)
                if ended:
                    break
                if requests.count > handed:
                    handed += 1
                    if handed > 1:
                        _sweep(started.pid)
                    else:
                        started.send_signal(signal.SIGINT)
                        asked()
                time.sleep(LOOK)
        if requests.count:
            raise InterruptError(requests.first, forced=handed > 1)
        err.seek(0)
        return Ended(started.returncode, err.read().decode(errors="replace"))


@contextlib.contextmanager
def interrupts() -> Generator[None]:
    """Have the same requests to stop raise InterruptError also while no program runs."""

    def stop(number: int, _frame: object) -> None:
        raise InterruptError(number, forced=False)

    with _handled(stop):
        yield


@contextlib.contextmanager
def _handled(take: Callable[[int, object], None]) -> Generator[None]:
    """Have a request to stop do this, in place of what it would do."""
    before: dict[int, object] = {}
    for number in _ASKED:
        # Only the main thread may say what a signal does; and who ignores one (nohup) goes on ignoring it.
        with contextlib.suppress(ValueError):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, take)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType] - what signal.signal gave


class _Requests:
    """Counts the requests to stop while a program runs."""

    def __init__(self) -> None:
        self.count = 0
        self.first = int(signal.SIGINT)

    def note(self, number: int, _frame: object) -> None:
        if not self.count:
            self.first = number
        self.count += 1


class _Lines:
    """The lines of a file that somebody else is writing."""

    def __init__(self, descriptor: int):
        self._file: IO[bytes] = os.fdopen(descriptor, "rb")
        self._at = 0
        self._begun = b""

    def each(self, said: Callable[[str], None], *, last: bool) -> None:
        # The descriptor shares its position with the writer's, so it is read without moving it.
        while part := os.pread(self._file.fileno(), 1 << 16, self._at):
            self._at += len(part)
            *whole, self._begun = (self._begun + part).split(b"\n")
            for line in whole:
                said(line.decode(errors="replace"))
        if last and self._begun:
            said(self._begun.decode(errors="replace"))

    def close(self) -> None:
        self._file.close()


def members(session: int) -> Generator[int]:
    """List the processes of a session that still run; one that has ended and waits to be asked how does not."""
    if Path("/proc/self/stat").exists():  # `ps` is a package of its own on a small Debian
        listed = [(path.name, _state(path)) for path in Path("/proc").iterdir() if path.name.isdigit()]
    else:
        done = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=False)
        listed = [(number, state) for number, state in map(str.split, done.stdout.splitlines())]
    for number, state in listed:
        with contextlib.suppress(OSError):
            if not state.startswith("Z") and os.getsid(int(number)) == session:
                yield int(number)


def _state(process: Path) -> str:
    try:
        # What follows the name, which may have any sign in it (proc_pid_stat(5)).
        return (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].strip()
    except OSError:
        return "Z"


def _sweep(session: int) -> None:
    """End what a program has left running: a plugin whose engine was killed waits for it for ever."""
    for number in members(session):
        with contextlib.suppress(OSError):
            os.kill(number, signal.SIGKILL)


def _stop_with_parent() -> None:
    """Have Linux ask this process to stop when its parent has ended, in whatever way."""
    if _LIBRARY:
        _LIBRARY.prctl(_SET_PDEATHSIG, int(signal.SIGINT))
