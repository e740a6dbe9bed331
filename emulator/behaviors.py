"""What Google says of a field beside its type: whether one must give it, and whether it is the server's alone.

A description says the latter with `readOnly` and the former with `annotations` (the methods that want the field), where
it says so at all; the rest stands in the first words of its text, in the form of https://google.aip.dev/203 (read
2026-11-28): "Required. Immutable. The ...", or of Compute Engine, "[Output Only] The ...".
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

_MARK = re.compile(
    r"\s*\[?(required|optional|output[ -]only|input only|immutable|identifier|unordered list)\b"
    r"(?:\]|[.:]|, except\b|\s*$)",
    re.IGNORECASE,
)


def marks(rule: Json) -> frozenset[str]:
    """Name what the first words of a field's text say of it, in small letters.

    >>> sorted(marks({"description": "Required. Output only. The name of it."}))
    ['output only', 'required']
    """
    text, found = rule.get("description", ""), set[str]()
    while match := _MARK.match(text):
        found.add(match[1].lower().replace("-", " "))
        text = text[match.end() :]
    return frozenset(found)


def output_only(rule: Json) -> bool:
    """Is the field the server's to set? What a client sends in it is passed over."""
    return bool(rule.get("readOnly")) or "output only" in marks(rule)


def required(name: str, rule: Json, method: str, *, whole: bool) -> bool:
    """Does a method refuse a message without the field?

    `whole` is the message that is the request's body. Its `name` is how the resource will be called, which for most
    resources the path or a parameter says: it counts where the method is named only.
    """
    if method in rule.get("annotations", {}).get("required", ()):
        return True
    return "required" in marks(rule) and not output_only(rule) and not (whole and name == "name")
