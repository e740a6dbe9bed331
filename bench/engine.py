"""Where the time of a `pulumi preview` without a change and of an `up` goes, against a flat program of the same.

The flat program is written from the recorded plan: the same types, inputs and dependencies, nothing around them. Both
run with the real CLI and provider, each on an emulator of its own that answers at once. A Python in the project's
virtual environment that notes when it begins and ends says what the language host runs beside the program.
"""

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.bare import ordered, plain, snake
from bench.pairs import Ratio
from coursecloud.cli.commands.shared import ROOT
from coursecloud.common import stack_file
from coursecloud.plan import planning
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.rehearse import stage

GOAL = 1.05
"""Our program over the flat one, in processor time and by the clock."""

WORDS = {
    "preview": ("preview", "--non-interactive"),
    "up": ("up", "--yes", "--skip-preview", "--non-interactive"),
    "destroy": ("destroy", "--yes", "--skip-preview", "--non-interactive"),
}

_NOTES = "COURSECLOUD_BENCH_NOTES"
_PYTHON = """#!{python} -IS
import json, os, resource, subprocess, sys, time
start = time.time()
done = subprocess.run(["{python}", *sys.argv[1:]], close_fds=False)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(os.environ["{notes}"], "a") as notes:
    line = [sys.argv[1:], start, time.time() - start, used.ru_utime + used.ru_stime]
    notes.write(json.dumps(line) + chr(10))
sys.exit(done.returncode)
"""


@dataclass(frozen=True)
class Run:
    """One command of Pulumi's: seconds by the clock and of processors, calls, and what Python was run for."""

    clock: float
    processor: float
    calls: int
    python: dict[str, tuple[float, float]]
    """Seconds by the clock and of processors, by what it was for."""


def flat(plan: planning.Plan) -> str:
    """Write the program that registers a plan's resources and nothing else."""
    custom = {resource.urn for resource in plan.custom}
    modules = sorted({short_type(resource.type).partition(".")[0] for resource in plan.custom})
    lines = ["import pulumi", f"from pulumi_gcp import {', '.join(modules)}", "", "made = {}"]
    lines += [_registered(resource, custom) for resource in ordered(plan) if resource.custom]
    return "\n".join(lines) + "\n"


def _registered(resource: Registration, custom: set[str]) -> str:
    def put(name: str, value: Any) -> str:
        if value != UNKNOWN:
            return f"{snake(name)}={plain(value)!r}"
        # Known when that is made, as in ours; the value itself is any that Google takes.
        source = resource.property_dependencies[name][0]
        other = re.sub(r"\W", "_", f"flat_{resource.name}")
        return f"{snake(name)}=made[{source!r}].id.apply(lambda _: {other!r})"

    after = ", ".join(f"made[{urn!r}]" for urn in resource.dependencies if urn in custom)
    ignored = resource.options.get("ignoreChanges")
    options = (
        f"pulumi.ResourceOptions(protect={resource.protect or None}, depends_on=[{after}], ignore_changes={ignored})"
    )
    module, _, name = short_type(resource.type).partition(".")
    inputs = ", ".join(put(key, value) for key, value in resource.inputs.items())
    return f"made[{resource.urn!r}] = {module}.{name}({resource.name!r}, opts={options}, {inputs})"


def measure(stack: str, pairs: int) -> dict[str, Any]:
    """Measure one stack; `missing` says why it cannot be."""
    found = stage.tools(ROOT, os.environ)
    if found.missing:
        return {"missing": "; ".join(f"{each.what}: {each.remedy}" for each in found.missing)}
    with _place(stack, found, as_flat=False) as ours, _place(stack, found, as_flat=True) as bare:
        told: dict[str, Any] = {"stack": stack, "pulumi": found.pulumi, "provider": found.provider, "commands": {}}
        runs: dict[str, list[tuple[Run, Run]]] = {name: [] for name in WORDS}
        sides = (("ours", ours), ("flat", bare))
        for number in range(pairs + 1):
            for name in ("up", "preview", "preview", "destroy"):
                # In turn, so that what the machine does beside meets both.
                made = {side: _run(on, name) for side, on in (sides if number % 2 else reversed(sides))}
                if number:
                    runs[name].append((made["ours"], made["flat"]))
        for name in ("preview", "up"):
            told["commands"][name] = _figures(runs[name])
        told["interpreter"] = _loading()
        return told


