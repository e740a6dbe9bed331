"""The harness of the months itself: it hears what is printed, sees what is gone, and calls a lie a lie."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.world import Resource
from tests.month import events, sequences
from tests.month.hands import Hands
from tests.month.holdings import gone, holdings, needed_by, paths
from tests.month.month import BrokenError, Month
from tests.month.place import PROJECT, Place
from tests.month.sequences import Sequence_, in_sequences, shrink
from tests.month.steps import STEPS, edit, rename, swap, unset
from tests.month.terminal import Ended, Running, run
from tests.month.truth import Said, lies

ROWS = [*(f"I{number}" for number in range(1, 12)), *(f"J{number}" for number in range(1, 14))]
"""Every fault that a month found once, by its number there."""

ELSEWHERE = {"I11": "tests/test_setup.py"}
"""Those that no event of a month can be."""


def bucket(place: Place, name: str = f"{PROJECT}-dev-data", **more: Any) -> Hands:
    hands = Hands(place.emulator, "dev")
    hands.request("POST", f"storage/v1/b?project={PROJECT}", {"name": name, "location": "EU", **more})
    return hands


def test_every_event_says_words_that_the_runner_knows_and_every_row_has_one() -> None:
    listed = events.events()
    assert len(listed) >= 80
    verbs = {next(iter(step)) for event in listed for step in (*event.do, *event.then)}
    assert verbs <= set(STEPS) | {"up", "down", "finish"}
    assert {row for event in listed for row in event.rows} | set(ELSEWHERE) == set(ROWS)
    assert len(in_sequences()) >= 60


def test_an_event_with_an_unknown_key_or_a_name_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HERE", tmp_path)
    unknown: list[dict[str, Any]] = [_plain() | {"dew": []}]
    for wrong, said in ((unknown, "dew"), ([_plain(), _plain()], "twice")):
        (tmp_path / "events.yaml").write_text(yaml.safe_dump(wrong), encoding="utf-8")
        with pytest.raises(ValueError, match=said):
            events.events()


def _plain() -> dict[str, Any]:
    return {"name": "a", "kind": "edit", "do": []}


def test_every_case_that_was_kept_names_events_that_are_there() -> None:
    known = {event.name for event in events.events()}
    for name, case in events.cases().items():
        assert set(case["events"]) <= known, name


ASK = "name = input('Delete it [y/N]: '); print('got', name); import os; print(os.isatty(0))"


def test_a_question_is_answered_at_a_terminal_and_not_in_a_pipe(tmp_path: Path) -> None:
    answers = [(r"\[y/N\]: ?$", "y\r")]
    line = [sys.executable, "-c", ASK]
    there = run(line, tmp_path, os.environ, answers=answers)
    assert (there.code, there.asked, there.lines[-2:]) == (0, ("[y/N]: ",), ["got y", "True"])
    piped = run(line, tmp_path, os.environ, terminal=False, answers=answers)
    assert piped.code != 0
    assert "EOFError" in piped.text


def test_ctrl_c_reaches_also_what_was_started_in_the_background(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        test_ctrl_c_reaches_what_runs_at_a_terminal_and_a_closed_one_hangs_up(tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_reaches_what_runs_at_a_terminal_and_a_closed_one_hangs_up(tmp_path: Path) -> None:
    line = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]

    pressed: list[bool] = []

    def press(running: Running) -> None:
        if "here" in running.text and not pressed:
            pressed.append(True)
            running.ctrl_c()

    assert "KeyboardInterrupt" in run(line, tmp_path, os.environ, watch=press).text

    def close(running: Running) -> None:
        if "here" in running.text:
            running.hang_up()

    assert run(line, tmp_path, os.environ, watch=close).code == -1


def test_what_does_not_end_is_ended_and_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="did not end within"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, os.environ, patience=0.5)


def test_what_is_gone_is_seen_and_what_only_grew_old_is_not(place: Place) -> None:
    hands = bucket(place, versioning={"enabled": True})
    hands.write(into="storage:b/*-{stack}-data", name="a.csv")
    hands.write(into="storage:b/*-{stack}-data", name=".coursecloud/last-update.json")
    before = holdings(place.emulator)
    assert sorted(held.kind for held in before) == ["bucket", "object"]
    hands.write(into="storage:b/*-{stack}-data", name="a.csv")
    assert gone(before, holdings(place.emulator)) == []
    hands.empty(hands.one("storage:b/*"))
    assert [held.kind for held in gone(before, holdings(place.emulator))] == ["object"]
    assert gone(before, holdings(place.emulator), [f"storage:b/{PROJECT}-dev-data"]) == []
    bucket(place, "another")
    hands.delete("storage:b/*-{stack}-data")
    assert len(gone(before, holdings(place.emulator))) == 2


def test_a_name_means_what_the_state_says_and_kept_things_are_told_apart() -> None:
    urn = "urn:pulumi:dev::coursecloud::coursecloud:infra:Storage$gcp:storage/bucket:Bucket::data"
    resource = {"urn": urn, "type": "gcp:storage/bucket:Bucket", "custom": True, "id": "b-data", "protect": True}
    assert paths([resource], ["data"]) == {"storage:b/b-data"}
    assert paths([resource], ["dat"]) == paths([resource], protected=False) == set()


def test_what_a_kept_thing_hangs_on_is_known() -> None:
    api: dict[str, Any] = {"urn": "api"}
    part: dict[str, Any] = {"urn": "part", "dependencies": ["api"]}
    bucket: dict[str, Any] = {"urn": "bucket", "parent": "part", "dependencies": []}
    other: dict[str, Any] = {"urn": "other", "parent": "part"}
    assert needed_by([bucket], [api, part, bucket, other]) == {"part", "api"}
    assert needed_by([api], [api, part]) == set()


def test_a_place_comes_back_as_it_was(place: Place) -> None:
    hands = bucket(place)
    (place.root / "members.dev.yaml").write_text("[]", encoding="utf-8")
    saved = place.save()
    hands.write(into="storage:b/*", name="later.csv")
    place.emulator.use({"latency": 1})
    (place.root / "members.dev.yaml").unlink()
    (place.root / ".pulumi-state/new").write_text("x", encoding="utf-8")
    (place.root / "infra/names.py").write_text("", encoding="utf-8")
    place.code_differs()
    place.restore(saved)
    assert not hands.find("storage:*later*")
    assert len(hands.find("storage:b/*")) == 1
    assert (place.root / "members.dev.yaml").exists()
    assert not (place.root / ".pulumi-state/new").exists()
    assert (place.root / "infra/names.py").read_text(encoding="utf-8")
    hands.write(into="storage:b/*", name="again.csv")  # ids go on, and the world takes requests


def test_edits_of_a_stack_file_do_what_their_verbs_say(place: Place) -> None:
    month = Month(place, "dev")
    edit(month, {"machines.a": {"spot": True}, "machines.b.dataDisk": None, "gcp:zone": "z"})
    rename(month, {"machines.a": "c", "machines.workbench": "desk"})
    swap(month, ["machines.b", "machines.c"])
    unset(month, ["machines.desk", "storage.nothing"])
    config = yaml.safe_load(month.file.read_text(encoding="utf-8"))["config"]
    assert config["coursecloud:machines"] == {"b": {"spot": True}, "c": {"dataDisk": None}}
    assert config["gcp:zone"] == "z"


LIES: list[tuple[int, str, int, str]] = [
    (1, "Traceback (most recent call last):\n", 0, "traceback"),
    (0, "fine\nthen run `pulumi stack rm dev`\n", 0, "advise"),
    (1, "error\nRemove `protect` from the program\n", 0, "advise"),
    (0, "", 0, "nothing"),
    (0, "Updating (dev):\n", 0, "consequence"),
    (2, "refused\n", 1, "exit code 2"),
    (3, "stopped before it touched anything\n", 1, "exit code 3"),
    (1, "no network; nothing was touched\n", 1, "and yet 1 writes"),
    (0, "Looking\nUp: stack dev is as its file says, 41 resources (no change).\n", 2, "sums up no change"),
    (0, "Looking\nUp: stack dev is as its file says, 41 resources (3 created).\n", 0, "nothing was asked"),
    (0, "Looking\nUp: stack dev is as its file says, 41 resources (3 created).\n", 1, "the state has 1 more"),
    (0, "Looking\nMade.\n", 1, "no line sums up"),
]


@pytest.mark.parametrize(("code", "text", "writes", "said"), LIES, ids=[lie[3] for lie in LIES])
def test_a_lie_is_called_one(code: int, text: str, writes: int, said: str) -> None:
    listed = tuple({"id": "storage.buckets.insert", "path": "b"} for _ in range(writes))
    ended = Ended(("up",), code, text, 1, 1)
    assert any(re.search(said, lie) for lie in lies(Said("up", ended, listed, frozenset(), frozenset({"new"}))))


@pytest.mark.parametrize(
    ("code", "text", "writes"),
    [
        (0, "Looking\nUp: stack dev is as its file says, 41 resources (1 created).\n", 1),
        (0, "Looking\nUp: stack dev is as its file says, 41 resources (2 updated).\n", 2),
        (0, "Looking\nUp: stack dev is as its file says, 41 resources (no change).\n", 0),
        (3, "up stopped before it lost anything; what it had begun stays.\n", 1),
        (2, "not confirmed; nothing was deleted\n", 0),
        (1, "Run `pulumi stack rm` never\n" + "fine\n" * 20, 0),
    ],
)
def test_what_is_true_is_let_stand(code: int, text: str, writes: int) -> None:
    listed = tuple({"id": "storage.buckets.insert", "path": "b"} for _ in range(writes))
    said = Said("up", Ended(("up",), code, text, 1, 1), listed, frozenset(), frozenset({"new"}))
    assert list(lies(said)) == []


def test_a_process_that_stays_is_seen_and_ended(place: Place) -> None:
    month = Month(place, "dev")
    line = [
        sys.executable,
        "-c",
        "import subprocess,sys; subprocess.Popen([sys.executable,'-c','import time;time.sleep(60)'])",
    ]
    ended = run(line, place.root, place.environment(), terminal=False)
    with pytest.raises(BrokenError, match="processes stay"):
        month.clean("after it", ended, patience=0.2)
    month.clean("later", ended, patience=5)


def test_a_lock_that_stays_is_seen(place: Place) -> None:
    lock = place.root / ".pulumi-state/.pulumi/locks/organization/coursecloud/dev/1.json"
    lock.parent.mkdir(parents=True)
    lock.write_text("{}", encoding="utf-8")
    with pytest.raises(BrokenError, match="locks stay"):
        Month(place, "dev").clean("after it")


@pytest.mark.parametrize("code", [2, 3])
def test_what_is_turned_away_after_other_events_is_told_and_alone_it_is_a_mistake(
    place: Place, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Ended(("coursecloud", "up"), code, "no, because of that\n", 1, 1)
    month, back = Month(place, "dev"), list[str]()

    def command(*_: object, **__: object) -> Said:
        return Said("up", ended, ())

    def settle() -> None:
        back.append("settled")

    monkeypatch.setattr(month, "command", command)
    monkeypatch.setattr(month, "settle", settle)
    event = events.Event("an edit", "edit", (), ({"up": "done"},))
    with pytest.raises(BrokenError, match=f"exit code {code}"):
        month.play(event)
    month.play_in_turn(event)
    assert month.turned == ["an edit: up: no, because of that"]
    assert back == ["settled"]


def test_what_google_refuses_by_hand_in_a_sequence_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    month = Month(place, "dev")

    def one(*_: object) -> Resource:
        return Resource("compute", "projects/p/none", "x", {})

    def settle() -> None: ...

    monkeypatch.setattr(month, "settle", settle)
    event = events.Event("a method", "hand", ({"patch": {"of": "x", "body": {}}},), ())
    monkeypatch.setattr(Hands, "one", one)
    month.play_in_turn(event)
    assert [said.partition(" PATCH")[0] for said in month.turned or []] == ["a method: by hand:"]


def test_a_failing_sequence_is_made_as_short_as_what_makes_it_fail(place: Place) -> None:
    month = Month(place, "dev")

    def again(names: Sequence[str]) -> Sequence_:
        played = Sequence_(month, list(names))
        if {"b", "d"} <= set(names):
            played.error = BrokenError("lost\nstory")
        elif "d" in names:
            played.error = BrokenError("something else")
        return played

    assert shrink(again(list("abcd")), again).names == ["b", "d"]


def test_the_same_seed_draws_the_same_events_and_another_draws_others() -> None:
    class Quick:
        def __init__(self) -> None:
            self.names: list[str] = []
            self.log: list[str] = []
            self.draw = min

        def can(self, event: events.Event) -> bool:
            return event.kind == "edit"

        def play_in_turn(self, event: events.Event) -> None:
            self.names.append(event.name)

        def product(self, _: str) -> None:
            self.names.append("finish")

    class Anywhere:
        def at(self, *_: str) -> Quick:
            return Quick()

    def drawn(number: int) -> list[str]:
        return sequences.draw(Anywhere(), "dev", number, in_sequences()).names  # pyright: ignore[reportArgumentType]

    assert drawn(1) == drawn(1)
    assert len(drawn(1)) == sequences.STEPS
    assert drawn(1) != drawn(2)
