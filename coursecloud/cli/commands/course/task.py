"""A task of the course's job in Cloud Run: `python -m coursecloud.cli.commands.course.task --record gs://BUCKET ...`.

Task i of n takes stacks i, i + n, ... of the run. What it needs of a group was handed over before; what comes of it is
in the run's record. It ends with 0 when its stacks are settled, be it by a failure; else Cloud Run starts it again.

A nightly run (`--nightly` in place of `--run`) has no command that began it: the first of its tasks writes it down, for
all stacks that were handed over.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from coursecloud.cli.commands.course import working
from coursecloud.common.console import visible
from coursecloud.course import engine, handed
from coursecloud.course.journal import Journal, Task
from coursecloud.course.lease import Leases, Period
from coursecloud.course.outcome import Outcome
from coursecloud.course.record import Record, Shared
from coursecloud.course.shared import PATIENCE, SharedRunner
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.preconditions import settings_of
from infra.settings import SettingsError

PROGRAM = Path(__file__).resolve().parents[4]
"""The project in the image."""
LOG = 200_000
"""Bytes of the end of a group's log that are kept."""


@dataclass(frozen=True)
class Place:
    """Which task of how many this is (https://cloud.google.com/run/docs/container-contract#jobs, 2026-11)."""

    index: int
    count: int
    attempt: int
    execution: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Place:
        """Read what Cloud Run tells a task."""
        return cls(
            int(environment.get("CLOUD_RUN_TASK_INDEX", "0")), int(environment.get("CLOUD_RUN_TASK_COUNT", "1")),
            int(environment.get("CLOUD_RUN_TASK_ATTEMPT", "0")), environment.get("CLOUD_RUN_EXECUTION", "by-hand"),
        )  # fmt: skip

    def share(self, stacks: Sequence[str]) -> list[str]:
        """Give this task's stacks."""
        return list(stacks[self.index :: self.count])


@dataclass
class Groups:
    """Works on groups whose files were handed over, each as its own stack file says."""

    folder: Path
    record: Record
    run: Shared
    local: working.Local | None = None
    passphrases: dict[str, str] = field(default_factory=dict[str, str])

    def start(self, number: int) -> None:
        """Make what works, once the run has a number here."""
        how = working.How(
            named=self.run.how.get("named") or (), lose=self.run.how.get("lose") or (), night=self.night,
        )  # fmt: skip
        self.local = working.local(self.folder, PROGRAM, number, how, own=self._own)

    @property
    def night(self) -> bool:
        """Whether it is done at night, and nobody has asked for it now."""
        return bool(self.run.how.get("night"))

    def __call__(self, stack: str, verb: str, ended: Sequence[Period]) -> Outcome:
        """Do the verb on a stack that has been handed over."""
        assert self.local  # noqa: S101 - `start` comes before
        try:
            own = handed.fetch(self.record.objects, stack, self.folder, working.cloud)
        except handed.NotHandedError as error:
            return Outcome(2, str(error))
        except CloudError as error:
            return Outcome(1, f"what was handed over of {stack} cannot be read: {error.words}", again=True)
        if own.passphrase is not None:
            self.passphrases[stack] = own.passphrase
        working.root_of(self.folder, PROGRAM)
        if self.night:
            try:
                wanted = settings_of(self.folder, stack).course.nightly
            except SettingsError as error:
                return Outcome(2, str(error))
            if wanted == "no":
                return Outcome(0, "its stack file says no to what is done at night")
            verb = wanted
        return self.local(stack, verb, ended)

    def end(self, stack: str) -> None:
        """Ask what works on a stack to end."""
        if self.local:
            self.local.end(stack)

    def interrupt(self) -> None:
        """Ask all that works to end."""
        if self.local:
            self.local.interrupt()

    def log(self, stack: str) -> bytes:
        """Give the end of a stack's log."""
        path = self.local.logs / f"{stack}.log" if self.local else self.folder
        return path.read_bytes()[-LOG:] if path.is_file() else b""

    def _own(self, stack: str) -> dict[str, str]:
        return {"PULUMI_CONFIG_PASSPHRASE": self.passphrases[stack]} if stack in self.passphrases else {}


def work(
    record: Record,
    run: Shared,
    place: Place,
    folder: Path,
    groups: Groups,
    leases: Leases,
    *,
    lift: bool = False,
    patience: engine.Patience = PATIENCE,
) -> int:
    """Work on this task's stacks; gives the exit code."""
    mine, stop = place.share(run.stacks), engine.Stop()
    journal = Journal(folder)
    begun = journal.begin(run.verb, run.asked, mine, run.id)
    groups.start(begun.id)
    known = record.results(run.id)
    for stack in mine:
        if stack in known:
            journal.adopt(begun.id, stack, known[stack])
    _say(f"task {place.index} of {place.count}, attempt {place.attempt}: `{run.verb}` of {len(mine)} stacks")
    runner = SharedRunner(record, run.id, leases, groups, lambda: bool(stop.times), patience, lift)

    def heard(task: Task, outcome: Outcome | None, again: float | None) -> None:
        if outcome is None:
            return
        how = "again later" if again else outcome.state
        _say(f"{task.stack}: {how}: {(outcome.words.splitlines() or [''])[0]}")
        record.keep_log(run.id, task.stack, groups.log(task.stack))

    with engine.stoppable(stop):
        engine.work(
            journal, begun, runner, at_once=1, patience=patience, stop=stop, interrupt=groups.interrupt, heard=heard
        )
    results = record.results(run.id)
    if all(stack in results and results[stack].settled for stack in run.stacks):
        record.end(run)
    return 0 if all(stack in results and results[stack].settled for stack in mine) else 1


def nightly(record: Record, place: Place) -> Shared:
    """Write tonight's run down, or read it where another task has. Raises CloudError."""
    stacks = handed.stacks(record.objects)
    return record.begin("stop", {"night": place.execution}, stacks, {"night": True}, name=f"night-{place.execution}")


def main(words: Sequence[str]) -> NoReturn:
    """Run one task; ends with its exit code."""
    parser = argparse.ArgumentParser(prog="python -m coursecloud.cli.commands.course.task", description=__doc__)
    parser.add_argument("--record", required=True, help="the course's bucket: gs://BUCKET")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", help="the run, as its record is called")
    which.add_argument("--nightly", action="store_true", help="stop machines, as each stack file allows")
    parser.add_argument("--lift-locks", action="store_true", help="also those that another machine's runner has left")
    given = parser.parse_args(words)
    record, place = Record(working.objects(given.record.removeprefix("gs://"))), Place.of(os.environ)
    try:
        run = nightly(record, place) if given.nightly else record.run(given.run)
        if run is None:
            _say(f"there is no run {given.run} in {given.record}: nothing was done")
            raise SystemExit(0)  # another attempt would find none, either
        with tempfile.TemporaryDirectory(prefix="course-") as folder:
            groups, leases = Groups(Path(folder), record, run), working.leases(record.objects, run.verb, run.id)
            raise SystemExit(work(record, run, place, Path(folder), groups, leases, lift=given.lift_locks))
    except CloudError as error:
        _say(f"the course's bucket {given.record} does not answer: {error.words}")
        raise SystemExit(1) from None


def _say(line: str) -> None:
    sys.stdout.write(visible(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
