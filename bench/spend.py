"""The ledger of `coursecloud status` against worlds with bills of their own: how far off it ever was."""

import functools
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from bench.figures import Figure

CHUNK = 50


@dataclass(frozen=True)
class Sum:
    """What came of some scenarios."""

    scenarios: int
    looks: int
    bill: float
    """USD, as the worlds added it up."""
    counted: float
    """USD, as the ledger did."""
    worst: float
    """The largest difference of a thing at the end beyond a hundredth, in minutes of its dearest hour a start or stop."""
    mistakes: tuple[str, ...]


def measure(scenarios: int, shell: int) -> list[Figure]:
    """Live so many scenarios through the ledger's core, and so many through the whole of it on the emulator."""
    return [
        *_figures("simulated groups, ledger against bill", _all(core, scenarios)),
        *_figures("groups on the emulator, screen against bill", _all(through_the_shell, shell)),
    ]


def _figures(name: str, found: Sum) -> list[Figure]:
    off = abs(found.counted - found.bill) / found.bill if found.bill else 0.0
    for mistake in found.mistakes[:5]:
        print(mistake, file=sys.stderr)  # noqa: T201
    wrong = len(found.mistakes)
    return [
        Figure(f"{found.scenarios} {name}: differences beyond the bound", f"{wrong}", "0", not wrong),
        Figure("  looks, and USD on all bills", f"{found.looks}, {found.bill:.0f}"),
        Figure("  all that was counted, against all bills", f"{off:.4%} off", "<= 1%", off <= 0.01),
        Figure("  most of one thing, a start or stop", f"{found.worst:.2f} min", "<= 1 min", found.worst <= 1),
    ]


def _all(live: Callable[[range], Sum], scenarios: int) -> Sum:
    chunks = [range(first, min(first + CHUNK, scenarios)) for first in range(0, scenarios, CHUNK)]
    done, start = list[Sum](), time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for each in pool.map(live, chunks):
            done.append(each)
            if sys.stderr.isatty():
                print(f"\r{len(done) * CHUNK} of {scenarios}, {time.monotonic() - start:.0f} s", end="", file=sys.stderr)  # noqa: T201 # fmt: skip
    return summed(done)


def summed(found: Iterable[Sum]) -> Sum:
    """Add up."""
    every = list(found)
    return Sum(
        sum(each.scenarios for each in every),
        sum(each.looks for each in every),
        sum(each.bill for each in every),
        sum(each.counted for each in every),
        max((each.worst for each in every), default=0.0),
        tuple(mistake for each in every for mistake in each.mistakes),
    )


def core(seeds: Sequence[int]) -> Sum:
    """Live scenarios of the simulator, whose looks go straight into the ledger."""
    from tests.spend import judge

    runs = [(seed, judge.live(seed, _rates())) for seed in seeds]
    mistakes = tuple(f"scenario {seed}: {each}" for seed, run in runs for each in run.mistakes)
    return Sum(
        len(runs), sum(run.looks for _, run in runs), sum(run.bill for _, run in runs),
        sum(run.counted for _, run in runs), max(run.worst for _, run in runs), mistakes,
    )  # fmt: skip


@functools.cache
def _rates():  # noqa: ANN202 - of the tests' own module, which loads late
    from tests.spend import judge

    return judge.rates()


def through_the_shell(seeds: Sequence[int]) -> Sum:
    """Live scenarios on the emulator, where requests make the things and logs, and the command looks."""
    from tests.spend import shell

    runs = [(seed, run) for seed, run in zip(seeds, shell.live_all(seeds), strict=True)]
    mistakes = tuple(f"scenario {seed}: {each}" for seed, run in runs for each in run.mistakes)
    return Sum(
        len(runs), sum(run.looks for _, run in runs), sum(run.bill for _, run in runs),
        sum(run.counted for _, run in runs), max(run.worst for _, run in runs), mistakes,
    )  # fmt: skip
