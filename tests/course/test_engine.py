"""5,000 groups without a cloud: each comes to its end, once, whatever fails, whoever is killed."""

import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from coursecloud.course import engine
from coursecloud.course.engine import Pace, Patience, Stop
from coursecloud.course.journal import BusyError, Journal
from coursecloud.course.outcome import Outcome
from tests.course.simulated import BROKEN
from tests.project import CHECKOUT

SHORT = Patience(tries=4, first=0.01, longest=0.02)


def simulate(folder: Path, groups: int, *, at_once: int = 20, seed: int = 1, kill_after: int = 0) -> tuple[int, int]:
    """Work on the course in a process of its own: its exit code, and the most memory that it had, in MB."""
    words = [str(folder), *map(str, (groups, at_once, seed, kill_after))]
    line = [sys.executable, "-m", "tests.course.simulated", *words]
    done = subprocess.run(line, cwd=CHECKOUT, capture_output=True, text=True, timeout=500, check=False)
    assert done.stderr == ""
    return done.returncode, int(done.stdout.split()[1]) if done.stdout else 0


class Trace:
    """What the processes did, read back: which steps were cut off, and which were done again."""

    def __init__(self, folder: Path):
        self.overlaps: list[str] = []
        self.repeated: list[str] = []
        self.cut: dict[int, set[str]] = defaultdict(set)
        self.ended: dict[str, str] = {}
        running: dict[str, int] = {}
        for line in (folder / "trace").read_text(encoding="utf-8").splitlines():
            pid, what, _, stack, *code = line.split()
            if what == "begin":
                if stack in running and running[stack] == int(pid):
                    self.overlaps.append(stack)
                elif stack in running:
                    self.cut[running[stack]].add(stack)
                if self.ended.get(stack) in ("0", "2"):
                    self.repeated.append(stack)
                running[stack] = int(pid)
            else:
                del running[stack]
                self.ended[stack] = code[0]
        self.left = set(running)


def test_of_5000_groups_each_is_finished_once_although_three_runners_are_killed(tmp_path: Path) -> None:
    at_once, groups = 20, 5000
    for seed, kill_after in ((1, 700), (2, 1500), (3, 2000)):
        code, _ = simulate(tmp_path, groups, at_once=at_once, seed=seed, kill_after=kill_after)
        assert code == -9
    code, _ = simulate(tmp_path, groups, at_once=at_once, seed=4)
    assert code == 0
    journal, trace = Journal(tmp_path), Trace(tmp_path)
    counts = journal.counts(1)
    assert sum(counts.values()) == groups == len(trace.ended)
    assert counts.keys() == {"done", "failed", "refused"}  # nothing waits, nothing is worked on
    assert counts["refused"] == groups // BROKEN
    assert counts["failed"] < groups * 0.03  # faults of ours, and who had bad luck six times
    assert trace.overlaps == []
    # A step that had ended may be done again only where the kill came before it was written down: it was cut, too.
    assert len(trace.cut) <= 3
    assert sum(map(len, trace.cut.values())) + len(trace.repeated) <= 3 * at_once
    assert trace.left == set()
    assert not journal.open()


