"""Which lines of a file differ between two sides: every one of them is named, whatever a plan says of it."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from coursecloud.common.stack_yaml import split as split
from infra import files as bounds

_MOST_LINES = 4000
"""Lines of a file of which it is worked out which differ; of a longer one all are taken to."""


@dataclass(frozen=True)
class Lines:
    """What of one file differs."""

    file: str
    ranges: tuple[tuple[int, int], ...] = ()
    """First and last line of each run of lines that the side before does not have, from 1."""
    gone: tuple[int, ...] = ()
    """After which lines some are gone with nothing in their place; 0 is the file's beginning."""
    whole: str = ""
    """Of a file that is told of as a whole, in words: one that comes, goes or is no text."""

    @property
    def first(self) -> int:
        """The first line at which something differs; 0 where that is nowhere or the file is told of as a whole."""
        return min([start for start, _ in self.ranges] + [max(1, line) for line in self.gone], default=0)

    @property
    def places(self) -> int:
        """In how many places it differs."""
        return len(self.ranges) + len(self.gone) + bool(self.whole)

    def __str__(self) -> str:
        """Say it in a line that leaves no place out."""
        said = [self.whole] if self.whole else []
        if self.ranges:
            listed = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in self.ranges)
            one = len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1]
            said.append(f"line{'' if one else 's'} {listed}")
        if self.gone:
            said.append(f"lines gone after {', '.join(map(str, self.gone))}")
        return f"{self.file}: {'; '.join(said) or 'nothing in it but its mode or kind'}"


_AS_CALLED: Mapping[str, str] = {}


def of(before: Path, after: Path, changed: Iterable[str], paths: Mapping[str, str] = _AS_CALLED) -> tuple[Lines, ...]:
    """Say of each changed file which lines differ between the folders of both sides.

    `paths` gives the path in the project of what is called otherwise; what is outside of the project has none.
    """
    return tuple(_of(before, after, name, paths.get(name, name)) for name in changed)


def _of(before: Path, after: Path, path: str, real: str) -> Lines:
    if path.startswith("/"):
        return Lines(path, whole="outside of the project, not compared here")
    old, new = (_bytes(root, real) for root in (before, after))
    there = [(root / real).is_symlink() or (root / real).exists() for root in (before, after)]
    if (old is None and there[0]) or (new is None and there[1]):
        return Lines(path, whole="no plain file on both sides, or too large to compare")
    if any(side is not None and b"\0" in side for side in (old, new)):
        return Lines(path, whole="no text: nobody can read here what it is")
    if new is None:
        return Lines(path, whole="gone")
    lines = len(split(new.decode("utf-8", "replace")))
    if old is None:
        return Lines(path, whole=f"new, {lines} line{'' if lines == 1 else 's'}")
    # What is no UTF-8 differs, too, where its bytes do.
    return between(path, *(side.decode("utf-8", "surrogateescape") for side in (old, new)))


def between(path: str, old: str, new: str) -> Lines:
    """Say which lines of two texts of one file differ."""
    ranges, gone = _differing(old, new)
    return Lines(path, tuple(ranges), tuple(gone))


def _bytes(root: Path, path: str) -> bytes | None:
    file = root / path
    try:
        plain = file.is_file() and not file.is_symlink() and file.resolve().is_relative_to(root.resolve())
        return bounds.bytes_of(file) if plain else None
    except (OSError, ValueError):
        return None


def text_of(root: Path, path: str) -> str:
    """Read a file of one side; one that is not there, is too large, leaves the project or is no text is empty."""
    try:
        return (_bytes(root, path) or b"").decode("utf-8")
    except ValueError:
        return ""


def differing(old: str, new: str) -> set[int]:
    """Number the lines of the new text that the old one does not have, from 1."""
    return {line for start, end in _differing(old, new)[0] for line in range(start, end + 1)}


def _differing(old: str, new: str) -> tuple[list[tuple[int, int]], list[int]]:
    sides = (split(old), split(new))
    if max(map(len, sides)) > _MOST_LINES:
        return ([(1, len(sides[1]))], []) if old != new else ([], [])
    opcodes = difflib.SequenceMatcher(None, *sides, autojunk=False).get_opcodes()
    ranges = [(start + 1, end) for tag, _, _, start, end in opcodes if tag in ("replace", "insert")]
    return ranges, [start for tag, _, _, start, _ in opcodes if tag == "delete"]
