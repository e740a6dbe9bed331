"""The months themselves take hours: `make month` runs them; `make test` only tries the harness."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Emulator
from tests.month.place import PROJECT, TOOLS, Place
from tests.month.starts import Starts, opened

ASKED = os.environ.get("COURSECLOUD_MONTH")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the real engine where it is missing or was not asked for."""
    reason = "; ".join(f"{each.what}: {each.remedy}" for each in TOOLS.missing)
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and "starts" in getattr(item, "fixturenames", ()):
            if TOOLS.missing:
                item.add_marker(pytest.mark.skip(reason=reason))
            elif not ASKED:
                item.add_marker(pytest.mark.skip(reason="a month takes hours: make month"))


@pytest.fixture(scope="session")
def starts() -> Iterator[Starts]:
    with opened() as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Emulator(projects=[PROJECT], enabled=["storage.googleapis.com", "compute.googleapis.com"]) as emulator:
        yield Place(tmp_path, emulator)
