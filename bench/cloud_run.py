"""What 500 groups take in Cloud Run: worked out from one task that brings a stack up here, and the dated prices."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import requests
import yaml

from bench.figures import GROUPS, ROOT, Figure
from coursecloud.cli.commands.course.cloud_run import EACH, hand_over, tasks_for
from coursecloud.cost import prices
from coursecloud.course.objects import Objects
from coursecloud.course.record import Record
from coursecloud.deploy.cloud import Cloud
from coursecloud.rehearse import stage
from emulator import Emulator

PROJECT, STACK = "bench-project-1", "bench"
RECORD, STATES = "bench-course-runs", "bench-course-state"
MEMORY = 2
"""GiB of a task (`course/runner.py`), with one vCPU."""
START = 30
"""Seconds until a container of this size works, which are billed; not measured here."""
LEASE = 20
"""Operations of class A that a stack of a minute and a half takes: the lease's beats, its result twice, its log."""


@dataclass(frozen=True)
class Measured:
    """What one stack took of a task."""

    seconds: float
    peak: float
    """MB of all its processes at once, memory that they share counted once."""


def measure() -> list[Figure]:
    """Bring a stack up by the container's entry point, and work out a course; without the engine say so."""
    found = stage.tools(ROOT, os.environ)
    if found.missing:
        why = "; ".join(f"{each.what}: {each.remedy}" for each in found.missing)
        return [Figure(f"{GROUPS} groups in Cloud Run", f"not worked out: {why}")]
    one = _one(found)
    return [
        Figure("one stack brought up by a task, on the emulator", f"{one.seconds:.0f} s, {one.peak:.0f} MB"),
        *worked_out(one, prices.load()),
    ]


def worked_out(one: Measured, known: prices.Prices) -> list[Figure]:
    """Say what a course takes by the clock and in dollars: instance-based billing, in a region of the first tier."""
    tasks = tasks_for(GROUPS, 0)
    clock = START + EACH * one.seconds
    billed = Decimal(str(tasks * START + GROUPS * one.seconds))
    cpu, memory, writes = (
        known.service(f"{key}") for key in ("run.cpu-instance", "run.memory-instance", "storage.writes")
    )
    if cpu is None or memory is None:
        return [Figure(f"{GROUPS} groups in Cloud Run", "?: no price of `run.cpu-instance`")]
    usd = billed * (cpu + MEMORY * memory)
    free = [known.free(key) for key in ("run.cpu-instance", "run.memory-instance")]
    used = (billed, MEMORY * billed)
    within = all(each and amount <= each.amount for each, amount in zip(free, used, strict=True))
    tier = "within the free tier of a month" if within else "of which a free tier takes a part"
    lease = f", and {GROUPS * LEASE * writes:.2f} USD of writes" if writes is not None else ""
    return [
        Figure(
            f"{GROUPS} groups in Cloud Run, {tasks} tasks of 1 vCPU and {MEMORY} GiB",
            f"{clock / 60:.0f} min, {usd:.2f} USD ({tier}{lease}; prices of {known.date})",
        ),
        Figure("  memory of a task", f"{one.peak:.0f} MB", f"< {MEMORY * 1024} MB", one.peak < MEMORY * 1024),
    ]


def _one(found: stage.Tools) -> Measured:
    with tempfile.TemporaryDirectory() as name, Emulator(projects=[PROJECT]) as emulator:
        folder, home = Path(name, "course"), Path(name, "home")
        folder.mkdir()
        (home / ".pulumi").mkdir(parents=True)
        if found.plugins:
            (home / ".pulumi/plugins").symlink_to(found.plugins, target_is_directory=True)
        for project in emulator.world.projects.values():
            project.services |= {"logging.googleapis.com", "storage.googleapis.com"}
        for bucket in (RECORD, STATES):
            requests.post(
                f"{emulator.url}/storage/v1/b", params={"project": PROJECT}, json={"name": bucket}, timeout=30
            ).raise_for_status()
        course = {"group": STACK, "backend": f"gs://{STATES}/{PROJECT}"}
        config = {"config": {"gcp:project": PROJECT, "coursecloud:course": course}}
        (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        environment = stage.scrubbed(os.environ, emulator.env(PROJECT), home)
        environment.pop("PULUMI_BACKEND_URL", None)
        objects = Objects(RECORD, lambda: Cloud(environment, {}))
        before = dict(os.environ)
        os.environ.update(environment)  # what hands over asks as this very process
        try:
            hand_over(folder, [STACK], objects)
        finally:
            os.environ.clear()
            os.environ.update(before)
        run = Record(objects).begin("up", {}, [STACK], {})
        return _task(run.id, environment)


def _task(run: str, environment: Mapping[str, str]) -> Measured:
    line = [sys.executable, "-m", "coursecloud.cli.commands.course.task", "--record", f"gs://{RECORD}", "--run", run]
    peak, start = 0.0, time.perf_counter()
    with subprocess.Popen(
        line, cwd=ROOT, env={**environment, "CLOUD_RUN_JOB": "bench"}, stdout=subprocess.PIPE
    ) as task:
        while task.poll() is None:
            peak = max(peak, sum(map(_memory, _with_children(task.pid))))
            time.sleep(0.3)
        said = task.stdout.read().decode() if task.stdout else ""
    if task.returncode or f"{STACK}: done" not in said:
        raise SystemExit(f"the task ended with {task.returncode}; there is nothing to measure:\n{said}")
    return Measured(time.perf_counter() - start, peak)


def _with_children(number: int) -> list[int]:
    """List a process and all that it has started (proc(5))."""
    found = [number]
    for each in found:
        for thread in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in thread.read_text(encoding="utf-8").split()]
            except OSError:
                continue  # it has just ended
    return found


def _memory(number: int) -> float:
    """Give the MB of a process, of what it shares with others its part; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0)
