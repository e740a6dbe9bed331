"""`coursecloud status` itself against the bill of worlds that stand on an emulator: some of `tests.spend.shell`."""

from __future__ import annotations

import datetime as dates
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace

import pytest

from coursecloud.deploy import cloud
from emulator import Emulator, world
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


class Slow(datetime):
    """The clock of a machine on which a minute passes between any two looks at it."""

    minutes = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        cls.minutes += 1
        return datetime.now(tz) + timedelta(minutes=cls.minutes)


def test_what_a_slow_machine_takes_is_no_time_of_the_world(
    stand: tuple[Emulator, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (world, shell):
        monkeypatch.setattr(module, "datetime", Slow)
    words = {name: getattr(dates, name) for name in ("UTC", "datetime", "timedelta")}
    monkeypatch.setattr(cloud, "datetime", SimpleNamespace(**words | {"datetime": Slow}))
    run = shell.live(267, *stand)
    assert not run.mistakes
    assert Slow.minutes > 100
