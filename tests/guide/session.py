"""A person who follows the guide: a clone, a folder beside it for the group's own code, a terminal, and an emulator."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from emulator import Emulator
from tests.exercises import filled
from tests.exercises.tools import DVC, FOUND_HERE, SIGNED_IN
from tests.guide.reading import Step
from tests.machine import FOUND
from tests.project import CHECKOUT, make

PROJECT = "guide-project-1"
"""What the person answers when `init` asks for the project's id."""

INSTEAD = {
    "make plan": ".venv/bin/coursecloud plan --stack dev",
    "coursecloud init --group dev --force": (
        f"coursecloud init --group dev --force --project {PROJECT} --repository our-group/our-project --yes"
    ),
    # The real Pulumi does it on the emulator: tests/e2e/test_course.py.
    "coursecloud course up": "coursecloud course up --dry-run",
    'eval "$(coursecloud commands ssh workbench)"': 'eval "$(coursecloud commands ssh workbench) --dry-run"',
}
"""What is run in place of a line, where that asks at a terminal, sets up an environment or logs in to a machine."""

NOT_RUN = {
    "python3 -m venv": "`make test-starter` runs it: it takes packages from PyPI; here are those of the tests",
    ".venv/bin/pip install": "the same",
    ".venv/bin/python -m pytest": "tests/starter/test_project.py runs the tests of the project that is written",
    ".venv/bin/uvicorn": "it serves until Ctrl-C; the project's tests ask the same service",
    "make down": "the real Pulumi does it on the emulator: `make rehearsal`",
    'eval "$(coursecloud commands log in': "it opens a browser and asks Google",
    'eval "$(coursecloud commands docker': "needs a docker daemon; the registry itself is not imitated",
    'eval "$(coursecloud commands notebook': "stays open until Ctrl-C, and there is no machine",
    'eval "$(coursecloud commands configure ssh': "tests/emulator/test_gcloud.py runs it",
    'eval "$(coursecloud commands call service': "nothing answers at the service's address",
    'eval "$(coursecloud commands job log': "goes on until the job ends, and there is no machine that it runs on",
    "coursecloud course up --failed": "no group has failed; tests/course/test_command.py",
    "coursecloud course save": "tests/course/test_command.py runs it on projects of an emulator",
    "coursecloud course finish": "it asks at a terminal; tests/e2e/test_course.py answers",
}
"""Lines that are not run, by their beginning, and why."""

UP = "make up"
"""In its place the program itself makes the stack on the emulator; with the real Pulumi `make rehearsal` does."""


def tool(command: str) -> str:
    """Say which tool a line wants beside those of the project: gcloud, dvc, or none."""
    if command.startswith(("dvc ", 'eval "$(coursecloud commands dvc')):
        return "dvc"
    return "gcloud" if command.startswith(("gcloud ", 'eval "$(coursecloud commands ', UP)) else ""


def not_run(command: str) -> str:
    """Say why a line is not run, or ''."""
    return next((reason for beginning, reason in NOT_RUN.items() if command.startswith(beginning)), "")


def _seen(line: str) -> str:
    """Let a failure inside `eval "$(...)"`, which a shell passes over, end the script."""
    return re.sub(r'^eval "\$\((.*)\)(.*)"$', r'asked=$(\1) && eval "$asked\2"', line)


