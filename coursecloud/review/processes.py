"""What a side's process may leave behind, and what it may look at in this one: Linux can say and end both."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path

_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36
"""Operations of prctl(2)."""

_LONGEST = 10.0
"""Seconds after which what cannot be ended is left alone: a process that the kernel itself holds."""


def guard(*, on: bool) -> None:
    """Let no other process of the user read this one's memory, environment or open files, and take in orphans.

    A process of the superuser is not kept out. On other systems than Linux nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return
    prctl = ctypes.CDLL(None).prctl
    for operation, value in ((_SET_DUMPABLE, not on), (_SET_CHILD_SUBREAPER, on)):
        prctl(operation, ctypes.c_ulong(value), *([ctypes.c_ulong(0)] * 3))


def children() -> frozenset[int]:
    """List the processes that this one started, or took in."""
    return frozenset(_children_of(os.getpid(), _parents()))


def end(group: int, others: Collection[int]) -> None:
    """Kill a process group and, after `guard`, all that came of it, also what left the group; `others` are spared."""
    _kill(-group)
    until = time.monotonic() + _LONGEST
    while left := _left(group, others):
        for pid in left:
            _kill(pid)
        for pid in _children_of(os.getpid(), _parents()) & left:
            _reap(pid)
        if time.monotonic() > until:
            return
        time.sleep(0.002)


def _left(group: int, others: Collection[int]) -> set[int]:
    """Walk from what this process took in to all that these started. The group's first is its starter's to reap."""
    parents = _parents()
    found: set[int] = set()
    new = _children_of(os.getpid(), parents) - set(others) - {group}
    new |= _children_of(group, parents)
    while new:
        found |= new
        new = {child for pid in new for child in _children_of(pid, parents)} - found
    return found


def _children_of(pid: int, parents: dict[int, int]) -> set[int]:
    return {child for child, parent in parents.items() if parent == pid}


def _parents() -> dict[int, int]:
    """Read the parent of every process; empty where there is no /proc."""
    found: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(entry.parent.name)] = int(entry.read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has just ended
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
