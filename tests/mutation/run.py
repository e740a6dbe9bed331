"""The mutation run itself: a copy of the working tree, and mutmut in it."""

import io
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPY = ROOT / ".mutation"
DRIVER = Path(__file__).with_name("driver.py")


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
        if (ROOT / name).is_file():
            _put(name, (ROOT / name).read_bytes(), COPY / name)


def commit_of(revision: str) -> str:
    """Give the whole id of a revision; raises subprocess.CalledProcessError where git knows none of that name."""
    command = ["git", "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def copy_commit(commit: str, *, alone: bool) -> Path:
    """Put the tree of a commit into a folder of its own, as `copy_tree` does, and give that.

    With `alone` mutmut loads the tests anew for each mutant.
    """
    command = ["git", "archive", "--format=tar", commit]
    archive = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    folder = COPY / commit[:12]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for each in tar:
            if held := tar.extractfile(each) if each.isfile() else None:
                content = held.read()
                settings = alone and each.name == "pyproject.toml"
                _put(each.name, each_alone(content) if settings else content, folder / each.name)
    return folder


def _put(name: str, content: bytes, target: Path) -> None:
    """Write a file of a copy, unless it is there already, as it is."""
    if name.startswith(("catalog/", "infra/", "coursecloud/")) and name.endswith(".py"):
        content = without_override(content)
    if not target.is_file() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


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
