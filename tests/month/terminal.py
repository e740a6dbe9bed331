"""A person at a terminal, or a pipe: runs a command, answers its questions, presses Ctrl-C, closes the lid."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]")
OVERWRITTEN = re.compile(r"[^\r\n]*\r(?!\n)")
"""What moves a cursor or colours a word; and what a terminal has no longer, because its line was begun anew."""

OWN_TERMINAL = (
    "import fcntl,os,signal,sys,termios;fcntl.ioctl(0,termios.TIOCSCTTY,0);signal.signal(signal.SIGINT,signal.SIG_DFL);"
    "os.execvp(sys.argv[1],sys.argv[1:])"
)
"""Makes the terminal the process's own and lets Ctrl-C through, as a shell does, also for a run in the background."""

Answers = Sequence[tuple[str, str]]
"""Pattern of a question at the end of what was printed, and what is typed."""


@dataclass
class Running:
    """A command that runs."""

    process: subprocess.Popen[bytes]
    descriptor: int
    terminal: bool
    raw: bytearray = field(default_factory=bytearray)
    closed: bool = False

    @property
    def text(self) -> str:
        """What it has printed, without what steers a terminal."""
        plain = ANSI.sub("", self.raw.decode("utf-8", "replace"))
        return OVERWRITTEN.sub("", plain.replace("\r\r\n", "\r\n")).replace("\r\n", "\n")

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.descriptor, text.encode())

    def ctrl_c(self) -> None:
        """Press Ctrl-C; without a terminal, what a shell would send to the whole group."""
        if self.terminal:
            self.type("\x03")
        else:
            os.killpg(self.process.pid, signal.SIGINT)

    def hang_up(self) -> None:
        """Close the terminal."""
        if not self.closed:
            self.closed = True
            os.close(self.descriptor)


@dataclass(frozen=True)
class Ended:
    """How a command went."""

    line: tuple[str, ...]
    code: int
    """Exit code; of a signal its negative number."""
    text: str
    seconds: float
    cpu: float
    """Seconds of processor of the command and all that it started."""
    asked: tuple[str, ...] = ()
    """The questions that were answered."""

    @property
    def lines(self) -> list[str]:
        """What was printed, without empty lines."""
        return [line.rstrip() for line in self.text.splitlines() if line.strip()]

    def last(self, most: int = 25) -> str:
        """Give the last lines."""
        return "\n".join(self.lines[-most:])


def run(
    line: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    terminal: bool = True,
    answers: Answers = (),
    watch: Callable[[Running], None] | None = None,
    patience: float = 900,
) -> Ended:
    """Run it to its end; `watch` is called all the while, and may press keys or end it."""
    begun, spent = time.monotonic(), _spent()
    running = _start(line, cwd, environment, terminal=terminal)
    asked: list[str] = []
    answered = 0
    try:
        while _read(running):
            if watch:
                watch(running)
            text = running.text
            for pattern, typed in answers:
                if terminal and not running.closed and (found := re.search(pattern, text[answered:])):
                    asked.append(found[0])
                    answered = len(text)
                    running.type(typed)
                    break
            if time.monotonic() - begun > patience:
                os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()
                raise AssertionError(f"{' '.join(line)} did not end within {patience:g} s:\n{running.text[-3000:]}")
        code = running.process.wait()
    finally:
        running.hang_up()
    return Ended(tuple(line), code, running.text, time.monotonic() - begun, _spent() - spent, tuple(asked))


def _start(line: Sequence[str], cwd: Path, environment: Mapping[str, str], *, terminal: bool) -> Running:
    if not terminal:
        ours, theirs = os.pipe()
        process = subprocess.Popen(
            list(line),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        return Running(process, ours, terminal)
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", OWN_TERMINAL, *line],
        cwd=cwd,
        env={**environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    return Running(process, ours, terminal)


def _read(running: Running) -> bool:
    """Take what there is; False when it has ended and nothing more can come."""
    if running.closed:
        time.sleep(0.02)
        return running.process.poll() is None
    ended = running.process.poll() is not None
    ready, _, _ = select.select([running.descriptor], [], [], 0 if ended else 0.05)
    if not ready:
        return not ended  # a child that outlives it may keep the terminal open: that is not waited for
    try:
        more = os.read(running.descriptor, 65536)
    except OSError:
        more = b""  # a terminal whose other side is closed
    running.raw += more
    if not more:
        running.process.wait()
    return bool(more)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
