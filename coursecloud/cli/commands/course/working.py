"""What works on the groups of a run: a process a group, on this machine or in a task of Cloud Run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coursecloud.course.lease import Leases, machine_of
from coursecloud.course.local import Local, root_of
from coursecloud.course.objects import Objects
from coursecloud.course.record import Record
from coursecloud.course.shared import SharedRunner
from coursecloud.deploy.cloud import Cloud


@dataclass(frozen=True)
class How:
    """What the processes of groups are told beside the verb."""

    named: Collection[str] = ()
    """Groups that somebody has named: what holds data may go."""
    lose: Sequence[str] = ()
    members: Collection[str] = ()
    """Groups to which a members' file belongs."""
    to: Path | None = None
    saved: Mapping[str, str] = field(default_factory=dict[str, str])
    """Folders with what an earlier `save` has copied."""
    night: bool = False

    def words(self, stack: str) -> list[str]:
        """Give the options of one group's process."""
        words = ["--named"] * (stack in self.named) + [word for kind in self.lose for word in ("--lose", kind)]
        words += ["--members"] * (stack in self.members) + ["--night"] * self.night
        if self.to:
            words += ["--to", str(self.to.absolute() / stack)]
        if stack in self.saved:
            words += ["--saved", self.saved[stack]]
        return words


def local(
    folder: Path,
    program: Path,
    run: int,
    how: How,
    *,
    own: Callable[[str], Mapping[str, str]] = lambda _: {},
) -> Local:
    """Make what works on groups by processes; `own` are variables of one group's process alone."""
    root = root_of(folder, program)

    def line(stack: str, verb: str) -> list[str]:
        words = [sys.executable, "-m", "coursecloud.cli.commands.course.group", verb, stack, "--root", str(root)]
        return [*words, "--parent", str(os.getpid()), *how.words(stack)]

    return Local(folder, run, line, cwd=program, environment=os.environ, own=own)


def objects(bucket: str) -> Objects:
    """Reach the course's bucket as whoever runs this."""
    return Objects(bucket, cloud)


def cloud() -> Cloud:
    """Ask Google as whoever runs this, of no stack."""
    return Cloud(os.environ, {})


def leases(shared: Objects, verb: str, run: str) -> Leases:
    """Take leases as this very machine."""
    return Leases(shared, machine_of(os.environ), what=f"`course {verb}`, run {run},")


def sharing(
    worker: Local, record: Record, run: str, verb: str, *, stopping: Callable[[], bool], lift: bool
) -> SharedRunner:
    """Have a worker hold each stack's lease, and write down what came of it for the other runners."""
    return SharedRunner(record, run, leases(record.objects, verb, run), worker, stopping, lift=lift)
