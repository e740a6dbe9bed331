"""A task of the job in Cloud Run in which nothing is real but the bucket and the trace, or a runner on one machine.

    python -m tests.course.tasks TRACE RUN SEED KILL_AFTER cloud-run|machine

With KILL_AFTER it kills itself, as Cloud Run does a container that takes too much memory, after so many steps.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from coursecloud.cli.commands.course import task, working
from coursecloud.course import engine
from coursecloud.course.journal import Journal
from coursecloud.course.lease import Leases, Period, machine_of
from coursecloud.course.outcome import Outcome
from coursecloud.course.record import Record, Result, Shared
from coursecloud.course.shared import SharedRunner
from tests.course import bucket
from tests.course.simulated import BROKEN

BEAT, STALE = 0.5, 5.0
PATIENCE = engine.Patience(tries=6, first=1, longest=3)
POISON = 50
"""Each so many-th group kills whoever works on it, each time."""


class Simulated(task.Groups):
    """Works on groups without a cloud; its trace tells when each begins, goes on and ends."""

    def __init__(self, folder: Path, record: Record, run: Shared, trace: Path, seed: int, kill_after: int):
        super().__init__(folder, record, run)
        self._trace = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._me, self._steps, self._kill_after = uuid.uuid4().hex[:8], 0, kill_after
        self._chance, self._one, self._stopped = random.Random(seed), threading.Lock(), set[str]()  # noqa: S311

    def start(self, number: int) -> None:
        pass

    def __call__(self, stack: str, verb: str, ended: Sequence[Period]) -> Outcome:
        del ended
        self.write(f"begin {verb} {stack}")
        with self._one:
            self._steps += 1
            luck = self._chance.random()
            if self._steps == self._kill_after or int(stack[1:]) % POISON == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        for _ in range(3):
            time.sleep(0.01)
            self.write(f"tick {verb} {stack}")
            if stack in self._stopped:
                self.write(f"end {verb} {stack} 130")
                return Outcome(130, "asked to end")
        code = 2 if int(stack[1:]) % BROKEN == 0 else 1 if luck < 0.1 else 0
        self.write(f"end {verb} {stack} {code}")
        return Outcome(code, "googleapi: Error 503" if code == 1 else "a mistake" if code else "up", again=code == 1)

    def end(self, stack: str) -> None:
        self._stopped.add(stack)

    def log(self, stack: str) -> bytes:
        return f"log of {stack}".encode()

    def write(self, line: str) -> None:
        os.write(self._trace, f"{self._me} {line}\n".encode())


def main(trace: Path, name: str, seed: int, kill_after: int, kind: str) -> int:
    record = Record(working.objects(bucket.BUCKET))
    run = record.run(name)
    assert run
    leases = Leases(record.objects, machine_of(os.environ), "localhost", kind, beat=BEAT, stale=STALE)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        groups = Simulated(folder, record, run, trace, seed, kill_after)
        if kind == "cloud-run":
            return task.work(record, run, task.Place.of(os.environ), folder, groups, leases, patience=PATIENCE)
        journal, stop = Journal(folder), engine.Stop()
        begun, results = journal.begin(run.verb, run.asked, run.stacks, run.id), record.results(run.id)
        for stack in run.stacks:
            journal.adopt(begun.id, stack, results.get(stack, Result()))
        runner = SharedRunner(
            record, run.id, replace(leases, machine="laptop"), groups, lambda: bool(stop.times), PATIENCE
        )
        return int(not engine.work(journal, begun, runner, at_once=4, patience=PATIENCE, stop=stop))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
