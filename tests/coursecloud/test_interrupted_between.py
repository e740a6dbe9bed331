"""Somebody ends a command while no child of it runs, or a lock is in the way of a short one: it ends in order."""

from __future__ import annotations

import datetime
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursecloud.deploy import lifecycle, preconditions, process
from coursecloud.deploy.pulumi_cli import Pulumi
from tests.coursecloud.faked import FINISH, UP, Fake, Said, answer
from tests.coursecloud.test_life_command import Command
from tests.coursecloud.told import bucket, done, machine

SIGNALS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
SLOW = 15.0


@pytest.fixture
def waits(fake: Fake) -> Iterator[Fake]:
    """Have Google take its time, for what the command asks itself."""
    yield fake
    fake.emulator.use({})


def slow(fake: Fake, method: str) -> None:
    fake.emulator.use({"faults": [{"match": method, "delay": SLOW, "count": 0}]})


def waiting(fake: Fake, method: str) -> bool:
    """Say whether the command waits for the answer."""
    return any(fault.seen.get(method) for fault in fake.emulator.scenario.faults)


class TestBetween:
    """No program of Pulumi's runs that it could be handed on to."""

    @SIGNALS
    def test_before_anything(self, waits: Fake, number: int, code: int) -> None:
        slow(waits, "storage.objects.get")
        started = Command(waits, "up", "--yes")
        began = time.monotonic()
        assert started.interrupted(number, lambda: waiting(waits, "storage.objects.get")) == code
        assert time.monotonic() - began < SLOW, "it has waited for the answer"
        assert started.said == "up of stack x was INTERRUPTED before it touched anything.\n"
        assert waits.changes == []

    @SIGNALS
    def test_after_something_was_done(self, waits: Fake, number: int, code: int) -> None:
        path = "projects/some-project-1/zones/europe-west1-b/instances/x-w"
        made = {**machine("w"), "id": path}
        waits.answers("up", answer(done("create", None, made), state=[made]))
        slow(waits, "compute.instances.list")
        started = Command(waits, "up", "--yes")
        assert started.interrupted(number, lambda: waiting(waits, "compute.instances.list")) == code
        lines = started.said.splitlines()
        assert "up of stack x was INTERRUPTED after 1 created." in lines
        assert "  now     1 resources exist" in lines
        assert lines[-1] == "  next    `coursecloud up --stack x` mends what is half done and goes on"
        assert "Traceback" not in started.said
        assert waits.changes == [UP]


class TestInterrupts:
    """The request itself, in this process."""

    @SIGNALS
    def test_it_raises_and_signals_mean_afterwards_what_they_meant(self, number: int, code: int) -> None:
        before = signal.getsignal(number)
        with pytest.raises(process.InterruptError) as caught, process.interrupts():
            signal.raise_signal(number)
        assert (caught.value.code, caught.value.forced) == (code, False)
        assert signal.getsignal(number) is before

    def test_what_is_ignored_goes_on_being_ignored(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with process.interrupts():
                signal.raise_signal(signal.SIGHUP)
                assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_outside_of_the_main_thread_it_changes_nothing(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        seen: list[object] = []

        def run() -> None:
            with process.interrupts():
                seen.append(signal.getsignal(signal.SIGTERM))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert seen == [before]


def locked(pid: int, host: str) -> str:
    """Give what Pulumi says to standard error where somebody holds the lock."""
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the"
        " lock file with `pulumi cancel`.\n  gs://b/.pulumi/locks/organization/coursecloud/x/1.json: created by"
        f" ada@{host} (pid {pid}) at {now}\n"
    )


@pytest.fixture
def died() -> int:
    with subprocess.Popen(["true"]) as ended:
        pass
    return ended.pid


class TestUnprotect:
    """The end of a course lifts the protection first, and a lock may be in the way of that."""

    LIFT = "state unprotect --all --yes"

    def test_the_lock_of_the_dead_is_lifted_and_it_goes_on(self, fake: Fake, said: Said, died: int) -> None:
        fake.holds(bucket("data", protect=True))
        fake.answers("state unprotect", answer(code=255, errors=locked(died, socket.gethostname())))
        assert fake.finish() == 0
        assert fake.changes == [self.LIFT, "cancel --yes", self.LIFT, FINISH]
        assert said.lines()[0] == "An earlier update was ended from outside; its lock is lifted."

    def test_that_of_another_computer_stops_it_and_nothing_is_deleted(self, fake: Fake, died: int) -> None:
        fake.holds(bucket("data", protect=True))
        fake.answers("state unprotect", answer(code=255, errors=locked(died, "elsewhere")))
        with pytest.raises(lifecycle.RefusedError, match="worked on by ada on elsewhere"):
            fake.finish()
        assert fake.changes == [self.LIFT]

    def test_one_that_comes_back_at_once_is_no_endless_game(self, fake: Fake, died: int) -> None:
        fake.holds(bucket("data", protect=True))
        refusal = locked(died, socket.gethostname())
        fake.answers("state unprotect", answer(code=255, errors=refusal), answer(code=255, errors=refusal))
        assert fake.finish() == 1
        assert fake.changes == [self.LIFT, "cancel --yes", self.LIFT]


@pytest.mark.parametrize("touched", [True, False])
def test_a_refusal_says_that_nothing_was_touched_only_where_that_is_so(tmp_path: Path, touched: bool) -> None:
    held = {"pid": 1, "username": "ada", "hostname": "elsewhere", "timestamp": "2026-11-27T20:00:00+00:00"}
    with pytest.raises(lifecycle.RefusedError) as caught:
        preconditions.unlock(Pulumi(tmp_path, "x", {"PATH": ""}), [held], touched=touched)
    assert ("nothing was touched" in str(caught.value)) is not touched
