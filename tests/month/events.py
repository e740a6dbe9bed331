"""The events: read from events.yaml and from the cases that sequences have left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

HERE = Path(__file__).parent
KINDS = (
    "edit",
    "hand",
    "work",
    "interrupt",
    "time",
    "member",
    "stack",
    "upgrade",
    "token",
    "program",
    "state",
    "pulumi",
)
STARTS = ("day", "nothing", "evening", "bucket")
"""Where an event begins: deployed, before the first `up`, after `down`, deployed with its state in a bucket."""

Step = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One thing that happens, and what has to be true after it."""

    name: str
    kind: str
    do: tuple[Step, ...]
    then: tuple[Step, ...]
    """What is said to the product afterwards, and what it must do."""
    start: str = "day"
    stacks: tuple[str, ...] = ("dev",)
    """The stacks that it is tried on alone."""
    rows: tuple[str, ...] = ()
    """Known faults of which this is a case, by their name in a list of them."""
    needs: tuple[str, ...] = ()
    """Patterns of what has to be there, beside what the steps themselves touch."""
    evening: bool = False
    """Tried once more with `down` and `finish` in place of the next `up`."""
    alone: bool = False
    """Not in sequences, because it takes another start or leaves nothing to go on with."""

    def patterns(self) -> Iterator[str]:
        """List the patterns of what has to be there."""
        yield from self.needs
        for step in self.do:
            yield from _patterns(step)


def _patterns(step: Step) -> Iterator[str]:
    for verb, value in step.items():
        if verb in ("delete", "detach", "value"):
            yield from [value] if isinstance(value, str) else value
        elif isinstance(value, dict):
            given = cast("dict[str, Any]", value)
            yield from (str(given[key]) for key in ("of", "into") if key in given and given[key] != "project")


def events() -> list[Event]:
    """Read them all; a word that means nothing is an error."""
    listed = cast("list[dict[str, Any]]", yaml.safe_load((HERE / "events.yaml").read_text(encoding="utf-8")))
    found = [_event(entry) for entry in listed]
    names = [event.name for event in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"events.yaml: twice: {', '.join(sorted(twice))}")
    return found


def _event(entry: dict[str, Any]) -> Event:
    unknown = set(entry) - set(Event.__dataclass_fields__)
    if unknown or entry.get("kind") not in KINDS or entry.get("start", "day") not in STARTS:
        raise ValueError(f"events.yaml: {entry.get('name')}: unknown {sorted(unknown)}, kind or start")
    lists: dict[str, Any] = {key: tuple(entry[key]) for key in ("do", "stacks", "rows", "needs") if key in entry}
    then = tuple(_step(step) for step in entry.get("then") or ["up"])
    given: dict[str, Any] = {**entry, **lists, "then": then}
    return Event(**given)


def _step(step: str | Step) -> Step:
    """Take a bare `up` for `up: done`."""
    return {step: "done"} if isinstance(step, str) else step


def cases() -> dict[str, dict[str, Any]]:
    """Read the sequences that failed once: stack, and names of events in order."""
    found = sorted((HERE / "cases").glob("*.yaml"))
    return {path.stem: cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8"))) for path in found}
