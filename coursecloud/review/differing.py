"""Two texts cut to where they differ: every such place whole, with some of what stands around it.

What is cut is what both sides have. A limit on the rest would hide a second edit behind a harmless first one.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

_MOST = 4_000_000
"""Pairs of words that are compared one by one; of longer texts what differs is one place."""

_Place = tuple[int, int, int, int]
"""Where both texts differ: from and to in the one, from and to in the other."""


def sides(old: str, new: str, around: int = 40) -> tuple[str, str]:
    """Cut both texts to where they differ and `around` characters beside, with `…` for what is left out."""
    places = list(_merged(_places(old, new), 2 * around))
    return (
        _cut(old, [(place[0], place[1]) for place in places], around),
        _cut(new, [(place[2], place[3]) for place in places], around),
    )


def _cut(text: str, spans: list[tuple[int, int]], around: int) -> str:
    shown, at = "", 0
    for start, end in spans:
        first = max(at, start - around)
        last = min(len(text), end + around)
        shown += ("…" if first > at else "") + text[first:last]
        at = last
    return shown + ("…" if at < len(text) else "") if spans else text


def _places(old: str, new: str) -> Iterator[_Place]:
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    middle = [text[start : len(text) - end] for text in (old, new)]
    words = [re.findall(r"\w+|\s+|[^\w\s]", text) for text in middle]
    if len(words[0]) * len(words[1]) > _MOST:
        yield start, len(old) - end, start, len(new) - end
        return
    ends = [[start], [start]]
    for each, told in zip(words, ends, strict=True):
        for word in each:
            told.append(told[-1] + len(word))
    for tag, a, b, c, d in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        if tag != "equal":
            yield ends[0][a], ends[0][b], ends[1][c], ends[1][d]


def _merged(places: Iterator[_Place], shown: int) -> Iterator[_Place]:
    """Make one place of those between which no more stands than is `shown` anyway."""
    held: _Place | None = None
    for place in places:
        if held and place[0] - held[1] <= shown:
            held = (held[0], place[1], held[2], place[3])
            continue
        if held:
            yield held
        held = place
    if held:
        yield held


def _alike(one: str, other: str) -> int:
    """Count the characters with which both begin."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
