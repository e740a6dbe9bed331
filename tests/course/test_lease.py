"""A stack is never worked on twice, also by containers that share host name and process number."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from coursecloud.cli.commands.course.group import ended_by
from coursecloud.course.lease import BusyError, Lease, Leases, Period, machine_of
from coursecloud.course.objects import ChangedError, Objects
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.preconditions import RefusedError, unlock
from emulator import Emulator
from tests.course import bucket

CONTAINER = "localhost"
OLD = 3.1
"""Seconds after which a lease is stale that is so after two: Google's clock tells whole seconds."""


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulator]:
    with bucket.course() as emulator:
        yield emulator


@pytest.fixture
def objects(emulated: Emulator) -> Objects:
    found = bucket.objects(emulated)
    for name, generation in found.listed("").items():
        found.delete(name, generation)
    return found


def runner(objects: Objects, machine: str = "cloud-run course", *, stale: float = 60, beat: float = 20) -> Leases:
    return Leases(objects, machine, CONTAINER, "`up`", beat=beat, stale=stale)


def nothing() -> None:
    pass


def lock(at: str = "", pid: int = 0) -> dict[str, Any]:
    """A lock of Pulumi's as a container writes it: process 1 on localhost, as all the others."""
    now = datetime.datetime.now(datetime.UTC).isoformat()
    return {"pid": pid or os.getpid(), "username": "nobody", "hostname": CONTAINER, "timestamp": at or now}


def test_of_two_tasks_with_the_same_host_name_and_process_one_works(objects: Objects) -> None:
    first, second = runner(objects), runner(objects)
    with first.hold("g1", nothing):
        with pytest.raises(BusyError, match="`up` on localhost"), second.hold("g1", nothing):
            pass
        with second.hold("g2", nothing):
            pass
    with second.hold("g1", nothing) as lease:
        assert lease.before == [], "who ended in order has left nothing"


def test_many_at_once_take_turns(objects: Objects) -> None:
    inside, most, taken, one = 0, 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most, taken
        own = runner(objects)
        for _ in range(6):
            try:
                with own.hold("g1", nothing):
                    with one:
                        inside, taken = inside + 1, taken + 1
                        most = max(most, inside)
                    time.sleep(0.01)
                    with one:
                        inside -= 1
            except BusyError:
                time.sleep(0.01)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert taken >= 6


def dead(objects: Objects, machine: str = "cloud-run course", *, age: float = 0) -> None:
    """Leave a lease as a task does that is killed: written once, by nobody any more."""
    began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=age)
    content = {"holder": "x", "machine": machine, "host": CONTAINER, "what": "`up`", "began": began.isoformat()}
    objects.write("leases/g1.json", {**content, "beat": began.isoformat(), "before": []}, 0)


def test_the_lease_of_a_dead_task_is_taken_when_it_is_stale_and_not_before(objects: Objects) -> None:
    dead(objects)
    with pytest.raises(BusyError), runner(objects, stale=60).hold("g1", nothing):
        pass
    time.sleep(OLD)
    with runner(objects, stale=2).hold("g1", nothing) as lease:
        (period,) = lease.before
        assert (period.machine, period.host) == ("cloud-run course", CONTAINER)


def test_of_those_who_find_a_stale_lease_one_gets_it(objects: Objects) -> None:
    dead(objects)
    time.sleep(OLD)
    came, ready, all_came = list[str](), threading.Barrier(6), threading.Event()

    def work() -> None:
        ready.wait()
        try:
            with runner(objects, stale=2).hold("g1", nothing):
                came.append("works")
                all_came.wait(20)
        except BusyError:
            came.append("busy")
        if len(came) == 6:
            all_came.set()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [*["busy"] * 5, "works"]


class Pulumi:
    """Stands where Pulumi's command line does: notes whether a lock was lifted."""

    stack, lifted = "g1", False

    def __init__(self, periods: str | None):
        self.ended = ended_by(periods)

    def say(self, *_lines: str) -> None:
        pass

    def run(self, *words: str) -> None:
        self.lifted = words[0] == "cancel"


def lifts(lease: Lease | None, found: dict[str, Any]) -> bool:
    pulumi = Pulumi(None if lease is None else json.dumps([asdict(each) for each in lease.before]))
    try:
        unlock(pulumi, [found])  # pyright: ignore[reportArgumentType] - what it asks of Pulumi is there
    except RefusedError:
        return False
    return pulumi.lifted


