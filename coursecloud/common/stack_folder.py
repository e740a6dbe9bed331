"""Which stack files a folder has, by their names; none is read."""

import re
from collections.abc import Iterator
from pathlib import Path

ROSTER = "course.yaml"
"""The roster of a course, from which its stack files are written, unless another file is named."""

NAME = re.compile(r"Pulumi\.(?P<stack>.+)\.ya?ml")


_NEARLY = re.compile(r"pulumi[._ -].+\.ya?ml(\.txt)?", re.IGNORECASE)


def nearly(folder: Path) -> list[str]:
    """Name the files of a folder that look like stack files and are none, as by their name Pulumi reads them not."""
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if _NEARLY.fullmatch(name) and not NAME.fullmatch(name))


def every(folder: Path) -> Iterator[tuple[str, Path]]:
    """List the stack files of a folder, sorted, as name and path."""
    for path in sorted(folder.glob("Pulumi.*.y*ml")):
        if match := NAME.fullmatch(path.name):
            yield match["stack"], path