@dataclass
class Session:
    """A terminal whose folder and variables go on from one step to the next."""

    root: Path
    tools: frozenset[str] = frozenset()
    emulator: Emulator | None = None
    python: str = sys.executable
    """The Python with the packages of the group's own project."""
    skipped: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.clone, self.home = self.root / "coursecloud", self.root / "home"
        make(self.clone)
        shutil.copyfile(CHECKOUT / ".gitignore", self.clone / ".gitignore")
        self._venv()
        self.home.mkdir()
        author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
        for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message=first")):
            subprocess.run(
                ["git", *author, *words], cwd=self.clone, env={**os.environ, "HOME": str(self.home)}, check=True
            )
        self._bin = self.root / "bin"
        self._bin.mkdir()
        if "dvc" in self.tools:
            self._dvc()
        self.begin(self.clone)

    def _venv(self) -> None:
        """Put into the clone what `make plan` sets up there: a command that works by the clone's code, everywhere."""
        folder = self.clone / ".venv/bin"
        folder.mkdir(parents=True)
        code = f"import sys\nsys.path.insert(0, {str(self.clone)!r})\nfrom coursecloud.__main__ import main\nmain()\n"
        (folder / "coursecloud").write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
        (folder / "coursecloud").chmod(0o755)
        text = f'export VIRTUAL_ENV="{folder.parent}"\nPATH="$VIRTUAL_ENV/bin:$PATH"\n'
        (folder / "activate").write_text(text, encoding="utf-8")

    def begin(self, folder: Path, *, activated: bool = True) -> None:
        """Open a new terminal in a folder."""
        path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "coursecloud").exists()]
        path = [str(self._bin), *([f"{self.clone}/.venv/bin"] if activated else []), *path]
        self.folder = folder
        self.variables = {"HOME": str(self.home), "PATH": os.pathsep.join(path), "LANG": "C.UTF-8"}
        self.variables |= {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
        # git knows the person, as on every computer on which it was used before.
        for who in ("AUTHOR", "COMMITTER"):
            self.variables |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.com"}
        if self.emulator and "gcloud" in self.tools:
            (self._bin / "gcloud").unlink(missing_ok=True)
            (self._bin / "gcloud").symlink_to(str(FOUND_HERE["gcloud"]))
            self.variables |= self._gcloud(self.emulator)

    def run(self, step: Step) -> str:
        """Run a step, and give what it prints; '' where a tool that it wants is not there. Raises AssertionError.

        Of a step that wants such a tool only its `cd` are run.
        """
        wanted = [each for each in step.commands if not not_run(each)]
        lacking = {tool(each) for each in wanted} - self.tools - {""}
        if not wanted or lacking:
            self.skipped += step.commands
            # Where one stands then, the next steps begin, whether or not this machine has the tool.
            wanted = [each for each in wanted if each.startswith("cd ")]
            if not wanted:
                return ""
        if wanted == [UP]:
            self._up()
            return ""
        state = self.root / "state"
        script = "\n".join(
            [*(_seen(INSTEAD.get(each, each)) for each in wanted), f"pwd > {state}", f"env -0 >> {state}"]
        )
        done = subprocess.run(
            ["/bin/bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder, env=self.variables, input="a secret\n", text=True, check=False, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"{step}\n{done.stdout}"
        folder, _, variables = state.read_text(encoding="utf-8").partition("\n")
        self.folder = Path(folder)
        self.variables = dict(each.split("=", 1) for each in variables.split("\0") if "=" in each)
        if self.folder.name == "digits" and not (self.folder / ".venv").exists():
            (self.folder / ".venv/bin").mkdir(parents=True)
            program = self.folder / ".venv/bin/python"  # no link: Python looks for its packages beside that
            program.write_text(f'#!/bin/sh\nexec {self.python} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
        return done.stdout

    def _up(self) -> None:
        """Make on the emulator, which is empty then, what the stack file of now says."""
        assert self.emulator
        config = yaml.safe_load((self.clone / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"]
        self.emulator.reset()
        on = ("logging", "monitoring")  # in every project of Google's
        self.emulator.world.projects[PROJECT].services.update(f"{name}.googleapis.com" for name in on)
        filled.fill(filled.asking(self.emulator, "owner"), datetime.datetime.now(datetime.UTC).date(), "dev", config)

    def _gcloud(self, emulator: Emulator) -> dict[str, str]:
        token = self.home / "token"
        token.write_text("emulator\n", encoding="utf-8")
        return emulator.env(PROJECT) | {
            "CLOUDSDK_CONFIG": str(self.home / "gcloud"),
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            **DVC,
        }

    def _dvc(self) -> None:
        """Put DVC on PATH as somebody has it who is logged in; its remote is the emulator, by the person's settings."""
        assert self.emulator
        script = self._bin / "dvc"
        (self.root / "signed_in.py").write_text(SIGNED_IN, encoding="utf-8")
        script.write_text(f'#!/bin/sh\nexec {FOUND_HERE["dvc"]} {self.root}/signed_in.py "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        settings = self.home / ".config/dvc/config"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"['remote \"storage\"']\n    endpointurl = {self.emulator.url}\n", encoding="utf-8")


HERE = frozenset(
    name
    for name, found in (("gcloud", shutil.which("gcloud", path=FOUND.get("PATH"))), ("dvc", FOUND_HERE["dvc"]))
    if found
)
"""The tools that this machine has."""
