"""The process that renders one side: it runs the code of a revision, and imports nothing of this package.

It is given the project's folder, a folder for what it writes, and a JSON file of the stacks with their files. It writes
one file a stack, then `index.json`: which file holds which stack.
"""

import contextlib
import gc
import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class RefusedError(Exception):
    """Something that is not rendered; the text says why."""


def main(root: Path, out: Path, wanted: Mapping[str, str]) -> None:
    """Render every stack that is wanted; a stack that does not load has a `mistake` in its file instead."""
    gc.set_threshold(100_000, 50, 100)
    sys.path.insert(0, str(root))
    render = _engine(root)
    index: dict[str, str] = {}
    for number, (stack, file) in enumerate(wanted.items()):
        try:
            made: dict[str, Any] = {"plan": render(stack, _inside(root, Path(file)))}
        except BaseException as error:  # noqa: BLE001 - whatever a revision's program raises is a mistake of its own
            made = {"mistake": _words(error, root)}
        (out / f"{number}.json").write_text(json.dumps(made), encoding="utf-8")
        index[stack] = f"{number}.json"
    (out / "index.json").write_text(json.dumps(index), encoding="utf-8")


def _inside(root: Path, file: Path) -> Path:
    """Refuse a stack file of the revision that is a link to a file elsewhere: a message would show what is in it."""
    if file.is_relative_to(root) and not file.resolve().is_relative_to(root.resolve()):
        raise RefusedError(f"{file.name} is a link that leaves the project; a stack file is a file of its own")
    return file


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
    return lambda stack, file: to_json(make(stack, file, root))


def _command_line(root: Path, stack: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-P", "-B", "-m", "coursecloud", "plan", "--json", "--stack", stack],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"`coursecloud plan` ended with {done.returncode}")
    return json.loads(done.stdout)


def _words(error: BaseException, root: Path) -> str:
    """Say what went wrong: a mistake in the settings in its own words, anything else with where it happened."""
    if type(error).__name__ in ("SettingsError", "RunError", "RefusedError"):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)]
    where = f" ({Path(frames[-1].filename).relative_to(root)}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text(encoding="utf-8")))
