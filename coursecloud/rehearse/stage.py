"""Where a rehearsal takes place: a temporary project, backend and home, and an environment that knows no account."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from coursecloud.common import stack_file
from coursecloud.deploy.pulumi_cli import Pulumi
from infra.settings import EXAMPLE_PROJECT
from infra.settings.model import DEFAULT_REGION

if TYPE_CHECKING:
    from emulator import Emulator

PROJECT = "rehearsal-project-1"
"""Stands in for the example project, which nothing can be deployed to."""

KEPT = ("PATH", "LANG", "LC_ALL", "TERM", "TMPDIR", "TZ", "SYSTEMROOT", "COMSPEC", "PATHEXT")
"""What of the caller's environment a rehearsal sees: nothing that names an account, a token, a proxy or a backend."""

PLACES = ("gcp:project", "gcp:region", "gcp:zone")
"""The only settings of the provider that a rehearsal takes over: any other may name credentials or an address."""

NOT_COPIED = frozenset({"bench", "build", "coursecloud", "dist", "node_modules", "emulator", "tests"})
"""Folders that the program does not read."""


@dataclass(frozen=True)
class Stage:
    """One stack's project, ready for Pulumi, and the emulator that answers it."""

    root: Path
    stack: str
    environment: Mapping[str, str]
    emulator: Emulator
    output: IO[str]
    """Gets all that Pulumi says."""

    @property
    def pulumi(self) -> Pulumi:
        """Pulumi's commands in this project."""
        return Pulumi(self.root, self.stack, self.environment, self.output)

    def last_lines(self, start: int, most: int = 25) -> str:
        """Give the end of what was said since a position in `output`."""
        self.output.flush()
        said = (self.root / "pulumi.log").read_text(encoding="utf-8", errors="replace")[start:]
        return "\n".join(said.rstrip().splitlines()[-most:])


@dataclass(frozen=True)
class Missing:
    """A program or package that a rehearsal cannot do without."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Tools:
    """The programs that a rehearsal uses, or what is missing of them."""

    pulumi: str = ""
    provider: str = ""
    plugins: Path | None = None
    """The folder of installed plugins, where there is one."""
    missing: tuple[Missing, ...] = field(default=())


def tools(root: Path, environment: Mapping[str, str]) -> Tools:
    """Look for the Pulumi CLI, the provider and the emulator, and say what is missing."""
    path = environment.get("PATH", "")
    missing: list[Missing] = []
    if not (root / "emulator").is_dir():
        missing.append(
            Missing("the emulator is not part of the installed package", "run this in a clone of the project")
        )
    if not _importable("googleapiclient"):
        remedy = f"{sys.executable} -m pip install google-api-python-client"
        missing.append(Missing("google-api-python-client, which describes Google's APIs, is not installed", remedy))
    pulumi = shutil.which("pulumi", path=path)
    if not pulumi:
        missing.append(Missing("pulumi is not on PATH", "install it: https://www.pulumi.com/docs/install/"))
    home = Path(environment.get("PULUMI_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".pulumi")
    plugins = home / "plugins"
    on_path = shutil.which("pulumi-resource-gcp", path=path)
    installed = sorted(plugins.glob("resource-gcp-v*[0-9]"))
    if not (on_path or installed):
        missing.append(Missing("the Google provider of Pulumi is not there", "pulumi plugin install resource gcp"))
    if missing or not pulumi:
        return Tools(missing=tuple(missing))
    provider = _first_line([on_path, "-version"]) if on_path else installed[-1].name.removeprefix("resource-gcp-v")
    return Tools(_first_line([pulumi, "version"]).removeprefix("v"), provider, plugins if plugins.is_dir() else None)


def scrubbed(environment: Mapping[str, str], emulator: Mapping[str, str], home: Path) -> dict[str, str]:
    """Make the environment of a rehearsal: the programs of the caller's, the addresses and token of the emulator."""
    return {
        **{name: environment[name] for name in KEPT if name in environment},
        **emulator,
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "PULUMI_BACKEND_URL": f"file://{home / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Pulumi asks pip what is installed, and pip asks PyPI whether there is a newer pip.
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INDEX": "1",
    }


