"""A command that is cut off: Ctrl-C, a closed terminal, a kill, no network, a token that runs out."""

from __future__ import annotations

import os
import signal
import time

from tests.month.month import Month
from tests.month.terminal import Running

BY = ("ctrl-c", "ctrl-c-twice", "sigterm", "hang-up", "kill-self", "kill-pulumi", "kill-all", "network", "token")


def interrupted(
    month: Month,
    command: str,
    by: str = "ctrl-c",
    after: tuple[int, int] = (1, 20),
    exit_code: int | None = None,
    lose: tuple[str, ...] = (),
    who: str = "own",
    away: float = 4.0,
    wait: bool = True,
) -> None:
    """Begin a command and end it from outside after so many writes; see that no process stays where none may."""
    assert by in BY, by
    first, due = len(month.place.emulator.requests), month.draw(*after)
    begun: list[float] = []

    def watch(running: Running) -> None:
        if begun:
            if by == "ctrl-c-twice" and len(begun) == 1 and time.monotonic() - begun[0] > 0.5:
                begun.append(time.monotonic())
                running.ctrl_c()
            if by in ("network", "token") and len(begun) == 1 and time.monotonic() - begun[0] > away:
                begun.append(time.monotonic())
                month.place.emulator.use({})
            return
        if len(month.writes(first)) < due:
            return
        begun.append(time.monotonic())
        _end(month, running, by)

    # Answers take a while, so that what is cut off also meets what was done and not yet written down.
    month.place.emulator.use({"latency": 0.05})
    line = month.line(command, month.stack, "yes", lose)
    said = month.command(line, command, month.stack, who=who, watch=watch)
    month.log.append(f"-- cut off by {by} after {due} writes" + ("" if begun else ", which it did not come to"))
    month.place.emulator.use({})
    if exit_code is not None and begun and said.code != exit_code:
        month.broken(f"{command} ended by {by}: exit code {said.code}, not {exit_code}", said.ended)
    if "Traceback (most recent call last)" in said.ended.text:
        month.soft.append(f"{command} ended by {by}: a traceback")
    if by in ("kill-self", "kill-pulumi"):
        # What lives on may end its work; whoever types the next command at once is a case of its own.
        until = time.monotonic() + (180 if wait else 0)
        while month.processes() and time.monotonic() < until:
            time.sleep(0.2)
    elif by != "kill-all":
        month.clean(f"{command} ended by {by}", said.ended, patience=20, locks=by in ("ctrl-c", "sigterm"))


def _end(month: Month, running: Running, by: str) -> None:
    process = running.process.pid
    if by in ("ctrl-c", "ctrl-c-twice"):
        running.ctrl_c()
    elif by == "sigterm":
        os.kill(process, signal.SIGTERM)
    elif by == "hang-up":
        running.hang_up()
    elif by == "kill-self":
        os.kill(process, signal.SIGKILL)
    elif by == "kill-pulumi":
        _kill({pid for pid, line in month.processes().items() if line.split()[0].rpartition("/")[2] == "pulumi"})
    elif by == "kill-all":
        while found := set(month.processes()):
            _kill(found)
            time.sleep(0.05)
    elif by == "network":
        month.place.emulator.use({"faults": [{"match": "*", "cut": "before", "count": 0}]})
    else:
        refusal = {
            "match": "*",
            "status": 401,
            "count": 0,
            "message": "Request had invalid authentication credentials.",
        }
        month.place.emulator.use({"faults": [refusal]})


def _kill(processes: set[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has just ended
