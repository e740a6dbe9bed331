"""The ledger against worlds with bills of their own: some in `make test`, ten thousand with COURSECLOUD_LONG."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spend import judge, named
from tests.spend.simulator import World

SAMPLE, ALL = 240, 10_000
CHUNK = 40
FIRST = range(0, ALL if os.environ.get("COURSECLOUD_LONG") else SAMPLE, CHUNK)


@pytest.fixture(scope="module")
def priced() -> judge.Rates:
    return judge.rates()


@pytest.mark.parametrize("first", FIRST)
def test_the_ledger_is_the_bill(first: int, priced: judge.Rates) -> None:
    """At each look and at the end, by resource: a minute of each start and stop, and a hundredth."""
    bill = 0.0
    for seed in range(first, first + CHUNK):
        run = judge.live(seed, priced)
        assert not run.mistakes, f"scenario {seed}: {run.mistakes}"
        bill += run.bill
    assert bill > 100, "these worlds cost next to nothing, so nothing was judged"


@pytest.mark.parametrize(("world", "days"), [pytest.param(*rest, id=name) for name, *rest in named.worlds()])
def test_what_was_once_counted_wrong_is_not_again(world: World, days: Iterator[str], priced: judge.Rates) -> None:
    run = judge.lived(world, days, priced)
    assert not run.mistakes
    assert run.looks


def test_the_world_shares_nothing_with_what_it_judges() -> None:
    folder = Path(__file__).parent
    for name in ("simulator", "scenarios", "named", "clocks", "lost", "unseen", "again", "stood"):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        imported = {
            f"{node.module}.{each.name}" if node.module == "tests.spend" else node.module or ""
            for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names
        }  # fmt: skip
        imported |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
        own = {each for each in imported if each.partition(".")[0] in ("coursecloud", "infra", "catalog", "tests")}
        assert own <= {f"tests.spend.{each}" for each in ("simulator", "lost", "clocks", "again")} | {"tests.spend"}, (
            own
        )
