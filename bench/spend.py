"""The ledger of `coursecloud status` against simulated groups with bills of their own: how far off it ever was."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
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
    """The most that a thing differed beyond a hundredth, in minutes of its dearest hour for each start and stop."""
    mistakes: tuple[str, ...]


def measure(scenarios: int, typed: int) -> list[Figure]:
    """Live so many scenarios of tests/spend through the ledger, and so many through `coursecloud status` itself.

    Ten thousand of the first take half an hour on two cores, three hundred of the second a quarter of one; these go on
    where the same code has ended (`python -m tests.spend.shell`).
    """
    chunks = [range(first, min(first + CHUNK, scenarios)) for first in range(0, scenarios, CHUNK)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(figures(summed(pool.map(live, chunks))))
    return [*found, *(of_the_command(typed) if typed else ())]


def of_the_command(scenarios: int) -> Iterator[Figure]:
    """Live scenarios on the emulator, where each look is the command as it is typed."""
    from tests.spend import shell

    runs = [*shell.runs([*range(scenarios)])]
    mistakes = [f"scenario {run.seed}: {mistake}" for run in runs for mistake in run.mistakes]
    for mistake in mistakes[:5]:
        print(mistake, file=sys.stderr)  # noqa: T201
    bill, counted = sum(run.bill for run in runs), sum(run.counted for run in runs)
    off, worst = abs(counted - bill) / max(bill, 1e-9), max((run.worst for run in runs), default=0.0)
    yield Figure(
        f"{len(runs)} groups on the emulator, `status` against bill: beyond", f"{len(mistakes)}", "0", not mistakes
    )
    looks, refused, late = (sum(getattr(run, name) for run in runs) for name in ("looks", "refused", "late"))
    yield Figure("  looks; with questions refused; with logs held back", f"{looks}; {refused}; {late}")
    yield Figure("  all that was counted, against all bills", f"{off:.2%} off", "<= 1%", off <= 0.01)
    yield Figure("  most of one thing, a start or stop", f"{worst:.2f} min", "<= 1 min", worst <= 1)


def figures(found: Sum) -> Iterator[Figure]:
    """Write what came of scenarios, with the bounds of the ledger as goals; the first mistakes go to standard error."""
    for mistake in found.mistakes[:5]:
        print(mistake, file=sys.stderr)  # noqa: T201
    off = abs(found.counted - found.bill) / found.bill
    wrong = len(found.mistakes)
    yield Figure(
        f"{found.scenarios} simulated groups, ledger against bill: beyond the bound", f"{wrong}", "0", not wrong
    )
    yield Figure("  looks, and USD on all bills", f"{found.looks}, {found.bill:.0f}")
    yield Figure("  all that was counted, against all bills", f"{off:.2%} off", "<= 1%", off <= 0.01)
    yield Figure("  most of one thing, a start or stop", f"{found.worst:.2f} min", "<= 1 min", found.worst <= 1)


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


def live(seeds: Sequence[int]) -> Sum:
    """Live the scenarios of some seeds."""
    from tests.spend import judge  # which brings the tests' own packages along

    priced = judge.rates()
    runs = {seed: judge.live(seed, priced) for seed in seeds}
    return Sum(
        len(runs),
        sum(run.looks for run in runs.values()),
        sum(run.bill for run in runs.values()),
        sum(run.counted for run in runs.values()),
        max(run.worst for run in runs.values()),
        tuple(f"scenario {seed}: {mistake}" for seed, run in runs.items() for mistake in run.mistakes),
    )
