"""`run_one` on this machine: a group's command as a process of its own, with a log, a Pulumi home and a lock.

The lock is a file that the process holds open: the kernel lets go of it when the process has ended, in whatever way,
and not before. A runner that is killed leaves processes that are still ending; whoever goes on finds their locks.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from coursecloud.course import outcome
from coursecloud.course.journal import FOLDER, lock
from coursecloud.course.lease import Period
from coursecloud.course.outcome import Outcome

PROGRAM = ("__main__.py", "Pulumi.yaml", "catalog", "infra", "requirements.txt", ".venv")
"""What Pulumi needs of the program beside a stack file, and what links can stand for."""
_SHARED = ("plugins", "bin", "credentials.json", "config.json")
"""What the groups' homes of Pulumi have in common; `workspaces`, which every command writes, is each one's own."""
_END = 8000
"""Bytes of the end of a log in which a reason is looked for."""


class Local:
    """Does a verb on a stack by a process; what was started is asked to stop by `interrupt`.

    `line` gives the words of a stack's process, `own` the variables that it alone gets.
    """

    def __init__(
        self,
        folder: Path,
        run: int,
        line: Callable[[str, str], Sequence[str]],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        own: Callable[[str], Mapping[str, str]] = lambda _: {},
    ):
        self._folder = folder / FOLDER
        self.logs = self._folder / "logs" / f"run-{run}"
        self._line, self._cwd, self._environment, self._own = line, cwd, environment, own
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False
        self._one = threading.Lock()
        for each in (self.logs, self._folder / "locks", self._folder / "homes"):
            each.mkdir(parents=True, exist_ok=True)

    def __call__(self, stack: str, verb: str, ended: Sequence[Period] | None = None) -> Outcome:
        """Run the command of one group to its end.

        Under a lease `ended` are those who held it before and whose locks of Pulumi's it may lift.
        """
        with (self._folder / "locks" / stack).open("a+", encoding="utf-8") as held:
            if not lock(held):
                held.seek(0)
                who = held.read().strip() or "another command"
                return Outcome(2, f"stack {stack} {outcome.BUSY} {who} on this machine", again=True)
            held.truncate(0)
            held.write(f"`{verb}`, since {time.strftime('%Y-%m-%d %H:%M')}")
            held.flush()
            with (self.logs / f"{stack}.log").open("ab") as log, tempfile.TemporaryFile() as told:
                start = log.tell()
                more = [] if ended is None else ["--ended", json.dumps([asdict(each) for each in ended])]
                code = self._ended(stack, verb, more, held, log, told)
                return outcome.of(code, _document(told), _from(self.logs / f"{stack}.log", start))

    def _ended(self, stack: str, verb: str, more: Sequence[str], held: IO[str], log: IO[bytes], told: IO[bytes]) -> int:
        log.write(f"--- {verb} {stack} {time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
        log.flush()
        with self._one:
            if self._stopping:
                return outcome.CUT[1]
            started = subprocess.Popen(
                [*self._line(stack, verb), *more],
                cwd=self._cwd,
                env={**self._environment, "PULUMI_HOME": str(self._home(stack)), **self._own(stack)},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=log,
                start_new_session=True,
                pass_fds=(held.fileno(),),
            )
            self._running[stack] = started
        code = started.wait()
        with self._one:
            del self._running[stack]
        return code

    def interrupt(self) -> None:
        """Ask all that runs to stop in order; once more, to stop at once."""
        with self._one:
            self._stopping = True
            for started in self._running.values():
                started.send_signal(signal.SIGINT)

    def end(self, stack: str) -> None:
        """Ask what works on one stack to stop in order; once more, to stop at once."""
        with self._one:
            if started := self._running.get(stack):
                started.send_signal(signal.SIGINT)

    def _home(self, stack: str) -> Path:
        """Make a group's home of Pulumi: commands at the same time write one file of it, in several steps."""
        real = Path(
            self._environment.get("PULUMI_HOME") or Path(self._environment.get("HOME", "~")).expanduser() / ".pulumi"
        )
        home = self._folder / "homes" / stack
        home.mkdir(exist_ok=True)
        (real / "plugins").mkdir(parents=True, exist_ok=True)  # what one group installs, all have
        for name in _SHARED:
            if (real / name).exists() and not (home / name).is_symlink():
                (home / name).symlink_to((real / name).absolute())
        return home


def root_of(folder: Path, program: Path) -> Path:
    """Give the folder in which Pulumi runs: the program's own, or one of links beside stack files that lie elsewhere.

    The state of a file backend is beside the stack files, in `.pulumi-state`, and not among what may be removed.
    """
    if folder.resolve() == program.resolve():
        return folder
    root = folder / FOLDER / "project"
    root.mkdir(parents=True, exist_ok=True)
    (folder / ".pulumi-state").mkdir(exist_ok=True)
    targets = {name: program / name for name in PROGRAM} | {".pulumi-state": folder / ".pulumi-state"}
    targets |= {file.name: file for file in folder.glob("Pulumi.*.y*ml")}
    for old in root.iterdir():
        if old.is_symlink() and (old.name not in targets or old.readlink() != targets[old.name].absolute()):
            old.unlink()
    for name, target in targets.items():
        if target.exists() and not (root / name).is_symlink():
            (root / name).symlink_to(target.absolute())
    _copy(folder, program, root)
    return root


def _copy(folder: Path, program: Path, root: Path) -> None:
    """Copy what the program refuses to read by a link: one that leaves the project may lead to anybody's secrets."""
    wanted = {file.name: file for file in folder.glob("members.*.y*ml")}
    scripts = program / "starter"
    wanted |= {str(path.relative_to(program)): path for path in scripts.rglob("*") if path.is_file()}
    for old in root.glob("members.*.y*ml"):
        if old.name not in wanted:
            old.unlink()
    for name, file in wanted.items():
        content = file.read_bytes()
        if not (root / name).is_file() or (root / name).read_bytes() != content:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            beside = (root / name).with_name(f".{Path(name).name}.{os.getpid()}")
            beside.touch(mode=file.stat().st_mode & 0o777)
            beside.write_bytes(content)
            beside.replace(root / name)


def _document(told: IO[bytes]) -> Mapping[str, Any]:
    """Read what a command printed for a script; one that was cut off has printed nothing."""
    told.seek(0)
    try:
        found = json.loads(told.read() or b"{}")
    except ValueError:
        return {}
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _from(path: Path, start: int) -> str:
    with path.open("rb") as file:
        file.seek(max(start, os.fstat(file.fileno()).st_size - _END))
        return file.read().decode(errors="replace")
