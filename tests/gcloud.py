"""The Google Cloud CLI in a folder of its own, talking to an emulator and to nothing else."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator import Emulator
from tests.machine import FOUND

MISSING = pytest.mark.skipif(
    not shutil.which("gcloud", path=FOUND.get("PATH")),
    reason="no gcloud on PATH: https://cloud.google.com/sdk/docs/install",
)
NOT_RUN = {
    "docker push": "needs a docker daemon; the registry itself is not imitated",
    "call service": "asks Google who one is, then calls an address that nothing answers on",
}
"""Commands of the outputs that an emulator cannot answer, and why."""
BUILD = "steps: [{name: gcr.io/cloud-builders/docker, args: [build, .]}]\noptions: {logging: CLOUD_LOGGING_ONLY}\n"
"""A build file, which a command of the outputs submits."""
DRY_RUN = {"ssh": "--dry-run"}
"""Commands that run but for their last step: there is no machine to log in to, so gcloud only says how it would."""


@dataclass
class Gcloud:
    """One user of gcloud: a home, a token that means nothing, no memory of other accounts."""

    home: Path
    emulator: Emulator

    def environment(self) -> dict[str, str]:
        """Only what gcloud needs: no account, no key and no configuration of whoever runs the tests."""
        home = str(self.home)
        token = self.home / "token"
        token.write_text("emulator\n", encoding="utf-8")
        own = {
            "PATH": FOUND["PATH"],
            "HOME": home,
            "DOCKER_CONFIG": f"{home}/docker",
            "CLOUDSDK_CONFIG": f"{home}/gcloud",
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        }
        return self.emulator.env() | own

    def run(self, command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a line as a shell reads it; `typed` is what its standard input gets."""
        return subprocess.run(
            ["/bin/sh", "-c", command],  # what is tried is the line that a person pastes
            cwd=self.home,
            env=self.environment(),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def answers(self, start: int) -> list[tuple[str, int]]:
        """Method and status of what was asked since request number `start`."""
        return [(call["id"], call["status"]) for call in self.emulator.requests[start:]]


def runnable(name: str, command: str) -> str | None:
    """Give the command as it can be run here, or None for one of `NOT_RUN`."""
    kind = next((kind for kind in (*NOT_RUN, *DRY_RUN) if name == kind or name.startswith(f"{kind} ")), "")
    if kind in NOT_RUN:
        return None
    # Whoever pastes `--tag=TAG` writes a tag of their own there.
    return f"{command} {DRY_RUN.get(kind, '')}".replace("=TAG", "=v1").strip()


def refuses(folder: Path, lines: list[str]) -> list[str]:
    """Hold commands against gcloud's own parser in one start of it; say what it refuses."""
    file = folder / "commands.json"
    listed: list[dict[str, str]] = []
    for line in lines:
        split = shlex.split(line)
        # Its checker takes the word behind a flag for the flag's value, so flags go last; the order is free.
        ordered = sorted(split, key=lambda word: word.startswith("--"))
        listed.append({"command_string": shlex.join(ordered)})
    file.write_text(json.dumps(listed), encoding="utf-8")
    done = subprocess.run(
        ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={file}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": FOUND["PATH"], "CLOUDSDK_CONFIG": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert len(results) == len({entry["command_string"] for entry in listed})
    return [f"{entry['command_string']}: {entry['error_message']}" for entry in results if not entry["success"]]
