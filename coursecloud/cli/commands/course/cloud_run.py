"""A run of a course by its job in Cloud Run: what it needs is handed over, it is started, and watched to its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from coursecloud.cli.commands.course import lock, working
from coursecloud.cli.commands.course.shared_runs import SharedRuns
from coursecloud.cli.commands.shared import refuse, say
from coursecloud.common import progress, stack_file
from coursecloud.course import engine, handed
from coursecloud.course.journal import FOLDER, Journal, Run, Task
from coursecloud.course.objects import Objects
from coursecloud.course.outcome import Outcome
from coursecloud.course.record import Result
from coursecloud.course.sharing import Job
from coursecloud.deploy.cloud import Cloud, CloudError
from coursecloud.deploy.preconditions import settings_of
from infra import files
from infra.settings import SettingsError

Json = dict[str, Any]
EACH = 10
"""Stacks of a task, so that ten of them share the half minute in which a container starts."""
MOST = 100
"""Tasks at once that a project may have without asking for more (`Cloud Run Jobs quotas`, 2026-11, from memory)."""
POLL = 5.0
Heard = Callable[[Task, Outcome | None, float | None], None]


def hand_over(folder: Path, stacks: Sequence[str], objects: Objects | None) -> None:
    """Hand a runner elsewhere what it needs: stack files to the course's bucket, the rest beside the state.

    Without a bucket of the course, as on a group's own machine, only members are handed over. Raises SettingsError,
    NotHandedError and CloudError.
    """
    known = lock.groups(folder)
    for stack in progress.counted("Handing over", len(stacks), iter(stacks)):
        backend = settings_of(folder, stack).course.backend or ""
        members = folder / f"members.{stack}.yaml"
        given = {"members": files.text_of(members)} if members.exists() else {}
        handed.hand_own(backend, stack, working.cloud, given)
        if objects:
            text = files.text_of(stack_file.path_of(stack, folder))
            belongs = bool(given) or bool(stack in known and known[stack].members)
            handed.hand(objects, stack, text, backend, members=belongs)


@dataclass(frozen=True)
class CloudRun:
    """The job of a course, as whoever runs the course sees it."""

    job: Job
    bucket: str
    cloud: Cloud
    sleep: Callable[[float], None] = time.sleep

    def start(self, run: str, tasks: int, *, lift: bool) -> str:
        """Start so many tasks on a run; gives the execution's full name. Raises CloudError."""
        words = ["--record", f"gs://{self.bucket}", "--run", run, *["--lift-locks"] * lift]
        body: Json = {"overrides": {"taskCount": tasks, "containerOverrides": [{"args": words}]}}
        begun = self.cloud.call("POST", "cloudRunV2", f"{self.job.path}:run", region=self.job.region, body=body)
        # The operation tells the execution while it runs, and has it as its answer when it has ended.
        told = [cast("Json", begun.get(part) or {}).get("name") for part in ("metadata", "response")]
        return next((str(name) for name in told if name), "")

    def at_work(self, run: str) -> str:
        """Give the execution that works on a run already; empty where none does. Raises CloudError."""
        path = f"{self.job.path}/executions"
        listed, _ = self.cloud.pages("cloudRunV2", path, "executions", most=1, region=self.job.region)
        for each in cast("list[Json]", listed):
            boxes = cast("list[Json]", (each.get("template") or {}).get("containers") or [{}])
            if not each.get("completionTime") and run in (boxes[0].get("args") or ()):
                return str(each["name"])
        return ""

    def ended(self, execution: str) -> bool:
        """Say whether an execution has ended, well or not. Raises CloudError."""
        return bool(self.cloud.get("cloudRunV2", execution, region=self.job.region).get("completionTime"))


def tasks_for(stacks: int, at_once: int) -> int:
    """Say how many tasks work on so many stacks."""
    return max(1, min(stacks, at_once or min(MOST, -(-stacks // EACH))))


def work(
    folder: Path, journal: Journal, run: Run, shared: SharedRuns, stop: engine.Stop, heard: Heard, *,
    at_once: int, lift: bool, job: CloudRun | None = None,
) -> bool:  # fmt: skip
    """Have the job work on what is left of a run, until all of it is settled; False where something is left."""
    job = job or of(shared)
    left = [task.stack for task in journal.tasks(run.id) if task.state == "waiting"]
    seen = {task.stack for task in journal.tasks(run.id)} - set(left)
    if not left:
        return True
    try:
        execution = job.at_work(run.record)
        if not execution:
            hand_over(folder, left, shared.record.objects)
            execution = job.start(run.record, tasks_for(len(left), at_once), lift=lift)
        say(f"  {execution.rpartition('/')[2]} works on it in {job.job.region}; Ctrl-C leaves it at work")
        while True:
            ended = job.ended(execution)
            results = shared.record.results(run.record)
            for stack in [each for each in left if each not in seen]:
                if (found := results.get(stack)) and found.settled:
                    seen.add(stack)
                    _take(folder, journal, run, shared, stack, found, heard)
            if stop.times or ended or len(seen) == len(left):
                break
            stop.wait(POLL)
    except (SettingsError, handed.NotHandedError) as error:
        refuse(error)
    except CloudError as error:
        refuse(f"{job.job.path}: {error.words}\n    remedy  docs/course.md, In Cloud Run, says who may start it", 1)
    rest = sorted(set(left) - seen)
    if rest and not stop.times:
        say(f"  {execution.rpartition('/')[2]} has ended before it came to {', '.join(rest[:6])}; its log says why")
    return not rest


def _take(
    folder: Path, journal: Journal, run: Run, shared: SharedRuns, stack: str, found: Result, heard: Heard
) -> None:
    """Take what came of a stack into the journal, and its log where it did not go well."""
    journal.adopt(run.id, stack, found)
    task = next(each for each in journal.tasks(run.id) if each.stack == stack)
    if found.state != "done" and (content := shared.record.objects.bytes(f"logs/{run.record}/{stack}.log")):
        logs = folder / FOLDER / "logs" / f"run-{run.id}"
        logs.mkdir(parents=True, exist_ok=True)
        (logs / f"{stack}.log").write_bytes(content)
    heard(task, None, None)
    heard(task, found.outcome, None)


def of(shared: SharedRuns) -> CloudRun:
    """Give the job that the roster names; refuses where it names none."""
    if shared.sharing.job is None:
        refuse(
            "--engine cloud-run\n    rule    the roster says which job works on the course: `job`, beside `record`\n"
            "    remedy  docs/course.md, In Cloud Run, says how it is made; without it this machine does the work"
        )
    return CloudRun(shared.sharing.job, shared.sharing.bucket, Cloud(os.environ, {}))
