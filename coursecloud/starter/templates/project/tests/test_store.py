from pathlib import Path

import pytest

from digits import store


@pytest.fixture(autouse=True)
def _mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOUNTED", tmp_path / "gcs")
    for name in ("AIP_MODEL_DIR", "MODELS_BUCKET"):
        monkeypatch.delenv(name, raising=False)


def test_a_bucket_that_is_mounted_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gcs" / "bucket").mkdir(parents=True)
    monkeypatch.setenv("AIP_MODEL_DIR", "gs://bucket/jobs/model/")
    store.store().write("runs/a/checkpoint.bin", b"x")
    assert (tmp_path / "gcs" / "bucket" / "jobs" / "model" / "runs" / "a" / "checkpoint.bin").read_bytes() == b"x"


def test_a_job_writes_where_a_service_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.place() == "models"
    monkeypatch.setenv("AIP_MODEL_DIR", "gs://bucket/jobs/model/")
    assert store.place() == "gs://bucket/jobs/model/"
    monkeypatch.setenv("MODELS_BUCKET", "gs://bucket")
    assert store.place() == "gs://bucket"


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert store.store(str(tmp_path)).read("none") is None
