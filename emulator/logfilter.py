"""The query language of Cloud Logging, as far as clients use it: comparisons joined by AND, OR, NOT, line ends.

https://cloud.google.com/logging/docs/view/logging-query-language (2026-11): OR binds more tightly than AND; `=` and `:`
take no notice of capitals; a comparison with a field that is not there is false; a value may be a list in parentheses.
"""

from __future__ import annotations

import re
from typing import Any

from .errors import invalid
from .shapes import is_list, is_object
from .world import moment

Json = dict[str, Any]
TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<operator>!=|!~|=~|<=|>=|=|:|<|>)|(?P<text>"(?:[^"\\]|\\.)*")"""
    r"""|(?P<minus>-(?=[\w("]))|(?P<word>[\w./@%*+-]+))"""
)
COMMENT = re.compile(r"--[^\n]*")
Token = tuple[str, str]


def matches(text: str, entry: Json) -> bool:
    """Does an entry pass the filter? One that cannot be read is refused."""
    reader = _Reader(text, entry)
    if not reader.tokens:
        return True
    found = reader.both()
    if reader.tokens:
        raise reader.wrong(f"unexpected '{reader.tokens[0][1]}'")
    return found


class _Reader:
    def __init__(self, text: str, entry: Json):
        self.text, self.entry = text, entry
        self.tokens: list[Token] = []
        bare, at = COMMENT.sub("", text).rstrip(), 0
        while at < len(bare):
            found = TOKEN.match(bare, at)
            if not found:
                raise self.wrong(f"unexpected '{bare[at : at + 20]}'")
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()

    def wrong(self, why: str) -> Exception:
        return invalid(f"Unparseable filter: {why}", ("filter", why))

    def is_word(self, *words: str) -> bool:
        return bool(self.tokens) and self.tokens[0][0] == "word" and self.tokens[0][1] in words

    def follows(self, kind: str) -> bool:
        return bool(self.tokens) and self.tokens[0][0] == kind

    def take(self, kind: str) -> str:
        if not self.tokens or self.tokens[0][0] != kind:
            raise self.wrong(f"{kind} expected after '{self.text[:60]}'")
        return self.tokens.pop(0)[1]

    def both(self) -> bool:
        result = self.either()
        while self.tokens and self.tokens[0][0] != "close":
            if self.is_word("AND"):
                self.tokens.pop(0)
            following = self.either()
            result = result and following
        return result

    def either(self) -> bool:
        result = self.one()
        while self.is_word("OR"):
            self.tokens.pop(0)
            following = self.one()
            result = result or following
        return result

    def one(self) -> bool:
        if not self.tokens:
            raise self.wrong("it ends too early")
        kind = self.tokens[0][0]
        if kind == "minus" or self.is_word("NOT"):
            self.tokens.pop(0)
            return not self.one()
        if kind == "open":
            self.tokens.pop(0)
            result = self.both()
            self.take("close")
            return result
        path = _plain(self.tokens.pop(0)[1])
        if self.tokens and self.tokens[0][0] == "open" and path == "log_id":
            self.tokens.pop(0)
            wanted = _plain(self.take("text"))
            self.take("close")
            return str(self.entry["logName"]).replace("%2F", "/").endswith(f"/logs/{wanted}")
        while self.tokens and self.tokens[0][0] == "text" and path.endswith("."):
            path += _plain(self.tokens.pop(0)[1])
        if not self.follows("operator"):
            return path.lower() in str(self.entry).lower()  # a word alone is looked for everywhere
        operator = self.take("operator")
        have = _at(self.entry, path)
        if self.follows("open"):
            return self.listed(have, operator)
        return _compare(have, operator, self.value(), self)

    def value(self) -> str:
        if not self.tokens or self.tokens[0][0] not in ("text", "word"):
            raise self.wrong("a value is missing")
        return _plain(self.tokens.pop(0)[1])

    def listed(self, have: Any, operator: str) -> bool:
        """A comparison with several values: any of them with OR, all with AND."""
        self.tokens.pop(0)
        found, joins = [_compare(have, operator, self.value(), self)], set[str]()
        while self.tokens and self.tokens[0][0] != "close":
            joins.add(self.take("word"))
            found.append(_compare(have, operator, self.value(), self))
        self.take("close")
        if not joins <= {"OR"} and not joins <= {"AND"}:
            raise self.wrong(f"values are joined by {sorted(joins)}")
        return all(found) if "AND" in joins else any(found)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if is_object(body) else None
    return body


def _compare(have: Any, operator: str, want: str, reader: _Reader) -> bool:
    if have is None:
        return operator in ("!=", "!~")
    if is_list(have):
        return any(_compare(each, operator, want, reader) for each in have)
    text = str(have).lower() if isinstance(have, bool) else str(have)
    if operator in ("=~", "!~"):
        try:
            found = re.search(want, text) is not None
        except re.error as wrong:
            raise reader.wrong(f"'{want}' is no regular expression: {wrong}") from None
        return found == (operator == "=~")
    if operator == ":":
        return want == "*" or want.lower() in str(have).lower()
    if operator in ("=", "!="):
        return (text.lower() == want.lower()) == (operator == "=")
    return _ordered(text, operator, want, reader)


def _ordered(text: str, operator: str, want: str, reader: _Reader) -> bool:
    left: Any = text
    right: Any = want
    if re.match(r"\d{4}-\d\d-\d\dT", text):
        try:
            left, right = moment(text), moment(want if "T" in want else f"{want}T00:00:00Z")
        except ValueError:
            raise reader.wrong(f"'{want}' is no time") from None
    elif re.fullmatch(r"-?[\d.]+", text) and re.fullmatch(r"-?[\d.]+", want):
        left, right = float(text), float(want)
    return bool({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator])
