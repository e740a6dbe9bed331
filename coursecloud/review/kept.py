"""Plans of bases that were rendered in a sandbox, kept for the next review: most reviews of a day have the same base.

An entry is one stack of one project in one tree of git, as one set of installed packages renders it on one day. Only
this process writes and reads it, and only where the code of every side runs in a sandbox that does not show the folder:
no code that is reviewed can write an entry, look at one, or tell whether there is one. It is read as what a stranger
wrote.
"""

import contextlib
import datetime
import hashlib
import json
import os
import platform
import stat
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from coursecloud.common import project
from coursecloud.plan import hiding
from coursecloud.review import sandbox, subprocess_plan
from infra import files, secrecy

OLDEST = 2 * 24 * 60 * 60
"""Seconds that an entry stays: a program may look at the date, so an entry is of one day only."""

MOST_BYTES = 128 * 2**20
"""Bytes of all entries; one of a stack with everything on has 0.4 MiB."""

_SUFFIX = ".plan"


class Kept:
    """The entries of this user for one project in one tree of git."""

    def __init__(self, folder: Path, about: Sequence[str]):
        self._folder = folder
        self._about = [*about, *_renderer()]

    def read(self, stack: str) -> bytes | None:
        """Give what a side wrote for a stack, or None where that is not kept, or is not as this class writes it."""
        try:
            number = os.open(self._file(stack), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(number, "rb") as file:
            about = os.fstat(number)
            if not stat.S_ISREG(about.st_mode) or not _private(about) or about.st_size > subprocess_plan.LARGEST:
                return None
            digest, _, line = file.read().partition(b"\n")
        return line if digest == _digest(line) and _plan(line) else None

    def write(self, stack: str, line: bytes) -> None:
        """Keep what a side wrote for a stack, as far as it is a plan without a secret; that this fails is no mistake.

        A mistake is never kept: it may come of a machine that was too busy.
        """
        made = _plan(line)
        if made is None or secrecy.words_of(made) or any(hiding.held(made)):
            return
        with contextlib.suppress(OSError):
            number, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(_digest(line) + b"\n" + line)
                Path(name).replace(self._file(stack))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def tidy(self) -> None:
        """Remove what is old, and the oldest where all of it is too much."""
        left, now = MOST_BYTES, time.time()
        for about, path in sorted(_entries(self._folder), key=lambda entry: -entry[0].st_mtime):
            left -= about.st_size
            if left < 0 or now - about.st_mtime > OLDEST:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _file(self, stack: str) -> Path:
        key = hashlib.sha256(json.dumps([*self._about, stack]).encode())
        return self._folder / (key.hexdigest() + _SUFFIX)


def of(
    box: sandbox.Sandbox | str, about: Sequence[str], roots: Iterable[Path], environment: Mapping[str, str]
) -> Kept | None:
    """Find the user's entries for a project, by tree and folder; None where there must be none.

    That is without a sandbox, where the sandbox of a side that is rendered from one of `roots` would show the folder,
    and where somebody else could write into it.
    """
    if not isinstance(box, sandbox.Sandbox):
        return None
    try:
        given = environment.get("XDG_CACHE_HOME", "")
        # A relative one is to be ignored (XDG Base Directory Specification 0.8).
        above = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
        folder = above / "coursecloud" / "bases"
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        there = folder.lstat()
        real = folder.resolve()
    except (OSError, RuntimeError):
        return None
    if not stat.S_ISDIR(there.st_mode) or not _private(there) or any(box.shows(real, root) for root in roots):
        return None
    return Kept(real, about)


def _private(about: os.stat_result) -> bool:
    """Say whether a file or folder is this user's, and nobody else's to read or write."""
    return about.st_uid == os.getuid() and not stat.S_IMODE(about.st_mode) & 0o077


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest().encode()


def _plan(line: bytes) -> object:
    """Take the plan out of what a side wrote; None where there is none."""
    try:
        found: object = files.json_of(line)
    except ValueError:
        return None
    return found.get("plan") if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]


def _entries(folder: Path) -> Iterator[tuple[os.stat_result, Path]]:
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            about = path.lstat()
            if path.suffix in (_SUFFIX, ".part") and stat.S_ISREG(about.st_mode):
                yield about, path


def _renderer() -> list[str]:
    """Say all that a plan depends on beside its tree: the packages, Python, this tool, the environment and the day."""
    packages = [
        f"{path} {path.lstat().st_mtime_ns}"
        for entry in sys.path
        if Path(entry).is_dir()
        for path in sorted(Path(entry).glob("*.dist-info"))
    ]
    seen = [f"{name}={os.environ.get(name)}" for name in subprocess_plan.PASSED_ON]
    return [
        *packages,
        *seen,
        sys.version,
        sys.executable,
        platform.platform(),
        project.version(),
        hashlib.sha256(subprocess_plan.RUNNER.read_bytes()).hexdigest(),
        datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        datetime.datetime.now().astimezone().date().isoformat(),
    ]
