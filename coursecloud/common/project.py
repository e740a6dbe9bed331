"""Which project a command is about: the one that its user stands in, found upwards as git and Pulumi find theirs."""

import atexit
import contextlib
import importlib.machinery
import os
import re
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from coursecloud.common import shadows

OWN = Path(__file__).parents[2]
"""The project that this code belongs to; of a command that was installed without one, the folder of its libraries."""

_NAMED = re.compile(r"""^name:\s*["']?coursecloud["']?\s*(#.*)?$""", re.MULTILINE)


def find(start: Path) -> Path | None:
    """Find the nearest folder, `start` or above it, whose Pulumi.yaml is that of a project called coursecloud."""
    return next((folder for folder in (start, *start.parents) if _is_one(folder)), None)


def _is_one(folder: Path) -> bool:
    for name in ("Pulumi.yaml", "Pulumi.yml"):
        try:
            if _NAMED.search((folder / name).read_text(encoding="utf-8")):
                return True
        except (OSError, UnicodeDecodeError):
            continue
    return False


def prefer(start: Path, *, reviews: bool = False) -> None:
    """Let the code of the project around `start` be what is imported from now on, if it is not this one's already.

    The program of one clone with the settings and rules of another would plan what neither of them deploys. A review
    (`reviews`) stays with the code that it has, which is not what it looks at; but a command that was installed alone,
    from a wheel, has none, and works by that of the project around it. Says on standard error, at the end, which of
    two it took. Ends with exit code 2 where a file of that project would be imported in place of a library, and where
    there is nothing to work by.
    """
    found, alone = find(start), not _is_one(OWN)
    if found is None:
        if alone:
            _stop(
                f"{none_around(start)}\n"
                f"    rule    this command, version {version()}, came without a project: it works by the code of the"
                " one that you stand in\n"
                "    remedy  `cd` into your clone of coursecloud; without one, `git clone` it and `make plan` there"
            )
        return
    own = found.samefile(OWN)
    if own and all(_brought(name, found) for name in _PACKAGES):
        return
    if reviews and not alone and not own:
        note(f"this review is done by the code of {OWN}; it is about {found}, whose own commands run by its own code")
        return
    if shadowing := shadows.found(found):
        _stop(
            "".join(f"{shadow}\n" for shadow in shadowing) + f"    rule    {shadows.RULE}\n    remedy  {shadows.REMEDY}"
        )
    if not alone and not own:
        note(f"this is about {found}, by the code there; this command is that of {OWN}")
    sys.path.insert(0, str(found))
    for name in [name for name in sys.modules if name.partition(".")[0] in _PACKAGES]:
        del sys.modules[name]


_PACKAGES = ("catalog", "coursecloud", "guardrails", "infra")


def _brought(name: str, folder: Path) -> bool:
    """Say whether a package would be imported from a folder, and not from the clone that the interpreter is of."""
    found = importlib.machinery.PathFinder.find_spec(name)
    return found is not None and found.origin is not None and Path(found.origin).parents[1].samefile(folder)


def none_around(start: Path) -> str:
    """Say that one stands in no project, and what was looked for."""
    return f"no project here: neither {start} nor a folder above it has a Pulumi.yaml with `name: coursecloud`."


def version() -> str:
    """Give the version of the project that this code belongs to; pyproject.toml is where it is said."""
    # Imported here: every command and every TAB would pay for it.
    if _is_one(OWN):
        import tomllib

        with (OWN / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    import importlib.metadata

    return importlib.metadata.version("coursecloud")


def note(text: str) -> None:
    """Say by whose code this is done, below all that the command prints: its first line tells what comes of it."""
    shown = "".join(each if each.isprintable() else "?" for each in text)  # a folder may be called anything
    atexit.register(_last, f"coursecloud: {shown}")


def _last(text: str) -> None:
    progress = sys.modules.get("coursecloud.common.progress")  # where `--quiet` was read, it is loaded
    if progress is not None and progress.quiet():
        return
    with contextlib.suppress(OSError, ValueError):  # what it went to may be closed
        sys.stdout.flush()
    _say(text)


def _stop(text: str) -> NoReturn:
    _say(text)
    raise SystemExit(2)


def _say(text: str) -> None:
    # While a shell asks what completes a word, whatever is printed stands in the middle of the line being typed.
    if "_COURSECLOUD_COMPLETE" not in os.environ:
        sys.stderr.write(f"{text}\n")


def as_typed(text: str) -> str:
    """Let each command line between backticks begin as the user has to type it."""
    return text.replace("`coursecloud ", f"`{called()} ")


def called() -> str:
    """Say how this command was called, so that a line that the user is told to type works where they stand.

    `coursecloud` where that is on PATH, as after `. .venv/bin/activate`; else as it was typed.
    """
    typed = Path(sys.argv[0])
    if typed.name == "__main__.py" and typed.parent.name == "coursecloud":
        return f"{sys.orig_argv[0]} -m coursecloud"
    on_path = shutil.which("coursecloud")
    if typed.name != "coursecloud" or (on_path and typed.exists() and typed.samefile(on_path)):
        return "coursecloud"
    return str(typed)