def test_pulumis_lock_is_lifted_by_a_stale_lease_alone_whatever_host_and_process_say(objects: Objects) -> None:
    with runner(objects).hold("g1", nothing) as lease:
        assert not lifts(lease, lock()), "nobody who is known to have ended has left it"
        assert not lifts(lease, lock(pid=2**22)), "that no process has its number says nothing about a container"
    assert lifts(None, lock(pid=2**22) | {"hostname": os.uname().nodename}), "without a lease it does, as before"


def test_a_stale_lease_lifts_the_lock_of_its_own_holder_and_no_other(objects: Objects) -> None:
    dead(objects)
    time.sleep(OLD)
    with runner(objects, stale=2).hold("g1", nothing) as lease:
        began = datetime.datetime.fromisoformat(lease.before[0].began)
        inside = lock((began + datetime.timedelta(seconds=1)).isoformat())
        assert lifts(lease, inside)
        assert not lifts(lease, inside | {"hostname": "laptop"}), "a member's own `up` is no task"
        for other in (began - datetime.timedelta(seconds=1), began + datetime.timedelta(seconds=3)):
            assert not lifts(lease, lock(other.isoformat())), "it has not worked then"


def test_what_was_ended_by_force_keeps_its_place_until_somebody_ends_in_order(objects: Objects) -> None:
    with runner(objects).hold("g1", nothing) as lease:
        lease.left = True
    with runner(objects).hold("g1", nothing) as lease:
        assert len(lease.before) == 1, "nobody waits for it to get stale"
        assert lifts(lease, lock())
        lease.left = True
    with runner(objects).hold("g1", nothing) as lease:
        assert len(lease.before) == 2
    with runner(objects).hold("g1", nothing) as lease:
        assert lease.before == []


def test_who_loses_the_lease_is_asked_to_end_and_takes_nothing_away(objects: Objects) -> None:
    asked = threading.Event()
    with runner(objects, beat=0.05).hold("g1", asked.set) as lease:
        time.sleep(0.2)
        assert not lease.lost
        other = {"holder": "another", "beat": "", "host": "h"}
        while (found := objects.read("leases/g1.json")) and found.content["holder"] != "another":
            with contextlib.suppress(ChangedError):  # it beats on
                objects.write("leases/g1.json", other, found.generation)
        assert asked.wait(5)
        assert lease.lost
    left = objects.read("leases/g1.json")
    assert left
    assert left.content["holder"] == "another"


def test_who_cannot_write_ends_before_anybody_may_take_over(emulated: Emulator, objects: Objects) -> None:
    times: list[float] = []
    with runner(objects, beat=0.1, stale=4).hold("g1", lambda: times.append(time.monotonic())) as lease:
        emulated.use({"faults": [{"match": "storage.objects.insert", "status": 403, "count": 1000}]})
        began = now = time.monotonic()
        stalled = 0.0
        while len(times) < 2 and now - began < 60:
            time.sleep(0.05)
            before, now = now, time.monotonic()
            stalled = max(stalled, now - before)
        emulated.use({})
        assert lease.lost
    # Told at half of the time and at three quarters of it, but for what a busy machine held this process up.
    assert [at - began >= least for at, least in zip(times, (1.5, 2.5), strict=True)] == [True, True]
    assert times[1] - began < 4 + stalled
    assert objects.read("leases/g1.json"), "what could not be kept is not given back: it gets stale"


def test_a_bucket_that_is_not_there_is_said_and_nobody_works(emulated: Emulator) -> None:
    elsewhere = bucket.objects(emulated)
    elsewhere.bucket = "no-such-bucket"
    with pytest.raises(CloudError, match="bucket"), runner(elsewhere).hold("g1", nothing):
        raise AssertionError("it worked without a lease")


def test_tasks_of_a_job_are_one_machine_and_this_one_is_another() -> None:
    job = machine_of({"CLOUD_RUN_JOB": "course", "CLOUD_RUN_TASK_INDEX": "1"})
    assert job == machine_of({"CLOUD_RUN_JOB": "course", "CLOUD_RUN_TASK_INDEX": "7"})
    assert machine_of({}) == machine_of({"HOME": "/"}) != job


def test_a_period_that_somebody_else_wrote_anyhow_covers_nothing() -> None:
    assert not Period("m", CONTAINER, "None", "yesterday").covers(lock())
    assert not Period("m", CONTAINER, "2026-11-01T00:00:00+00:00", "2099-11-01T00:00:00+00:00").covers(
        {"hostname": CONTAINER}
    )
