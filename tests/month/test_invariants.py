"""What holds after every command of the product, against a product that breaks it: a script in its place."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from tests.month import month as played
from tests.month.events import Event
from tests.month.hands import Hands
from tests.month.holdings import state_file
from tests.month.month import BrokenError, Month, TurnedAwayError
from tests.month.place import PROJECT, Place

DATA = f"{PROJECT}-dev-data"
ASK = """
import os, sys, urllib.request
def ask(method, path, body=None):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    headers = {"Content-Type": "application/json"}
    opener.open(urllib.request.Request(os.environ["EMULATOR_URL"] + path, body, headers, method=method)).read()
def empty(bucket):
    ask("DELETE", f"/storage/v1/b/{bucket}/o/a.csv")
command, *words = sys.argv[1:]
"""
FINE = "print('Up: stack dev is as its file says, 1 resources (no change).')"


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    """Give a stack with one bucket, not kept, and one object in it."""
    with Emulator(projects=[PROJECT], enabled=["storage.googleapis.com"]) as emulator:
        place = Place(tmp_path, emulator)
        hands = Hands(emulator, "dev")
        hands.request("POST", f"storage/v1/b?project={PROJECT}", {"name": DATA})
        hands.write(into=f"storage:b/{DATA}", name="a.csv")
        hold(place)
        yield Month(place, "dev")


def hold(place: Place, **more: Any) -> None:
    urn = "urn:pulumi:dev::coursecloud::gcp:storage/bucket:Bucket::data"
    bucket = {"urn": urn, "type": "gcp:storage/bucket:Bucket", "custom": True, "id": DATA, **more}
    file = state_file(place.root / ".pulumi-state", "dev")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"checkpoint": {"latest": {"resources": [bucket]}}}), encoding="utf-8")


def product(monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    monkeypatch.setattr(played, "PRODUCT", (sys.executable, "-c", ASK + does))


BREAKS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "an up that loses an object": ("up", f"empty('{DATA}'); {FINE}", {}, "1 gone that nobody named"),
    "an up that loses it for another name": ("up", f"empty('{DATA}'); {FINE}", {"lose": ["dat"]}, "nobody named"),
    "an evening that was declined": (
        "down",
        f"empty('{DATA}'); sys.exit(2)",
        {"outcome": "refused", "how": "ask", "answer": "no"},
        "wrote",
    ),
    "an exit code that is another": ("up", "sys.exit(1)", {}, "exit code 1, not 0"),
    "a refusal that touches something": ("up", f"empty('{DATA}'); sys.exit(2)", {"outcome": "refused"}, "wrote"),
    "a quiet up that writes": (
        "up",
        f"ask('PATCH', '/storage/v1/b/{DATA}', b'{{}}'); {FINE}",
        {"outcome": "quiet"},
        "1 writes",
    ),
    "a process that stays": (
        "up",
        "import subprocess; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        f" stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True); {FINE}",
        {},
        "processes stay",
    ),
    "an evening that leaves what bills": ("down", "print('Down: 0 deleted; nothing is left.')", {}, "still holds"),
    "words that were to be said": ("up", FINE, {"says": ["opened"]}, "does not say 'opened'"),
    "words that were not to be said": ("up", FINE, {"unsaid": ["no change"]}, "says 'no change'"),
}


@pytest.mark.parametrize("called", BREAKS)
def test_what_breaks_an_invariant_is_caught(month: Month, monkeypatch: pytest.MonkeyPatch, called: str) -> None:
    command, does, given, said = BREAKS[called]
    product(monkeypatch, does)
    monkeypatch.setattr(Month, "clean", _impatient(Month.clean))
    with pytest.raises(BrokenError, match=said):
        _run(month, command, given)


def _run(month: Month, command: str, given: dict[str, Any]) -> None:
    month.product(command, **given)
    month.told()


def _impatient(clean: Any) -> Any:
    def cleaned(self: Month, when: str, *given: Any, **_: Any) -> None:
        clean(self, when, *given, patience=0.5)

    return cleaned


@pytest.mark.parametrize(("edit", "held"), [("", True), ("coursecloud:lease: {credit: 40}", False)])
def test_an_event_that_asks_for_what_is_there_cannot_fail_in_a_sequence(
    month: Month, monkeypatch: pytest.MonkeyPatch, edit: str, *, held: bool
) -> None:
    """A quota says no to what is made: in a month in which it is made already, nothing says no."""
    product(monkeypatch, FINE)
    month.turned = []
    month.remember()
    month.file.write_text(f"{month.others[month.file.name]}  {edit}\n" if edit else month.others[month.file.name])
    with pytest.raises(TurnedAwayError if held else BrokenError):
        month.product("up", "fails")


def test_faults_of_an_event_end_where_it_could_not_be(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    product(monkeypatch, FINE)

    def settle(_: Month) -> None: ...

    monkeypatch.setattr(Month, "settle", settle)
    fault = {"faults": [{"match": "compute.instances.insert", "operation": "QUOTA_EXCEEDED"}]}
    event = Event("a quota", "work", do=({"network": fault}, {"up": "fails"}), then=())
    month.play_in_turn(event)
    assert month.turned
    assert not month.place.emulator.scenario.faults


def test_what_keeps_them_all_passes(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    product(monkeypatch, FINE)
    month.product("up", "quiet", says=["no change"])
    product(monkeypatch, f"empty('{DATA}'); print('Up: stack dev is as its file says, 1 resources (1 updated).')")
    month.product("up", lose=["data"])
    assert month.soft == []


def test_an_end_that_leaves_a_bucket_of_the_stack_behind_is_caught(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_file(month.place.root / ".pulumi-state", "dev")
    product(monkeypatch, f"open({str(state)!r}, 'w').close(); print('Finish: 1 deleted; nothing is left.')")
    with pytest.raises(BrokenError, match="stays behind"):
        month.product("finish")


def test_what_is_kept_may_not_go_in_an_evening_and_may_at_the_end(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(month.place, protect=True)
    product(monkeypatch, f"empty('{DATA}'); print('Down: 0 deleted; 1 kept.')")
    with pytest.raises(BrokenError, match="1 gone that nobody named"):
        month.product("down")


def test_an_event_tells_at_its_end_what_was_printed_wrongly(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    product(monkeypatch, f"print('then pulumi stack rm dev'); {FINE}")
    monkeypatch.setattr(Month, "quiet", Month.remember)
    event = Event("an event", "edit", (), ({"up": "any"},))
    with pytest.raises(BrokenError, match="its last lines advise"):
        month.play(event)


def test_another_selected_stack_is_caught(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    selected = month.place.home() / ".pulumi/workspaces/coursecloud-1-workspace.json"
    selected.parent.mkdir(parents=True)
    selected.write_text('{"stack": "dev"}', encoding="utf-8")
    product(monkeypatch, f"open({str(selected)!r}, 'w').write('other'); {FINE}")
    with pytest.raises(BrokenError, match="another stack is selected"):
        month.product("up")