def test_a_step_that_is_not_written_down_before_it_begins_is_seen(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("1 begin up g1\n1 begin up g1\n1 end up g1 0\n2 begin up g1\n", encoding="utf-8")
    trace = Trace(tmp_path)
    assert (trace.overlaps, trace.repeated, trace.left) == (["g1"], ["g1"], {"g1"})


def test_ten_times_the_groups_take_no_more_memory(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    assert simulate(many, 3000)[1] - simulate(few, 300)[1] < 5


def always(outcome: Outcome) -> engine.RunOne:
    def one(_stack: str, _verb: str) -> Outcome:
        return outcome

    return one


def run(
    folder: Path, run_one: Callable[[str, str], Outcome], *, groups: int = 6, at_once: int = 3, stop: Stop | None = None
) -> Journal:
    journal = Journal(folder)
    begun = journal.begin("up", {}, [f"g{number}" for number in range(groups)])
    with journal.own(begun.id):
        engine.work(journal, begun, run_one, at_once=at_once, patience=SHORT, stop=stop)
    return journal


def test_one_group_that_fails_stops_no_other_and_is_not_tried_again(tmp_path: Path) -> None:
    tried: list[str] = []

    def one(stack: str, verb: str) -> Outcome:
        tried.append(stack)
        if stack == "g2":
            raise ValueError("broken")
        return Outcome(0, f"{verb} done")

    tasks = list(run(tmp_path, one).tasks(1))
    assert [task.state for task in tasks] == ["done", "done", "failed", "done", "done", "done"]
    assert tasks[2].words == "ValueError: broken"
    assert sorted(tried) == [f"g{number}" for number in range(6)]


@pytest.mark.parametrize(("again", "tries"), [(True, 4), (False, 1)])
def test_only_what_may_help_is_tried_again_and_not_for_ever(tmp_path: Path, again: bool, tries: int) -> None:
    journal = run(tmp_path, always(Outcome(1, "no", again=again)), groups=1)
    assert [(task.state, task.tries) for task in journal.tasks(1)] == [("failed", tries)]


def test_a_word_that_it_is_too_much_slows_all_and_success_speeds_up_again() -> None:
    pace = Pace(8)
    pace.heard(Outcome(1, limited=True), resume=100)
    assert (pace.now, pace.pause) == (4, 100)
    for _ in range(4 + 5 + 6 + 7):
        pace.heard(Outcome(0), resume=0)
    assert pace.now == 8
    for _ in range(9):
        pace.heard(Outcome(1, limited=True), resume=200)
    assert pace.now == 1


def test_a_stop_begins_nothing_more_and_the_same_command_goes_on(tmp_path: Path) -> None:
    stop, began, ends = Stop(), threading.Event(), threading.Event()

    def one(_stack: str, verb: str) -> Outcome:
        began.set()
        ends.wait(10)
        return Outcome(130, verb) if stop.times else Outcome(0)

    def ask() -> None:
        began.wait(10)
        stop.ask()
        ends.set()

    asking = threading.Thread(target=ask)
    asking.start()
    journal = run(tmp_path, one, stop=stop)
    asking.join()
    assert journal.counts(1) == {"waiting": 6}
    assert all(task.tries == 0 for task in journal.tasks(1))
    again = journal.same("up", {})
    assert again is not None
    with journal.own(again.id):
        assert engine.work(journal, again, always(Outcome(0)), at_once=3)
    assert journal.counts(1) == {"done": 6}


def test_who_is_interrupted_by_somebody_else_is_tried_again_a_few_times(tmp_path: Path) -> None:
    journal = run(tmp_path, always(Outcome(143)), groups=1)
    assert [(task.state, task.tries) for task in journal.tasks(1)] == [("failed", 4)]


def test_two_never_work_on_one_run(tmp_path: Path) -> None:
    journal, other = Journal(tmp_path), Journal(tmp_path)
    begun = journal.begin("up", {}, ["g1"])
    with journal.own(begun.id), pytest.raises(BusyError, match="process"), other.own(begun.id):
        pass
    with other.own(begun.id):
        pass


def test_more_than_are_asked_for_never_work_at_once(tmp_path: Path) -> None:
    one_at_a_time, most, now = threading.Lock(), 0, 0
    # The first four wait for each other, however busy the machine is.
    together = threading.Barrier(4)
    met = threading.Event()

    def one(_stack: str, _verb: str) -> Outcome:
        nonlocal most, now
        with one_at_a_time:
            now += 1
            most = max(most, now)
        if not met.is_set():
            together.wait(timeout=600)
            met.set()
        time.sleep(0.005)
        with one_at_a_time:
            now -= 1
        return Outcome(0)

    run(tmp_path, one, groups=30, at_once=4)
    assert most == 4
