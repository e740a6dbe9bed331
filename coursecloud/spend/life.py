"""A life: when one thing was there, and in which state, use after use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from coursecloud.plan.nested import block
from coursecloud.spend.model import Shape

State = Literal["runs", "stopped", "gone"]


@dataclass(frozen=True)
class Use:
    """A time in which something was one thing in one state."""

    begin: datetime
    end: datetime
    state: State
    shape: Shape | None
    """None where nothing has said what it is."""
    reason: str = ""
    """Why it came to that, where a log says, e.g. `compute.instances.preempted`."""


@dataclass(frozen=True)
class Life:
    """One thing from its creation to its end; the same name made anew is another."""

    resource: str
    uses: tuple[Use, ...]
    doubts: tuple[Use, ...]
    """What may have been instead."""
    declared: bool
    last_seen: datetime | None
    by: str
    """The account that made or last started it, where a log says."""
    lost: bool
    """Whether the last look could not read what would have shown it."""

    @property
    def now(self) -> Use:
        """Its last use; where it is gone, the state says so."""
        return self.uses[-1]

    @property
    def shape(self) -> Shape | None:
        """What it is, or was last."""
        return self.now.shape


def ended(life: Life, at: datetime) -> Life:
    """End a life at the latest at a time."""
    if life.now.state == "gone" and life.now.begin <= at:
        return life
    kept = [replace(use, end=min(use.end, at)) for use in life.uses if use.begin < at]
    uses = (*kept, Use(at, at, "gone", life.shape))
    return replace(life, uses=uses, doubts=within(life.doubts, uses), lost=False)


def within(doubts: Iterable[Use], uses: Sequence[Use]) -> tuple[Use, ...]:
    """Keep of doubts what is about the time of a life: others had its name."""
    begin, last = uses[0].begin, uses[-1]
    end = last.begin if last.state == "gone" else last.end
    return tuple(replace(each, end=min(each.end, end)) for each in doubts if each.begin < end and each.end > begin)


def boot(shape: Shape | None) -> Mapping[str, object]:
    """Give a machine's boot disk, in the words of its inputs; empty where nothing says."""
    return block(shape.inputs.get("bootDisk")) if shape else {}
