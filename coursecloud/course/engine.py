"""One verb on many groups, a few at a time, each until it is done or has a reason; knows no Pulumi and no process."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from coursecloud.course.journal import Journal, Run, Task
from coursecloud.course.outcome import Outcome

RunOne = Callable[[str, str], Outcome]
"""Does a verb on a stack: `run_one(stack, verb)`. Called from several threads, for different stacks."""

LOOK = 0.5
"""Seconds between two looks at whether somebody wants it to stop."""


@dataclass(frozen=True)
class Patience:
    """How often and how long after a failure the same is tried again."""

    tries: int = 4
    """Tries of one group, the first included. A stack that somebody else works on is asked as often."""
    first: float = 30
    """Seconds before the second try; each further one waits twice as long."""
    longest: float = 600

    def after(self, failed: int) -> float:
        """Say for how many seconds to wait after so many failed tries."""
        return min(self.longest, self.first * 2 ** (failed - 1))


@dataclass
class Pace:
    """How many at once: half as many after each word of Google's that it is too much, one more after each success."""

    most: int
    now: int = 0
    pause: float = 0
    """No new one begins before this time."""
    _since: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        self.now = self.now or self.most

    def heard(self, outcome: Outcome, resume: float) -> None:
        """Take in what came of one."""
        if outcome.limited:
            self.now, self.pause, self._since = max(1, self.now // 2), max(self.pause, resume), 0
            return
        self._since += 1
        if self.now < self.most and self._since >= self.now:
            self.now, self._since = self.now + 1, 0


class Stop:
    """Whether somebody wants it to stop, and how often they have said so."""

    def __init__(self) -> None:
        self.times = 0
        self._event = threading.Event()

    def ask(self) -> None:
        """Ask for it: no new group begins, and what runs is asked to end in order; the second time at once."""
        self.times += 1
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody asks."""
        self._event.wait(seconds)


def work(
    journal: Journal,
    run: Run,
    run_one: RunOne,
    *,
    at_once: int,
    patience: Patience | None = None,
    stop: Stop | None = None,
    interrupt: Callable[[], None] = lambda: None,
    heard: Callable[[Task, Outcome | None, float | None], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> bool:
    """Work on what a run has open, until nothing waits or a `stop` is asked for; says whether nothing is left.

    The caller owns the run (`Journal.own`). `interrupt` is called each time that a stop is asked for. `heard` is told
    of each group that begins (no outcome), and of each outcome with the time at which it is tried again. What `run_one`
    raises is that group's failure.
    """
    patience, stop, pace = patience or Patience(), stop or Stop(), Pace(at_once)
    working: dict[Future[Outcome], Task] = {}
    asked = 0
    journal.reopen(run.id)
    with ThreadPoolExecutor(at_once, thread_name_prefix="group") as pool:
        while True:
            while asked < stop.times:
                asked += 1
                interrupt()
            now = clock()
            while not stop.times and len(working) < pace.now and pace.pause <= now:
                task = journal.take(run.id, now)
                if task is None:
                    break
                if heard:
                    heard(task, None, None)
                working[pool.submit(_one, run_one, task.stack, run.verb)] = task
            if not working:
                due = journal.due(run.id)
                if due is None or stop.times:
                    break
                stop.wait(max(0.001, min(LOOK, max(due, pace.pause) - clock())))
                continue
            for future in wait(working, timeout=LOOK, return_when=FIRST_COMPLETED).done:
                task, outcome = working.pop(future), future.result()
                again = _settle(journal, task, outcome, patience, pace, clock(), stopping=bool(stop.times))
                if heard:
                    heard(task, outcome, again)
    if journal.due(run.id) is not None:
        return False
    journal.end(run.id)
    return True


def _one(run_one: RunOne, stack: str, verb: str) -> Outcome:
    try:
        return run_one(stack, verb)
    except Exception as error:  # noqa: BLE001 - whatever one group's command does, the others go on
        return Outcome(1, f"{type(error).__name__}: {error}")


def _settle(
    journal: Journal, task: Task, outcome: Outcome, patience: Patience, pace: Pace, now: float, *, stopping: bool
) -> float | None:
    """Write down what came of a group, and say when it is tried again."""
    pace.heard(outcome, now + patience.first)
    if outcome.cut and stopping:
        journal.settle(task, outcome, "waiting", tries=task.tries)  # our own doing: no try
        return now
    failed = task.tries + (outcome.code != 0)
    if (outcome.again or outcome.cut) and failed < patience.tries:
        again = now + patience.after(failed)
        journal.settle(task, outcome, "waiting", tries=failed, due=again)
        return again
    journal.settle(task, outcome, outcome.state, tries=failed)
    return None


@contextlib.contextmanager
def stoppable(stop: Stop) -> Generator[None]:
    """Have Ctrl-C, SIGTERM and a closed terminal ask for a stop."""

    def asked(_number: int, _frame: object) -> None:
        stop.ask()

    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
