"""Renders the sides of a review, each by its own code in a process of its own, side by side and without credentials."""

import contextlib
import importlib.metadata
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

RUNNER = Path(__file__).with_name("runner.py")
TIMEOUT = 300
"""Seconds that a side may take unless the user says otherwise."""

LARGEST = 256 * 2**20
"""Bytes of what a side may write for one stack; the largest that was seen took one MiB."""

PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TZ")
"""The variables that a side sees of the user's environment: what an interpreter needs to run, and nothing else."""

SAID = (
    "A revision's code is run to render it: without your environment, home or credentials, but as you and on this"
    " machine. That is no sandbox, and this command itself is the code that is checked out: review a stranger's change"
    " from a checkout of your own, with --head, where there is nothing to steal."
)


@dataclass(frozen=True)
class Source:
    """What is to be rendered: the program in a folder, and its stack files by name."""

    root: Path
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Rendered:
    """What came of one side."""

    mistake: str | None
    """Why nothing of the side loads, in words; None where it ran to its end."""
    plans: Mapping[str, Path]
    """For each stack the file with `plan` or `mistake`."""

    def read(self, stack: str) -> Mapping[str, Any]:
        """Read one stack: `plan` as its JSON form, or `mistake` in words. Raises ValueError for anything else."""
        return _object(self.plans[stack])


@contextlib.contextmanager
def rendering(sources: Sequence[Source], *, timeout: float = TIMEOUT) -> Generator["Pending"]:
    """Start one process a side, and end them and remove all that they wrote whatever happens."""
    with tempfile.TemporaryDirectory(prefix="coursecloud-review-", ignore_cleanup_errors=True) as folder:
        pending = Pending(sources, Path(folder), timeout)
        try:
            yield pending
        finally:
            pending.end()


class Pending:
    """Sides that are being rendered."""

    def __init__(self, sources: Sequence[Source], folder: Path, timeout: float):
        self._started = time.monotonic()
        self._timeout = timeout
        self._sides: list[tuple[subprocess.Popen[bytes], Path]] = []
        for number, source in enumerate(sources):
            side = folder / str(number)
            home, out = side / "home", side / "out"
            home.mkdir(parents=True)
            out.mkdir()
            wanted = side / "wanted.json"
            wanted.write_text(json.dumps({name: str(path) for name, path in source.files.items()}), encoding="utf-8")
            with (side / "said").open("wb") as said:
                process = subprocess.Popen(
                    # Isolated: no PYTHON* variable, no user's packages, no folder of the script on the path.
                    [sys.executable, "-I", "-B", str(RUNNER), str(source.root), str(out), str(wanted)],
                    cwd=source.root,
                    env=environment(home, os.environ),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                )
            self._sides.append((process, side))

    def wait(self) -> list[Rendered]:
        """Wait for every side."""
        return [self._rendered(process, side) for process, side in self._sides]

    def _rendered(self, process: subprocess.Popen[bytes], side: Path) -> Rendered:
        try:
            code = process.wait(max(0.0, self._timeout - (time.monotonic() - self._started)))
        except subprocess.TimeoutExpired:
            return Rendered(f"it took more than {self._timeout:g} seconds and was ended; --timeout gives it more", {})
        try:
            found = {} if code else _object(side / "out" / "index.json")
        except ValueError:
            found = {}
        if not found:
            said = (side / "said").read_text(encoding="utf-8", errors="replace").strip()[-2000:]
            return Rendered(said or f"its process ended with {code} and said nothing", {})
        return Rendered(None, {stack: side / "out" / Path(str(name)).name for stack, name in found.items()})

    def end(self) -> None:
        """End what still runs, with all that it started."""
        for process, _ in self._sides:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _object(path: Path) -> dict[str, Any]:
    """Read what a side wrote, which may be anything: raises ValueError for what is no JSON object in a plain file."""
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
            raise ValueError(f"{path.name} is no plain file of at most {LARGEST // 2**20} MiB")
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, RecursionError) as error:
        raise ValueError(f"{path.name}: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return cast("dict[str, Any]", found)


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


def other_requirements(root: Path) -> list[str]:
    """List the packages that a side's requirements.txt wants in another version than the one that renders it."""
    path = root / "requirements.txt"
    # A link could lead to any file of the user's.
    if path.is_symlink() or not path.is_file():
        return []
    found: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r"([A-Za-z0-9][\w.-]*)==([\w.+!-]+)\s*(;?)", line)
        if match is None:
            continue
        name, wanted, marker = match.groups()
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if not marker:
                found.append(f"{name} {wanted} (not installed)")
            continue
        if here != wanted:
            found.append(f"{name} {wanted} (here {here})")
    return found
