"""Tasks started as Cloud Run Jobs would, killed, retried, helped by another engine: none is lost, none done twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursecloud.cli.commands.course.task import Place
from coursecloud.course.record import Record
from emulator import Emulator
from tests.course import bucket
from tests.course.simulated import BROKEN
from tests.course.tasks import POISON
from tests.project import CHECKOUT

TRIES = 4
"""Of one task: Cloud Run starts one that failed three times more (`maxRetries`)."""


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulator]:
    with bucket.course() as emulator:
        yield emulator


class Jobs:
    """Starts tasks as Cloud Run Jobs does: by variables, at once, each again when it has failed."""

    def __init__(self, emulator: Emulator, folder: Path, stacks: list[str]):
        self.trace, self.emulator = folder / "trace", emulator
        self.record = Record(bucket.objects(emulator))
        self.run = self.record.begin("up", {}, stacks, {})

    def process(self, seed: int, kill_after: int, kind: str, **variables: str) -> subprocess.CompletedProcess[str]:
        words = [str(self.trace), self.run.id, str(seed), str(kill_after), kind]
        environment = {**os.environ, **self.emulator.env(), "PYTHONPATH": str(CHECKOUT), **variables}
        return subprocess.run(
            [sys.executable, "-m", "tests.course.tasks", *words], cwd=CHECKOUT, env=environment, capture_output=True,
            text=True, timeout=300, check=False,
        )  # fmt: skip

    def task(self, index: int, count: int, kills: tuple[int, ...] = (), tries: int = TRIES) -> None:
        for attempt in range(tries):
            kill_after = kills[attempt] if attempt < len(kills) else 0
            done = self.process(
                index + 10 * attempt, kill_after, "cloud-run", CLOUD_RUN_JOB="course", CLOUD_RUN_EXECUTION="course-x",
                CLOUD_RUN_TASK_INDEX=str(index), CLOUD_RUN_TASK_COUNT=str(count), CLOUD_RUN_TASK_ATTEMPT=str(attempt),
            )  # fmt: skip
            assert done.returncode in (0, 1, -9), done.stderr
            assert "Traceback" not in done.stderr, done.stderr
            if done.returncode == 0:
                return


class Trace:
    """What all runners did, read back."""

    def __init__(self, file: Path):
        self.twice: list[str] = []
        self.repeated: list[str] = []
        self.cut = 0
        self.ended: dict[str, str] = {}
        working: dict[str, str] = {}
        for line in file.read_text(encoding="utf-8").splitlines():
            who, what, _, stack, *code = line.split()
            if what == "begin":
                self.cut += stack in working
                if self.ended.get(stack) in ("0", "2"):
                    self.repeated.append(stack)
                working[stack] = who
            elif working.get(stack) != who:
                self.twice.append(stack)  # another one has begun, and this one still works
            elif what == "end":
                del working[stack]
                self.ended[stack] = code[0]


def together(*jobs: threading.Thread) -> None:
    for each in jobs:
        each.start()
    for each in jobs:
        each.join()


def test_tasks_that_are_killed_and_retried_with_another_engine_beside_lose_none_and_work_on_none_twice(
    emulated: Emulator, tmp_path: Path
) -> None:
    stacks = [f"g{number}" for number in range(1, 161) if number % POISON]
    jobs = Jobs(emulated, tmp_path, stacks)
    kills = ((7,), (11, 5), (), (3,))  # how many steps each attempt takes until it is killed
    threads = [threading.Thread(target=jobs.task, args=(index, 4, kills[index])) for index in range(3)]
    # The fourth is killed and never started again: what it had left, the other engine does.
    threads.append(threading.Thread(target=jobs.task, args=(3, 4, kills[3], 1)))
    threads.append(threading.Thread(target=jobs.process, args=(77, 0, "machine")))
    together(*threads)
    results, trace = jobs.record.results(jobs.run.id), Trace(jobs.trace)
    assert results.keys() == set(stacks), "none is lost"
    assert {result.state for result in results.values()} == {"done", "refused"}
    refused = sorted(stack for stack, result in results.items() if result.state == "refused")
    assert refused == [stack for stack in stacks if int(stack[1:]) % BROKEN == 0]
    assert trace.twice == [], "never two at work on one stack"
    assert trace.repeated == [], "nothing is done again but the step that a kill cut off"
    assert 0 < trace.cut <= sum(len(each) for each in kills)
    assert {result.by for result in results.values()} == {"cloud-run", "machine"}, "both had their part"
    assert jobs.record.objects.listed("leases/") == {}
    assert len(jobs.record.objects.listed(f"logs/{jobs.run.id}/")) > len(stacks) / 4


def test_a_run_that_all_tasks_left_is_finished_by_the_other_engine_and_ended(
    emulated: Emulator, tmp_path: Path
) -> None:
    jobs = Jobs(emulated, tmp_path, [f"g{number}" for number in range(1, 21)])
    together(*(threading.Thread(target=jobs.task, args=(index, 2, (4,), 1)) for index in range(2)))
    before = jobs.record.results(jobs.run.id)
    assert sum(result.state == "working" for result in before.values()) == 2
    done = jobs.process(5, 0, "machine")
    assert done.returncode == 0, done.stderr
    results = jobs.record.results(jobs.run.id)
    assert {result.state for result in results.values()} == {"done"}
    assert len(results) == 20
    assert (trace := Trace(jobs.trace)).twice == []
    assert (trace.repeated, trace.cut) == ([], 2)


def test_and_a_machines_run_is_finished_by_tasks(emulated: Emulator, tmp_path: Path) -> None:
    jobs = Jobs(emulated, tmp_path, [f"g{number}" for number in range(1, 21)])
    assert jobs.process(5, 9, "machine").returncode == -9
    together(*(threading.Thread(target=jobs.task, args=(index, 2)) for index in range(2)))
    results = jobs.record.results(jobs.run.id)
    assert {result.state for result in results.values()} == {"done"}
    assert jobs.record.run(jobs.run.id) is not None
    assert [run.id for run in jobs.record.open()].count(jobs.run.id) == 0, "whoever settles the last one ends the run"
    assert Trace(jobs.trace).twice == []


def test_a_group_that_kills_each_container_fails_alone(emulated: Emulator, tmp_path: Path) -> None:
    jobs = Jobs(emulated, tmp_path, [f"g{number}" for number in (POISON, 1, 2, 3, 4)])
    jobs.task(0, 1, tries=16)
    results = jobs.record.results(jobs.run.id)
    assert {stack: result.state for stack, result in results.items()} == {
        f"g{POISON}": "failed", "g1": "done", "g2": "done", "g3": "done", "g4": "done",
    }  # fmt: skip
    assert "memory" in results[f"g{POISON}"].words
    lines = jobs.trace.read_text(encoding="utf-8").splitlines()
    begun = [line.split()[3] for line in lines if " begin " in line]
    assert begun.index("g4") < 6, "the others come first once it has killed one"


@pytest.mark.parametrize("count", [1, 3, 7])
def test_every_stack_is_one_tasks_own(count: int) -> None:
    stacks = [f"g{number}" for number in range(20)]
    shares = [Place(index, count, 0, "x").share(stacks) for index in range(count)]
    assert sorted(stack for share in shares for stack in share) == sorted(stacks)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
