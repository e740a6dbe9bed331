"""Where the files of groups go that have left, and whose stacks are finished."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from coursecloud.common import writing

FOLDER = "removed"


def put_away(folder: Path, gone: Sequence[Path]) -> None:
    """Move the files of a group, over none of an earlier one of its name. Raises WriteError."""
    away = folder / FOLDER
    try:
        away.mkdir(exist_ok=True)
        for file in filter(Path.exists, gone):
            file.replace(next(each for each in _names(away, file) if not each.exists()))
    except OSError as error:
        remedy = "remedy  move away what stands there, then `coursecloud course apply` once more"
        raise writing.WriteError(error.errno, f"{away}: {error.strerror}\n    {remedy}") from None


def _names(away: Path, file: Path) -> Iterator[Path]:
    yield away / file.name
    yield from (away / f"{file.stem}-{number}{file.suffix}" for number in count(2))
