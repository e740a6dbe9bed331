from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from digits import api, data, store, train


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.delenv("AIP_MODEL_DIR", raising=False)
    monkeypatch.setenv("MODELS_BUCKET", str(tmp_path))
    api.learner.cache_clear()
    yield TestClient(api.app)
    api.learner.cache_clear()


def test_it_says_that_there_is_no_model_and_finds_one_that_is_made_later(client: TestClient) -> None:
    picture = {"pixels": [0.0] * 64}
    assert client.get("/health").json() == {"status": "ok"}
    assert client.post("/predict", json=picture).status_code == 503
    assert train.train(train.arguments(["--epochs", "1"]), store.store()) == 0
    assert client.post("/predict", json=picture).status_code == 200


def test_it_reads_what_the_model_reads(client: TestClient) -> None:
    assert train.train(train.arguments(["--epochs", "5"]), store.store()) == 0
    test = data.load()[1]
    read = [client.post("/predict", json={"pixels": each.tolist()}).json()["digit"] for each in test.pictures[:50]]
    assert sum(a == b for a, b in zip(read, test.labels[:50], strict=True)) > 35


@pytest.mark.parametrize("pixels", [[], [0.0] * 63, [2.0] * 64, ["a"] * 64])
def test_what_is_no_picture_is_refused(client: TestClient, pixels: list) -> None:
    assert client.post("/predict", json={"pixels": pixels}).status_code == 422
