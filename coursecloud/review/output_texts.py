"""What a program prints otherwise than before, cut to where both sides differ."""

import json

from coursecloud.diff import property_diff
from coursecloud.diff.changes import PropertyChange
from coursecloud.review.quoting import quoted


def sides(entry: PropertyChange) -> tuple[str, str]:
    """Write both sides of an output, each between backticks."""
    return _where_they_differ(_printed(entry.old), _printed(entry.new))


def _printed(value: object) -> str:
    if value is property_diff.NOTHING:
        return "nothing"
    plain = property_diff.plain(value)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
    return quoted(text)


def _where_they_differ(old: str, new: str, most: int = 300, around: int = 60) -> tuple[str, str]:
    """Cut two long texts to where they differ, with some of what stands around it."""
    if max(len(old), len(new)) <= most:
        return old, new
    start = max(0, _alike(old, new) - around)
    back = _alike(old[start + around :][::-1], new[start + around :][::-1])
    sides: list[str] = []
    for text in (old, new):
        end = len(text) - max(0, back - around)
        part = text[start : min(end, start + most)]
        head, tail = "`…" if start else "", "…`" if start + len(part) < len(text) else ""
        sides.append(f"{head}{part}{tail}")
    return sides[0], sides[1]


def _alike(one: str, other: str) -> int:
    """Count the characters with which both begin."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
