"""A course's bucket on the emulator, and runners that share it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import requests

from coursecloud.course.objects import Objects
from coursecloud.deploy.cloud import Cloud
from emulator import Emulator

PROJECT = "mlops-course"
BUCKET = "mlops-course-runs"


@contextmanager
def course(*projects: str) -> Generator[Emulator]:
    """Run an emulator with a bucket of the course."""
    with Emulator(projects=[PROJECT, *projects], enabled=["storage.googleapis.com", "run.googleapis.com"]) as emulator:
        made = requests.post(
            f"{emulator.url}/storage/v1/b", params={"project": PROJECT}, json={"name": BUCKET}, timeout=30
        )
        assert made.ok, made.text
        yield emulator


def objects(emulator: Emulator) -> Objects:
    environment = emulator.env()
    return Objects(BUCKET, lambda: Cloud(environment, {}))
