"""One verb on many groups, from the words of a command line to its exit code."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from coursecloud.cli import refusals
from coursecloud.cli.commands.course import cloud_run, lock, shared_runs, working
from coursecloud.cli.commands.course.asked import Asked, chosen, there
from coursecloud.cli.commands.course.shared_runs import SharedRuns
from coursecloud.cli.commands.shared import program, refuse, say
from coursecloud.common import progress
from coursecloud.common.console import visible
from coursecloud.course import engine, summary
from coursecloud.course.journal import BusyError, Journal, Run, Task
from coursecloud.course.outcome import Outcome
from coursecloud.course.selection import named
from coursecloud.course.shared import PATIENCE as PATIENCE_SHARED

EACH = 600
"""MB that one group's command takes with Pulumi and the provider (measured on an `up`: 0.5 GB)."""
MOST = 16
"""At once without being asked for more."""
DOES = {
    "up": "brings them up",
    "stop": "stops machines, jobs and services; disks and data stay",
    "down": "deletes what is not kept",
    "finish": "DELETES EVERYTHING of them, data included",
    "status": "looks at them",
    "save": "copies data and models into a folder",
}
PATIENCE = {"status": engine.Patience(tries=2, first=5)}


def at_once() -> int:
    """Say how many groups this machine bears at once: by its memory, and no more than twice its processors or 16."""
    try:
        megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (ValueError, OSError):
        megabytes = 4096
    return max(1, min(MOST, 2 * (os.cpu_count() or 1), megabytes * 3 // 4 // EACH))


def act(asked: Asked, *, asks: Callable[[int], bool] | None = None) -> tuple[int, list[Task]]:
    """Do a verb on groups: dry run, question, work, summary. Gives the exit code and what came of each.

    `asks` gets the number of groups and says whether it may be done; without it a yes is enough.
    """
    journal = Journal(asked.folder, only_read=asked.dry_run)
    shared = shared_runs.of(asked)
    if asked.cloud_run and shared is None:
        refuse(
            "--engine cloud-run\n    rule    a course in Cloud Run has a bucket and a job, which its roster names\n"
            "    remedy  add `record` and `job` to course.yaml (docs/course.md, In Cloud Run)"
        )
    if asked.afresh:
        open_run = None
    else:
        open_run = shared.same(journal, asked) if shared else journal.same(asked.verb, asked.key())
    if open_run:
        found, by_name = _stacks(journal, open_run), named(asked.only, there(asked))[1]
        left = [task.stack for task in journal.tasks(open_run.id) if task.state in ("waiting", "working")]
    else:
        found, by_name = chosen(asked, journal)
        left = found
    _announce(asked, open_run, left, journal)
    if asked.dry_run:
        groups = [{"stack": stack} for stack in left]
        refusals.document({"version": 1, "command": f"course {asked.verb}", "dryRun": True, "groups": groups})
        return 0, []
    if not (asks(len(left)) if asks else _agreed(asked, len(left))):
        refuse(
            f"course {asked.verb} was not confirmed: nothing was done\n"
            "    remedy  answer the question with y, or say --yes"
        )
    try:
        _give_up_others(journal, open_run, found, asked.verb)
        run = open_run or (
            shared.begin(journal, asked, found, by_name) if shared else journal.begin(asked.verb, asked.key(), found)
        )
        with journal.own(run.id):
            return _work(asked, journal, run, by_name, shared)
    except BusyError as error:
        refuse(
            f"a course's command is at work on these groups already: {error}\n"
            "    rule    one command works on a group\n"
            "    remedy  wait for its end, or stop it by Ctrl-C: the same command then goes on where it was"
        )


def _give_up_others(journal: Journal, own: Run | None, found: Sequence[str], verb: str) -> None:
    """Close the runs of other commands that were cut off, if all their groups are in this one; a look disturbs none.

    Raises BusyError where one of them is at work.
    """
    for other in journal.open():
        theirs = set(_stacks(journal, other))
        if (own and other.id == own.id) or "status" in (verb, other.verb) or not theirs & set(found):
            continue
        with journal.own(other.id):
            if theirs <= set(found):
                journal.end(other.id, f"given up for `course {verb}`")


def _stacks(journal: Journal, run: Run) -> list[str]:
    return [task.stack for task in journal.tasks(run.id)]


def _announce(asked: Asked, open_run: Run | None, left: Sequence[str], journal: Journal) -> None:
    what = f"course {asked.verb}: {DOES[asked.verb]}: {summary.groups(len(left))}"
    if open_run:
        done = len(_stacks(journal, open_run)) - len(left)
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(open_run.began))
        what += f" that are left of the run of {began} ({done} are settled); --afresh begins anew"
    if asked.verb == "status" or progress.quiet():
        return
    say(f"{what}{', dry run' if asked.dry_run else ''}")
    say(f"  {summary.names(left) if len(left) > 40 else ', '.join(left)}")
    if asked.verb in ("down", "finish"):
        say("  a group whose data are neither kept nor saved is left as it is, unless it is named by --only"
            if asked.verb == "down" else
            "  a group with data that are not saved is left as it is, unless it is named by --only")  # fmt: skip


def _agreed(asked: Asked, count: int) -> bool:
    if asked.yes or asked.verb == "status":
        return True
    if not sys.stdin.isatty():
        refuse(
            f"course {asked.verb} of {summary.groups(count)} asks first, and nobody is there to answer\n"
            "    rule    what changes the cloud is done when somebody says yes\n"
            "    remedy  look at --dry-run, then --yes"
        )
    try:
        return typer.confirm(f"Do it for {summary.groups(count)}?", err=refusals.wanted())
    except typer.Abort:
        return False


def _work(
    asked: Asked, journal: Journal, run: Run, by_name: frozenset[str], shared: SharedRuns | None
) -> tuple[int, list[Task]]:
    # The journal is this thread's; what works on groups gets what it needs of it now.
    saved = {stack: str(Path(to) / stack) for stack, to in _saved(journal)} if asked.verb in ("down", "finish") else {}
    with_members = [stack for stack, entry in lock.groups(asked.folder).items() if entry.members]
    how = working.How(by_name, asked.lose, with_members, asked.to, saved)
    local = working.local(asked.folder, program(), run.id, how)
    stop, began = engine.Stop(), dict[str, float]()
    run_one: engine.RunOne = local
    if shared:
        record, lift = shared.record, asked.lift_locks
        run_one = working.sharing(local, record, run.record, asked.verb, stopping=lambda: bool(stop.times), lift=lift)
    total = len(_stacks(journal, run))

    def heard(task: Task, outcome: Outcome | None, again: float | None) -> None:
        if outcome is None:
            began[task.stack] = time.time()
        elif not progress.quiet() and asked.verb != "status":
            _tell(task, outcome, again, time.time() - began[task.stack], journal.counts(run.id), total)

    whole = True
    with engine.stoppable(stop):
        if asked.cloud_run and shared:
            whole = cloud_run.work(
                asked.folder, journal, run, shared, stop, heard, at_once=asked.at_once, lift=asked.lift_locks
            )
        else:
            engine.work(
                journal, run, run_one, at_once=asked.at_once or at_once(), stop=stop, interrupt=local.interrupt,
                patience=PATIENCE.get(asked.verb) or (PATIENCE_SHARED if shared else None), heard=heard,
            )  # fmt: skip
    if shared and shared.settle(run) and asked.cloud_run:
        journal.end(run.id)
    tasks = list(journal.tasks(run.id))
    stopped = bool(stop.times) and any(task.state in ("waiting", "working") for task in tasks)
    return summary.code(tasks, stopped=stopped) or int(not whole), tasks


def _saved(journal: Journal) -> Iterator[tuple[str, str]]:
    """Give each group that a `save` has copied last, and the folder of that run."""
    for stack, task in journal.latest("save").items():
        if task.state == "done" and (to := journal.run(task.run).asked.get("to")):
            yield stack, str(to)


def _tell(
    task: Task, outcome: Outcome, again: float | None, seconds: float, counts: Mapping[str, int], total: int
) -> None:
    settled = total - counts.get("waiting", 0) - counts.get("working", 0)
    first = (outcome.words.splitlines() or [""])[0]
    how = f"again in {max(0, again - time.time()):.0f} s" if again else "FAILED" if outcome.code else "done"
    how = "refused" if not again and outcome.state == "refused" else how
    why = f": {first}" if outcome.code else ""
    sys.stderr.write(visible(f"{settled:>4}/{total}  {how:<8} {task.stack}, {seconds:.0f} s{why}") + "\n")


def report(asked: Asked, code: int, tasks: Sequence[Task], *, more: Iterable[str] = ()) -> None:
    """Print the summary of a run, or its JSON."""
    if not tasks:
        return
    journal = Journal(asked.folder)
    run, stopped = journal.run(tasks[0].run), code == 130
    logs = journal.folder / "logs" / f"run-{run.id}"
    head = summary.sentence(run, tasks, stopped=stopped)
    if refusals.wanted():
        refusals.document({
            "version": 1, "command": f"course {asked.verb}", "run": run.id, "headline": head, "exit": code,
            "groups": [_form(task, logs) for task in tasks], **asked.extra,
        })  # fmt: skip
        return
    say(head)
    if progress.quiet():
        return
    for text in (*summary.reasons(tasks, logs), *summary.left_out(run, tasks), *more):
        say(text)
    if stopped:
        say("  next     the same command goes on where it was")
    elif code:
        say(f"  next     mend what is said above, then `coursecloud course {asked.verb} --failed`")


def _form(task: Task, logs: Path) -> dict[str, Any]:
    seconds = task.ended - task.began if task.ended and task.began else None
    told = json.loads(json.dumps(dict(task.told)))
    return {"stack": task.stack, "state": task.state, "failedTries": task.tries, "exit": task.code, "words": task.words,
            "seconds": None if seconds is None else round(seconds, 1), "log": str(logs / f"{task.stack}.log"),
            "told": told or None}  # fmt: skip
