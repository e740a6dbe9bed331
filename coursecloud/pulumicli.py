"""The Pulumi command line in one project folder: commands, the state, what an update said, who holds the lock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import yaml

from coursecloud.preflight import Preview

Json = dict[str, Any]


@dataclass(frozen=True)
class Update:
    """How an update went: Pulumi's exit code, what it said about which URN, what the program wanted of each."""

    code: int
    messages: tuple[tuple[str, str], ...] = ()
    wanted: Mapping[str, Json] | None = None
    """By URN: `type`, `inputs` and `parent` of each resource that Pulumi began to work on."""


@dataclass(frozen=True)
class Pulumi:
    """Pulumi's commands for one stack; they write to `output`, or to the terminal where it is None."""

    root: Path
    stack: str
    environment: Mapping[str, str]
    output: IO[str] | None = None

    def run(self, command: str, *words: str, more: Mapping[str, str] | None = None) -> int:
        """Run `pulumi COMMAND --stack STACK WORDS` and give its exit code; `command` may be two words."""
        line = ["pulumi", *command.split(), "--stack", self.stack, *words]
        return self._call(line, {**self.environment, **(more or {})})

    def select(self) -> int:
        """Make the stack where it is not."""
        return self._call(["pulumi", "stack", "select", "--create", self.stack], self.environment)

    def say(self, text: str) -> None:
        """Tell the user something, in the order of what Pulumi says."""
        stream = self.output or sys.stdout
        stream.write(text + "\n")
        stream.flush()

    def update(self, *words: str) -> Update:
        """Run `pulumi up` and keep what it said about each resource."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "events.json"
            # Pulumi offers the event log only with its debug commands switched on.
            switched = {"PULUMI_DEBUG_COMMANDS": "true"}
            code = self.run("up", *words, "--event-log", str(log), more=switched)
            return _read(code, log.read_text(encoding="utf-8") if log.exists() else "")

    def preview(self) -> Preview:
        """Ask Pulumi what an update would do, without a word to the user; no step is known where it fails."""
        # Without its replacement steps Pulumi leaves out what goes together with something that is made anew.
        line = ["pulumi", "preview", "--json", "--show-replacement-steps", "--non-interactive", "--stack", self.stack]
        done = subprocess.run(
            line, cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        try:
            digest = cast("Json", json.loads(done.stdout)) if done.returncode == 0 else {}
        except ValueError:
            return Preview(done.returncode or 1)
        return Preview(done.returncode, tuple(digest.get("steps") or ()))

    def state(self) -> Json:
        """Give the `deployment` that the state holds; empty where there is none yet."""
        exported = subprocess.run(
            ["pulumi", "stack", "export", "--stack", self.stack],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            check=False,
        )
        if exported.returncode:
            return {}
        return cast("Json", json.loads(exported.stdout).get("deployment") or {})

    def take_over(self, listed: Json) -> int:
        """Run `pulumi import` with a file of resources that Google has already."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "import.json"
            file.write_text(json.dumps(listed), encoding="utf-8")
            options = ("--yes", "--skip-preview", "--protect=false", "--generate-code=false")
            return self.run("import", "--file", str(file), *options)

    def backend_folder(self) -> Path | None:
        """Give the folder of a file backend; None for one elsewhere."""
        project = yaml.safe_load((self.root / "Pulumi.yaml").read_text(encoding="utf-8"))
        url = self.environment.get("PULUMI_BACKEND_URL") or project.get("backend", {}).get("url", "")
        if not url.startswith("file://") or url.startswith("file://~"):
            return None
        return self.root / url.removeprefix("file://")

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

    def _call(self, line: list[str], environment: Mapping[str, str]) -> int:
        if self.output is None:
            return subprocess.run(line, cwd=self.root, env=environment, check=False).returncode
        done = subprocess.run(
            line,
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode


def alive(process: object) -> bool:
    """Say whether a process of this computer may still run; what cannot be told without harm counts as running."""
    if os.name != "posix" or not isinstance(process, int) or process <= 0:
        return True
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's, or a system without /proc
    return not state or state[0] != "Z"  # ended, and nobody has asked how


def _whole(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except (OSError, ValueError):
        return False


def _read(code: int, log: str) -> Update:
    decoder = json.JSONDecoder()
    messages: list[tuple[str, str]] = []
    wanted: dict[str, Json] = {}
    position = 0
    while position < len(log):
        try:
            event, position = decoder.raw_decode(log, position)
        except ValueError:
            position += 1  # white space between events, or the half of one that a crash left
            continue
        said = cast("Json", event.get("diagnosticEvent") or {})
        if said.get("urn") and said.get("message"):
            messages.append((said["urn"], said["message"]))
        begun = cast("Json", (event.get("resourcePreEvent") or {}).get("metadata") or {})
        if new := begun.get("new"):
            wanted[begun["urn"]] = new
    return Update(code, tuple(messages), wanted)
