"""`run_one` of runners that share a course's bucket: under a stack's lease, and only what no other has settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from coursecloud.course import outcome
from coursecloud.course.engine import Patience
from coursecloud.course.lease import BusyError, Lease, Leases, Period
from coursecloud.course.objects import ChangedError
from coursecloud.course.outcome import Outcome
from coursecloud.course.record import Record, Result
from coursecloud.deploy.cloud import CloudError

PATIENCE = Patience(tries=5)
"""The fourth pause ends seven minutes after the first try: a lease of somebody who has died is stale by then."""
_KILLED = "whoever worked on it was ended from outside each time, so perhaps its memory was not enough"


class Worker(Protocol):
    """What works on a stack, and can be told to end."""

    def __call__(self, stack: str, verb: str, ended: Sequence[Period]) -> Outcome:
        """Do a verb; `ended` are those whose locks of Pulumi's may be lifted."""
        ...

    def end(self, stack: str) -> None:
        """Ask what works on a stack to end in order; once more, at once."""
        ...


@dataclass(frozen=True)
class SharedRunner:
    """One runner of a run in the course's bucket; other machines may have others at the same time."""

    record: Record
    run: str
    leases: Leases
    worker: Worker
    stopping: Callable[[], bool]
    """Whether this runner itself is being stopped: what is cut off then was no try."""
    patience: Patience = PATIENCE
    lift: bool = False
    """Somebody has said that locks may be lifted which another machine's runner has left."""

    def __call__(self, stack: str, verb: str) -> Outcome:
        """Do the verb on a stack, unless it is settled; the lease is held until what came of it is written down."""
        try:
            with self.leases.hold(stack, lambda: self.worker.end(stack)) as lease:
                return self._held(stack, verb, lease)
        except BusyError as error:
            return Outcome(2, f"stack {stack} {outcome.BUSY} {error}", again=True)
        except CloudError as error:
            bucket = self.record.objects.bucket
            return Outcome(1, f"the course's bucket gs://{bucket} does not answer: {error.words}", again=True)

    def _held(self, stack: str, verb: str, lease: Lease) -> Outcome:
        before, generation = self.record.result(self.run, stack)
        if before.settled:
            return before.outcome
        if before.state == "working":  # and its lease is ours: whoever began it has not come to its end
            before = replace(before, tries=before.tries + 1)
            if before.tries >= self.patience.tries:
                return self._settled(stack, before, Outcome(1, _KILLED), generation)
        begun = replace(before, state="working", began=time.time(), by=self.leases.what)
        try:
            generation = self.record.write(self.run, stack, begun, generation)
        except ChangedError:
            return Outcome(outcome.CUT[1], "somebody else has begun it")
        came = self.worker(stack, verb, self._liftable(lease.before))
        # Only what has ended in order has let go of Pulumi's lock.
        lease.left = came.cut or came.code >= outcome.CUT[0]
        if lease.lost:
            return Outcome(outcome.CUT[1], "the lease of the stack could not be kept, so it was ended")
        return self._settled(stack, begun, came, generation)

    def _settled(self, stack: str, begun: Result, came: Outcome, generation: int) -> Outcome:
        stopped = came.cut and self.stopping()
        tries = begun.tries + (came.code != 0 and not stopped)
        open_ = stopped or ((came.again or came.cut) and tries < self.patience.tries)
        ended = replace(
            begun, state="waiting" if open_ else came.state, tries=tries, ended=time.time(), code=came.code,
            words=came.words, told=came.told,
        )  # fmt: skip
        try:
            self.record.write(self.run, stack, ended, generation)
        except ChangedError:
            return Outcome(outcome.CUT[1], "somebody else has taken it over")
        return came if open_ else replace(came, again=False)

    def _liftable(self, before: Sequence[Period]) -> list[Period]:
        return [each for each in before if self.lift or each.machine == self.leases.machine]
