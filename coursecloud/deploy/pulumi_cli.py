"""The Pulumi command line in one project folder: commands, what they told, the state, who holds the lock."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import yaml

from coursecloud.common import progress
from coursecloud.deploy import process
from coursecloud.diff.engine_events import Told, called

Json = dict[str, Any]
Say = Callable[[str], None]
Ended = Callable[[Json], bool]
"""Is shown a lock; True where whoever took it has ended for certain."""

ASKED = (
    "Interrupted: Pulumi ends what it has begun and writes it down, which can take a minute. Once more ends it at once."
)
LOCKED = re.compile(r"created by (?P<username>.+?)@(?P<hostname>\S*) \(pid (?P<pid>\d+)\) at (?P<timestamp>\S+)")
"""How Pulumi tells who holds the lock of a stack, whatever its backend is."""

LOOKING = "Looking at what the cloud has"

STREAMED = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
"""Has a preview tell events one by one, as every other command does with `--json` (`pulumi preview --help`)."""


@dataclass(frozen=True)
class Pulumi:
    """Pulumi's commands for one stack; what is said goes to `output`, or to the terminal where it is None."""

    root: Path
    stack: str
    environment: Mapping[str, str]
    output: IO[str] | None = None
    ended: Ended | None = None
    """Says whether whoever took a lock has ended, by a lease of the stack; None: this machine's processes tell."""

    def say(self, *lines: str) -> None:
        """Tell the user something. Nobody may be there any more: a closed terminal stops no update."""
        stream = self.output or sys.stdout
        try:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()
        except OSError:
            # An update goes on to its end, whether somebody listens (a closed terminal, `| head`) or not.
            if self.output is None:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def run(self, command: str, *words: str) -> tuple[int, str, str]:
        """Run a short command without a word to the user; gives its exit code and what it wrote to either stream."""
        lines: list[str] = []
        line = ["pulumi", *command.split(), "--stack", self.stack, "--non-interactive", *words]
        done = process.run(line, cwd=self.root, environment=self.environment, said=lines.append)
        return done.code, "\n".join(lines), done.errors

    def stream(self, command: str, *words: str, shown: bool = True) -> Told:
        """Run a command that tells events, and say each step as it ends. Raises InterruptError."""
        told, stopping = Told(), False

        def take(line: str) -> None:
            event = told.take(line)
            hidden = "diagnosticEvent" if stopping else "resOutputsEvent" if progress.quiet() else None
            if event and shown and hidden not in event and (text := _worded(event)):
                self.say(text)

        def asked() -> None:
            nonlocal stopping
            stopping = True
            self.say(ASKED)

        line = ["pulumi", command, "--json", "--stack", self.stack, "--non-interactive", *words]
        environment = {**self.environment, **STREAMED}
        try:
            with self._hint(shown=shown):
                done = process.run(line, cwd=self.root, environment=environment, said=take, asked=asked)
        except process.InterruptError as error:
            error.told = told
            raise
        told.code = done.code
        # Pulumi ends the program where a resource is refused; where in the program that was is of no use to anybody.
        if shown and told.program and not any("KeyboardInterrupt" in line for line in told.program):
            self.say(*(f"  {line}" for line in told.program))
        if done.code and done.errors.strip():
            told.errors.append(done.errors.strip().removeprefix("error: "))
        return told

    @contextlib.contextmanager
    def _hint(self, *, shown: bool) -> Generator[None]:
        """Show at a terminal that something is going on, in a line that is gone afterwards."""
        if shown or self.output not in (None, sys.stderr):
            yield
            return
        with progress.shown(LOOKING):
            yield

    def preview(self, *words: str) -> Told:
        """Ask what an update would do, and with `--refresh` first what the cloud has; nothing is written down."""
        return self.stream("preview", *words, shown=False)

    def look(self) -> Told:
        """Ask what the cloud has of what the state holds; nothing is written down."""
        return self.stream("refresh", "--preview-only", shown=False)

    def follow(self, urns: list[str]) -> Told:
        """Write down what the cloud has of these resources, and of no other."""
        words = [word for urn in urns for word in ("--target", urn)]
        return self.stream("refresh", "--yes", "--skip-preview", *words, shown=False)

    def update(self, *words: str) -> Told:
        """Do what the last preview with the same words showed."""
        return self.stream("up", "--yes", "--skip-preview", *words)

    def destroy(self, *words: str) -> Told:
        """Delete what the state holds; what cannot be deleted stops nothing else."""
        return self.stream("destroy", "--yes", "--skip-preview", "--continue-on-error", *words)

    def export(self) -> Json:
        """Give the state as `pulumi stack export` writes it; empty where there is none."""
        code, text, _ = self.run("stack export")
        return {} if code else cast("Json", json.loads(text))

    def state(self) -> Json:
        """Give the `deployment` that the state holds; empty where there is none yet."""
        return cast("Json", self.export().get("deployment") or {})

    def write_state(self, exported: Json) -> Told:
        """Put a state in the place of the one that is there."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "state.json"
            file.write_text(json.dumps(exported), encoding="utf-8")
            code, _, errors = self.run("stack import", "--file", str(file))
            return Told(code=code, errors=[errors.strip()] if code else [])

    def unprotect(self) -> Told:
        """Lift the protection of everything in the state."""
        code, _, errors = self.run("state unprotect", "--all", "--yes")
        return Told(code=code, errors=[errors.strip()] if code else [])

    def take_over(self, listed: Json, *, look: bool = False) -> Told:
        """Import resources that Google has already; with `look` it is only asked what they are."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "import.json"
            file.write_text(json.dumps(listed), encoding="utf-8")
            how = ("--preview-only",) if look else ("--yes", "--skip-preview")
            words = ("--file", str(file), "--protect=false", "--generate-code=false", *how)
            return self.stream("import", *words, shown=False)

    def stacks(self) -> dict[str, bool]:
        """List the stacks of the backend, and which one is selected; raises PulumiError where Pulumi cannot tell."""
        line = ["pulumi", "stack", "ls", "--json", "--non-interactive"]
        lines: list[str] = []
        done = process.run(line, cwd=self.root, environment=self.environment, said=lines.append)
        if done.code:
            raise PulumiError(done.errors.strip().removeprefix("error: ") or "\n".join(lines))
        listed = cast("list[Json]", json.loads("\n".join(lines) or "[]"))
        return {cast("str", each["name"]).rpartition("/")[2]: bool(each.get("current")) for each in listed}

    def backend(self) -> str:
        """Give the address of the backend, as far as the environment or the project's file names one."""
        project = yaml.safe_load((self.root / "Pulumi.yaml").read_text(encoding="utf-8"))
        return self.environment.get("PULUMI_BACKEND_URL") or str(
            cast("Json", project.get("backend") or {}).get("url", "")
        )

    def backend_folder(self) -> Path | None:
        """Give the folder of a file backend; None for one elsewhere."""
        url = self.backend()
        if not url.startswith("file://"):
            return None
        path = url.removeprefix("file://")
        return Path(path).expanduser() if path.startswith("~") else self.root / path

    def locks(self) -> list[Json]:
        """List who works on the stack: `pid`, `username`, `hostname`, `timestamp`; only a file backend tells."""
        folder = self.backend_folder()
        if folder is None:
            return []
        found: list[Json] = []
        for path in sorted(folder.glob(f".pulumi/locks/organization/*/{self.stack}/*.json")):
            try:
                lock = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue  # just being written, or just let go
            if isinstance(lock, dict):
                found.append(cast("Json", lock))
        return found

    def restore(self) -> bool:
        """Mend the files of a state that a file backend was just writing; False where there is nothing to mend.

        Pulumi keeps a copy of the state from before each write (`.bak`), and notes beside each file (`.attrs`). A
        computer that stops in between leaves half a state, which counts as an empty one, or half a note, over which
        every command stumbles ("failed to load checkpoint: EOF") although it can do without.
        """
        folder = self.backend_folder()
        if folder is None:
            return False
        mended = False
        for state in sorted(folder.glob(f".pulumi/stacks/*/{self.stack}.json")):
            copy = state.with_name(f"{state.name}.bak")
            if not _whole(state) and _whole(copy):
                shutil.copy(copy, state)
                state.with_name(f"{state.name}.attrs").unlink(missing_ok=True)
                mended = True
            for note in state.parent.glob(f"{state.name}*.attrs"):
                if not _whole(note):
                    note.unlink()
                    mended = True
        return mended


