"""A commit's files, written out into a plain folder: no worktree, index, filter or attribute of the repository."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from coursecloud.review import git

MOST_BYTES = 2 * 2**30
"""Bytes of all files of a revision; the program and its stack files are a thousandth of it."""

MOST_FILES = 200_000
"""Files of a revision. A few hundred bytes of git objects can stand for billions of files."""

_LINK = b"120000"
_PROGRAM = b"100755"
_SUBMODULE = b"160000"


@dataclass(frozen=True)
class _Entry:
    mode: bytes
    id: bytes
    size: int
    path: Path


def export(repository: Path, revision: git.Revision, into: Path) -> list[str]:
    """Write the files of a revision into an empty folder, byte for byte as git holds them.

    Gives the paths of its submodules, which are left empty. Raises GitError.
    """
    try:
        entries = list(_entries(repository, revision))
        if sum(entry.size for entry in entries) > MOST_BYTES:
            raise _refused(revision, f"its files have more than {MOST_BYTES // 2**30} GiB", _SMALLER)
        # Links last: while files are written, none of them can lead out of the folder.
        links = [entry for entry in entries if entry.mode == _LINK]
        for entry in entries:
            (into / entry.path if entry.mode == _SUBMODULE else (into / entry.path).parent).mkdir(
                parents=True, exist_ok=True
            )
        files = [entry for entry in entries if entry.mode not in (_LINK, _SUBMODULE)]
        with tempfile.TemporaryFile() as wanted:
            wanted.write(b"".join(entry.id + b"\n" for entry in (*files, *links)))
            wanted.seek(0)
            with _started(repository, "cat-file", "--batch", "--buffer", stdin=wanted) as process:
                for entry in files:
                    mode = 0o755 if entry.mode == _PROGRAM else 0o644
                    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
                    with os.fdopen(os.open(into / entry.path, flags, mode), "wb") as file:
                        for part in _content(process, revision, entry):
                            file.write(part)
                for entry in links:
                    (into / entry.path).symlink_to(os.fsdecode(b"".join(_content(process, revision, entry))))
    except (OSError, ValueError) as error:
        raise _refused(revision, str(error), "see what `git fsck` says, and whether the disk is full") from None
    return [str(entry.path) for entry in entries if entry.mode == _SUBMODULE]


_SMALLER = "take large files out of git (DVC keeps them in a bucket), or compare stack files or saved plans"


def _entries(repository: Path, revision: git.Revision) -> Iterator[_Entry]:
    """List what a revision holds; raises GitError for what no checkout could hold either."""
    with _started(repository, "ls-tree", "-r", "-l", "-z", "--full-tree", revision.commit) as process:
        left = b""
        number = 0
        while part := _out(process).read(2**20):
            *lines, left = (left + part).split(b"\0")
            for line in lines:
                about, _, name = line.partition(b"\t")
                mode, _, identity, size = about.split()
                if any(part.lower() in (b"", b".", b"..", b".git") for part in name.split(b"/")):
                    raise _refused(revision, f"it holds a file at the path {name[:200]!r}", "see what `git fsck` says")
                yield _Entry(mode, identity, 0 if size == b"-" else int(size), Path(os.fsdecode(name)))
                number += 1
            if number > MOST_FILES or len(left) > 2**20:
                process.kill()
                raise _refused(revision, f"it has more than {MOST_FILES} files", _SMALLER)
    if process.returncode:
        raise _refused(revision, "git cannot list its files", _FETCH)


def _content(process: subprocess.Popen[bytes], revision: git.Revision, entry: _Entry) -> Iterator[bytes]:
    head = _out(process).readline().split()
    if head != [entry.id, b"blob", b"%d" % entry.size]:
        raise _refused(revision, f"git cannot read {entry.path}", _FETCH)
    left = entry.size
    while left:
        part = _out(process).read(min(left, 2**20))
        if not part:
            raise _refused(revision, f"git cannot read {entry.path}", _FETCH)
        left -= len(part)
        yield part
    _out(process).read(1)


_FETCH = "see what `git fsck` says; a partial clone lacks files until `git fetch --refetch --no-filter`"


def _started(repository: Path, *words: str, stdin: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", "-C", str(repository), *words],
        env=git.environment(repository, words[0]),
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _out(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None  # noqa: S101 - for the type checker
    return process.stdout


def _refused(revision: git.Revision, value: str, remedy: str) -> git.GitError:
    return git.GitError(
        f"{revision}: {value}\n    rule    a revision is rendered from a copy of its files\n    remedy  {remedy}"
    )
