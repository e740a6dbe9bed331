"""Paired timings: A and B in turn, and their ratio pair by pair, so that a slow moment of the machine meets both."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """A against B over several pairs: seconds of processor time, or of the clock where that is what was asked."""

    pairs: tuple[tuple[float, float], ...]

    @property
    def all(self) -> list[float]:
        """The ratio A/B of each pair."""
        return [a / b for a, b in self.pairs]

    @property
    def median(self) -> float:
        """The ratio to quote."""
        return statistics.median(self.all)

    def __str__(self) -> str:
        """Render as median, least and most."""
        return f"{self.median:.2f} ({min(self.all):.2f} to {max(self.all):.2f})"


def processes(
    a: Sequence[str],
    b: Sequence[str],
    *,
    pairs: int,
    clock: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Ratio:
    """Time two Python command lines as whole processes, after one uncounted pair.

    In processor seconds, or by the `clock` where what they run side by side should count once. `environment` is what
    A finds beside this process's own.
    """
    both = [(_process(a, environment or {}, clock=clock), _process(b, {}, clock=clock)) for _ in range(pairs + 1)]
    return Ratio(tuple(both[1:]))


def calls(a: Callable[[], object], b: Callable[[], object], *, pairs: int) -> Ratio:
    """Time two calls in this process, in processor seconds, after one uncounted pair."""
    both = [(_call(a), _call(b)) for _ in range(pairs + 1)]
    return Ratio(tuple(both[1:]))


def _process(arguments: Sequence[str], environment: Mapping[str, str], *, clock: bool) -> float:
    command, found = [sys.executable, *arguments], {**os.environ, **environment}
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=found) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}; there is nothing to time")
    return time.perf_counter() - start if clock else usage.ru_utime + usage.ru_stime


def _call(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start
