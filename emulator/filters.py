"""The filter language of list methods, as far as tools use it: comparisons joined by AND, OR, NOT, parentheses."""

from __future__ import annotations

import re
from typing import Any

from .errors import invalid
from .shapes import is_list, is_object

Json = dict[str, Any]
TOKEN = re.compile(
    r'\s*(?:(\()|(\))|(AND|OR|NOT|-(?=\w))(?=[\s(\w])|([\w./"-]+?)\s*(!=|<=|>=|=|:|<|>|\s(?:eq|ne)\s)\s*("[^"]*"|[^\s()]+))'
)


def matches(text: str, body: Json) -> bool:
    """Does the body pass the filter? An empty filter passes all; one that cannot be read is refused."""
    if not text.strip():
        return True
    tokens: list[tuple[str, ...]] = []
    at = 0
    while at < len(text.rstrip()):
        found = TOKEN.match(text, at)
        if not found:
            raise invalid(f"Invalid filter: '{text}' at {at}", ("filter", "cannot be parsed"))
        tokens.append(tuple(g or "" for g in found.groups()))
        at = found.end()
    result, rest = _either(tokens, body)
    if rest:
        raise invalid(f"Invalid filter: '{text}'", ("filter", "unbalanced parentheses"))
    return result


def _either(tokens: list[tuple[str, ...]], body: Json) -> tuple[bool, list[tuple[str, ...]]]:
    result, tokens = _both(tokens, body)
    while tokens and tokens[0][2] == "OR":
        other, tokens = _both(tokens[1:], body)
        result = result or other
    return result, tokens


def _both(tokens: list[tuple[str, ...]], body: Json) -> tuple[bool, list[tuple[str, ...]]]:
    result, tokens = _one(tokens, body)
    while tokens and tokens[0][2] != "OR" and not tokens[0][1]:
        other, tokens = _one(tokens[1:] if tokens[0][2] == "AND" else tokens, body)
        result = result and other
    return result, tokens


def _one(tokens: list[tuple[str, ...]], body: Json) -> tuple[bool, list[tuple[str, ...]]]:
    if not tokens:
        raise invalid("Invalid filter: ends too early", ("filter", "cannot be parsed"))
    opening, _, word, path, operator, value = tokens[0]
    if word in ("NOT", "-"):
        result, rest = _one(tokens[1:], body)
        return not result, rest
    if opening:
        result, rest = _either(tokens[1:], body)
        if not rest or not rest[0][1]:
            raise invalid("Invalid filter: unbalanced parentheses", ("filter", "cannot be parsed"))
        return result, rest[1:]
    return _compare(look_up(body, path), operator.strip(), value.strip('"')), tokens[1:]


def look_up(body: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for name in path.replace('"', "").split("."):
        body = body.get(name) if is_object(body) else None
    return body


def _compare(have: Any, operator: str, want: str) -> bool:
    text = str(have).lower() if isinstance(have, bool) else "" if have is None else str(have)
    if operator == ":":
        values = list(have) if is_list(have) or is_object(have) else [text]
        return have is not None and (want == "*" or any(want.rstrip("*") in str(v) for v in values))
    if operator in ("=", "eq"):
        return bool(re.fullmatch(re.escape(want).replace(r"\*", ".*"), text)) or text.endswith("/" + want)
    if operator in ("!=", "ne"):
        return not _compare(have, "=", want)
    left: Any = text
    right: Any = want
    if re.fullmatch(r"-?[\d.]+", text) and re.fullmatch(r"-?[\d.]+", want):
        left, right = float(text), float(want)
    return bool({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator])
