"""The stack that the lines are walked on: the program has made it, and people have put work into its stores."""

from __future__ import annotations

import base64
import contextlib
import datetime
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

from emulator import Emulator
from tests.exercises import filled
from tests.exercises.filled import PROJECT, asking
from tests.exercises.identities import NAMES, OWNER, Identities, email
from tests.exercises.tools import DVC, FOUND_HERE, SIGNED_IN, environment
from tests.exercises.walk import Stage
from tests.project import make_channel

OBJECTS = {"data": "raw/a.csv", "models": "model.pt", "staging": "source.tgz"}


@contextlib.contextmanager
def stage() -> Generator[Stage]:
    """Make it; it takes ten seconds, and DVC's part some more."""
    today = datetime.datetime.now(datetime.UTC).date()
    with tempfile.TemporaryDirectory(prefix="exercises-") as folder, Emulator([PROJECT], enforce_iam=True) as emulator:
        ask = asking(emulator, OWNER)
        make_channel(emulator, PROJECT)
        made = filled.fill(ask, today)
        others = ("logging", "monitoring", "billingbudgets", "cloudbilling")  # on in every project of Google's
        emulator.world.projects[PROJECT].services.update(f"{name}.googleapis.com" for name in others)
        for bucket, name in OBJECTS.items():
            ask("POST", f"upload/storage/v1/b/{NAMES.bucket(bucket)}/o?uploadType=media&name={name}", {"text": name})
        value = {"payload": {"data": base64.b64encode(b"value").decode()}}
        ask("POST", f"secretmanager/v1/projects/{PROJECT}/secrets/{NAMES.secret('WANDB_API_KEY')}:addVersion", value)
        provider = next(each for each in made if each.name == "provider")
        until = datetime.timedelta(days=21 + 90)
        who = Identities(emulator, str(provider.told["name"]))
        here = Stage(emulator, made, who, emulator.copy(), Path(folder), until)
        _written(here.home)
        if FOUND_HERE["dvc"]:
            _versioned(here)
        here.before = emulator.copy()
        yield here


BUILD = """
steps: [{name: gcr.io/cloud-builders/docker, args: [build, .]}]
options: {logging: CLOUD_LOGGING_ONLY}
"""
JOB = f"""
serviceAccount: {email("training")}
workerPoolSpecs:
- machineSpec: {{machineType: n1-highmem-2}}
  replicaCount: 1
  containerSpec: {{imageUri: image}}
"""


def _written(home: Path) -> None:
    """The files that the lines name."""
    (home / "cloudbuild.yaml").write_text(BUILD, encoding="utf-8")
    (home / "job.yaml").write_text(JOB, encoding="utf-8")
    (home / "source").mkdir()
    (home / "source/Dockerfile").write_text("FROM scratch\n", encoding="utf-8")


def _versioned(here: Stage) -> None:
    """A project of the course, with data in DVC that were pushed, as its first exercise has it."""
    root = here.home / "repository"
    (root / "data").mkdir(parents=True)
    (root / "data/a.csv").write_text("1,2\n", encoding="utf-8")
    where = environment(here, OWNER, here.home) | DVC
    python = str(FOUND_HERE["dvc"])
    dvc = [python, "-m", "dvc"]
    bucket = NAMES.bucket("data")
    for command in (
        ["git", "init", "--quiet"],
        [*dvc, "init", "--quiet"],
        [*dvc, "config", "core.analytics", "false"],
        [*dvc, "remote", "add", "--default", "storage", f"gs://{bucket}"],
        [*dvc, "remote", "modify", "storage", "version_aware", "true"],
        [*dvc, "remote", "modify", "storage", "endpointurl", here.emulator.url],
        [*dvc, "add", "data"],
        [python, "-c", SIGNED_IN, "push"],  # which notes the versions of the files in data.dvc
    ):
        subprocess.run(command, cwd=root, env=where, check=True, capture_output=True)
