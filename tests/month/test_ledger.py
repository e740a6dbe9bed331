"""The ledger of what was played: what counts, and what is said of it."""

from pathlib import Path

import pytest

from tests.month import ledger, report, starts
from tests.month.month import Month
from tests.month.place import Place


def test_the_ledger_passes_over_half_a_line(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(ledger, "HELD", tmp_path / "held.jsonl")
    monkeypatch.setattr(ledger, "KEPT", tmp_path / "kept")
    ledger.note("alone", Month(place, "dev"), ["a"], "", seconds=1)
    with (tmp_path / "kept/alone.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "al')
    assert [(line["events"], line["verdict"]) for line in ledger.read("alone")] == [(["a"], "held")]


def test_a_sequence_counts_that_held_at_an_earlier_commit_of_the_branch(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(ledger, "HELD", tmp_path / "held.jsonl")
    monkeypatch.setattr(ledger, "branch", lambda: frozenset({"1" * 40, "2" * 40}))
    month = Month(place, "dev")
    for seed, commit, verdict in (
        (1, "1" * 40, ""),
        (2, "3" * 40, ""),
        (3, "1" * 40, "lost"),
        (4, "", ""),
        (5, "1" * 40, "lost"),
        (5, "2" * 40, ""),
    ):
        monkeypatch.setattr(ledger, "commit", lambda told=commit: told)
        monkeypatch.setattr(ledger, "fingerprint", lambda: "then")
        ledger.note("sequences", month, ["a"], verdict, seconds=1, seed=seed)
    monkeypatch.setattr(ledger, "fingerprint", lambda: "today")
    assert [line["seed"] for line in ledger.last("sequences") if ledger.counts(line)] == [1, 5]
    told = report.text()
    assert "4 of 5 held" in told
    assert f"1 held at {'1' * 9}\n" in told
    assert f"1 held at {'3' * 9}, which is not of this branch" in told
    monkeypatch.setattr(ledger, "fingerprint", lambda: "then")
    assert {line["seed"] for line in ledger.last("sequences") if ledger.counts(line)} == {1, 2, 3, 4, 5}
    # What held at a commit is kept for another machine, which has no other ledger.
    assert (ledger.keep(), ledger.keep()) == (2, 2)
    monkeypatch.setattr(ledger, "KEPT", tmp_path / "elsewhere")
    assert [line["seed"] for line in ledger.last("sequences")] == [1, 5]
    assert list(ledger.read("alone")) == []
