"""What each of the course's tests has of its own: a home of Pulumi, into which what works on a group makes folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _home_of_pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home-of-pulumi"))
    yield
    assert not (Path.home() / ".pulumi").exists(), "the home is one of all tests"
