"""What came of a run, so that one reads it in ten seconds: a sentence, then each reason once with its groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from coursecloud.course.journal import Run, Task
from coursecloud.plan import nested

DONE = {
    "up": "are up",
    "stop": "have stopped",
    "down": "are down",
    "finish": "are finished",
    "status": "were looked at",
    "save": "have their buckets saved",
}
_NAMES = 6
"""So many groups are named in a line."""
_REASONS = 8
"""So many reasons are shown; the rest is a number."""


def sentence(run: Run, tasks: Sequence[Task], *, stopped: bool) -> str:
    """Say in a sentence what came of it."""
    counts = {state: sum(task.state == state for task in tasks) for state in ("done", "failed", "refused", "waiting")}
    parts = [f"{counts['done']} of {len(tasks)} groups {DONE[run.verb]}"]
    parts += [f"{counts['failed']} FAILED"] if counts["failed"] else []
    parts += [f"{counts['refused']} refused"] if counts["refused"] else []
    parts += [f"{counts['waiting']} not begun"] if counts["waiting"] else []
    how = "INTERRUPTED: " if stopped else ""
    return f"course {run.verb}: {how}{', '.join(parts)}."


def reasons(tasks: Sequence[Task], logs: Path) -> Iterator[str]:
    """Say why groups failed or were refused: each reason once, the one with the most groups first."""
    found: dict[tuple[str, str], list[str]] = {}
    for task in tasks:
        if task.state in ("failed", "refused"):
            found.setdefault((task.state, _plain(task)), []).append(task.stack)
    listed = sorted(found.items(), key=lambda each: (-len(each[1]), each[1]))
    for (state, words), stacks in listed[:_REASONS]:
        first, *rest = words.splitlines() or ["no reason"]
        yield f"  {'FAILED ' if state == 'failed' else 'refused'}  {names(stacks)}: {first}"
        yield from (f"           {line}" for line in rest)
    if len(listed) > _REASONS:
        yield f"  and {len(listed) - _REASONS} more reasons"
    if listed:
        yield f"  logs     {logs}/NAME.log"


def left_out(run: Run, tasks: Sequence[Task]) -> Iterator[str]:
    """Say what a save has not copied although nothing failed: who deletes next has to know."""
    if run.verb != "save":
        return
    done = [task for task in tasks if task.state == "done"]
    disks = [task.stack for task in done if task.told.get("disks")]
    older = [task.stack for task in done if any(nested.mapping(task.told.get("olderVersions")).values())]
    if disks:
        yield f"  NOT saved  files on disks of {names(disks)}: their logs say how; `--lose Disk` would delete them"
    if older:
        yield f"  NOT saved  older versions of objects of {names(older)}"
    if done:
        yield "  NOT saved  anybody's code: it is in each group's own repository"


def code(tasks: Sequence[Task], *, stopped: bool) -> int:
    """Give the exit code: 0 all done, 1 some failed, 3 some were refused and none failed, 130 interrupted."""
    if stopped:
        return 130
    states = {task.state for task in tasks}
    return 1 if "failed" in states else 3 if "refused" in states else 0


def names(stacks: Sequence[str]) -> str:
    """Name groups, the first of many."""
    more = f" and {len(stacks) - _NAMES} more" if len(stacks) > _NAMES else ""
    return ", ".join(stacks[:_NAMES]) + more


def groups(count: int) -> str:
    """Count groups in words."""
    return f"{count} group{'s' * (count != 1)}"


def _plain(task: Task) -> str:
    """Take a group's own name out of its reason, so that the same reason of another is the same."""
    return task.words.replace(f"stack {task.stack}", "the stack").replace(task.stack, "NAME")
