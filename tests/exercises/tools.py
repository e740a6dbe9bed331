"""The tools that a line may want, each in a home of its own, with the credentials of one identity and no others."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.exercises import identities
from tests.exercises.filled import PROJECT
from tests.machine import FOUND

if TYPE_CHECKING:
    from tests.exercises.walk import Line, Stage

Done = subprocess.CompletedProcess[str]
FOUND_HERE = {"gcloud": shutil.which("gcloud", path=FOUND.get("PATH")), "dvc": os.environ.get("COURSECLOUD_DVC")}
"""Programs that a line may want; `make exercises` sets up DVC in an environment of its own."""


def environment(stage: Stage, token: str, home: Path) -> dict[str, str]:
    """What a tool finds: the emulator, a home of its own, and the token of the identity."""
    file = home / "token"
    file.write_text(token, encoding="utf-8")
    own = {
        "PATH": FOUND["PATH"],
        "HOME": str(home),
        "CLOUDSDK_CONFIG": str(home / "gcloud"),
        "CLOUDSDK_AUTH_ACCESS_TOKEN": token,
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(file),
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "GOOGLE_OAUTH_ACCESS_TOKEN": token,
    }
    return stage.emulator.env(PROJECT) | own


def gcloud(stage: Stage, _line: Line, token: str, text: str) -> Done:
    return subprocess.run(
        ["gcloud", *shlex.split(text)],
        executable=FOUND_HERE["gcloud"],
        cwd=stage.home,
        env=environment(stage, token, stage.home),
        input="a secret\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


DVC = {"DVC_NO_ANALYTICS": "1", "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}
"""The latter keeps it from asking by gRPC, which the emulator does not speak, whether a bucket has folders."""

SIGNED_IN = """
import os, sys
import google.auth, google.oauth2.credentials
token = google.oauth2.credentials.Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"])
google.auth.default = lambda *_, **__: (token, os.environ["GOOGLE_CLOUD_PROJECT"])
from dvc.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""DVC for a person: `gcloud auth application-default login` asks Google, so what it leaves is put in its place."""


def dvc(stage: Stage, line: Line, token: str, text: str) -> Done:
    """Run it where the identity finds its credentials: at a metadata server, in a file, or left by having signed in."""
    python = str(FOUND_HERE["dvc"])
    clone = stage.home / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    # What git has: the data themselves, and DVC's cache of them, stay on the laptop of whoever pushed them.
    left = shutil.ignore_patterns("cache", "tmp", "a.csv") if text == "pull" else None
    shutil.copytree(stage.home / "repository", clone, ignore=left)
    if text == "push":
        (clone / "data/b.csv").write_text("3,4\n", encoding="utf-8")
        command = [python, "-m", "dvc", "add", "data"]
        own = environment(stage, token, stage.home) | DVC
        subprocess.run(command, cwd=clone, env=own, check=True, capture_output=True)
    found = environment(stage, token, stage.home) | DVC | {"DVC_SITE_CACHE_DIR": str(clone / "site")}
    command = [python, "-c", SIGNED_IN]
    if line.who == "machine" or line.who in identities.ACCOUNTS:
        host = f"{stage.emulator.url.removeprefix('http://')}/_emulator/metadata/{stage.who.machine(line.who)}"
        found |= {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}
        command = [python, "-m", "dvc"]
    elif line.who in identities.WORKFLOWS:
        jwt, file = stage.home / "jwt", stage.home / "credentials.json"
        jwt.write_text(stage.who.jwt(line.who), encoding="utf-8")
        file.write_text(json.dumps(stage.who.configuration(line.who, jwt)), encoding="utf-8")
        found |= {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
        command = [python, "-m", "dvc"]
    return subprocess.run(
        [*command, *shlex.split(text)],
        cwd=clone,
        env=found,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


RUN: Mapping[str, Callable[[Stage, Line, str, str], Done]] = {"gcloud": gcloud, "dvc": dvc}
"""What runs a line of each kind."""
