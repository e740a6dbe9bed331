"""The life of a stack, step by step: what each step does, and what has to be true after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from coursecloud.deploy import checkpoint, lifecycle
from coursecloud.rehearse.calls import Calls, count, outside
from coursecloud.rehearse.stage import Stage

ATTEMPTS = 8
"""On bad days (a scenario of faults) an `up` may fail and be tried again, so many times in all."""


@dataclass(frozen=True)
class Step:
    """One step of a life, as it went."""

    name: str
    passed: bool
    seconds: float
    calls: Calls
    note: str
    """What was found, or why it failed."""
    output: str = ""
    """The end of what Pulumi said, where the step failed."""


Check = Callable[[Stage], "tuple[bool, str]"]


def live(stage: Stage) -> Iterator[Step]:
    """Take the stack through its life; ends after the first step that fails."""
    kept: set[str] = set()

    def evening(on: Stage) -> tuple[bool, str]:
        kept.update(_protected(on))
        code = lifecycle.down(on.root, on.stack, yes=True, environment=on.environment, output=on.output)
        if code:
            return False, f"exit code {code}"
        lost = kept - _protected(on)
        return not lost, f"lost: {', '.join(sorted(lost))}" if lost else f"{len(kept)} kept"

    steps: list[tuple[str, Check]] = [
        ("first morning: up", _up),
        ("nothing to change: preview", _preview),
        ("nothing drifted: refresh", _refresh),
        ("evening: down", evening),
        ("next morning: up", _up),
        ("nothing to change: preview", _preview),
        ("the end: finish", _finish),
        ("nothing is left", _nothing_left),
        ("nothing left this machine", _stayed),
    ]
    if stage.emulator.scenario.faults:
        steps.append(("every fault happened", _faults))
    for name, check in steps:
        step = _take(stage, name, check)
        yield step
        if not step.passed:
            return


def _take(stage: Stage, name: str, check: Check) -> Step:
    first, said, start = len(stage.emulator.requests), stage.output.tell(), time.perf_counter()
    try:
        passed, note = check(stage)
    except lifecycle.RefusedError as error:
        passed, note = False, str(error)
    seconds = time.perf_counter() - start
    output = "" if passed else stage.last_lines(said)
    return Step(name, passed, seconds, count(list(stage.emulator.requests[first:])), note, output)


def _up(on: Stage) -> tuple[bool, str]:
    most = ATTEMPTS if on.emulator.scenario.faults else 1
    code, attempts = 1, 0
    while code and attempts < most:
        code = lifecycle.up(on.root, on.stack, yes=True, environment=on.environment, output=on.output)
        attempts += 1
    resources = len(checkpoint.urns(on.pulumi.state()))
    again = f" after {attempts} attempts" if attempts > 1 else ""
    return not code, f"exit code {code}{again}" if code else f"{resources} resources{again}"


def _preview(on: Stage) -> tuple[bool, str]:
    code, *said = on.pulumi.run("preview", "--expect-no-changes", "--diff")
    on.output.writelines(said if code else ())
    return not code, "the program wants changes" if code else ""


def _refresh(on: Stage) -> tuple[bool, str]:
    code, *said = on.pulumi.run("refresh", "--preview-only", "--expect-no-changes", "--diff")
    on.output.writelines(said if code else ())
    return not code, "the cloud is not what the state says" if code else ""


def _finish(on: Stage) -> tuple[bool, str]:
    code = lifecycle.finish(on.root, on.stack, environment=on.environment, output=on.output)
    return not code, f"exit code {code}" if code else ""


def _nothing_left(on: Stage) -> tuple[bool, str]:
    left = on.emulator.remaining()
    return not left, "; ".join(_told(each) for each in left)


def _stayed(on: Stage) -> tuple[bool, str]:
    asked = outside(on.emulator.requests)
    told = ", ".join(f"{host} ({times})" for host, times in asked.items())
    # The provider looks up the user's e-mail address for a line of its log, and does without.
    strangers = [host for host in asked if host != "openidconnect.googleapis.com"]
    return not strangers, f"refused: {told}" if told else ""


def _faults(on: Stage) -> tuple[bool, str]:
    idle = [fault.match for fault in on.emulator.scenario.faults if not fault.hit]
    happened = sum(sum(fault.hit.values()) for fault in on.emulator.scenario.faults)
    return not idle, f"never: {', '.join(idle)}" if idle else f"{happened} faults"


def _protected(on: Stage) -> set[str]:
    resources: list[dict[str, Any]] = on.pulumi.state().get("resources") or []
    return {resource["urn"].rpartition("::")[2] for resource in resources if resource.get("protect")}


def _told(left: dict[str, Any]) -> str:
    what = left.get("binding") or left["type"]
    return f"{what} {left['name']}" + (f", bills: {left['bills']}" if left["bills"] else "")
