"""What takes longer than two seconds says so: one line at a terminal, in words, gone when it is done; and `--quiet`."""

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from typing import TextIO, TypeVar

AFTER = 2.0
"""Seconds that pass before anything is said: most commands are done by then."""

EACH = 0.25
"""Seconds between two looks at what there is to say."""

Made = TypeVar("Made")

_state = {"quiet": False}
_one = threading.Lock()


def be_quiet(*, quiet: bool) -> None:
    """Have this process say only what follows from what was asked, and mistakes; or more again."""
    _state["quiet"] = quiet


def quiet() -> bool:
    """Say whether `--quiet` was given."""
    return _state["quiet"]


class ProgressLine:
    """One line on standard error, rewritten in place."""

    def __init__(self, words: str, total: int, stream: TextIO):
        self.done = 0
        self._words, self._total, self._stream = words, total, stream
        self._started = time.monotonic()
        self._shown = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """Take the line away, and say nothing more."""
        self._end.set()
        self._thread.join()
        self._write("")

    def _run(self) -> None:
        wait = AFTER
        while not self._end.wait(wait):
            wait = EACH
            of = f" {self.done} of {self._total}" if self._total else ""
            self._write(f"{self._words}{of} ... {time.monotonic() - self._started:.0f} s")

    def _write(self, text: str) -> None:
        # A line that wraps could not be taken away again.
        text = text[: max(0, shutil.get_terminal_size().columns - 1)]
        # Nobody reads it any more where this fails, and what is done goes on.
        with contextlib.suppress(OSError, ValueError):
            if text != self._shown:
                self._stream.write(f"\r{text}{' ' * (len(self._shown) - len(text))}\r")
                self._stream.flush()
            self._shown = text


def wanted(stream: TextIO) -> bool:
    """Say whether somebody watches: at a terminal, which is no log of a machine, and without `--quiet`."""
    return stream.isatty() and not quiet() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


@contextlib.contextmanager
def shown(words: str, total: int = 0) -> Generator[ProgressLine | None]:
    """Say `words` and the seconds while something is done, and how much of `total`, where somebody watches.

    Nothing is to be printed meanwhile. Gives the line, whose `done` counts.
    """
    # There is one line: what is done within something that is being told of already is not told by itself.
    if not wanted(sys.stderr) or not _one.acquire(blocking=False):
        yield None
        return
    try:
        line = ProgressLine(words, total, sys.stderr)
        try:
            yield line
        finally:
            line.clear()
    finally:
        _one.release()


def counted(words: str, total: int, results: Iterable[Made]) -> Iterator[Made]:
    """Give results as they come, and say how many of `total` there are while somebody waits for the next."""
    with shown(words, total) as line:
        for result in results:
            if line:
                line.done += 1
            yield result
