"""How an up, down or finish ended, for a script: the JSON form that docs/json.md documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from coursecloud.deploy.machine_status import Machine
from coursecloud.deploy.session import Day
from coursecloud.diff import data_loss
from coursecloud.diff.engine_events import called, name

Json = dict[str, Any]

VERSION = 1
"""Version of the form; it rises when a field changes its meaning or goes."""


@dataclass(frozen=True)
class Costs:
    """What exists costs by the hour, in USD without what is used; or why that is not known."""

    on: Decimal = Decimal(0)
    idle: Decimal = Decimal(0)
    down: Decimal | None = None
    """Until the next up; None where it was no evening."""
    unknown: tuple[str, ...] = ()
    """Names of what has no price."""
    grown: tuple[str, ...] = ()
    """Names of what is larger than the stack file says."""
    unread: str = ""
    """Why none of it is known."""

    @property
    def at_least(self) -> bool:
        """Whether it may be more."""
        return bool(self.unknown or self.grown)

    def to_json(self) -> Json | None:
        """Write it down, by the names of `coursecloud cost --json`."""
        if self.unread:
            return None
        return {
            "perHourOn": _usd(self.on),
            "perHourIdle": _usd(self.idle),
            "perHourDown": None if self.down is None else _usd(self.down),
            "atLeast": self.at_least,
            "unknown": list(self.unknown),
            "grown": list(self.grown),
        }


@dataclass(frozen=True)
class Failure:
    """That it did not go through: the exit code, and each reason as (resource or nothing, words, remedy or nothing)."""

    code: int
    reasons: tuple[tuple[str, str, str], ...]


def told(
    day: Day,
    headline: str,
    done: Iterable[tuple[str, str]],
    resources: Sequence[Json],
    cost: Costs,
    *,
    following: str,
    machines: Iterable[Machine] = (),
    outputs: Json | None = None,
    failure: Failure | None = None,
) -> None:
    """Tell a script how a command ended, where one has asked; `resources` are those of the state as it is now."""
    if day.tell is None:
        return
    existing = [each for each in resources if each.get("custom") and not each["type"].startswith("pulumi:")]
    day.tell({
        "version": VERSION,
        "command": day.command,
        "stack": day.stack,
        "project": day.settings.project,
        "passed": failure is None,
        "headline": headline.rstrip(":"),
        "changes": [{"done": word, **_named(urn)} for word, urn in done],
        "resources": len(existing),
        "holds": [_named(each["urn"]) for each in existing if data_loss.loss(each, replaced=False)],
        "machines": [
            {"urn": each.urn, "name": each.name, "id": each.id, "status": each.status, "unread": each.unread or None}
            for each in machines
        ],
        "openByHand": day.left_open,
        "existing": dict(day.settings.existing),
        "cost": cost.to_json(),
        "outputs": outputs or {},
        "next": following,
        "error": failure and _error(day, headline.rstrip(":"), failure),
    })  # fmt: skip


def _named(urn: str) -> Json:
    """Name a resource; of what somebody made by hand there is no URN, but Google's own name."""
    if urn.startswith("urn:"):
        return {"urn": urn, "name": name(urn), "called": called(urn)}
    return {"urn": None, "name": urn, "called": urn}


def _error(day: Day, message: str, failure: Failure) -> Json:
    """Write a failure down as any refusal is: what, the words as the rule that it broke, the remedy."""
    return {
        "exit": failure.code,
        "message": message,
        "stack": day.stack,
        "mistakes": [_mistake(*reason) for reason in failure.reasons],
    }


def _mistake(what: str, words: str, remedy: str) -> Json:
    said = {"what": what or words, "value": None, "rule": words, "remedy": remedy or None}
    return {**said, "line": None, "column": None}


def _usd(value: Decimal) -> float:
    return float(round(value, 6))
