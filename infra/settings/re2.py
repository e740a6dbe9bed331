r"""Regular expressions as RE2 reads them, which Cloud Build holds branches and tags against: RE2 itself is asked."""

import functools
import re
from typing import Any

LACKING = "RE2 has no look-around and no back-reference"
_ABSENT = re.compile(
    r"invalid perl operator: \(\?<?[=!]|invalid escape sequence: \\[1-9]|invalid perl operator: \(\?P$"
)


def mistake(text: str) -> str | None:
    """Say why RE2 does not read a text; None where it does."""
    engine, options = _engine()
    try:
        engine.compile(text, options)
    except engine.error as error:
        said = error.args[0] if error.args else "it is none"
        words: str = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return LACKING if _ABSENT.match(words) else words
    except UnicodeError:
        return "it holds half of a character"
    return None


def names_one(text: str) -> bool:
    """Say whether a pattern, searched for as Cloud Build does, is found in one name and in no other."""
    low, high = _range(text)
    if not low or low != high:
        return False
    # What it finds is this text. Whether it finds it within a longer one depends on the neighbours alone: on whether
    # they are there, are of a word, or end a line.
    beside = ("", "x", "-", "\n")
    engine, options = _engine()
    pattern = engine.compile(text, options)
    return [(a, b) for a in beside for b in beside if pattern.search(f"{a}{low}{b}")] == [("", "")]


def begins_so(text: str) -> bool:
    """Say whether whatever a pattern is found in begins with the same letters; False where that is not plain."""
    rest = text.removeprefix("^") if text.startswith("^") else text.removeprefix(r"\A")
    # An alternative outside of any group would have no anchor of its own.
    low, high = _range(text)
    plain = rest != text and r"\Q" not in text and "|" not in _GROUPED.sub("", rest)
    return plain and low[:1] == high[:1] != ""


_GROUPED = re.compile(r"\\.|\[[^\]]*\]|\([^()|]*(?:\|[^()|]*)*\)")
_LONGEST = 300
"""Longer than the name of a branch or tag, of which GitHub takes 244 bytes."""


def _range(text: str) -> tuple[str, str]:
    """Give the least and the greatest text that a pattern finds; nothing where there is no bound."""
    if mistake(text):
        return "", ""
    engine, options = _engine()
    try:
        low, high = engine.compile(text, options).possiblematchrange(_LONGEST)
        return low.decode(), high.decode()
    except (engine.error, UnicodeError, TypeError):
        return "", ""


@functools.cache
def _engine() -> tuple[Any, Any]:
    # Where nobody asks about a pattern it is not loaded.
    import re2

    options: Any = re2.Options()
    # What is wrong is said as every mistake is, and not a second time by the library.
    options.log_errors = False
    return re2, options
