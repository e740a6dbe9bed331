"""What a program leaves running at its end: a plan is over in a moment, and an `up` waits minutes for Google.

A task that sleeps, a timer or a thread of the program goes on in the real run, and what it registers no plan shows.
"""

import asyncio
import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from coursecloud.common import program_error


def names(loop: asyncio.AbstractEventLoop, root: Path) -> list[str]:
    """Name the functions of the program in `root` that wait in the loop of its run, or in threads of its own."""
    found = {name for each in _waiting(loop) if (name := _name(each, root))}
    return sorted(found)


def _waiting(loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    yield from (task.get_coro() for task in asyncio.all_tasks(loop))
    # asyncio lists its timers nowhere else.
    yield from (getattr(handle, "_callback", None) for handle in getattr(loop, "_scheduled", ()))
    for thread in threading.enumerate():
        yield from (getattr(thread, "function", None), getattr(thread, "_target", None), type(thread).run)


def _name(each: Any, root: Path) -> str | None:
    while isinstance(each, functools.partial):
        each = cast("Any", each).func
    code = next((code for key in ("cr_code", "gi_code", "__code__") if (code := getattr(each, key, None))), None)
    if code is None or not program_error.is_the_programs(Path(code.co_filename), root):
        return None
    return str(getattr(each, "__qualname__", code.co_name))
