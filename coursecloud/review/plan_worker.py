"""The process that renders one side: it runs the code of a revision, and imports nothing of this package.

It is given on its standard input, as JSON, the project's `root`, its `stacks` with their files, the `limits` of its
resources, the `parent` that it does not outlive, and the files whose lines are `watched`, by path. On its standard
output it writes one line of JSON a stack, in their order: `plan`, with the lines of the watched files that `ran` until
then, or `mistake` in words. Whatever the revision prints goes to standard error.
"""

import contextlib
import ctypes
import gc
import importlib
import inspect
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import IO, Any

_SET_PARENT_DEATH_SIGNAL = 1
"""An operation of prctl(2)."""


def main(root: Path, wanted: Mapping[str, str], written: IO[bytes], watched: Collection[str] = ()) -> None:
    """Render every stack that is wanted; for one that does not load, `mistake` is written instead."""
    gc.set_threshold(100_000, 50, 100)
    # The project that this command is installed from has packages of the same names.
    sys.path[:] = [str(root), *(entry for entry in sys.path if not _is_a_checkout(Path(entry)))]
    ran: dict[str, set[int]] = {path: set() for path in watched}
    if ran:
        _watch({str(root / path): lines for path, lines in ran.items()})
    render = _engine(root)
    for stack, file in wanted.items():
        try:
            said: dict[str, Any] = {"plan": render(stack, Path(file))}
            if ran:
                said["ran"] = {path: sorted(lines) for path, lines in ran.items()}
            line = json.dumps(said, allow_nan=False)
        except BaseException as error:  # noqa: BLE001 - whatever a revision's program raises is a mistake of its own
            line = json.dumps({"mistake": _words(error, root)})
        written.write(line.encode() + b"\n")
        written.flush()


def _watch(files: Mapping[str, set[int]]) -> None:
    """Have each line that runs of some files noted, in every thread."""

    if monitoring := getattr(sys, "monitoring", None):  # of Python 3.12, at a tenth of the cost

        def seen(code: CodeType, number: int) -> Any:
            if (lines := files.get(code.co_filename)) is not None:
                lines.add(number)
            return monitoring.DISABLE

        monitoring.use_tool_id(monitoring.COVERAGE_ID, "coursecloud")
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, seen)
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
        return

    def call(frame: FrameType, _event: str, _arg: Any) -> Any:
        lines = files.get(frame.f_code.co_filename)
        if lines is None:
            return None
        lines.add(frame.f_lineno)

        def line(frame: FrameType, _event: str, _arg: Any) -> Any:
            lines.add(frame.f_lineno)
            return line

        return line

    threading.settrace(call)
    sys.settrace(call)


def _is_a_checkout(folder: Path) -> bool:
    return folder.name not in ("site-packages", "dist-packages") and (folder / "coursecloud").is_dir()


def _engine(root: Path) -> Callable[[str, Path], Any]:
    """Find the revision's own planner; where it has another shape than today's, its command line."""
    if not (root / "coursecloud" / "__init__.py").is_file():
        raise SystemExit(f"{root.name}: this revision has no coursecloud package, so it cannot be planned")
    try:
        plan = importlib.import_module("coursecloud.plan")
        make, to_json = plan.make, plan.to_json
    except (ImportError, AttributeError):
        return lambda stack, _: _command_line(root, stack)
    if not Path(str(plan.__file__)).is_relative_to(root):
        raise SystemExit(f"coursecloud was taken from {plan.__file__}, not from the revision")
    # Revisions from before it know no second run.
    more = {"twice": True} if "twice" in inspect.signature(make).parameters else {}
    return lambda stack, file: to_json(make(stack, file, root, **more))


def _command_line(root: Path, stack: str) -> Any:
    start = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('coursecloud', None, '__main__')"
    done = subprocess.run(
        # Isolated as this process is: the revision's folder comes in after Python itself has started.
        [sys.executable, "-I", "-B", "-c", start, str(root), "plan", "--json", "--stack", stack],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"`coursecloud plan` ended with {done.returncode}")
    return json.loads(done.stdout)


def _words(error: BaseException, root: Path) -> str:
    """Say what went wrong: a mistake in the settings in its own words, anything else with where it happened."""
    if type(error).__name__ in ("SettingsError", "RunError"):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)]
    where = f" ({Path(frames[-1].filename).relative_to(root)}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _limit(limits: Mapping[str, int], parent: int | None) -> None:
    """Hold this process and all that it starts to their share of the machine, and to the life of the review."""
    for name, most in limits.items():
        # Some systems refuse some of them, and nobody may raise what is lower already.
        with contextlib.suppress(ValueError, OSError):
            kind = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))
    if parent is not None and sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL))
        if os.getppid() != parent:
            raise SystemExit("the review has ended")


def _start() -> None:
    given: dict[str, Any] = json.load(sys.stdin)
    _limit(given["limits"], given["parent"])
    # What a revision prints, from C and from what it starts too, is not among what is written.
    with os.fdopen(os.dup(1), "wb") as written:
        os.dup2(2, 1)
        main(Path(given["root"]), given["stacks"], written, given["watched"])
    # All is said: what an interpreter does at its end would only take time.
    os._exit(0)


if __name__ == "__main__":
    _start()
