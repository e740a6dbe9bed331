"""The figures of a review: against one plan of the same stack, over a whole course, and what cost and rules add."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import pairs
from bench.figures import GROUPS, ROOT, Figure, dev, group_stacks, peak_memory, ratio_under
from coursecloud import cost
from coursecloud.policy import check

TODAY = datetime.date(2026, 11, 23)
"""A day on which exceptions are judged: any will do."""


def against_a_plan(runs: int) -> Figure:
    """Hold a review of dev's last commit against one plan of dev: whole commands by the clock.

    A review renders two sides, in sandboxes side by side; on one core or without a sandbox it takes twice as long.
    """
    ratio = pairs.processes(
        ["-m", "coursecloud", "review", "--stack", "dev", "--base", "HEAD"],
        ["-m", "coursecloud", "plan", "--stack", "dev"],
        pairs=runs,
        clock=True,
    )
    return ratio_under("review of dev / one plan of dev, by the clock", ratio, 1.5)


def cost_and_rules(runs: int) -> list[Figure]:
    """Hold the estimate and the rules of dev against making its plan, both in one process."""
    plan = dev()
    parts = {
        "cost": pairs.calls(lambda: cost.estimate(plan), dev, pairs=runs),
        "rules": pairs.calls(lambda: check(plan, TODAY), dev, pairs=runs),
        "cost and rules": pairs.calls(lambda: (cost.estimate(plan), check(plan, TODAY)), dev, pairs=runs),
    }
    return [
        ratio_under(f"{name} / plan of dev, calls", ratio, 0.10 if name == "cost and rules" else None)
        for name, ratio in parts.items()
    ]


def many() -> list[Figure]:
    """Review as many stacks as a large course has groups; every one of them gets another machine."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "project")
        _copy(root)
        for number in range(GROUPS):
            file = root / f"Pulumi.group-{number:03}.yaml"
            file.write_text(file.read_text(encoding="utf-8").replace("trainer:", "sweeper:"), encoding="utf-8")
        words = ["-m", "coursecloud", "review", "--base", "HEAD", "--project", str(root), "--json"]
        with Path(folder, "review.json").open("wb") as out:
            seconds, peak = peak_memory([sys.executable, *words], out)
        size = Path(folder, "review.json").stat().st_size / 1e6
    return [
        Figure(f"{GROUPS} group stacks reviewed, each changed", f"{seconds:.0f} s, {size:.0f} MB of JSON"),
        Figure("  memory of the largest process", f"{peak:.0f} MB", "< 500 MB", peak < 500),
    ]


def _copy(root: Path) -> None:
    """Make a repository of the program and the groups' stack files."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("catalog", "coursecloud", "guardrails", "infra", "starter"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for name in ("__main__.py", "Pulumi.yaml", "requirements.txt"):
        shutil.copyfile(ROOT / name, root / name)
    group_stacks(root)
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "core.hooksPath=/dev/null"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "before"]):
        subprocess.run([*git, *words], cwd=root, check=True)
