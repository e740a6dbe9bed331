"""A run's record in the course's bucket: one object a stack, from which any engine goes on with what another began.

    open/RUN.json              a run that has not ended: verb, what was asked, its stacks
    runs/RUN/STACK.json        what came of one stack of it
    ended/RUN.json             a run that has ended
    logs/RUN/STACK.log         the end of the log of its last try

A result is written over the generation that was read before, by who holds the stack's lease. Nothing here knows what a
verb does.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from coursecloud.course.objects import ChangedError, Found, Objects
from coursecloud.course.outcome import Outcome, State
from coursecloud.deploy.cloud import CloudError

Json = dict[str, Any]
_TOLD = 200_000
"""Characters that a command told a script, at most, are kept."""


@dataclass(frozen=True)
class Result:
    """What a stack of a run has come to; times are seconds since 1970."""

    state: State = "waiting"
    tries: int = 0
    """Tries that failed; one that was begun and never settled counts."""
    began: float | None = None
    ended: float | None = None
    code: int | None = None
    words: str = ""
    by: str = ""
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def settled(self) -> bool:
        """Whether nothing more is done to it in this run."""
        return self.state not in ("waiting", "working")

    @property
    def outcome(self) -> Outcome:
        """Give what came of it, as it will stay."""
        return Outcome(self.code or 0, self.words, told=self.told)


@dataclass(frozen=True)
class Shared:
    """A run as its record has it."""

    id: str
    verb: str
    asked: Mapping[str, Any]
    stacks: Sequence[str]
    began: float
    how: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else a runner needs: which groups were named, what may be lost, and the like."""


class Record:
    """The records of a course's runs."""

    def __init__(self, objects: Objects):
        self.objects = objects
        self._known: dict[str, tuple[int, Result]] = {}

    def begin(
        self, verb: str, asked: Mapping[str, Any], stacks: Iterable[str], how: Mapping[str, Any], *, name: str = ""
    ) -> Shared:
        """Write down a new run. With a `name` that is there already it is that one. Raises CloudError."""
        run = name or f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        made = Shared(run, verb, dict(asked), list(stacks), time.time(), dict(how))
        try:
            self.objects.write(f"open/{run}.json", asdict(made), 0)
        except ChangedError:
            return self.run(run) or made
        return made

    def run(self, run: str) -> Shared | None:
        """Read a run by its name, open or ended. Raises CloudError."""
        found = self.objects.read(f"open/{run}.json") or self.objects.read(f"ended/{run}.json")
        return _shared(found)

    def open(self) -> list[Shared]:
        """List the runs that have not ended, the newest first. Raises CloudError."""
        names = sorted(self.objects.listed("open/"), reverse=True)
        return [run for name in names if (run := _shared(self.objects.read(name)))]

    def end(self, run: Shared, note: str = "") -> None:
        """Write down that a run has ended. Raises CloudError."""
        found = self.objects.read(f"open/{run.id}.json")
        if found is None:
            return
        with contextlib.suppress(ChangedError):  # another runner of it saw the same
            self.objects.write(f"ended/{run.id}.json", {**found.content, "ended": time.time(), "note": note}, 0)
        self.objects.delete(f"open/{run.id}.json", found.generation)

    def result(self, run: str, stack: str) -> tuple[Result, int]:
        """Read what a stack has come to, and the generation to write over. Raises CloudError."""
        found = self.objects.read(_name(run, stack))
        return (_result(found), found.generation) if found else (Result(), 0)

    def results(self, run: str) -> dict[str, Result]:
        """Give what all stacks have come to; only what has changed is read again. Raises CloudError."""
        prefix = f"runs/{run}/"
        for name, generation in self.objects.listed(prefix).items():
            if self._known.get(name, (0,))[0] != generation and (found := self.objects.read(name)):
                self._known[name] = (found.generation, _result(found))
        return {
            name.removeprefix(prefix).removesuffix(".json"): result
            for name, (_, result) in self._known.items()
            if name.startswith(prefix)
        }

    def keep_log(self, run: str, stack: str, content: bytes) -> None:
        """Keep the end of a stack's log, for people; one that cannot be kept stops nothing."""
        if content:
            with contextlib.suppress(CloudError):
                self.objects.put(f"logs/{run}/{stack}.log", content)

    def write(self, run: str, stack: str, result: Result, generation: int) -> int:
        """Write a result over that generation. Raises ChangedError, CloudError."""
        if len(str(result.told)) > _TOLD:
            result = replace(result, told={})
        return self.objects.write(_name(run, stack), asdict(result), generation)


def _name(run: str, stack: str) -> str:
    return f"runs/{run}/{stack}.json"


def _result(found: Found) -> Result:
    names = Result.__dataclass_fields__
    return Result(**{name: value for name, value in found.content.items() if name in names})


def _shared(found: Found | None) -> Shared | None:
    names = ("id", "verb", "asked", "stacks", "began", "how")
    if found is None or not set(names) <= found.content.keys():
        return None
    return Shared(**{name: found.content[name] for name in names})
