"""Where text leaves for a screen, a pipe or a spreadsheet: nothing that a name or a value holds does anything there.

At a terminal lines are as wide as it is. In a pipe each is whole, however long, unless COLUMNS asks for a width, and
has no blanks at its end: other programs read it, and an address that is broken in two is none.
"""

import csv
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Span, Text
from rich.tree import Tree
from typing_extensions import override

from coursecloud.common import progress

PIPED = 20_000
"""Columns where there is no terminal: more than any line has, and a bound for what somebody puts into a value."""

NARROWEST = 20
"""Columns that can be asked for; what is narrower shows nothing, and is a shell's mistake."""

_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters, marks and symbols that show nothing (Unicode 15.1, Default_Ignorable_Code_Point, and the empty braille)."""


def visible(text: str) -> str:
    """Write out what could hide or rearrange text, or steer a terminal: control characters, those that turn the
    direction of writing, and those that show nothing. Lines and tabs stay. What a runner of GitHub Actions would take
    from a log as a command to itself gets a backslash.

    >>> visible("a\\x1b[31mb\\u202ec")
    'a\\\\u001b[31mb\\\\u202ec'
    >>> visible("a\\n ::add-mask::b")
    'a\\n \\\\::add-mask::b'
    """
    if "::" in text or "##[" in text:
        text = _COMMAND.sub(r"\g<0>\\", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_letter, text))


_COMMAND = re.compile(r"(?m)^\s*(?=::)|(?<=##)(?=\[)")
"""Two colons at a line's beginning, and the older form wherever it stands (actions/runner, 2026-11)."""


def _letter(letter: str) -> str:
    if letter in "\n\t" or not (unicodedata.category(letter) in _HIDING or _UNSEEN.match(letter)):
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


class Output(Console):
    """A console on which no text is markup, and all of it is visible."""

    def __init__(self, *, error: bool = False):
        stream = sys.stderr if error else sys.stdout
        self._piped = not stream.isatty()
        # Colours may be asked for in a pipe (FORCE_COLOR), and so may a width.
        columns = os.environ.get("COLUMNS", "")
        asked = columns.isdigit() and int(columns) >= NARROWEST
        self._unbounded = self._piped and not asked
        options: dict[str, Any] = {"width": PIPED} if self._unbounded else {}
        if not asked:
            # rich would cut every line at a width of 0, and show nothing.
            options["_environ"] = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        super().__init__(stderr=error, highlight=False, markup=False, emoji=False, **options)

    @override
    def print(self, *objects: Any, **options: Any) -> None:
        """Print as Console does."""
        shown = [self._shown(each) for each in objects]
        if not self._piped:
            super().print(*shown, **options)
            return
        with self.capture() as captured:
            super().print(*shown, **options)
        whole = re.sub(r"(?m) +((?:\x1b\[[0-9;]*m)*)$", r"\1", captured.get())
        super().print(whole, no_wrap=True, overflow="ignore", crop=False, end="")

    def _shown(self, renderable: Any) -> Any:
        """Make visible whatever text there is in what is printed; only what this project prints is known here."""
        match renderable:
            case str():
                return self._plain(renderable)
            case Text():
                return self._text(renderable)
            case Table():
                renderable.title = self._shown(renderable.title)
                for column in renderable.columns:
                    column.header, column.footer = self._shown(column.header), self._shown(column.footer)
                    column.max_width = None if self._unbounded else column.max_width
                    # rich has no other way to the cells than its own.
                    column._cells[:] = map(self._shown, column._cells)  # pyright: ignore[reportPrivateUsage]
            case Tree():
                renderable.label = self._shown(renderable.label)
                renderable.children[:] = map(self._shown, renderable.children)
            case Group():
                renderable.renderables[:] = map(self._shown, renderable.renderables)
            case Padding():
                renderable.renderable = self._shown(renderable.renderable)
                renderable.expand = renderable.expand and not self._unbounded
            case _:
                pass
        return renderable

    def _plain(self, text: str) -> str:
        # What the other side cannot write ends no command.
        return visible(text).encode(self.encoding, "backslashreplace").decode(self.encoding)

    def _text(self, text: Text) -> Text:
        if (plain := self._plain(text.plain)) == text.plain:
            return text
        places = [0]
        for letter in text.plain:
            places.append(places[-1] + len(self._plain(letter)))
        copy = text.blank_copy(plain)
        copy.spans = [
            Span(places[span.start], places[min(span.end, len(text.plain))], span.style) for span in text.spans
        ]
        return copy


def console(*, error: bool = False) -> Console:
    """Make a console: colours only on a terminal, and lines that are cut only there."""
    return Output(error=error)


def report(*parts: RenderableType, always: Sequence[str] = ()) -> None:
    """Print what a command answers. With `--quiet` its first line alone, which says what follows from it, and what is
    said `always`; of a table of many stacks nothing else, as its mistakes are said elsewhere.
    """
    screen = console()
    if not progress.quiet():
        screen.print(*parts, sep="\n")
        return
    if not isinstance(parts[0], Table):
        with screen.capture() as captured:
            screen.print(parts[0])
        screen.out(next((line for line in captured.get().splitlines() if line.strip()), ""), highlight=False)
    for text in always:
        say(text)


def say(text: str) -> None:
    """Print a text as it is, in lines that nobody wraps."""
    console().print(Text(text), soft_wrap=True)


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as CSV; a cell is text or a number there, and never a formula."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?%?")
_FORMULA = ("=", "+", "-", "@", "\t", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _cell(value: Any) -> Any:
    """Keep a text from being a formula to Excel and its kin, which run what begins so (OWASP, CSV injection)."""
    if not isinstance(value, str):
        return value
    shown = visible(value)
    begins = shown.startswith("\t") or shown.lstrip().startswith(_FORMULA)
    return f"'{shown}" if begins and not _NUMBER.fullmatch(shown) else shown