class PulumiError(Exception):
    """Pulumi cannot do what every command begins with; the text is Pulumi's own."""


def locked_by(told: Told) -> list[Json]:
    """List who held the lock of the stack, where a command was refused because of it."""
    text = "\n".join(told.errors)
    if "currently locked by" not in text:
        return []
    return [{**match.groupdict(), "pid": int(match["pid"])} for match in LOCKED.finditer(text)]


def alive(lock: Json) -> bool:
    """Say whether the process of this computer that took a lock may still run; what cannot be told counts as running.

    Numbers of processes are given again: one that was started after the lock was taken is another.
    """
    number = lock.get("pid")
    if os.name != "posix" or not isinstance(number, int) or number <= 0:
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    try:
        line = ["ps", "-o", "stat=,etime=", "-p", str(number)]
        told = subprocess.run(line, capture_output=True, text=True, check=False).stdout.split()
        taken = datetime.datetime.fromisoformat(str(lock.get("timestamp")))
    except (OSError, ValueError):
        return True
    if len(told) != 2 or told[0].startswith("Z"):
        return False  # ended, also where nobody has asked how
    days, _, clock = told[1].rpartition("-")
    seconds = sum(int(part) * 60**power for power, part in enumerate(reversed(clock.split(":"))))
    started = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=int(days or 0), seconds=seconds)
    return taken.tzinfo is None or started <= taken + datetime.timedelta(seconds=5)


def _worded(event: Json) -> str:
    if "resOutputsEvent" in event:
        step = event["resOutputsEvent"]["metadata"]
        from coursecloud.diff.engine_events import done

        return f"  {done(step):<10} {called(step['urn'])}"
    if "policyEvent" in event:
        said = event["policyEvent"]
        where = f" ({called(said['resourceUrn'])})" if said.get("resourceUrn") else ""
        return f"  policy {said.get('policyName')}: {str(said.get('message')).strip()}{where}"
    said = cast("Json", event.get("diagnosticEvent") or event.get("stdoutEvent") or {})
    text = str(said.get("message") or "").strip()
    # `pulumi stack rm` would delete the stack file: what is left after a destroy is said by `summary`.
    return f"  {text}" if text and "cancelling" not in text and "pulumi stack rm" not in text else ""


def _whole(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except (OSError, ValueError):
        return False
