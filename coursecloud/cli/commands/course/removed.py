"""Where the files of groups go that have left, and whose stacks are finished."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from coursecloud.common import writing
from coursecloud.common.stack_folder import every

FOLDER = "removed"


@contextmanager
def put_away(folder: Path, gone: Sequence[Path]) -> Generator[None]:
    """Move the files of groups, over none of an earlier one of their name; back again where what follows fails.

    Raises WriteError.
    """
    away, moved = folder / FOLDER, list[tuple[Path, Path]]()
    try:
        try:
            if there := [file for file in gone if file.exists()]:
                away.mkdir(exist_ok=True)
            for file in there:
                moved.append((file, next(each for each in _names(away, file) if not each.exists())))
                file.replace(moved[-1][1])
            yield
        except BaseException:
            for file, to in moved:
                if to.exists():
                    to.replace(file)
            raise
    except writing.WriteError:
        raise
    except OSError as error:
        remedy = "remedy  move away what stands there, then `coursecloud course apply` once more"
        raise writing.WriteError(error.errno, f"{away}: {error.strerror}\n    {remedy}") from None


def stacks(folder: Path) -> list[str]:
    """Name the stacks whose files were put away."""
    return [stack for stack, _ in every(folder / FOLDER)]


def _names(away: Path, file: Path) -> Iterator[Path]:
    yield away / file.name
    yield from (away / f"{file.stem}-{number}{file.suffix}" for number in count(2))
