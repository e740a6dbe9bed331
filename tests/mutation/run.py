"""The mutation run itself: a copy of the working tree, and mutmut in it."""

import io
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPY = ROOT / ".mutation"
BEFORE = COPY / "before"
"""The tree of an earlier revision, for a comparison with it."""
DRIVER = Path(__file__).with_name("driver.py")


def copy_tree() -> bool:
    """Copy what git does not ignore, without `@override`: mutmut leaves every function with a decorator alone.

    What is the same stays as it is, so that mutmut makes mutants of changed files only. Give whether all of it was.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    there = [name for name in listed.split("\0")[:-1] if (ROOT / name).is_file()]
    put = [_put(name, (ROOT / name).read_bytes(), COPY / name) for name in there]
    return all(put)


def copy_revision(revision: str) -> bool:
    """Put the tree of a revision into `BEFORE`, as `copy_tree` does; what it had of another one goes.

    Raises subprocess.CalledProcessError where git knows no such revision.
    """
    command = ["git", "archive", "--format=tar", revision]
    archive = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {each.name: each for each in tar if each.isfile()}
        others = [path for path in BEFORE.rglob("*.py") if "mutants" not in path.parts]
        gone = [path for path in others if str(path.relative_to(BEFORE)) not in files]
        for old in gone:
            old.unlink()
        same = not gone
        for name, each in files.items():
            held = tar.extractfile(each)
            content = held.read() if held else b""
            same &= _put(name, each_alone(content) if name == "pyproject.toml" else content, BEFORE / name)
    return same


def _put(name: str, content: bytes, target: Path) -> bool:
    """Write a file of a copy, and give whether it was there already, as it is."""
    if name.startswith(("catalog/", "infra/", "coursecloud/")) and name.endswith(".py"):
        content = without_override(content)
    if target.is_file() and target.read_bytes() == content:
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return False


def each_alone(settings: bytes) -> bytes:
    """Let mutmut load the tests anew for each mutant, and not once for all.

    Older trees make the project that their tests run in as they are loaded, and remove it when that session ends:
    every mutant of a later one was then taken for noticed, whatever it did.

    >>> each_alone(b"[tool.mutmut]\\na = 1")
    b'[tool.mutmut]\\nforkserver_warmup = "none"\\na = 1'
    """
    if b"forkserver_warmup" in settings:
        return settings
    return settings.replace(b"[tool.mutmut]\n", b'[tool.mutmut]\nforkserver_warmup = "none"\n')


def without_override(source: bytes) -> bytes:
    """Leave the decorator out: it does nothing while a program runs.

    >>> without_override(b"class A:\\n    @override\\n    def f(self): ...\\n")
    b'class A:\\n    def f(self): ...\\n'
    """
    return b"".join(line for line in source.splitlines(keepends=True) if line.strip() != b"@override")


def mutate(names: Sequence[str], every: int = 1, copy: Path = COPY, *, go_on: bool = False) -> int:
    """Run mutmut over one of `every` mutants of those named, or of all that have no result yet; give its exit code.

    With `go_on` those that are named run only where they have none either.
    """
    # In a process of its own, because there `tests` and `infra` have to be those of the copy.
    command = [sys.executable, str(DRIVER), str(every), "go-on" if go_on else "anew", *names]
    return subprocess.run(command, cwd=copy, check=False).returncode
