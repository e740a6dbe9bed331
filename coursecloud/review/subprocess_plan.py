"""Renders the sides of a review, each by its own code in processes of its own that reach nothing of the other side's.

In sandboxes the sides run side by side. Without one, the code of a later side starts when nothing of the earlier one
runs any more and what came of it is read: it cannot change what the other side says.
"""

import functools
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from coursecloud.review import processes, sandbox
from coursecloud.review.workspace import Workspace
from infra import files

RUNNER = Path(__file__).with_name("plan_worker.py")
TIMEOUT = 300
"""Seconds that a side may take unless the user says otherwise."""

LARGEST = 64 * 2**20
"""Bytes of what a side may write for one stack; the largest that was seen took one MiB."""

MORE = 4 * 2**20
"""Bytes that each further stack adds to what a side may write."""

PRINTED = 16 * 2**20
"""Bytes that a side may print; a plan prints nothing."""

MEMORY = 4 * 2**30
"""Bytes of address space of each process of a side; a plan takes half a GiB."""

PROCESSES = 512
"""Processes and threads that a side may have beside those that the machine has already; a plan has two dozen.
The superuser is not held to it."""

PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TZ")
"""The variables that a side sees of the user's environment: what an interpreter needs to run, and nothing else."""

_TAIL = 2000


@dataclass(frozen=True)
class Source:
    """What is to be rendered: the program in a folder, and its stack files by name."""

    root: Path
    files: Mapping[str, Path]
    known: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """What came of some of them before: they are not rendered again."""
    watched: tuple[str, ...] = ()
    """Files of the program, by path, of which it is to be told which lines ran."""


@dataclass(frozen=True)
class Rendered:
    """What came of one side."""

    mistake: str
    """Why a stack that is not among `places` does not load, in words."""
    places: Mapping[str, tuple[int, int]]
    """Where in `written` each stack is: its first byte, and how many."""
    written: IO[bytes] | None = None
    """A file without a name, which nobody else has open."""
    known: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """What came of stacks that were not rendered again."""

    def line(self, stack: str) -> bytes | None:
        """Give what was written for one stack; None where nothing was."""
        if self.written is None or stack not in self.places:
            return self.known.get(stack)
        start, size = self.places[stack]
        self.written.seek(start)
        return self.written.read(size)

    def read(self, stack: str) -> Mapping[str, Any]:
        """Read one stack: `plan` as its JSON form, or `mistake` in words. Raises ValueError for anything else.

        With `plan` comes, of files that were watched, which lines `ran`.
        """
        line = self.line(stack)
        if line is None:
            return {"mistake": self.mistake}
        found: object = files.json_of(line)
        if isinstance(found, dict):
            said = cast("dict[str, Any]", found)
            if "plan" in said or isinstance(said.get("mistake"), str):
                return said
        raise ValueError("it is neither a plan nor a mistake")


class Pending:
    """Sides that are being rendered: in `box`, or outside of one where it says why there is none."""

    def __init__(
        self, sources: Sequence[Source], space: Workspace, box: sandbox.Sandbox | str, *, timeout: float = TIMEOUT
    ):
        self._sides = [_Side(source, space, box, timeout, number) for number, source in enumerate(sources)]
        side_by_side = isinstance(box, sandbox.Sandbox)
        self._turns = [self._sides] if side_by_side else [[side] for side in self._sides]
        for side in self._turns[0] if self._turns else ():
            side.start()

    def wait(self) -> list[Rendered]:
        """Wait for every side; at the end nothing that they started runs."""
        for sides in self._turns:
            for side in sides:
                side.start()
            while waiting := [side for side in sides if not side.done]:
                with selectors.DefaultSelector() as selector:
                    for side in waiting:
                        side.listen(selector)
                    # Not longer: a process that has ended may have left another that holds its pipes open.
                    for key, _ in selector.select(0.05):
                        key.data()
            for side in sides:
                side.end()
        return [side.rendered() for side in self._sides]


