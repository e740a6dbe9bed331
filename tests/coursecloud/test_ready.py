"""What is checked and made ready before Pulumi touches anything; each refusal says what to do."""

from __future__ import annotations

import datetime
import json
import os
import socket
import subprocess
from pathlib import Path

import google.auth
import google.auth.exceptions
import pytest

from coursecloud.deploy import lifecycle
from tests.coursecloud.faked import DOWN, UP, Fake, Said, answer
from tests.coursecloud.told import error


class TestStack:
    """The backend and the stack are made where they are not."""

    def test_a_first_up_makes_both_and_selects_it(self, fake: Fake) -> None:
        assert fake.up() == 0
        assert (fake.root / ".pulumi-state").is_dir()
        assert fake.calls[:2] == ["stack ls", "stack init"]
        assert fake.selected == "x"

    def test_a_selection_is_left_as_it_was(self, fake: Fake) -> None:
        fake.stacks(dev=True)
        assert fake.up() == 0
        assert "stack init --no-select" in fake.calls
        assert fake.selected == "dev"

    def test_a_stack_that_is_there_is_not_made_again(self, fake: Fake) -> None:
        fake.stacks(dev=True, x=False)
        assert fake.finish() == 0
        assert not [call for call in fake.calls if call.startswith(("stack init", "stack select"))]
        assert fake.selected == "dev"

    def test_where_none_is_selected_this_one_becomes_it(self, fake: Fake) -> None:
        fake.stacks(dev=False, x=False)
        assert fake.up() == 0
        assert fake.selected == "x"

    @pytest.mark.parametrize("command", ["stack ls", "stack init"])
    def test_a_backend_that_does_not_answer_is_said_with_its_address(
        self, fake: Fake, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        monkeypatch.setenv("PULUMI_BACKEND_URL", "gs://some-bucket")
        fake.answers(command, answer(code=255, errors="error: bucket doesn't exist\n"))
        with pytest.raises(lifecycle.RefusedError, match=r"(?s)gs://some-bucket: bucket doesn't exist.*`backend`"):
            fake.up()
        assert fake.changes == []

    def test_a_shared_backend_gets_no_folder(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PULUMI_BACKEND_URL", "gs://some-bucket")
        fake.up()
        assert not (fake.root / ".pulumi-state").exists()


class TestPassphrase:
    """The state holds no secret, so it needs none; a person's own is theirs."""

    def test_it_is_empty(self, fake: Fake) -> None:
        fake.up()
        assert {call["passphrase"] for call in fake.asked} == {""}

    def test_ones_own_is_left_alone(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
        fake.up()
        assert {call["passphrase"] for call in fake.asked} == {"mine"}

    def test_a_file_of_ones_own_is_left_alone(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "mine")
        fake.up()
        assert {call["passphrase"] for call in fake.asked} == {None}

    def test_a_credential_that_it_would_show_to_everybody_is_refused(self, fake: Fake) -> None:
        fake.stack_file("config:\n  gcp:project: some-project-1\n  gcp:impersonateServiceAccount: {secure: v1:abc}\n")
        with pytest.raises(
            lifecycle.RefusedError, match="impersonateServiceAccount: encrypted, with an empty passphrase"
        ):
            fake.up()
        assert fake.calls == []


class TestRefused:
    """Nothing is asked of Pulumi."""

    def test_the_example_project(self, fake: Fake) -> None:
        fake.stack_file("config: {gcp:project: example-project-id}")
        with pytest.raises(lifecycle.RefusedError, match="gcloud projects list"):
            fake.up()
        assert fake.calls == []

    def test_without_pulumi(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")
        with pytest.raises(lifecycle.RefusedError, match=r"pulumi\.com/docs/install"):
            fake.up()

    def test_without_credentials(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        def none() -> None:
            raise google.auth.exceptions.DefaultCredentialsError("no")

        monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN")
        monkeypatch.setattr(google.auth, "default", none)
        with pytest.raises(lifecycle.RefusedError, match="gcloud auth application-default login"):
            fake.up()
        assert fake.calls == []


def lock(fake: Fake, **more: object) -> Path:
    """Let somebody hold the lock of the stack in the folder of the state."""
    folder = fake.root / ".pulumi-state/.pulumi/locks/organization/coursecloud/x"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "1.json"
    now = datetime.datetime.now(datetime.UTC).isoformat()
    held = {"pid": os.getpid(), "username": "ada", "hostname": socket.gethostname(), "timestamp": now}
    path.write_text(json.dumps(held | more), encoding="utf-8")
    return path


NOT_A_NUMBER = 2**22 + 1
"""Larger than any number of a process on Linux and macOS."""


class TestLocks:
    """Of whoever works on a stack nothing is taken; of whoever has died the lock is lifted."""

    @pytest.mark.parametrize(
        "more", [{}, {"hostname": "another", "pid": NOT_A_NUMBER}, {"pid": 0}, {"pid": "who knows"}, {"timestamp": "?"}]
    )
    def test_a_stack_that_somebody_works_on_is_left_alone(self, fake: Fake, more: dict[str, object]) -> None:
        lock(fake, **more)
        with pytest.raises(lifecycle.RefusedError, match=r"(?s)ada on .*pulumi cancel --stack x"):
            fake.up()
        assert fake.changes == []

    def test_the_lock_of_a_process_that_died_is_lifted(self, fake: Fake, said: Said) -> None:
        with subprocess.Popen(["true"]) as died:
            pass
        lock(fake, pid=died.pid)
        assert fake.down() == 0
        assert fake.changes == ["cancel --yes", DOWN]
        assert said.lines()[0] == "An earlier update was ended from outside; its lock is lifted."

    def test_a_process_that_was_started_after_the_lock_was_taken_is_another(self, fake: Fake) -> None:
        # Numbers are given again: this very process has that number, and did not live then.
        lock(fake, timestamp="2026-01-23T09:00:00+00:00")
        assert fake.down() == 0
        assert fake.changes == ["cancel --yes", DOWN]

    @pytest.mark.parametrize("text", ["", "{", "[]"])
    def test_a_lock_that_cannot_be_read_is_left_to_pulumi(self, fake: Fake, text: str) -> None:
        lock(fake).write_text(text, encoding="utf-8")
        assert fake.down() == 0
        assert fake.changes == [DOWN]

    def test_a_process_that_has_ended_and_was_not_asked_how_holds_no_lock(self, fake: Fake) -> None:
        with subprocess.Popen(["true"]) as ended:
            os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
            lock(fake, pid=ended.pid)
            assert fake.down() == 0
        assert fake.changes[0] == "cancel --yes"


LOCKED = (
    "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file"
    " with `pulumi cancel`.\n  {where}/.pulumi/locks/organization/coursecloud/x/9d2f8c52-a43b.json{note}: created by"
    " ada@{host} (pid {pid}) at {time}"
)
"""Pulumi's own words (CLI 3.272, seen 2026-11-27; pkg/backend/diy/lock.go)."""


class TestLocksOfAnyBackend:
    """A lock that only Pulumi sees: it is in a bucket, or was taken a moment ago."""

    def locked(self, fake: Fake, where: str, host: str, pid: int, *, streamed: bool = True) -> None:
        time = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        note = "?no_tmp_dir=true" if where.startswith("file:") else ""
        text = LOCKED.format(where=where, note=note, host=host, pid=pid, time=time)
        told = answer(error(text), code=255) if streamed else answer(code=255, errors=f"error: {text}\n")
        fake.answers("up", told)

    @pytest.mark.parametrize("where", ["gs://some-bucket", "file:///home/ada/coursecloud/.pulumi-state"])
    @pytest.mark.parametrize("streamed", [True, False])
    def test_that_of_another_computer_is_respected(self, fake: Fake, where: str, streamed: bool) -> None:
        self.locked(fake, where, "other-laptop.local", 4711, streamed=streamed)
        with pytest.raises(
            lifecycle.RefusedError, match=r"worked on by ada on other-laptop\.local, process 4711, since"
        ):
            fake.up()
        assert fake.changes == [UP]

    @pytest.mark.parametrize("where", ["gs://some-bucket", "file:///home/ada/coursecloud/.pulumi-state"])
    def test_that_of_a_process_of_this_computer_that_died_is_lifted_and_it_goes_on(
        self, fake: Fake, where: str
    ) -> None:
        with subprocess.Popen(["true"]) as died:
            pass
        self.locked(fake, where, socket.gethostname(), died.pid)
        assert fake.up() == 0
        assert fake.changes == [UP, "cancel --yes", UP]


class TestRestore:
    """A computer that stopped while the state was written leaves half a file."""

    def folder(self, fake: Fake, **files: str) -> Path:
        made = fake.root / ".pulumi-state/.pulumi/stacks/coursecloud"
        made.mkdir(parents=True)
        for name, text in files.items():
            (made / f"x.json{name.replace('_', '.').removeprefix('.whole')}").write_text(text, encoding="utf-8")
        return made

    @pytest.mark.parametrize(("left", "copy", "restored"), [("", "{}", True), ('{"vers', "{}", True), ("", "{", False)])
    def test_it_comes_back_from_its_copy(self, fake: Fake, said: Said, left: str, copy: str, restored: bool) -> None:
        folder = self.folder(fake, _whole=left, _bak=copy)
        fake.down()
        assert (folder / "x.json").read_text(encoding="utf-8") == (copy if restored else left)
        assert ("half written" in said()) is restored

    def test_a_whole_state_is_never_exchanged_for_its_copy(self, fake: Fake) -> None:
        folder = self.folder(fake, _whole='{"version": 3}', _bak="{}")
        fake.down()
        assert json.loads((folder / "x.json").read_text(encoding="utf-8")) == {"version": 3}

    def test_a_note_that_was_cut_off_beside_the_state_goes_and_a_whole_one_stays(self, fake: Fake) -> None:
        folder = self.folder(fake, _whole="{}", _attrs="", _bak="{}", _bak_attrs="{}")
        assert fake.down() == 0
        assert sorted(path.name for path in folder.iterdir()) == ["x.json", "x.json.bak", "x.json.bak.attrs"]
