"""Each event alone, followed by what is said to the product after it; and the sequences that failed once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, Self

import pytest

from tests.month import ledger
from tests.month.events import Event, cases, events
from tests.month.month import BrokenError, Month
from tests.month.starts import Starts

DONE = {
    (line["stack"], line["events"][0])
    for line in ledger.read("alone")
    if line["code"] == os.environ.get("COURSECLOUD_MONTH_SKIP") and line["verdict"] == "held"
}
"""What has held with the code as it is; `make month` goes on from there."""

ORDER = {"hand": 1, "edit": 2, "work": 2, "pulumi": 2}
"""A run takes hours: what is tried nowhere else comes first."""

EVENTS = {event.name: event for event in events()}


def _alone() -> Iterator[Any]:
    for event in sorted(EVENTS.values(), key=lambda each: ORDER.get(each.kind, 0)):
        for stack in event.stacks:
            for evening in (False, True) if event.evening else (False,):
                called = f"{event.name}, then the evening" if evening else event.name
                yield pytest.param(event, stack, evening, id=f"{stack}:{event.kind}: {called}")


@pytest.mark.parametrize(("event", "stack", "evening"), list(_alone()))
def test_an_event_alone(starts: Starts, event: Event, stack: str, evening: bool) -> None:
    called = event.name + (", then the evening" if evening else "")
    if (stack, called) in DONE:
        pytest.skip("the ledger has it")
    with _noted(Month(starts.place, stack), called) as noted:
        noted.month = month = starts.at(stack, event.start)
        if not month.can(event) and any("gcloud" in step for step in event.do):
            pytest.skip("gcloud is not on PATH: https://cloud.google.com/sdk/docs/install")
        assert month.can(event), f"{event.name} can not happen on {stack}: {list(event.patterns())}"
        month.play(event, evening=evening)


@pytest.mark.parametrize("case", cases())
def test_a_sequence_that_failed_once(starts: Starts, case: str) -> None:
    told = cases()[case]
    month = starts.at(told["stack"], "day")
    with _noted(month, case):
        for name in told["events"]:
            month.play(EVENTS[name])


class _noted:  # noqa: N801 - it is used like a function
    """Write into the ledger how it went."""

    def __init__(self, month: Month, name: str):
        self.month, self.name, self.begun = month, name, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, pytest.skip.Exception):
            return
        verdict = "" if kind is None else str(error).splitlines()[0] if isinstance(error, BrokenError) else repr(error)
        story = "" if kind is None else f"{error}"
        seconds = time.monotonic() - self.begun
        ledger.note("alone", self.month, [self.name], verdict, seconds=seconds, story=story)
