"""Sequences of events by chance: Hypothesis draws one from a seed, and one that fails is made as short as may be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.month import ledger
from tests.month.events import HERE, Event, events
from tests.month.month import BrokenError, Month
from tests.month.starts import Starts

STEPS = 12
"""So many events a sequence, at most."""

TRIES = 12
"""So many shorter sequences are tried of one that failed: each takes minutes."""


@dataclass
class Sequence_:  # noqa: N801 - Sequence is typing's
    """One sequence as it was played."""

    month: Month
    names: list[str]
    error: BrokenError | None = None


def in_sequences(stack: str = "dev") -> list[Event]:
    """List the events that can come in any order on a stack: those of dev say on dev alone what has to follow."""
    return [event for event in events() if not event.alone and event.start == "day" and stack in event.stacks]


def draw(starts: Starts, stack: str, number: int, listed: Sequence[Event], steps: int = STEPS) -> Sequence_:
    """Play the sequence of a seed."""
    played: list[Sequence_] = []
    machine = _machine(starts, stack, listed, played)
    told = settings(
        max_examples=1,
        stateful_step_count=steps + 1,  # the morning counts as one
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(seed(number)(machine), settings=told)
    return played[-1]


def replay(starts: Starts, stack: str, names: Sequence[str], number: int) -> Sequence_:
    """Play these events, passing over what cannot happen."""
    known = {event.name: event for event in in_sequences(stack)}
    month = starts.at(stack, "day")
    month.draw = _moments(number)
    played = Sequence_(month, [])
    try:
        for name in names:
            if month.can(known[name]):
                played.names.append(name)
                month.play_in_turn(known[name])
        _end(month)
    except BrokenError as error:
        played.error = error
    return played


def shrink(failed: Sequence_, again: Callable[[Sequence[str]], Sequence_]) -> Sequence_:
    """Leave out events as long as it fails in the same way; Hypothesis would ask for hundreds of tries."""
    best, left = failed, TRIES
    position = 0
    while position < len(best.names) - 1 and left:
        left -= 1
        shorter = again([*best.names[:position], *best.names[position + 1 :]])
        if shorter.error and _first(shorter.error) == _first(failed.error):
            best = shorter
        else:
            position += 1
    return best


def keep(failed: Sequence_, number: int) -> str:
    """Write a sequence that fails as a case; gives its name."""
    name = f"{failed.month.stack}-{number}"
    told = {"stack": failed.month.stack, "seed": number, "what": _first(failed.error), "events": failed.names}
    (HERE / "cases").mkdir(exist_ok=True)
    (HERE / "cases" / f"{name}.yaml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return name


def play(starts: Starts, stack: str, number: int, listed: Sequence[Event], steps: int = STEPS) -> bool:
    """Play one, note it in the ledger, and make a case of it if it fails; True where all held."""
    begun = time.monotonic()
    played = draw(starts, stack, number, listed, steps)
    error = played.error
    verdict = _first(error) if error else ""
    ledger.note(
        "sequences",
        played.month,
        played.names,
        verdict,
        seconds=time.monotonic() - begun,
        seed=number,
        story=str(error or ""),
    )
    if error:
        shortest = shrink(played, lambda names: replay(starts, stack, names, number))
        keep(shortest, number)
    return not error


def _machine(starts: Starts, stack: str, listed: Sequence[Event], played: list[Sequence_]) -> type[Any]:
    """Make the class of which Hypothesis draws a run: a rule an event."""

    class Days(RuleBasedStateMachine):
        month: Month | None = None

        @initialize(nonce=st.integers(0, 2**32 - 1))
        def morning(self, nonce: int) -> None:
            # The first example of every run is the plainest one, whatever the seed; it is not worth its minutes.
            if not nonce:
                reject()
            self.month = starts.at(stack, "day")
            self.month.draw = _moments(nonce)
            played.append(Sequence_(self.month, []))

        def happens(self, event: Event) -> None:
            # What fails is noted and not raised: Hypothesis would play all of it again, to see it fail in the same way,
            # and the clock is never the same twice.
            assert self.month
            if played[-1].error:
                return
            played[-1].names.append(event.name)
            try:
                self.month.play_in_turn(event)
            except BrokenError as error:
                played[-1].error = error

        def teardown(self) -> None:
            if self.month and not played[-1].error:
                try:
                    _end(self.month)
                except BrokenError as error:
                    played[-1].error = error

    for number, event in enumerate(listed):

        def happen(self: Days, event: Event = event) -> None:
            self.happens(event)

        def may(self: Days, event: Event = event) -> bool:
            return self.month is not None and (played[-1].error is not None or self.month.can(event))

        happen.__name__ = f"event_{number:03}"
        setattr(Days, happen.__name__, precondition(may)(rule()(_one_argument(happen))))
    return Days


def _one_argument(function: Callable[..., None]) -> Callable[[Any], None]:
    def taken(self: Any) -> None:
        function(self)

    taken.__name__ = function.__name__
    return taken


def _moments(number: int) -> Callable[[int, int], int]:
    """Choose when things are cut off, the same for the same seed."""
    chance = random.Random(number)  # noqa: S311 - of no secret
    return chance.randint


def _end(month: Month) -> None:
    """End a sequence: an evening and the end of the course keep what they promise."""
    month.log.append("## the end")
    month.product("finish")


def _first(error: BaseException | None) -> str:
    return str(error or "").splitlines()[0] if error else ""
