"""What looking before an update adds: calls to Google, and seconds, against Pulumi's own preview in the same run."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from bench.pairs import Ratio
from coursecloud.cli.commands.shared import ROOT
from coursecloud.common import stack_file
from coursecloud.deploy import checkpoint, lifecycle, machine_status, openings, summary
from coursecloud.deploy.cloud import Cloud
from coursecloud.rehearse import stage

LATENCY = 0.05
"""Seconds that each answer of the emulator waits, about as Google's do."""


def measure(stacks: Sequence[str], pairs: int) -> list[dict[str, Any]]:
    """Count and time the looks of each stack; empty where the CLI or its provider is missing."""
    found = stage.tools(ROOT, os.environ)
    if found.missing:
        return [{"missing": "; ".join(f"{each.what}: {each.remedy}" for each in found.missing)}]
    return [_of(stack, found, pairs) for stack in stacks]


def _of(stack: str, found: stage.Tools, pairs: int) -> dict[str, Any]:
    with stage.stage(ROOT, stack, stack_file.path_of(stack, ROOT), found) as on:
        if lifecycle.up(on.root, on.stack, yes=True, environment=on.environment, output=on.output):
            return {"missing": f"{stack} does not come up: {on.last_lines(0)}"}
        on.emulator.use({"latency": LATENCY})
        resources = checkpoint.resources(on.pulumi.state())
        config = stack_file.read(on.stack, stack_file.path_of(on.stack, on.root))
        project = str(config["gcp:project"])

        def beside() -> object:
            cloud = Cloud(on.environment, config)
            return openings.look(cloud, resources, project), machine_status.running(cloud, resources)

        def timed(action: Callable[[], object]) -> tuple[float, int]:
            first, start = len(on.emulator.requests), time.perf_counter()
            action()
            return time.perf_counter() - start, len(on.emulator.requests) - first

        both = [
            (timed(lambda: on.pulumi.preview("--refresh")), timed(on.pulumi.preview), timed(beside))
            for _ in range(pairs)
        ]
        return {
            "stack": stack,
            "resources": len(summary.custom(resources)),
            "calls": {"refresh": both[0][0][1] - both[0][1][1], "beside": both[0][2][1]},
            "seconds": [round(looked[0] - plain[0], 1) for looked, plain, _ in both],
            "seconds beside": [round(aside[0], 1) for *_, aside in both],
            "with a refresh / without": str(Ratio(tuple((looked[0], plain[0]) for looked, plain, _ in both))),
        }


def show(told: Sequence[dict[str, Any]], console: Console) -> None:
    """Print what `measure` gave."""
    for each in told:
        if missing := each.get("missing"):
            console.print(f"What looking first costs was not measured. {missing}")
            continue
        calls, seconds, aside = each["calls"], sorted(each["seconds"]), sorted(each["seconds beside"])
        console.print(
            f"Looking before an update of {each['stack']} ({each['resources']} resources, {1000 * LATENCY:.0f} ms an"
            f" answer): {calls['refresh']} calls by Pulumi's refresh, {calls['beside']} beside it at the same time;"
            f" {seconds[len(seconds) // 2]} s more than a preview without ({seconds[0]} to {seconds[-1]}), of which"
            f" {aside[len(aside) // 2]} s beside; preview with / without {each['with a refresh / without']}"
        )
