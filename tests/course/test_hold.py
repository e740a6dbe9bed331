"""What `course down` and `course finish` leave alone: data that are neither kept nor saved, unless somebody said so."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from coursecloud.cli.commands.course import group
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.diff.data_loss import Loss
from emulator import Emulator

PROJECT, BUCKET = "mlops-g1", "mlops-g1-g1-data"
APIS = ["cloudresourcemanager", "compute", "serviceusage", "storage"]


def loss(kind: str, name: str, called: str = "") -> Loss:
    module = {"Bucket": "storage/bucket", "Disk": "compute/disk"}[kind]
    urn = f"urn:pulumi:g1::coursecloud::gcp:{module}:{kind}::{name}"
    return Loss(f"gcp:{module}:{kind}", urn, "3 objects", replaced=False, called=called)


DATA, OWN = loss("Bucket", "data", f"gs://{BUCKET}"), loss("Bucket", "mine", "gs://somebodys-own")
DISK = loss("Disk", "trainer-work")


class Stage:
    """A group's stack file, its bucket, and where a save may have gone."""

    def __init__(self, root: Path, emulator: Emulator):
        self.root, self.emulator, self.saved = root, emulator, root / "saved/g1"

    def put(self, name: str) -> None:
        url = f"{self.emulator.url}/upload/storage/v1/b/{BUCKET}/o"
        assert requests.post(url, params={"uploadType": "media", "name": name}, data=b"work", timeout=30).ok

    def hold(self, *going: Loss, **given: Any) -> None:
        words: dict[str, Any] = {"verb": "finish", "stack": "g1", "root": self.root, "saved": self.saved, "lose": []}
        group.hold(Namespace(**words | given), going)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    (tmp_path / "Pulumi.g1.yaml").write_text(f"config: {{gcp:project: {PROJECT}}}", encoding="utf-8")
    with Emulator(projects=[PROJECT], enabled=[f"{api}.googleapis.com" for api in APIS]) as emulator:
        for name, value in emulator.env(PROJECT).items():
            monkeypatch.setenv(name, value)
        url = f"{emulator.url}/storage/v1/b"
        body = {"name": BUCKET, "location": "europe-west1"}
        assert requests.post(url, json=body, params={"project": PROJECT}, timeout=30).ok
        yield Stage(tmp_path, emulator)


def test_nothing_that_holds_data_is_held_by_nobody(stage: Stage) -> None:
    stage.hold()


def test_a_bucket_that_nobody_saved_stays_and_the_ways_are_said(stage: Stage) -> None:
    stage.put("a")
    with pytest.raises(RefusedError) as refused:
        stage.hold(DATA)
    for word in (BUCKET, "neither kept nor saved", "course save --to FOLDER", "course finish --only g1"):
        assert word in str(refused.value)
    assert not stage.saved.exists()


def test_what_was_saved_may_go_and_what_came_since_is_saved_first(stage: Stage) -> None:
    stage.put("a")
    stage.saved.mkdir(parents=True)
    stage.hold(DATA)
    assert (stage.saved / "data/a").read_bytes() == b"work"
    stage.put("later")
    stage.hold(DATA)
    assert (stage.saved / "data/later").read_bytes() == b"work"


def test_what_cannot_be_saved_again_now_stays(stage: Stage) -> None:
    stage.put("a")
    stage.saved.mkdir(parents=True)
    stage.emulator.use({"faults": [{"match": "storage.objects.*", "status": 403, "count": 0}]})
    with pytest.raises(RefusedError, match="neither kept nor saved"):
        stage.hold(DATA)


def test_a_save_covers_its_own_buckets_and_nothing_else(stage: Stage) -> None:
    stage.saved.mkdir(parents=True)
    for other in (OWN, DISK):
        with pytest.raises(RefusedError, match=other.name):
            stage.hold(DATA, other)


def test_a_type_or_a_store_that_was_named_may_go_in_every_group_but_never_the_work(stage: Stage) -> None:
    stage.hold(DISK, lose=["Disk"])
    stage.hold(OWN, DISK, lose=["mine", "trainer-work"])
    for lose in (["Disk", "Bucket"], ["data", "Disk"]):
        with pytest.raises(RefusedError, match=BUCKET):
            stage.hold(DATA, DISK, lose=lose)
