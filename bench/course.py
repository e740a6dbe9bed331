"""A whole course: its plan and page against `plan --all` of the same files, and many groups worked on by nobody."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import cloud_run, figures, pairs
from bench.figures import Figure

STEPS = 5000
"""Groups of the simulation (tests/course/simulated.py): some fail, some are limited, none does anything."""


def measure(times: int) -> list[Figure]:
    """Time the plan and the page of a course of 500 groups and a run of 5,000; work out what 500 take in Cloud Run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures.group_stacks(folder)
        page = ["course", "status", "--known", "--html", str(folder / "course.html")]
        words = {what: ["-m", "coursecloud", *line, "--folder", name] for what, line in {
            "plan": ["course", "plan", "--csv"], "page": page, "all": ["plan", "--all", "--csv"],
        }.items()}  # fmt: skip
        ratios = [
            figures.ratio_under(
                f"{what} of {figures.GROUPS} groups / plan --all of them",
                pairs.processes(words[line], words["all"], pairs=times),
                1.2,
            )
            for what, line in (("course plan", "plan"), ("course status --known --html", "page"))
        ]
        _, peak = figures.peak_memory([sys.executable, *words["page"]])
    memory = Figure("  memory of the largest process", f"{peak:.0f} MB", "< 300 MB", peak < 300)
    return [*ratios, memory, _simulated(), *cloud_run.measure()]


def _simulated() -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "tests.course.simulated", folder, str(STEPS), "20", "1", "0"]
        start = time.perf_counter()
        told = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    seconds = time.perf_counter() - start
    return Figure(f"{STEPS:,} groups of a simulation, 20 at once", f"{seconds:.0f} s, {told[1]} MB")
