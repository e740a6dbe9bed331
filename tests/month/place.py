"""Where a month takes place: a copy of the project, its emulator, a home without an account; saved and brought back."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import re
import shutil
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursecloud.rehearse.stage import Tools, scrubbed, tools
from emulator import Emulator
from infra.settings import EXAMPLE_PROJECT
from tests.machine import FOUND
from tests.month.holdings import resources, state_file
from tests.project import CHECKOUT, NAMES, STACKS

PROJECT = "rehearsal-project-1"
MARK = "COURSECLOUD_MONTH"
"""The variable by which a process of ours is known."""

CODE = (
    "catalog",
    "coursecloud",
    "emulator",
    "guardrails",
    "infra",
    "starter",
    "__main__.py",
    "Pulumi.yaml",
    "pyproject.toml",
)
TOOLS: Tools = tools(CHECKOUT, FOUND)


@dataclass(frozen=True)
class Saved:
    """The cloud and the folders at one moment."""

    world: bytes
    files: dict[str, bytes]


class Place:
    """A project folder, its home and its emulator; a second clone beside it where somebody else works too."""

    def __init__(self, folder: Path, emulator: Emulator):
        self.folder = folder
        self.emulator = emulator
        self.mark = uuid.uuid4().hex
        self.root = folder / "clone"
        self._whole = False
        self.make()

    def make(self) -> None:
        """Make the clone anew, as today's code has it."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        copy_code(CHECKOUT, self.root)
        for stack in NAMES:
            text = (STACKS / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
            (self.root / f"Pulumi.{stack}.yaml").write_text(text.replace(EXAMPLE_PROJECT, PROJECT), encoding="utf-8")
        (self.root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
        (self.root / ".pulumi-state").mkdir()
        self._whole = True

    @property
    def backend(self) -> str:
        """Say in which bucket the state is, as Pulumi.yaml names it; empty where it is in the project's folder."""
        text = (self.root / "Pulumi.yaml").read_text(encoding="utf-8")
        found = re.search(r"^  url: (gs://\S+)", text, re.MULTILINE)
        return found[1] if found else ""

    def keep_state_in(self, url: str) -> None:
        """Name another place for the state in Pulumi.yaml, as README says."""
        path = self.root / "Pulumi.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"^  url: .*$", f"  url: {url}", text, flags=re.MULTILINE), encoding="utf-8")

    def code_differs(self) -> None:
        """Remember that the clone's code is not today's."""
        self._whole = False

    def home(self, who: str = "own") -> Path:
        """Give the home of a person of the group."""
        home = self.folder / f"home-{who}"
        (home / ".pulumi").mkdir(parents=True, exist_ok=True)
        plugins = home / ".pulumi/plugins"
        if TOOLS.plugins and not plugins.exists():
            plugins.symlink_to(TOOLS.plugins, target_is_directory=True)
        return home

    def environment(self, who: str = "own") -> dict[str, str]:
        """Make the environment of a person's commands."""
        made = scrubbed({**os.environ, **FOUND}, self.emulator.env(PROJECT), self.home(who))
        for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PYTHONDONTWRITEBYTECODE"):
            made.pop(name, None)  # a person has none of them
        # Go's garbage collector takes a tenth of the processor's time of what lives for seconds: it may run less often.
        return made | {MARK: self.mark, "USER": who, "LOGNAME": who, "GOGC": "400"}

    def clone(self, who: str) -> Path:
        """Give the folder in which a person works."""
        return self.root if who == "own" else self.folder / f"clone-{who}"

    def state(self, stack: str, who: str = "own") -> list[dict[str, Any]]:
        """List the resources in a stack's state."""
        if self.backend:
            path = f"b/{self.backend.removeprefix('gs://')}/o/.pulumi%2Fstacks%2Fcoursecloud%2F{stack}.json"
            with self.emulator.lock:
                kept = self.emulator.world.get("storage", path)
                return resources(bytes(kept.secret).decode()) if kept else []
        file = state_file(self.clone(who) / ".pulumi-state", stack)
        for path in (file, file.with_name(f"{file.name}.bak")):  # the copy, where the state is only half there
            with contextlib.suppress(OSError, ValueError):
                return resources(path.read_text(encoding="utf-8"))
        return []

    def locks(self) -> list[str]:
        """List the locks that lie in the state."""
        found = [str(path.name) for path in self.folder.glob("clone*/.pulumi-state/.pulumi/locks/**/*.json")]
        with self.emulator.lock:
            found += [key for key in self.emulator.world.resources if ".pulumi%2Flocks%2F" in key and "#" not in key]
        return found

    def selected(self) -> str:
        """Say which stack is selected in the clone, as Pulumi remembers it; empty where none is yet."""
        files = sorted((self.home() / ".pulumi/workspaces").glob("*.json"))
        return "".join(path.read_text(encoding="utf-8") for path in files)

    def save(self) -> Saved:
        """Keep the cloud and the folders."""
        with self.emulator.lock:
            world = pickle.dumps(vars(self.emulator.world))
        return Saved(world, {str(p.relative_to(self.folder)): p.read_bytes() for p in self._files()})

    def restore(self, saved: Saved) -> None:
        """Bring them back."""
        if not self._whole:
            self.make()
        for path in list(self._files()):
            path.unlink()
        for folder in (*self.folder.glob("clone-*"), *self.folder.glob("home-*/.pulumi/workspaces")):
            shutil.rmtree(folder)
        for name, content in saved.files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)
        with self.emulator.lock:
            vars(self.emulator.world).clear()
            vars(self.emulator.world).update(pickle.loads(saved.world))  # noqa: S301 - written by this very code
            self.emulator.requests.clear()
        self.emulator.use({})

    def _files(self) -> list[Path]:
        kept = [*self.root.glob("Pulumi.*"), *self.root.glob("members.*"), *self.root.glob(".pulumi-state/**/*")]
        return [path for path in kept if path.is_file()]


def copy_code(source: Path, there: Path) -> None:
    """Copy what the program and the command line are made of."""
    for name in CODE:
        if (source / name).is_dir():
            # With the times of the files, so that what was compiled of them still counts.
            shutil.copytree(source / name, there / name, dirs_exist_ok=True)
        elif (source / name).exists():
            shutil.copy2(source / name, there / name)
    for path in source.glob("requirements.txt"):
        shutil.copy2(path, there)


@functools.cache
def fingerprint() -> str:
    """Give a hash of everything that decides how a month goes but the events: code, stacks, tools."""
    digest = hashlib.sha256(f"{TOOLS.pulumi} {TOOLS.provider}".encode())
    files = [
        p for name in CODE for p in ([CHECKOUT / name] if (CHECKOUT / name).is_file() else _below(CHECKOUT / name))
    ]
    for path in [*files, *sorted(STACKS.iterdir()), Path(__file__)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
