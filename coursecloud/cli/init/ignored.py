"""Whether git would take a file that names people: asked of git itself, which changes nothing by it."""

import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path


def warnings(files: Iterable[Path]) -> Iterator[str]:
    """Say of each file that git has, or would take with the next `git add`, what to do about it.

    Silent where there is no git or no repository, from which nothing can be committed.
    """
    for file in files:
        if file.name == "" or _git(file, "rev-parse", "--is-inside-work-tree") != 0:
            continue
        if _git(file, "ls-files", "--error-unmatch", "--", file.name) == 0:
            yield (
                f"{file.name} names people, and git has it: `git rm --cached {shlex.quote(str(file))}`, ignore it, and"
                " see that nobody pushes the commits that hold it"
            )
        elif _git(file, "check-ignore", "--quiet", "--", file.name) == 1:
            yield (
                f"{file.name} names people, and git would take it: put it somewhere else, or `echo"
                f" {shlex.quote(file.name)} >> {shlex.quote(str(file.parent / '.gitignore'))}`"
            )


def _git(file: Path, *words: str) -> int | None:
    """Run git in the folder of a file: its exit code, or None where there is no git."""
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=file.absolute().parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode
