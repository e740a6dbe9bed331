"""One stand-in for all tests of a run, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clients import APIS, PROJECT, Google

from standin import Standin


@pytest.fixture(scope="session")
def _served() -> Iterator[Google]:
    with Standin(projects=[PROJECT, "other-project"]) as standin:
        google = Google(standin)
        yield google
        google.close()


@pytest.fixture
def bare(_served: Google) -> Google:
    """Projects in which no API was enabled yet."""
    _served.standin.reset()
    _served.standin.use({})
    return _served


@pytest.fixture
def google(bare: Google) -> Google:
    bare.enable(*APIS)
    return bare
