"""The lease of a stack: one object in the course's bucket, so that no two runners work on one stack, wherever they are.

Whoever works on a stack writes its object every `BEAT` seconds, over the generation that it has written before. One
that nobody has written for `STALE` seconds is of somebody who has ended; then, and only then, another may write over
it. Who cannot write any more ends its own work before that. All times that two machines compare are Google's.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import socket
import threading
import time
import uuid
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from coursecloud.common.console import visible
from coursecloud.course.objects import ChangedError, Found, Objects, texts
from coursecloud.deploy.cloud import CloudError

Json = dict[str, Any]
BEAT = 20.0
STALE = 240.0
"""A beat that Google does not answer takes up to 80 seconds (`cloud.WAIT`, asked twice)."""
INTERRUPT, FORCE = 0.4, 0.75
"""Parts of `STALE` without a written beat after which the work is asked to end in order, and to end at once."""
_BEFORE = 8
"""Of so many earlier holders a lease remembers when they worked."""
_SLACK = datetime.timedelta(seconds=5)


class BusyError(Exception):
    """Somebody else works on the stack; the text says who."""


@dataclass(frozen=True)
class Period:
    """When an earlier holder worked on the stack, by its own machine's clock, which is also that of Pulumi's lock."""

    machine: str
    host: str
    began: str
    until: str

    def covers(self, lock: Mapping[str, Any]) -> bool:
        """Say whether a lock of Pulumi's (`hostname`, `timestamp`) is one that this holder can have left."""
        try:
            taken = datetime.datetime.fromisoformat(str(lock.get("timestamp")))
            return lock.get("hostname") == self.host and _time(self.began) <= taken <= _time(self.until)
        except (TypeError, ValueError):
            return False


@dataclass
class Lease:
    """A stack that this process holds."""

    stack: str
    holder: str
    before: Sequence[Period]
    """Those who held it before, and have ended without giving it back."""
    generation: int = 0
    lost: bool = False
    """Somebody else may work on the stack: nothing may be written any more."""
    left: bool = False
    """Set by who works: what worked on it was ended by force, and may have left a lock of Pulumi's."""
    content: Json = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Leases:
    """The leases of a course's stacks, as one runner takes them."""

    objects: Objects
    machine: str
    host: str = field(default_factory=socket.gethostname)
    what: str = ""
    """What is done, for whoever finds a lease: `up`, run 20261129T0715-ab12."""
    beat: float = BEAT
    stale: float = STALE

    @contextlib.contextmanager
    def hold(self, stack: str, end: Callable[[], None]) -> Generator[Lease]:
        """Hold a stack. Raises BusyError where somebody else does, CloudError where Google does not answer.

        `end` is called when the lease cannot be kept, and once more a minute later: whoever works has to end.
        """
        lease, over = self._take(stack), threading.Event()
        beating = threading.Thread(target=self._beating, args=(lease, over, end), name=f"lease-{stack}", daemon=True)
        beating.start()
        try:
            yield lease
        finally:
            over.set()
            beating.join()
            self._give_back(lease)

    def at_work(self, stacks: Collection[str]) -> str | None:
        """Say who works on one of these stacks now; None where nobody does. Raises CloudError."""
        held = {self._name(stack): stack for stack in stacks}
        for name in sorted(held.keys() & self.objects.listed("leases/").keys()):
            found = self.objects.read(name)
            if found and not found.content.get("ended") and found.age < self.stale:
                return f"stack {held[name]}: {_who(found.content, found.age)}"
        return None

    def _name(self, stack: str) -> str:
        return f"leases/{stack}.json"

    def _take(self, stack: str) -> Lease:
        name = self._name(stack)
        found = self.objects.read(name)
        lease = Lease(stack, uuid.uuid4().hex, self._before(found))
        lease.content = {
            "holder": lease.holder, "machine": self.machine, "host": self.host, "what": self.what,
            "began": _now(), "before": [asdict(each) for each in lease.before],
        }  # fmt: skip
        try:
            lease.generation = self._write(lease, found.generation if found else 0)
        except ChangedError:
            other = self.objects.read(name)
            raise BusyError(_who(other.content, other.age) if other else "somebody who has just ended") from None
        return lease

    def _before(self, found: Found | None) -> list[Period]:
        """List the earlier holders, where the last one has ended. Raises BusyError."""
        if found is None:
            return []
        content = found.content
        if not content.get("ended") and found.age < self.stale:
            raise BusyError(_who(content, found.age))
        until = str(content.get("ended") or "")
        if not until:  # its last beat, and as long as it may have gone on without one
            until = _written(_time(str(content.get("beat") or _now())) + datetime.timedelta(seconds=self.stale))
        told = {key: str(content.get(key) or "") for key in ("machine", "host", "began")}
        names = ("machine", "host", "began", "until")
        earlier = [Period(*(str(each.get(name)) for name in names)) for each in texts(content.get("before"))]
        return [*earlier, Period(**told, until=until)][-_BEFORE:]

    def _write(self, lease: Lease, generation: int) -> int:
        """Write a beat; one whose answer was lost on the way, and that was sent twice, is known by its holder."""
        lease.content["beat"] = _now()
        try:
            return self.objects.write(self._name(lease.stack), lease.content, generation)
        except ChangedError:
            found = self.objects.read(self._name(lease.stack))
            if found is None or found.content.get("holder") != lease.holder:
                raise
            return found.generation

    def _beating(self, lease: Lease, over: threading.Event, end: Callable[[], None]) -> None:
        written, asked = time.monotonic(), 0
        while not over.wait(self.beat):
            try:
                if not lease.lost:
                    lease.generation = self._write(lease, lease.generation)
                    written = time.monotonic()
            except ChangedError:
                lease.lost = True
            except CloudError:
                pass  # it is tried again at the next beat, as long as there is time
            silent = (time.monotonic() - written) / self.stale
            due = 2 if silent > FORCE else 1 if lease.lost or silent > INTERRUPT else 0
            if due > asked:
                lease.lost, asked = True, asked + 1
                end()

    def _give_back(self, lease: Lease) -> None:
        """Let go; where a lock of Pulumi's may be left, it stays known whose it is."""
        if lease.lost:
            return
        with contextlib.suppress(ChangedError, CloudError):  # then it gets stale
            if lease.left:
                lease.content["ended"] = _written(datetime.datetime.now(datetime.UTC) + _SLACK)
                self._write(lease, lease.generation)
            else:
                self.objects.delete(self._name(lease.stack), lease.generation)


def machine_of(environment: Mapping[str, str]) -> str:
    """Name this machine so that another one, or another container, is called otherwise.

    The tasks of a job in Cloud Run are one machine: whoever takes over from one knows that it is no laptop that sleeps.
    """
    if job := environment.get("CLOUD_RUN_JOB"):
        return f"cloud-run {job}"
    try:
        own = Path("/etc/machine-id").read_text(encoding="utf-8").strip()
    except OSError:
        own = ""
    return hashlib.sha256(f"{own} {socket.gethostname()} {uuid.getnode():x}".encode()).hexdigest()[:16]


def _who(content: Mapping[str, Any], age: float) -> str:
    what, host = (visible(str(content.get(name) or "somebody"))[:100] for name in ("what", "host"))
    return f"{what} on {host}, which wrote so {age:.0f} s ago"


def _now() -> str:
    return _written(datetime.datetime.now(datetime.UTC))


def _written(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
