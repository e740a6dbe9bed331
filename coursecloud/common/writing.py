"""Files, written whole or not at all: a full disk leaves what was there before, and nothing else.

A Ctrl-C, a closed terminal or a `kill` finds all of them written, or none.
"""

import contextlib
import errno
import os
import signal
import stat
import tempfile
from collections.abc import Collection, Generator, Mapping
from pathlib import Path

from typing_extensions import override


class WriteError(OSError):
    """A file was not written; the text says which, why, and what to do. What was there is as it was."""

    @override
    def __str__(self) -> str:
        """Say it without the system's number."""
        return str(self.strerror)


PRIVATE = 0o600

_REPORTS = (".html", ".htm", ".json", ".sarif", ".txt", ".md")


def report(path: Path, text: str) -> None:
    """Write a report, over an earlier one but over nothing else: a file of a name that no report has stays as it is.

    Raises WriteError.
    """
    if path.is_file() and (path.suffix.lower() not in _REPORTS or path.name in ("README.md", "stack.schema.json")):
        said = f"{path}: there is a file already, and its name is none of a report's; nothing was written"
        rule = f"a report is written over an earlier report only, a file that ends in {', '.join(_REPORTS[:4])}"
        raise WriteError(errno.EEXIST, f"{said}\n    rule    {rule}\n    remedy  name another file")
    write(path, text)


def write(path: Path, text: str, *, mode: int | None = None) -> None:
    """Write one file, as `write_all` does."""
    write_all({path: text}, mode=mode)


def write_all(texts: Mapping[Path, str], *, mode: int | None = None, private: Collection[Path] = ()) -> None:
    """Write files, each complete on the disk before the first takes its place.

    A file keeps its permissions; a new one has `mode`, or what the umask leaves of 0666; a `private` one is its
    owner's alone. A link is replaced and not followed: what it points to is somebody else's. A device or a pipe, such
    as /dev/stdout, is written to as it is, and first. Raises WriteError.
    """
    made: list[tuple[Path, Path]] = []
    path = Path()
    flowing = [each for each in texts if _flows(each)]
    try:
        for path in flowing:
            path.write_text(texts[path], encoding="utf-8", newline="\n")
        with uninterrupted():
            try:
                for path in [each for each in texts if each not in flowing]:
                    temporary = _beside(path, texts[path], PRIVATE if path in private else mode)
                    made.append((temporary, path))
                for temporary, path in made:
                    temporary.replace(path)
            finally:
                for temporary, _ in made:
                    with contextlib.suppress(OSError):
                        temporary.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(error.errno, f"{path}: {_why(error)}, and nothing was written\n    {remedy(error)}") from None


@contextlib.contextmanager
def uninterrupted() -> Generator[None]:
    """Let what asks this thread to end wait until several files are written: half of them is a mistake of its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _flows(path: Path) -> bool:
    """Say whether a path is a device, a pipe or a socket: what takes bytes and keeps no file."""
    try:
        kind = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def _beside(path: Path, text: str, mode: int | None) -> Path:
    """Write the text into a new file beside the path, which is on the same disk; all of it, or no file."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.is_file() and not path.is_symlink():
        mode = stat.S_IMODE(path.stat().st_mode)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask() if mode is None else mode)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


def _why(error: OSError) -> str:
    return {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the quota of the disk is used up",
        errno.EFBIG: "the file would be larger than is allowed here",
        errno.EACCES: "this account may not write it",
        errno.EPERM: "this account may not write it",
        errno.EROFS: "the disk can only be read",
        errno.EISDIR: "this is a folder",
        errno.ENOENT: "there is no such folder",
        errno.ENOTDIR: "what should be its folder is a file",
        errno.ENAMETOOLONG: "the name is too long",
    }.get(error.errno or 0, error.strerror or str(error))


def remedy(error: OSError) -> str:
    """Say what to do about an error of writing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "remedy  make room, or write it elsewhere"
    if error.errno == errno.EISDIR:
        return "remedy  name a file, or move the folder away"
    return "remedy  name a file in a folder that is there and that you may write to"
