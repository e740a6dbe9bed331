"""What a program prints otherwise than before, cut to where both sides differ."""

import json

from coursecloud.diff import property_diff
from coursecloud.diff.changes import PropertyChange
from coursecloud.review import differing
from coursecloud.review.quoting import quoted

_SHORT = 300
"""Texts that are shown as they are."""


def sides(entry: PropertyChange) -> tuple[str, str]:
    """Write both sides of an output, each between backticks."""
    if entry.old is property_diff.NOTHING:
        return "nothing", quoted(_printed(entry.new))
    if entry.new is property_diff.NOTHING:
        return quoted(_printed(entry.old)), "nothing"
    old, new = _printed(entry.old), _printed(entry.new)
    if max(len(old), len(new)) > _SHORT:
        old, new = differing.sides(old, new)
    return quoted(old), quoted(new)


def _printed(value: object) -> str:
    plain = property_diff.plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
