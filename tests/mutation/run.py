"""The mutation run itself: a copy of the working tree, and mutmut in it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPY = ROOT / ".mutation"
DRIVER = Path(__file__).parent.relative_to(ROOT) / "driver.py"


def copy_tree() -> None:
    """Copy what git does not ignore, without `@override`: mutmut leaves every function with a decorator alone.

    What is the same stays as it is, so that mutmut makes mutants of changed files only.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in listed.split("\0")[:-1]:
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        content = source.read_bytes()
        if name.startswith(("catalog/", "infra/", "coursecloud/")) and name.endswith(".py"):
            content = without_override(content)
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def without_override(source: bytes) -> bytes:
    """Leave the decorator out: it does nothing while a program runs.

    >>> without_override(b"class A:\\n    @override\\n    def f(self): ...\\n")
    b'class A:\\n    def f(self): ...\\n'
    """
    return b"".join(line for line in source.splitlines(keepends=True) if line.strip() != b"@override")


def mutate(names: Sequence[str], every: int) -> int:
    """Run mutmut over one of `every` mutants of those named, or of all that have no result yet; give its exit code."""
    # In a process of its own, because there `tests` and `infra` have to be those of the copy.
    return subprocess.run([sys.executable, str(DRIVER), str(every), *names], cwd=COPY, check=False).returncode
