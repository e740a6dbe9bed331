"""A course without a cloud: groups that fail, are limited and are killed, and a file that says what was done.

    python -m tests.course.simulated FOLDER GROUPS AT_ONCE SEED KILL_AFTER

works on the run of FOLDER, beginning one where there is none. With KILL_AFTER it kills itself, as `kill -9` would,
after so many steps.
"""

import os
import random
import resource
import signal
import sys
import threading
import time
from pathlib import Path

from coursecloud.course import engine
from coursecloud.course.journal import Journal
from coursecloud.course.outcome import Outcome

BROKEN = 101
"""Each so many-th group has a mistake in its file: it is refused whenever it is tried."""


class Simulated:
    """`run_one` of a course in which nothing is real but the trace: a line when a step begins and one when it ends."""

    def __init__(self, folder: Path, seed: int, kill_after: int, seconds: float):
        self._trace = os.open(folder / "trace", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._seconds = seconds
        self._kill_after, self._steps = kill_after, 0
        self._one = threading.Lock()
        self._chance = random.Random(seed)  # noqa: S311 - the same luck each time

    def __call__(self, stack: str, verb: str) -> Outcome:
        self.write(f"begin {verb} {stack}")
        with self._one:
            self._steps += 1
            if self._steps == self._kill_after:
                os.kill(os.getpid(), signal.SIGKILL)
            luck = self._chance.random()
        time.sleep(self._seconds)
        try:
            outcome = self.outcome(int(stack[1:]), luck)
        except RuntimeError:
            self.write(f"end {verb} {stack} fault")
            raise
        self.write(f"end {verb} {stack} {outcome.code}")
        return outcome

    def outcome(self, place: int, luck: float) -> Outcome:
        if place % BROKEN == 0:
            return Outcome(2, "lease.ends: this is a day")
        if luck < 0.03:
            return Outcome(1, "googleapi: Error 429: Quota exceeded for quota metric", again=True, limited=True)
        if luck < 0.10:
            return Outcome(1, "googleapi: Error 503", again=True)
        if luck < 0.12:
            return Outcome(137, "killed", again=True)
        if luck < 0.13:
            raise RuntimeError("a fault of ours")
        return Outcome(0, "up")

    def write(self, line: str) -> None:
        os.write(self._trace, f"{os.getpid()} {line}\n".encode())


def main(folder: Path, groups: int, at_once: int, seed: int, kill_after: int, seconds: float = 0.0) -> None:
    journal = Journal(folder)
    run = journal.same("up", {}) or journal.begin("up", {}, (f"g{number}" for number in range(1, groups + 1)))
    simulated = Simulated(folder, seed, kill_after, seconds)
    patience = engine.Patience(tries=6, first=0.01, longest=0.05)
    begun = time.time()
    with journal.own(run.id):
        left = not engine.work(journal, run, simulated, at_once=at_once, patience=patience)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "darwin" else 1024)
    sys.stdout.write(f"{int(left)} {peak} {time.time() - begun:.1f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:6]), *map(float, sys.argv[6:]))
