"""What a rehearsal found, for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from coursecloud.rehearse.life import Step

VERSION = 1
"""Version of the JSON form; it rises when a field changes its meaning or goes."""

PHASES = {"up": "first morning: up", "preview": "nothing to change: preview", "destroy": "the end: finish"}
"""The steps whose API calls are told by service."""


@dataclass(frozen=True)
class RehearsalReport:
    """One stack's life."""

    stack: str
    project: str
    steps: tuple[Step, ...]

    @property
    def passed(self) -> bool:
        """Did every step end as it has to?"""
        return bool(self.steps) and all(step.passed for step in self.steps)

    def calls(self) -> dict[str, dict[str, int]]:
        """Count the API calls of the telling steps: service to phase to number."""
        phases = {phase: next((s for s in self.steps if s.name == name), None) for phase, name in PHASES.items()}
        services = sorted({service for step in phases.values() if step for service in step.calls.by_service})
        return {
            service: {phase: step.calls.by_service.get(service, 0) for phase, step in phases.items() if step}
            for service in services
        }


def line(step: Step) -> Text:
    """Tell a step in a line, as soon as it has ended."""
    text = Text("  ")
    text.append("ok    " if step.passed else "FAILED ", style="green" if step.passed else "bold red")
    text.append(f"{step.name:<28}{step.seconds:7.1f} s")
    text.append(f"{step.calls.total:6} API calls" if step.calls.total else " " * 16, style="dim")
    if step.note:
        text.append(f"   {step.note}")
    return text


def table(report: RehearsalReport) -> Table:
    """Show the API calls by service."""
    made = Table(title=f"API calls of {report.stack}", title_justify="left", box=None, padding=(0, 2, 0, 2))
    made.add_column("service")
    for phase in PHASES:
        made.add_column(phase, justify="right")
    calls = report.calls()
    for service, numbers in calls.items():
        made.add_row(service, *(_number(numbers.get(phase)) for phase in PHASES))
    sums = {phase: sum(numbers.get(phase, 0) for numbers in calls.values()) for phase in PHASES}
    made.add_row("together", *(_number(sums[phase]) for phase in PHASES), style="bold")
    return made


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def to_json(reports: Sequence[RehearsalReport], versions: dict[str, str]) -> dict[str, Any]:
    """Give the documented JSON form."""
    return {
        "version": VERSION,
        "tools": versions,
        "passed": all(report.passed for report in reports),
        "stacks": [_stack(report) for report in reports],
    }


def _stack(report: RehearsalReport) -> dict[str, Any]:
    return {
        "stack": report.stack,
        "project": report.project,
        "passed": report.passed,
        "steps": [_step(step) for step in report.steps],
        "calls": report.calls(),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "passed": step.passed,
        "seconds": round(step.seconds, 1),
        "calls": dict(step.calls.by_service),
        "writes": step.calls.writes,
        "refused": step.calls.failed,
        "note": step.note,
        "output": step.output,
    }


def seconds(steps: Iterable[Step]) -> float:
    """Add up how long they took."""
    return sum(step.seconds for step in steps)
