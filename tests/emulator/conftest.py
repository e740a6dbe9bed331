"""One emulator for all tests of a run, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clients import APIS, PROJECT, Google

from emulator import Emulator

ANSWERED: set[str] = set()
"""Methods that were asked for and answered, in all tests of this run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the test of what all the others have asked for come last."""
    items.sort(key=lambda item: item.path.name == "test_methods.py")


@pytest.fixture(scope="session")
def _served() -> Iterator[Google]:
    with Emulator(projects=[PROJECT, "other-project"]) as emulator:
        google = Google(emulator)
        yield google
        google.close()


@pytest.fixture
def bare(_served: Google) -> Iterator[Google]:
    """Projects in which no API was enabled yet."""
    _served.emulator.reset()
    _served.emulator.use({})
    yield _served
    ANSWERED.update(call["id"] for call in _served.emulator.requests if call["status"] < 300)


@pytest.fixture
def google(bare: Google) -> Google:
    bare.enable(*APIS)
    return bare
