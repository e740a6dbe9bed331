"""The files of a folder that belong to what a group keeps: as git lists them, also where git keeps nothing yet."""

from __future__ import annotations

import codecs
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from coursecloud.starter.kept import KEPT
from infra import files

SKIPPED = frozenset({
    ".git", ".venv", "venv", "env", "node_modules", "__pycache__", "site-packages", "wandb", "mlruns", "outputs",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", ".tox", ".idea", ".vscode", KEPT,
})  # fmt: skip
"""Folders that nobody writes."""

BYTE_ORDER_MARK = "\ufeff"


def listed(root: Path) -> tuple[Iterable[str], bool]:
    """List the files of a folder by their paths in it, and say whether git keeps it.

    A folder that is in no repository, or in one that ignores it, is listed by its own .gitignore.
    """
    found = _asked_of_git(root, "-C", str(root))
    versioned = bool(found) or (found is not None and (root / ".git").exists())
    if not versioned:
        found = _not_ignored(root)
    return (_walked(root) if found is None else found), versioned


def text_of(file: Path) -> str:
    """Read a file as pip and editors do: PowerShell's `>` writes UTF-16. Raises OSError and ValueError."""
    content = files.bytes_of(file)
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if utf_16 else "utf-8").replace("\r\n", "\n").replace("\r", "\n")
    # TOML takes no byte order mark, and what reads it fails; everything else passes over one.
    return text if file.suffix == ".toml" else text.removeprefix(BYTE_ORDER_MARK)


def _asked_of_git(root: Path, *words: str) -> list[str] | None:
    """List what git has or would take of a folder; None where there is no git, or the folder is in no repository.

    Nothing that the repository's own configuration names is run.
    """
    done = _git(*words, "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=root)
    if done is None:
        return None
    return [path for path in done.decode(errors="replace").split("\0") if path]


def _not_ignored(root: Path) -> list[str] | None:
    """List what git would take of a folder that is in no repository, by its .gitignore; None where there is no git."""
    if not root.is_dir():
        return None
    with tempfile.TemporaryDirectory(prefix="coursecloud-") as empty:
        if _git("init", "--quiet", "--bare", "--template=", empty, cwd=Path(empty)) is None:
            return None
        return _asked_of_git(root, f"--git-dir={empty}", f"--work-tree={root}")


def _git(*words: str, cwd: Path) -> bytes | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout


def _walked(root: Path) -> Iterator[str]:
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if name not in SKIPPED)
        for name in sorted(names):
            yield (Path(folder) / name).relative_to(root).as_posix()
