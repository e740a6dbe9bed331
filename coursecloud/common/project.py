"""Which project a command is about: the one that its user stands in, found upwards as git and Pulumi find theirs."""

import re
import shutil
import sys
from pathlib import Path

from coursecloud.common import shadows

OWN = Path(__file__).parents[2]
"""The project that this code belongs to."""

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


def prefer(start: Path) -> None:
    """Let the code of the project around `start` be what is imported from now on, if it is not this one's already.

    The program of one clone with the settings and rules of another would plan what neither of them deploys. Ends with
    exit code 2 where a file of that project would be imported in place of a library.
    """
    found = find(start)
    if found is None or found.samefile(OWN):
        return
    if shadowing := shadows.found(found):
        said = "".join(f"{shadow}\n" for shadow in shadowing)
        sys.stderr.write(f"{said}    rule    {shadows.RULE}\n    remedy  {shadows.REMEDY}\n")
        raise SystemExit(2)
    sys.path.insert(0, str(found))
    for name in [
        name for name in sys.modules if name.partition(".")[0] in ("catalog", "coursecloud", "guardrails", "infra")
    ]:
        del sys.modules[name]


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
