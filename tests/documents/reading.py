"""What README and the documents say in blocks and between backticks: commands, and files of every form. Pure."""

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt().enable("table")
_CHOICE = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True)
class Block:
    """A block of code: its language where one is named, the line it begins in, and its text."""

    file: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Say where it is, for the name of a test."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command line of a document, and where it stands."""

    where: str
    line: str

    @property
    def words(self) -> list[str]:
        """Give its words; a comment at its end is none."""
        return shlex.split(self.line, comments=True)

    def __str__(self) -> str:
        """Name a test by the command."""
        return self.line


def blocks(file: Path, root: Path) -> Iterator[Block]:
    """Give the blocks of a document, those between fences and those that are indented."""
    for token in _MARKDOWN.parse(file.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block") and token.map:
            yield Block(str(file.relative_to(root)), token.map[0] + 1, token.info, token.content)


def spans(file: Path, root: Path) -> Iterator[Command]:
    """Give what a document has between backticks in its text."""
    for token in _MARKDOWN.parse(file.read_text(encoding="utf-8")):
        for child in token.children or ():
            if child.type == "code_inline":
                line = token.map[0] + 1 if token.map else 0
                yield Command(f"{file.relative_to(root)}:{line}", child.content)


def commands(block: Block) -> Iterator[Command]:
    """Give the commands of a block: a line each, joined where a line ends with a backslash."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield Command(str(block), line)


def forms(line: str) -> list[str]:
    """Write out what a line leaves open: `[A]` once without it and once with it, `[A | B]` with each of them.

    The first form has none of these, and each further one has one alternative of every bracket.
    """
    line = re.sub(r"\s#.*", "", line)
    offered = [each.split(" | ") for each in _CHOICE.findall(line)]
    made = [_CHOICE.sub("", line)]
    for number in range(max(map(len, offered), default=0)):
        chosen = iter([each[min(number, len(each) - 1)] for each in offered])
        made.append(_CHOICE.sub(lambda _, chosen=chosen: next(chosen), line))
    return [" ".join(each.split()) for each in made]


def steps(line: str) -> list[list[str]]:
    """Split what a shell runs one after the other (`a && b; c`) into the words of each."""
    found = shlex.shlex(line, posix=True, punctuation_chars="&;|")
    found.whitespace_split = True
    found.commenters = "#"
    parts = itertools.groupby(found, key=lambda word: set(word) <= set("&;|"))
    return [list(words) for between, words in parts if not between]
