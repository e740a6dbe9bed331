"""The folder and the processes of one review, of which nothing stays: not after Ctrl-C twice, not after a kill."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from coursecloud.review import processes

PREFIX = "coursecloud-review-"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ABANDONED = 24 * 60 * 60
"""Seconds after which a folder without a lock is nobody's: that of an older version, or of one that was just made."""

Made = TypeVar("Made")


def choose_temporary_folder() -> None:
    """Have Python choose its folder of temporary files, which it does once and by writing a file there.

    A library does so while it is imported, and a signal that came in then would leave that file behind.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        tempfile.gettempdir()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Workspace:
    """A folder of one review, and what it started."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock: int | None = None
        self._ends: list[Callable[[], None]] = []
        self._held = True
        self._noted: int | None = None
        self._before: dict[int, Any] = {}

    def run(self, work: Callable[["Workspace"], Made]) -> Made:
        """Do a review's work; afterwards nothing that it started or wrote is there."""
        try:
            try:
                self._begin()
                processes.guard(on=True)
                self._held = False
                self._deliver()
                return work(self)
            finally:
                # A signal that comes in before this takes effect is raised, the only one; the outer end still follows.
                self._held = True
        finally:
            self._end()
            processes.guard(on=False)
            self._held = False
            self._deliver()

    @property
    def folder(self) -> Path:
        """The folder, made when it is first asked for."""
        with self.held():
            if self._folder is None:
                _sweep()
                self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
                self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            return self._folder

    def at_the_end(self, end: Callable[[], None]) -> None:
        """Have something called when the review ends, however it does."""
        self._ends.append(end)

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Keep signals back while something is made that must not be forgotten."""
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before
        self._deliver()

    def _begin(self) -> None:
        for number in _SIGNALS:
            # What a shell or nohup has ignored stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._signalled)

    def _signalled(self, number: int, _: FrameType | None) -> None:
        self._noted = self._noted or number
        self._deliver()

    def _deliver(self) -> None:
        """End the review once: whatever comes while it cleans up waits until nothing is left."""
        if self._noted is None or self._held:
            return
        self._held = True
        number, self._noted = self._noted, None
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    def _end(self) -> None:
        self._held = True
        for end in reversed(self._ends):
            end()
        if self._folder is not None:
            _remove(self._folder)
        if self._lock is not None:
            os.close(self._lock)
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _sweep() -> None:
    """Remove what a review left that was killed outright: a folder of one's own whose lock nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            about = folder.lstat()
            if about.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
                continue
            if _abandoned(folder, about.st_mtime):
                _remove(folder)


def _abandoned(folder: Path, changed: float) -> bool:
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - changed > _ABANDONED
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _remove(folder: Path) -> None:
    """Remove a folder, also where a side's code has locked itself in or dug deep."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for words in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*words, "--", str(folder)], capture_output=True, check=False)
