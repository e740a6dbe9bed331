"""Work on many stacks at once: a pool of processes, and results in the order of what was given."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

FEW = 12
"""Up to this many stacks one process is quicker: each process of a pool loads the SDK first, for as long as
planning a dozen stacks takes."""


def each(work: Callable[[Given], Made], items: Sequence[Given], *, processes: int | None = None) -> Iterator[Made]:
    """Yield `work(item)` for each item, in order.

    `work` is a function of a module, and what it takes and gives can be pickled. What it raises is raised here.
    """
    wanted = min(processes or os.cpu_count() or 1, len(items))
    if wanted == 1 or len(items) <= FEW:
        yield from map(work, items)
        return
    # Spawned, not forked: a fork of a process in which gRPC has run may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(wanted, mp_context=context, initializer=_prepare) as pool:
        try:
            yield from pool.map(work, items, chunksize=max(1, min(10, len(items) // (4 * wanted))))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends the pool
    gc.set_threshold(100_000, 50, 100)
