"""Runs that several machines may go on with: what the course's bucket and the journal of this machine say of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursecloud.cli.commands.course import working
from coursecloud.cli.commands.course.asked import Asked
from coursecloud.cli.commands.shared import refuse
from coursecloud.course import sharing
from coursecloud.course.journal import Journal, Run
from coursecloud.course.record import Record, Result, Shared
from coursecloud.course.sharing import Sharing
from coursecloud.deploy.cloud import CloudError

VERBS = ("up", "stop", "down", "finish")
"""What may be done from any machine; looks and copies are this machine's own."""


@dataclass(frozen=True)
class SharedRuns:
    """The record of a course, for one command."""

    sharing: Sharing
    record: Record

    def same(self, journal: Journal, asked: Asked) -> Run | None:
        """Find the run that this very command began, here or elsewhere, with what has come of it until now."""
        here = journal.same(asked.verb, asked.key())
        with _reached(self.sharing.bucket):
            known = self.record.run(here.record) if here and here.record else None
            if known is None:
                known = next((each for each in self.record.open() if _same(each, asked)), None)
                here = journal.begin(known.verb, known.asked, known.stacks, known.id) if known else here
            if known and here:
                self.adopt(journal, here, known)
        if here and not here.record:
            journal.end(here.id, "it was begun before the roster named a bucket")
            return None
        return here

    def begin(self, journal: Journal, asked: Asked, stacks: Sequence[str], named: Collection[str]) -> Run:
        """Write down a new run, for all machines and for this one; cut-off ones of the same groups are given up."""
        with _reached(self.sharing.bucket):
            for other in self.record.open():
                both = set(other.stacks) & set(stacks)
                if both and (who := working.leases(self.record.objects, asked.verb, other.id).at_work(both)):
                    refuse(
                        f"another runner is at work on these groups: {who}\n"
                        "    rule    one command works on a group\n"
                        "    remedy  wait for its end, or stop it where it runs"
                    )
                if set(other.stacks) <= set(stacks):
                    self.record.end(other, f"given up for `course {asked.verb}`")
            how = {"named": sorted(named), "lose": list(asked.lose)}
            made = self.record.begin(asked.verb, asked.key(), stacks, how)
        return journal.begin(asked.verb, asked.key(), stacks, made.id)

    def adopt(self, journal: Journal, run: Run, known: Shared) -> None:
        """Take into the journal what has come of a run. Raises CloudError."""
        results = self.record.results(known.id)
        for stack in known.stacks:
            journal.adopt(run.id, stack, results.get(stack, Result()))

    def settle(self, run: Run) -> bool:
        """Write down that a run has ended, where all its groups are settled, whoever has done it; says whether so."""
        with _reached(self.sharing.bucket):
            known, results = self.record.run(run.record), self.record.results(run.record)
            whole = known is not None and all(stack in results and results[stack].settled for stack in known.stacks)
            if known and whole:
                self.record.end(known)
            return whole


def shared_by(folder: Path) -> Sharing:
    """Read what the runners of a course share; refuses with all that is wrong with it."""
    found, problems = sharing.read(folder)
    if problems:
        refuse("\n".join([f"{sharing.ROSTER}: nothing was done", *map(str, problems)]))
    return found


def of(asked: Asked) -> SharedRuns | None:
    """Give what the roster's bucket says; None where it names none, or a command is this machine's own."""
    found = shared_by(asked.folder)
    if not found.bucket or asked.verb not in VERBS:
        return None
    return SharedRuns(found, Record(working.objects(found.bucket)))


def _same(run: Shared, asked: Asked) -> bool:
    return run.verb == asked.verb and run.asked == asked.key()


@contextlib.contextmanager
def _reached(bucket: str) -> Generator[None]:
    try:
        yield
    except CloudError as error:
        refuse(
            f"gs://{bucket} cannot be used: {error.words}\n"
            "    rule    the runners of a course tell each other there what they work on; without it nothing is begun\n"
            "    remedy  `pulumi up` in course/ makes it (docs/course.md); whoever runs the course may write there"
        )
