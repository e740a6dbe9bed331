"""Plans of the committed stacks and of edits of them, each made once."""

from pathlib import Path
from typing import Protocol

import pytest
import yaml

from coursecloud.plan.planning import Plan
from tests.review.made import Edit, config_of, edited, planned


class Planner(Protocol):
    """Plans a committed stack, with an edit of its settings."""

    def __call__(self, stack: str = "full", edit: Edit = lambda _: None) -> Plan: ...


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # pyright: ignore[reportUnusedFunction]
    """Let no test take what another one has had rendered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def plan_of(tmp_path_factory: pytest.TempPathFactory) -> Planner:
    """Plan a committed stack, with an edit of its settings."""
    made: dict[str, Plan] = {}

    def plan(stack: str = "full", edit: Edit = lambda _: None) -> Plan:
        config = edited(config_of(stack), edit)
        text = f"{stack}: {yaml.safe_dump(config)}"
        if text not in made:
            made[text] = planned(config, Path(tmp_path_factory.mktemp("stack")), stack)
        return made[text]

    return plan