class _Side:
    """One side: its process, what it has written so far, and why it was ended."""

    def __init__(self, source: Source, space: Workspace, box: sandbox.Sandbox | str, timeout: float, number: int):
        self._source, self._space, self._box, self._timeout = source, space, box, timeout
        self._files = {name: file for name, file in source.files.items() if name not in source.known}
        self._number = number
        self._process: subprocess.Popen[bytes] | None = None
        self._written = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115 - read until the end
        space.at_the_end(self._written.close)
        self._said, self._printed = b"", 0
        self._places: dict[str, tuple[int, int]] = {}
        self._start = self._size = 0
        self._open: list[IO[bytes]] = []
        self._ended: str | None = None
        self._until = 0.0
        self._others: frozenset[int] = frozenset()

    def start(self) -> None:
        """Start the process, once, where there is anything to render."""
        if self._process is not None or not self._files:
            return
        words = [sys.executable, "-I", "-B", str(RUNNER)]
        root = self._source.root
        if isinstance(self._box, sandbox.Sandbox):
            home = sandbox.HOME
            files = [path for path in self._files.values() if not path.is_relative_to(root)]
            words = self._box.command(words, root=root, files=[RUNNER, *files])
        else:
            home = self._space.folder / f"home-{self._number}"
            home.mkdir()
        wanted = {
            "root": str(root),
            "stacks": {name: str(path) for name, path in self._files.items()},
            "limits": _limits(self._timeout),
            "watched": list(self._source.watched),
            "parent": None if isinstance(self._box, sandbox.Sandbox) else os.getpid(),
        }
        with tempfile.TemporaryFile() as given, self._space.held():
            given.write(json.dumps(wanted).encode())
            given.seek(0)
            self._others = processes.children()
            self._process = subprocess.Popen(
                # Isolated: no PYTHON* variable, no user's packages, no folder of the script on the path.
                words,
                cwd=root,
                env=environment(home, os.environ),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            self._space.at_the_end(self.end)
        self._until = time.monotonic() + self._timeout
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None  # noqa: S101 - for the type checker
            os.set_blocking(pipe.fileno(), False)
            self._open.append(pipe)

    @property
    def done(self) -> bool:
        """Say whether there is nothing more to wait for."""
        if self._process is None or self._ended or len(self._places) == len(self._files):
            return True
        if self._process.poll() is not None:
            for pipe in list(self._open):
                while self._read(pipe):
                    pass
            self._ended = self._ended or _ended(self._process.returncode)
        elif time.monotonic() > self._until:
            self._ended = f"it took more than {self._timeout:g} seconds and was ended; --timeout gives it more"
        return self._ended is not None

    def listen(self, selector: selectors.BaseSelector) -> None:
        """Have what it writes read."""
        for pipe in self._open:
            selector.register(pipe, selectors.EVENT_READ, functools.partial(self._read, pipe))

    def _read(self, pipe: IO[bytes]) -> bool:
        """Take in what is there; False where there is nothing more to take."""
        if self._process is None or self._ended:
            return False
        try:
            part = os.read(pipe.fileno(), 2**20)
        except BlockingIOError:
            return False
        if not part:
            self._open.remove(pipe)
        elif pipe is self._process.stdout:
            self._wrote(part)
        else:
            self._prints(part)
        return bool(part)

    def _prints(self, part: bytes) -> None:
        self._printed += len(part)
        self._said = (self._said + part)[-4 * _TAIL :]
        if self._printed > PRINTED:
            self._ended = f"it printed more than {_size(PRINTED)} and was ended: a plan prints nothing"

    def _wrote(self, part: bytes) -> None:
        """Take in what is written: a line a stack, in the order in which they were wanted."""
        names = list(self._files)
        self._written.write(part)
        place = part.find(b"\n")
        while place >= 0 and len(self._places) < len(names):
            end = self._size + place
            self._places[names[len(self._places)]] = (self._start, end - self._start)
            self._start = end + 1
            place = part.find(b"\n", place + 1)
        self._size += len(part)
        if self._size - self._start > LARGEST or self._size > LARGEST + MORE * len(names):
            self._ended = f"it wrote more than {_size(LARGEST)} for one stack and was ended"

    def end(self) -> None:
        """End what still runs, with all that it started."""
        if self._process is None:
            return
        processes.end(self._process.pid, self._others)
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def rendered(self) -> Rendered:
        """Give what came of it."""
        said = "\n".join(self._said.decode(errors="replace").strip()[-_TAIL:].splitlines())
        mistake = self._ended or "it said nothing of this stack"
        if said and (self._ended is None or self._process is None or self._process.returncode >= 0):
            mistake = f"{mistake}; the last of what it printed:\n{said}" if mistake else said
        return Rendered(mistake, self._places, self._written, self._source.known)


def _limits(timeout: float) -> dict[str, int]:
    """Say what each process of a side may take at most, by the names of setrlimit(2)."""
    limits = {"AS": MEMORY, "FSIZE": LARGEST, "CPU": int(4 * timeout) + 10, "CORE": 0, "NOFILE": 1024}
    try:
        # Counted are all threads of the user, some of which a sandbox does not show; these are all of the machine.
        there = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return limits
    return limits | {"NPROC": there + PROCESSES}


def _ended(code: int) -> str:
    """Say how a process ended before it had said all. A sandbox adds 128 to the number of a signal, as a shell does."""
    number = -code if code < 0 else code - 128
    try:
        return f"its process ended with {code} ({signal.Signals(number).name})"
    except ValueError:
        return f"its process ended with {code}"


def _size(count: int) -> str:
    return f"{count / 2**20:g} MiB"


def environment(home: Path, users: Mapping[str, str]) -> dict[str, str]:
    """Make the environment of a side: an empty home, the interpreter's own folder as PATH, and no credential."""
    return {name: users[name] for name in PASSED_ON if name in users} | {
        "PATH": str(Path(sys.executable).parent),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "CLOUDSDK_CONFIG": str(home / ".config" / "gcloud"),
        "PULUMI_HOME": str(home / ".pulumi"),
        "TMPDIR": str(home),
        # Google's library would ask a cloud machine's metadata server for a token.
        "NO_GCE_CHECK": "true",
    }
