"""Every API method that the life of a stack asks for is called with Google's own client by some test here."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ANSWERED

HERE = Path(__file__).parent


def test_every_method_of_a_life_has_answered_googles_own_client(request: pytest.FixtureRequest) -> None:
    ran = {item.path.name for item in request.session.items}
    if {path.name for path in HERE.glob("test_*.py")} - ran or request.config.option.keyword:
        pytest.skip("only where all tests of this folder run")
    life = set((HERE / "methods.txt").read_text(encoding="utf-8").split())
    assert life
    missing = "\n".join(sorted(life - ANSWERED))
    assert not missing, f"no test calls\n{missing}"
