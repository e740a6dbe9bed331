"""The figures of a plan: what it costs over the SDK alone, where its time goes, and many stacks at once."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench import bare, pairs
from coursecloud.common import stack_file
from coursecloud.plan import planning

ROOT = Path(__file__).parent.parent
GROUPS = 500


@dataclass(frozen=True)
class Figure:
    """One line of the report; `goal` is what it should stay under, and `met` says whether it did."""

    name: str
    value: str
    goal: str = ""
    met: bool | None = None


def ratio_under(name: str, ratio: pairs.Ratio, goal: float | None = None) -> Figure:
    """Make a ratio's line; None is no goal."""
    value = f"{ratio} of {len(ratio.pairs)} pairs"
    return Figure(name, value) if goal is None else Figure(name, value, f"<= {goal:g}", ratio.median <= goal)


def dev() -> planning.Plan:
    """Make the plan of the smallest stack."""
    return planning.make("dev", stack_file.path_of("dev", ROOT), ROOT)


def command(runs: int) -> Figure:
    """Hold `coursecloud plan` of dev against a process that only loads the SDK classes which dev uses."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "imports.py"
        program.write_text(bare.imports(dev()), encoding="utf-8")
        ratio = pairs.processes(["-m", "coursecloud", "plan", "--stack", "dev"], [str(program)], pairs=runs)
    return ratio_under("plan of dev / import of its SDK classes, processes", ratio, 1.2)


def registration(runs: int) -> Figure:
    """Hold making the plan of dev against registering the same resources on mocks with nothing around them."""
    register = bare.registration(dev())
    # What the SDK's import left is never walked by the collector, which would hit one of the two at random.
    gc.collect()
    gc.freeze()
    ratio = pairs.calls(dev, register, pairs=runs)
    gc.unfreeze()
    return ratio_under("plan of dev / bare mock registration, calls", ratio, 1.15)


def shares() -> list[Figure]:
    """Say where the time of `coursecloud plan` of dev goes: loading by package, and the rest."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "coursecloud", "plan", "--stack", "dev"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    total = (time.perf_counter() - start) * 1e6
    loading: Counter[str] = Counter()
    for line in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", done.stderr, re.MULTILINE):
        loading[_group(line[1])] += int(line[0])
    loading["everything that is not loading"] = round(total - sum(loading.values()))
    return [Figure(f"  {name}", f"{micros / total:.0%}") for name, micros in loading.most_common()]


def _group(module: str) -> str:
    package = module.partition(".")[0]
    groups = {
        "loading pulumi_gcp": ("pulumi_gcp",),
        "loading pulumi, gRPC and protobuf": ("pulumi", "grpc", "google", "opentelemetry", "asyncio"),
        "loading pydantic": ("pydantic", "pydantic_core", "annotated_types"),
        "loading typer and rich": ("typer", "click", "rich", "pygments"),
        "loading coursecloud and infra": ("catalog", "coursecloud", "guardrails", "infra"),
    }
    return next((group for group, packages in groups.items() if package in packages), "loading the rest")


def group_stacks(folder: Path) -> None:
    """Write the stack files of a large course: each as small as dev, with a machine of its own."""
    for number in range(GROUPS):
        Path(folder, f"Pulumi.group-{number:03}.yaml").write_text(
            f"config:\n  gcp:project: course-group-{number:03}\n"
            f"  coursecloud:course: {{group: group-{number:03}}}\n"
            f"  coursecloud:machines: {{trainer: {{bootDisk: {{sizeGb: {20 + number % 50}}}}}}}\n",
            encoding="utf-8",
        )


def peak_memory(command: Sequence[str], out: IO[bytes] | int = subprocess.DEVNULL) -> tuple[float, float]:
    """Run a command; give its seconds and the MB of the largest process that it and its children were."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=out) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}; there is nothing to measure")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def many() -> list[Figure]:
    """Plan as many stacks as a large course has groups."""
    with tempfile.TemporaryDirectory() as folder:
        group_stacks(Path(folder))
        words = ["-m", "coursecloud", "plan", "--all", "--csv", "--folder", folder]
        seconds, peak = peak_memory([sys.executable, *words])
    cores = os.cpu_count()
    return [
        Figure(f"{GROUPS} group stacks planned on {cores} cores", f"{seconds:.0f} s", "< 60 s", seconds < 60),
        Figure("  memory of the largest process", f"{peak:.0f} MB", "< 500 MB", peak < 500),
    ]
