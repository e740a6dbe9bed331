"""Where the code of a side runs so that it reaches nothing of the user's: bubblewrap, where the machine has it."""

import enum
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = Path("/tmp/home")  # noqa: S108 - inside, where nobody else is
"""The empty home inside, in memory."""

_OWN = Path(__file__).parents[2]
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
_SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
_HIDDEN = (".git", ".pulumi-state")
"""What of a project's folder its program has no business with: git's settings can hold a token."""


IN_MEMORY = 512 * 2**20
"""Bytes that a side may write into each of its folders in memory."""


class Wanted(enum.StrEnum):
    """Whether a side may be rendered outside of a sandbox."""

    AUTO = "auto"
    """In a sandbox where the machine has one."""
    REQUIRE = "require"
    """Not at all where it has none."""
    OFF = "off"
    """Outside, whatever the machine has."""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that this machine has: it ran this very interpreter."""

    program: str
    sized: bool = True
    """It can bound what is written into memory; bubblewrap does from 0.7 on."""

    def command(self, words: Sequence[str], *, root: Path | None = None, files: Iterable[Path] = ()) -> list[str]:
        """Make the command line that runs `words` in `root`, and can read it, `files` and Python, and write nothing.

        It has no network, sees no other process, and ends with this one. What it writes into /tmp is in memory.
        """
        made = [self.program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        for path in _SYSTEM:
            if Path(path).is_symlink():
                made += ["--symlink", str(Path(path).readlink()), path]
            elif Path(path).is_dir():
                made += ["--ro-bind", path, path]
        made += [word for path in _SETTINGS if Path(path).exists() for word in ("--ro-bind", path, path)]
        size = ["--size", str(IN_MEMORY)] if self.sized else []
        made += ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
        made += [*size, "--tmpfs", "/tmp", "--dir", str(HOME)]  # noqa: S108
        for path in (*_python(), *((root,) if root else ()), *files):
            made += ["--ro-bind", str(path), str(path)]
        if root:
            for hidden in (root / name for name in _HIDDEN):
                if hidden.is_dir() and not hidden.is_symlink():
                    made += ["--tmpfs", str(hidden)]
            made += ["--chdir", str(root)]
        return [*made, "--", *words]

    def shows(self, path: Path, root: Path) -> bool:
        """Say whether code that runs in `root` can see a path, which is absolute and without links."""
        shown = (*map(Path, _SYSTEM), *_python(), root)
        return any(path.is_relative_to(each) or path.is_relative_to(each.resolve()) for each in shown)


def find(wanted: Wanted) -> Sandbox | str:
    """Take the machine's sandbox, or say why there is none."""
    return "--sandbox off" if wanted is Wanted.OFF else _found(os.environ.get("PATH", ""))


@functools.cache
def _found(path: str) -> Sandbox | str:
    if not sys.platform.startswith("linux"):
        return "there is none for this system"
    program = shutil.which("bwrap", path=path)
    if program is None:
        return "bubblewrap is not installed"
    why = ""
    for found in (Sandbox(program), Sandbox(program, sized=False)):
        try:
            tried = subprocess.run(
                found.command([sys.executable, "-I", "-S", "-c", "import ctypes"]),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=20,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap does not run here: {error}"
        if not tried.returncode:
            return found
        said = tried.stderr.decode(errors="replace").strip().splitlines()
        why = f"bubblewrap does not run here: {said[-1] if said else tried.returncode}"
    return why


@functools.cache
def _python() -> tuple[Path, ...]:
    """List the folders and files that an isolated interpreter like this one needs, outermost first.

    Packages that are installed as a link to their folder are among them; this project's own folder is not, as a side
    brings its own.
    """
    left = {Path(entry).absolute() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    folders = [Path(sys.prefix), Path(sys.base_prefix), *(Path(path) for path in sysconfig.get_paths().values())]
    for entry in sys.path:
        path = Path(entry)
        if path.is_absolute() and path not in left and not path.is_relative_to(_OWN):
            folders.append(path)
    folders += _chain(Path(sys.executable))
    shown = [Path(path) for path in _SYSTEM if Path(path).is_dir() and not Path(path).is_symlink()]
    found: list[Path] = []
    for path in sorted({each for folder in folders for each in (folder, folder.resolve()) if folder.exists()}):
        if not any(path.is_relative_to(outer) for outer in (*shown, *found)):
            found.append(path)
    return tuple(found)


def _chain(path: Path) -> Iterator[Path]:
    """Follow a link from link to link: each has to be there."""
    for _ in range(40):
        yield path
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))


def said(box: Sandbox | str) -> str:
    """Say what running a side's code could reach."""
    if isinstance(box, Sandbox):
        return (
            "The code of each side was run to render it, in a sandbox of its own (bubblewrap): no network, no file of"
            " yours but the project's, nothing to write to. It can make up its own plan, not the other side's. This"
            " command is itself code of the checkout that it is installed from: review a stranger's change from a"
            " checkout of your own, with --head."
        )
    return (
        f"RENDERED WITHOUT A SANDBOX ({box}): the code of each side ran as you on this machine. It could read and"
        " change your files, use the network, and so falsify this review. Before you review what you do not trust,"
        " install bubblewrap (Linux) and give --sandbox require; and use a checkout of your own, with --head."
    )