def settings_of(config: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Give the project that the rehearsal plays in, and the stack file's configuration for it."""
    kept = {key: value for key, value in config.items() if not key.startswith("gcp:") or key in PLACES}
    project = config.get("gcp:project")
    if not isinstance(project, str) or project == EXAMPLE_PROJECT:
        project = PROJECT  # the example, or one that is encrypted
    course = kept.get("coursecloud:course")
    if isinstance(course, dict):  # it is played with a state of its own, not the group's
        own = cast("dict[str, object]", course)
        kept["coursecloud:course"] = {key: value for key, value in own.items() if key != "backend"}
    return project, {**kept, "gcp:project": project}


@contextmanager
def stage(root: Path, stack: str, file: Path, found: Tools, scenario: dict[str, Any] | None = None) -> Generator[Stage]:
    """Make the temporary project of a stack file and start its emulator; all of it goes at the end."""
    from emulator import Emulator

    project, config = settings_of(stack_file.read(stack, file))
    with tempfile.TemporaryDirectory(prefix="coursecloud-rehearse-") as folder:
        there, home = Path(folder) / "project", Path(folder) / "home"
        _copy(root, file.parent, there, stack)
        # JSON is YAML, and knows no octal and no dates.
        (there / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": config}), encoding="utf-8")
        (home / "state").mkdir(parents=True)
        (home / ".pulumi").mkdir()
        if found.plugins:
            (home / ".pulumi/plugins").symlink_to(found.plugins, target_is_directory=True)
        with (
            Emulator(projects=[project], scenario=scenario) as emulator,
            (there / "pulumi.log").open("w", encoding="utf-8") as output,
        ):
            _given(emulator, project, config)
            environment = scrubbed(os.environ, emulator.env(project), home)
            yield Stage(there, stack, environment, emulator, output)


def _copy(root: Path, folder: Path, there: Path, stack: str) -> None:
    """Copy the project: what the program may read, nobody's state and no other stack."""
    there.mkdir()
    for path in root.iterdir():
        if path.name.startswith(".") or path.name in NOT_COPIED:
            continue
        if path.is_dir():
            shutil.copytree(path, there / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.suffix == ".py" or path.name == "Pulumi.yaml":
            shutil.copy(path, there)
    for path in folder.glob(f"members.{stack}.y*ml"):
        shutil.copy(path, there)
    (there / ".venv").symlink_to(sys.prefix, target_is_directory=True)


def _given(emulator: Emulator, project: str, config: Mapping[str, Any]) -> None:
    """Make what a stack file names as being there: a connection to GitHub, and channels that are told of errors."""
    from emulator.world import Resource

    builds: dict[str, Any] = config.get("coursecloud:builds") or {}
    repository: dict[str, Any] = builds.get("repository") or {}
    if name := repository.get("connection"):
        region = config.get("gcp:region") or DEFAULT_REGION
        path = f"projects/{project}/locations/{region}/connections/{name}"
        body = {"name": path, "installationState": {"stage": "COMPLETE"}, "githubConfig": {}}
        body["createTime"] = emulator.world.now()
        emulator.world.put(Resource("cloudbuild", path, "projects/locations/connections", body))
    monitoring: dict[str, Any] = config.get("coursecloud:monitoring") or {}
    for channel in monitoring.get("channels") or ():
        path = f"projects/{project}/notificationChannels/{channel}"
        body = {"name": path, "type": "email", "labels": {"email_address": "somebody@example.com"}}
        emulator.world.put(Resource("monitoring", path, "projects/notificationChannels", body))


def _importable(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def _first_line(command: list[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return said.splitlines()[0] if said else "unknown"
