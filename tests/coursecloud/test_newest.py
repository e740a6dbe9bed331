"""An older or copied state is refused before it could delete what has been made since; --mine says that it is right."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from coursecloud.deploy.cloud import Cloud
from coursecloud.deploy.store_readers import MARKER
from tests.coursecloud.faked import PROJECT, UP, Fake
from tests.coursecloud.test_life_command import Command
from tests.coursecloud.told import bucket

BUCKET = f"{PROJECT}-x-data"
SHARED = "gs://some-project-1-pulumi"


class Noted:
    """What the cloud has noted of the last update."""

    def __init__(self, fake: Fake):
        self.fake = fake
        self.cloud = Cloud(fake.emulator.env(), {})
        self.cloud.call("POST", "storage", "b", parameters={"project": PROJECT}, body={"name": BUCKET})

    def __call__(self, **more: str) -> None:
        """Note one of this very person, with the state in the project's folder; `more` is what is otherwise."""
        state = f"file://{self.fake.root / '.pulumi-state'}"
        last = {"id": "2", "previous": "1", "time": "2026-11-27T20:36:18+00:00", "command": "up", "state": state}
        person = {"user": getpass.getuser(), "host": socket.gethostname()}
        self.cloud.write_object(BUCKET, MARKER, json.dumps(last | person | more).encode())

    def beside(self, last: str, following: str) -> None:
        """Write the note beside the state."""
        path = self.fake.root / ".pulumi-state/.coursecloud/x.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"last": last, "next": following}), encoding="utf-8")

    @property
    def now(self) -> dict[str, Any]:
        """Give what is noted now."""
        return json.loads(self.cloud.read_object(BUCKET, MARKER, 4096))


@pytest.fixture
def noted(fake: Fake) -> Iterator[Noted]:
    before = fake.emulator.copy()
    yield Noted(fake)
    fake.emulator.restore(before)


def refused(fake: Fake, noted: Noted, command: str, *words: str) -> str:
    """Run a command that must stop before it touches anything, also the note."""
    before = noted.now
    started = Command(fake, command, *words)
    assert started.ends() == 2, started.said
    assert fake.changes == []
    assert noted.now == before
    assert "Traceback" not in started.said
    assert started.said.startswith(f"{command} of stack x stopped before it touched anything.")
    return started.said


@pytest.mark.parametrize(("command", "words"), [("up", ["--yes"]), ("down", ["--yes"]), ("finish", ["--confirm", "x"])])
def test_an_older_copy_is_refused_and_mine_is_the_way_on(
    fake: Fake, noted: Noted, command: str, words: list[str]
) -> None:
    fake.holds(bucket("data"))
    noted()
    noted.beside("1", "1")
    said = refused(fake, noted, command, *words)
    assert f"the last update of stack x was made by {getpass.getuser()} on {socket.gethostname()}" in said
    assert "say --mine" in said
    started = Command(fake, command, *words, "--mine")
    assert started.ends() == 0, started.said
    assert noted.now["previous"] == "2"
    # From then on this state is the newest.
    assert Command(fake, command, *words).ends() == 0


def test_whoever_has_lost_their_own_state_goes_on(fake: Fake, noted: Noted) -> None:
    noted()
    started = Command(fake, "up", "--yes")
    assert started.ends() == 0, started.said
    assert fake.changes == [UP]
    assert noted.now["previous"] == "2"


@pytest.mark.parametrize("other", [{"user": "somebody-else"}, {"host": "another-laptop"}])
def test_whoever_has_none_of_anothers_is_refused(fake: Fake, noted: Noted, other: dict[str, str]) -> None:
    noted(**other)
    said = refused(fake, noted, "up", "--yes")
    assert "holds nothing of it" in said
    assert next(iter(other.values())) in said


class TestMoved:
    """A group moves its state from a folder into a bucket."""

    @pytest.fixture(autouse=True)
    def shared(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002 - which unsets it first
        monkeypatch.setenv("PULUMI_BACKEND_URL", SHARED)

    def test_by_whoever_had_it(self, fake: Fake, noted: Noted) -> None:
        fake.holds(bucket("data"))
        noted()
        started = Command(fake, "up", "--yes")
        assert started.ends() == 0, started.said
        assert noted.now["state"] == SHARED

    def test_but_not_without_what_is_in_it(self, fake: Fake, noted: Noted) -> None:
        noted()
        assert "holds nothing of it" in refused(fake, noted, "up", "--yes")

    def test_and_not_by_another(self, fake: Fake, noted: Noted) -> None:
        fake.holds(bucket("data"))
        noted(user="somebody-else")
        assert "is an older copy, or another" in refused(fake, noted, "up", "--yes")

    def test_whoever_comes_after_is_none(self, fake: Fake, noted: Noted) -> None:
        fake.holds(bucket("data"))
        noted(user="somebody-else", host="another-laptop", state=SHARED)
        assert Command(fake, "up", "--yes").ends() == 0

    def test_the_folder_that_was_left_behind_is_refused(
        self, fake: Fake, noted: Noted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake.holds(bucket("data"))
        noted(state=SHARED)
        monkeypatch.delenv("PULUMI_BACKEND_URL")
        noted.beside("1", "1")
        said = refused(fake, noted, "up", "--yes")
        assert f"the state of stack x lives in {SHARED}" in said
