"""Whether a program is the one that this version ships: rules judge what a program registers, not what it leaves out.

`python -m coursecloud.plan.shipped` writes the list anew, after each change of the program.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml

LIST = Path(__file__).with_name("shipped.json")


_PROGRAM = ("infra", "catalog")
"""Folders of which the program imports and reads: whatever else is put there may stand in front of what is shipped."""


_INSTEAD = ("Pulumi.json", "Pulumi.yml")
"""What Pulumi reads in place of Pulumi.yaml, or may (sdk/go/common/workspace/paths.go of pulumi/pulumi, 2026-11)."""


_INSTALLED = ("*.dist-info", "*.egg-info")
"""What is installed says by these what is loaded with it: pydantic's plugins, for one."""


def digests(root: Path) -> dict[str, str]:
    """Give the SHA-256 of each file of a program by its path; ends of lines are those of no system in particular.

    Of Pulumi.yaml it is that of all but the place of the state, which a group chooses. A link is another file than the
    one that it leads to: what that says, somebody can change without a word of the program.
    """
    found = {"Pulumi.yaml": _sum(json.dumps(_project(root), sort_keys=True, default=str).encode())}
    others = [root / name for name in _INSTEAD if os.path.lexists(root / name)]
    others += [each / "entry_points.txt" for form in _INSTALLED for each in root.glob(form)]
    folders = (*(root / name for name in _PROGRAM), root / "__pycache__")
    inner = (each for one in folders for each in (one, *sorted(one.rglob("*"))))
    # Pulumi installs the packages, and what they load with them, into what the program runs in.
    for path in (root / "__main__.py", root / "Pulumi.yaml", root / "requirements.txt", *others, *inner):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"a link to {path.readlink()}"
        elif path.is_file() and name not in found and not _of_python(path):
            found[name] = _sum(path.read_bytes())
    return found


def _project(root: Path) -> object:
    said: object = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        return said
    return {
        key: value for key, value in cast("dict[str, object]", said).items() if key not in ("backend", "description")
    }


def _of_python(path: Path) -> bool:
    """Say whether a file is what Python itself writes beside a source, and passes over once that has another time.

    What names its source by a hash, Python writes only when told to, and takes the code in it for that source's
    whatever it is (PEP 552).
    """
    if path.parent.name != "__pycache__" or path.is_symlink():
        return False
    if re.fullmatch(r".*\.pyc\.[0-9]+", path.name):
        return True  # one that is being written, which nothing loads by that name
    if path.suffix != ".pyc":
        return False
    with path.open("rb") as file:
        flags = int.from_bytes(file.read(8)[4:], "little")
    return flags == 0


def _sum(content: bytes) -> str:
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def listed() -> Mapping[str, str]:
    """Give the list that this version has."""
    return json.loads(LIST.read_text(encoding="utf-8"))


def altered(root: Path) -> list[str]:
    """List the files of a program that differ from those of this version, come or are gone; an unread one differs."""
    try:
        there, shipped = digests(root), listed()
    except (OSError, ValueError, yaml.YAMLError):
        return ["what cannot be read"]
    return sorted(name for name in there.keys() | shipped.keys() if there.get(name) != shipped.get(name))


def named(root: Path) -> str:
    """Name the files by which a program is another one, code before data; empty where it is the same."""
    return ", ".join(sorted(altered(root), key=lambda file: not file.endswith(".py")))


if __name__ == "__main__":
    LIST.write_text(json.dumps(digests(Path(__file__).parents[2]), indent=1) + "\n", encoding="utf-8")
