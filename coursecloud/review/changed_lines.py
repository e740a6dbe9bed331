"""Which lines of a file differ between two sides: every one of them is named, whatever a plan says of it."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

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


_ENDS = re.compile(r"\r\n|\n|\r")


def split(text: str) -> list[str]:
    """Split a text where editors and git do, each line with its end: what else ends one to Python hides in it."""
    lines: list[str] = []
    start = 0
    for match in _ENDS.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    return lines + ([text[start:]] if start < len(text) else [])


def _differing(old: str, new: str) -> tuple[list[tuple[int, int]], list[int]]:
    sides = (split(old), split(new))
    if max(map(len, sides)) > _MOST_LINES:
        return ([(1, len(sides[1]))], []) if old != new else ([], [])
    opcodes = difflib.SequenceMatcher(None, *sides, autojunk=False).get_opcodes()
    ranges = [(start + 1, end) for tag, _, _, start, end in opcodes if tag in ("replace", "insert")]
    return ranges, [start for tag, _, _, start, _ in opcodes if tag == "delete"]


_TYPED = re.compile(
    r"(?m)^( {3,}|\t)|[`~<|$]|//|\]\(|\][\[:]|^\s*(:::|\.\. )|::|&#?\w+;"
    # An address by its numbers, and a port.
    r"|\b\d{1,3}(\.\d{1,3}){3}\b|\b127\.\d|\b0x[0-9a-fA-F]|\b([0-9a-fA-F]{1,4}:){3}|\w:\d{2,5}\b"
    # Inside of a word stands no sign that this does not list: it may look like a dot, or like nothing.
    r"|[^\W_][^\w\s'\u2019\u02bc.,:;/&+*()\[\]\"\u201c\u201d\u201e\u2018=%#!?\u2010-\u2015-]+[^\W_]"
    r"|[\w.][\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f]|[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f][\w.]"
    # What shows nothing, or turns the direction of writing.
    r"|[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
    # Commands: where the names of files are the same in either case, so are these; some are words of English.
    r"|\b(?i:curl|wget|pip[3x]?|sudo|doas|bash|np[mx]|pnpm|yarn|uvx?|gcloud|gsutil|bq|gh|pulumi|coursecloud|docker|podman"
    r"|ssh|scp|dvc|rm|mv|cp|dd|chmod|chown|eval|apt|dnf|yum|apk|pacman|zypper|winget|choco|scoop|brew|conda|mamba"
    r"|terraform|tofu|kubectl|helm|openssl|rsync|rpm|dpkg|direnv|mise|hatch|pdm|nix|wsl|msiexec|iwr|socat|osascript"
    r"|crontab|systemctl|launchctl|php|lua|deno|powershell|pwsh|iex|irm|aws|az|nc|ncat|telnet)\b"
    r"|\b(sh|make|python3?|git|export|source|exec|poetry|go|cargo|node|perl|ruby|gem|open|bun|snap|xargs)\b"
    r"|\b(SH|MAKE|PYTHON3?|GIT|EXPORT|SOURCE|EXEC|POETRY|GO|CARGO|NODE|PERL|RUBY|GEM|OPEN|BUN|SNAP|XARGS)\b"
    r"|\b(allUsers|allAuthenticatedUsers)\b|\b[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}\b"
    r"|(?<!\S)--?\w|\w@[\w-]|\broles/|\b(Owner|Editor|Admin|Administrator)\b"
)
"""Marks of what a reader of a document types, copies or follows: rather too many than one too few."""

_PLAIN = re.compile(
    r"docs/(?!.*(memor|guideline|practice|mode|bank)).*\.(md|rst)|reports?/[\w/-]+\.md"
    r"|([^/]+/)*(README|CHANGELOG|CHANGES|CONTRIBUTING|SECURITY|CODE_OF_CONDUCT|SUPPORT|HISTORY)(\.[\w-]+)?\.md"
    r"|(LICENSE|LICENCE|NOTICE|COPYING|CITATION|AUTHORS)(\.\w+)?",
    re.IGNORECASE,
)
"""Documents for people: any other name may be one that a coding agent follows, and a picture can say anything."""

_DOTS = ".\u00b7\u2024\u3002\ua78f\uff0e\uff61"
_HOST = re.compile(rf"(?<![\w-])(?:[\w-]+[{_DOTS}])+[^\W\d_][\w-]{{1,62}}(?![\w-])")
"""What may be a host's name, in any letters, unless something of the repository is called so."""


def typed(before: Path, after: Path, document: str) -> bool:
    """Say whether what differs of a document, gone lines too, is perhaps something to type, copy or follow."""
    texts = [_bytes(root, document) for root in (before, after)]
    there = [os.path.lexists(root / document) for root in (before, after)]
    # What cannot be read, or is where nobody finds it by that name, may say anything.
    if (
        not _PLAIN.fullmatch(document)
        or not any(there)
        or any(a and b is None for a, b in zip(there, texts, strict=True))
    ):
        return True
    try:
        old, new = ((text or b"").decode("utf-8") for text in texts)
    except ValueError:
        return True
    if "\0" in old + new:
        return True
    sides = ((split(old), differing(new, old)), (split(new), differing(old, new)))
    differ = [lines[number - 1] for lines, numbers in sides for number in numbers]
    if any(map(follows, differ)):
        return True
    # A file that comes along may be called as the host.
    if hosts(differ, before):
        return True
    # A plain word in a block is one too, and one that is not shown; where that began may stand far above.
    return any(_fenced(lines) & numbers for lines, numbers in sides)


def hosts(lines: Iterable[str], *roots: Path) -> set[str]:
    """Give what may be names of hosts in some lines: what no file in the folders is called."""
    found = {match[0].lower() for line in lines for match in _HOST.finditer(line)}
    return found - {name.lower() for root in roots for name in _names(root)} if found else found


def _names(root: Path) -> Iterator[str]:
    """Give the names of a side's files, but for what is hidden."""
    for _, folders, names in os.walk(root):
        folders[:] = [each for each in folders if not each.startswith(".")]
        yield from names


def follows(line: str) -> bool:
    """Say whether a line holds a mark of what its reader types, copies or follows."""
    return bool(_TYPED.search(line))


def _fenced(lines: list[str]) -> set[int]:
    """Number the lines of a document that stand behind an odd number of fences, in an element or in its head."""
    inside, opened, found = False, 0, set[int]()
    head = bool(lines) and lines[0].rstrip() in ("---", "+++")
    for number, line in enumerate(lines, 1):
        if head:
            found.add(number)
            head = number == 1 or line.rstrip() not in ("---", "+++", "...")
        elif re.match(r"[\s>*+\-0-9.)]*(`{3,}|~{3,}|:{3,})", line):
            inside = not inside
        elif inside or opened:
            found.add(number)
        opened = max(0, opened + len(_OPENS.findall(line)) - len(_CLOSES.findall(line)))
    return found


_OPENS, _CLOSES = (
    re.compile(each, re.IGNORECASE)
    for each in (r"<!--|<(?:pre|code|script|style)\b", r"-->|</(?:pre|code|script|style)\b")
)