@contextlib.contextmanager
def _place(stack: str, found: stage.Tools, *, as_flat: bool) -> Generator[stage.Stage]:
    with stage.stage(ROOT, stack, stack_file.path_of(stack, ROOT), found) as on:
        if as_flat:
            plan = planning.make(on.stack, stack_file.path_of(on.stack, on.root), on.root)
            (on.root / "__main__.py").write_text(flat(plan), encoding="utf-8")
        venv = on.root / ".venv"
        venv.unlink()
        (venv / "bin").mkdir(parents=True)
        (venv / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n", encoding="utf-8")
        for name in ("python", "python3"):
            (venv / "bin" / name).write_text(_PYTHON.format(python=sys.executable, notes=_NOTES), encoding="utf-8")
            (venv / "bin" / name).chmod(0o755)
        # As on a group's machine: what was compiled once stays.
        environment = {name: value for name, value in on.environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment[_NOTES] = str(on.root / "notes")
        on = stage.Stage(on.root, on.stack, environment, on.emulator, on.output)
        code, said, errors = on.pulumi.run("stack init")
        if code:
            raise SystemExit(f"pulumi stack init ended with {code}:\n{said}{errors}")
        yield on


def _run(on: stage.Stage, name: str) -> Run:
    notes, first = on.root / "notes", len(on.emulator.requests)
    notes.unlink(missing_ok=True)
    start = time.perf_counter()
    words = ["pulumi", *WORDS[name], "--stack", on.stack]
    with subprocess.Popen(words, cwd=on.root, env=dict(on.environment), stdout=on.output, stderr=on.output) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"pulumi {name} ended with {process.returncode}:\n{on.last_lines(0)}")
    clock = time.perf_counter() - start
    python: dict[str, tuple[float, float]] = {}
    for line in notes.read_text(encoding="utf-8").splitlines() if notes.exists() else ():
        arguments, _, seconds, processor = json.loads(line)
        what = _what(arguments)
        before = python.get(what, (0.0, 0.0))
        python[what] = (before[0] + seconds, before[1] + processor)
    return Run(clock, used.ru_utime + used.ru_stime, len(on.emulator.requests) - first, python)


def _what(arguments: Sequence[str]) -> str:
    if any("pulumi-language-python-exec" in argument for argument in arguments):
        return "the program, with the SDK's import"
    said = " ".join(arguments[1:3]) if arguments[:1] == ["-m"] else arguments[0]
    return f"set-up check: python {said}"


def _figures(runs: Sequence[tuple[Run, Run]]) -> dict[str, Any]:
    def middle(values: Sequence[float]) -> float:
        return round(statistics.median(values), 2)

    ours = [run for run, _ in runs]
    parts = sorted({what for run in ours for what in run.python})
    return {
        "clock": {"ours": middle([a.clock for a, _ in runs]), "flat": middle([b.clock for _, b in runs])},
        "processor": {"ours": middle([a.processor for a, _ in runs]), "flat": middle([b.processor for _, b in runs])},
        "ratio by the clock": str(Ratio(tuple((a.clock, b.clock) for a, b in runs))),
        "ratio in processor time": str(Ratio(tuple((a.processor, b.processor) for a, b in runs))),
        "calls": {"ours": middle([a.calls for a, _ in runs]), "flat": middle([b.calls for _, b in runs])},
        "python": {
            what: {
                side: [middle([run.python.get(what, (0.0, 0.0))[at] for run in each]) for at in (0, 1)]
                for side, each in (("ours", ours), ("flat", [b for _, b in runs]))
            }
            for what in parts
        },
    }


def _loading() -> dict[str, float]:
    """Say what of a program is Python itself and the SDK, in seconds of a process that does nothing else."""
    found: dict[str, float] = {}
    for name, code in (
        ("Python's start", "pass"),
        ("and the SDK", "import pulumi"),
    ):
        taken: list[float] = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            taken.append(time.perf_counter() - start)
        found[name] = round(min(taken), 2)
    return found


def show(told: dict[str, Any], console: Console) -> None:
    """Print what `measure` gave."""
    if missing := told.get("missing"):
        console.print(f"Where the engine's time goes was not measured. {missing}")
        return
    console.print(
        f"Stack {told['stack']}, Pulumi {told['pulumi']}, provider {told['provider']}, an emulator without delay"
    )
    for name, found in told["commands"].items():
        table = Table(title=f"pulumi {name}", title_justify="left", box=None, pad_edge=False)
        for column in ("", "ours", "flat", "goal"):
            table.add_column(column)
        for what, key in (
            ("seconds by the clock", "clock"),
            ("seconds of processors", "processor"),
            ("calls", "calls"),
        ):
            table.add_row(what, str(found[key]["ours"]), str(found[key]["flat"]))
        for key in ("ratio by the clock", "ratio in processor time"):
            met = float(found[key].split()[0]) <= GOAL
            table.add_row(key, found[key], "", f"<= {GOAL} {'met' if met else 'not met'}")
        for what, sides in found["python"].items():
            table.add_row(f"  {what}", *(f"{clock}, {cpu} of processors" for clock, cpu in sides.values()))
        console.print(table)
        console.print()
    console.print(", ".join(f"{name} {seconds} s" for name, seconds in told["interpreter"].items()))
