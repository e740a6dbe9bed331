"""What another runner has settled since this one began is not done again."""

from __future__ import annotations

from collections.abc import Sequence

from coursecloud.course.lease import Leases, Period
from coursecloud.course.outcome import Outcome
from coursecloud.course.record import Record, Result
from coursecloud.course.shared import SharedRunner
from tests.course import bucket


class Worker:
    def __init__(self) -> None:
        self.did: list[str] = []

    def __call__(self, stack: str, verb: str, ended: Sequence[Period]) -> Outcome:
        del verb, ended
        self.did.append(stack)
        return Outcome(0, "here")

    def end(self, stack: str) -> None:
        raise AssertionError(stack)


def test_what_another_runner_has_settled_meanwhile_is_taken_as_it_is() -> None:
    with bucket.course() as emulator:
        record, worker = Record(bucket.objects(emulator)), Worker()
        run = record.begin("up", {}, ["g1", "g2"], {})
        runner = SharedRunner(record, run.id, Leases(record.objects, "m", "h"), worker, lambda: False)
        record.write(run.id, "g1", Result("failed", code=1, words="elsewhere"), 0)
        assert runner("g1", "up") == Outcome(1, "elsewhere")
        assert runner("g2", "up").words == "here"
        assert worker.did == ["g2"]
        assert record.result(run.id, "g2")[0].state == "done"
