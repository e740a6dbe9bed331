"""`coursecloud status` itself against the bill of worlds that stand on an emulator: some of `tests.spend.shell`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Emulator
from tests.spend import shell

SEEDS = (12, 18, 19, 23, 27, 58)
"""Each was once off: services scaled, boot disks kept, seen alone or under a new machine, a log before its request."""


@pytest.fixture(scope="module")
def stand() -> Iterator[tuple[Emulator, Path]]:
    with shell.desk() as made:
        yield made


@pytest.mark.parametrize("seed", SEEDS)
def test_status_is_the_bill(seed: int, stand: tuple[Emulator, Path]) -> None:
    run = shell.live(seed, *stand)
    assert not run.mistakes
    assert run.looks
    assert run.bill > 1, "this world costs next to nothing, so nothing was judged"


def test_what_was_lived_with_the_same_code_is_not_lived_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lived = list[int]()

    def live(seed: int, _emulator: Emulator, _root: Path) -> shell.Run:
        lived.append(seed)
        return shell.Run(seed, ["off"] if seed == 2 else [], looks=3)

    monkeypatch.setattr(shell, "live", live)
    monkeypatch.setattr(shell, "KEPT", tmp_path)
    assert [run.seed for run in shell.runs([1, 2])] == [1, 2]
    assert [(run.seed, run.mistakes) for run in shell.runs([1, 2, 3])] == [(1, []), (2, ["off"]), (3, [])]
    assert lived == [1, 2, 3]
    monkeypatch.setattr(shell, "fingerprint", lambda: "another")
    assert [run.seed for run in shell.runs([3])] == [3]
    assert lived == [1, 2, 3, 3]
