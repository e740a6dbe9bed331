"""The figures of the emulator: what an up asks of Google, how long it takes, what it survives, how fast we answer."""

import http.client
import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from coursecloud.cli.commands.shared import ROOT
from coursecloud.common import stack_file
from coursecloud.rehearse import life, report, stage
from emulator import Emulator

FAULTS: dict[str, dict[str, Any]] = {
    "503 busy": {"status": 503},
    "429 too many requests": {"status": 429},
    "409 taken": {"status": 409},
    "cut before it was done": {"cut": "before"},
    "cut after it was done": {"cut": "after"},
}
WAITS = json.loads(Path(__file__).with_name("provider-waits.json").read_text(encoding="utf-8"))["waits"]


def lived(
    stack: str, found: stage.Tools, fault: dict[str, Any] | None = None
) -> tuple[report.RehearsalReport, dict[str, int]]:
    """Take a stack through its life, with each kind of write going wrong once where a fault is given."""
    scenario = {"faults": [{"match": "*", "writes": True, "each": True, **fault}]} if fault else None
    with stage.stage(ROOT, stack, stack_file.path_of(stack, ROOT), found, scenario) as on:
        steps = tuple(life.live(on))
        hit: dict[str, int] = {}
        for rule in on.emulator.scenario.faults:
            hit |= rule.hit
    return report.RehearsalReport(stack, "", steps), hit


def figures(made: report.RehearsalReport) -> dict[str, Any]:
    """Give the calls and seconds of a life on good days."""
    steps = {step.name: step for step in made.steps}
    up = steps[report.PHASES["up"]]
    fixed = sum(WAITS.values())
    return {
        "stack": made.stack,
        "passed": made.passed,
        "calls": made.calls(),
        "writes of up": up.calls.writes,
        "seconds": {phase: round(steps[name].seconds, 1) for phase, name in report.PHASES.items() if name in steps},
        "provider's fixed waits": fixed,
        "seconds of up beyond them": round(up.seconds - fixed, 1),
    }


def survived(stack: str, found: stage.Tools, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Count, by kind of fault, how many writes went wrong and whether the life went through all the same."""
    told: list[dict[str, Any]] = []
    for kind in kinds:
        made, hit = lived(stack, found, FAULTS[kind])
        notes = [step.note for step in made.steps if step.name == report.PHASES["up"]]
        told.append({"kind": kind, "faults": len(hit), "survived": made.passed, "first up": notes[0] if notes else ""})
    return told


def answers_per_second(seconds: float, clients: int) -> float:
    """Ask for a network, over kept connections, and count the answers."""
    with Emulator(projects=["p-1"], enabled=["compute.googleapis.com"]) as emulator:
        address = emulator.url.removeprefix("http://")
        counts: list[int] = []

        def ask() -> None:
            wire, end, done = http.client.HTTPConnection(address), time.perf_counter() + seconds, 0
            while time.perf_counter() < end:
                wire.request("GET", "/compute/v1/projects/p-1/global/networks")
                wire.getresponse().read()
                done += 1
            wire.close()
            counts.append(done)

        threads = [threading.Thread(target=ask) for _ in range(clients)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return round(sum(counts) / (time.perf_counter() - start))


def measure(stacks: Sequence[str], kinds: Sequence[str], seconds: float) -> dict[str, Any]:
    """Measure all of it; without the CLI and its provider only what needs neither, and `missing` says why."""
    found = stage.tools(ROOT, os.environ)
    result: dict[str, Any] = {
        "answers per second": {str(clients): answers_per_second(seconds, clients) for clients in (1, 8)},
        "missing": [f"{each.what}: {each.remedy}" for each in found.missing],
        "stacks": [],
        "faults": {},
    }
    if not found.missing:
        result["tools"] = {"pulumi": found.pulumi, "provider": found.provider}
        for stack in stacks:
            result["stacks"].append(figures(lived(stack, found)[0]))
            if kinds:
                result["faults"][stack] = survived(stack, found, kinds)
    return result


def show(result: dict[str, Any], console: Console) -> None:
    """Print what `measure` gave."""
    rates = ", ".join(f"{rate:.0f} with {n} clients" for n, rate in result["answers per second"].items())
    console.print(f"Answers per second of the emulator: {rates}\n")
    for told in result["stacks"]:
        table = Table(title=f"API calls of {told['stack']}", title_justify="left", box=None, pad_edge=False)
        for column in ("service", *report.PHASES):
            table.add_column(column, justify="left" if column == "service" else "right")
        for service, numbers in told["calls"].items():
            table.add_row(service, *(str(numbers.get(phase, "")) for phase in report.PHASES))
        sums = {phase: sum(numbers.get(phase, 0) for numbers in told["calls"].values()) for phase in report.PHASES}
        table.add_row("together", *(str(total) for total in sums.values()))
        table.add_row("seconds", *(str(told["seconds"].get(phase, "")) for phase in report.PHASES))
        console.print(table)
        fixed, more = told["provider's fixed waits"], told["seconds of up beyond them"]
        console.print(f"{told['writes of up']} writes; {fixed} s of up are the provider's waits, {more} s are not.\n")
    for stack, kinds in result["faults"].items():
        table = Table(title=f"Faults of {stack}", title_justify="left", box=None, pad_edge=False)
        for column in ("kind", "writes that failed", "survived", "first up"):
            table.add_column(column)
        for entry in kinds:
            table.add_row(entry["kind"], str(entry["faults"]), "yes" if entry["survived"] else "NO", entry["first up"])
        console.print(table)

    if result["missing"]:
        console.print(f"What an up asks and survives was not measured. {'; '.join(result['missing'])}")
