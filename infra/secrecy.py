"""What looks like the value of a secret, and text without it: for errors, plans and whatever else is shown. Pure.

A value is known by its form (`catalog/secret-forms.json`: an issuer's own, such as `ghp_...`), or by the name that
it stands under (`DB_PASSWORD: hunter2`, `--token abc`). What it says of a value is never the value itself.
"""

import functools
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from catalog import tables

HIDDEN = "(secret hidden)"
"""Stands where a secret stood; text that has it was changed, and cannot be compared with other text."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SUSPECT = re.compile(r"(?i)pass|pw|secret|token|key|cred|auth|login|curl")
"""What a text has somewhere in which names are worth a closer look."""

_VALUE = r"""(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s"'`;|&<>(),]+)"""
_ASSIGNMENTS = (
    # NAME=value, --name=value, as a shell has them; a quote in front of the name ends behind the value.
    re.compile(rf"""(?P<open>["'])?(?<![\w$.{{-])-{{0,2}}(?P<name>[A-Za-z_][\w.-]*)={_VALUE}"""),
    # --name value; and what a Dockerfile sets.
    re.compile(rf"""(?<![\w-])--?(?P<name>[A-Za-z][\w-]*)[ \t]+(?!-){_VALUE}"""),
    re.compile(rf"""(?im)^\s*(?:ENV|ARG)\s+(?P<name>[A-Za-z_]\w*)[ \t]+{_VALUE}"""),
    # "name": "value", name: value, name = "value"; prose has such, so that the value has to look like one.
    re.compile(
        rf"""(?<![\w$.-])["']?(?P<name>[A-Za-z_][\w.-]*)["']?\s*(?P<loose>(?::=|=>|:|=)\s+|:(?=["'])){_VALUE}"""
    ),
)


@dataclass(frozen=True)
class Found:
    """One secret in a text: what it is, in words, and from where to where it reaches."""

    what: str
    start: int
    end: int


@functools.lru_cache(16_384)
def find(text: str, name: str = "") -> tuple[Found, ...]:
    """Find the secrets in a text; `name` is the key, variable or option that it is the value of.

    >>> [found.what for found in find("export A=ghp_" + "x" * 36)]
    ['GitHub token']
    >>> find("ghcr.io/a/b@sha256:" + "ab" * 32), find("$DB_PASSWORD", "PASSWORD")
    ((), ())
    """
    if len(text) >= _SHORTEST and (found := sorted(_in_text(text, name), key=lambda one: (one.start, -one.end))):
        return _apart(found)
    if not text.isascii() and (plain := _UNSEEN.sub("", text)) != text and (inside := find(plain, name)):
        return (Found(inside[0].what, 0, len(text)),)
    called = kind(name)
    if (called == "secret" and not refers(text)) or (called == "perhaps" and random(text)):
        return (Found(f"value of {name}", 0, len(text)),)
    return ()


_UNSEEN = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Signs that nobody sees (Unicode, format characters): between those of a value they hide it from patterns alone."""

_SHORTEST = 8
"""A shorter text has no form of its own and no room for a name and a value."""


def hide(text: str, name: str = "") -> str:
    """Write a text without the secrets in it.

    >>> hide("docker login -u me -p hunter2", "")
    'docker login -u me -p (secret hidden)'
    """
    for found in reversed(find(text, name)):
        text = f"{text[: found.start]}{HIDDEN}{text[found.end :]}"
    return text


def walk(value: Any, path: str = "", name: str = "") -> Iterator[tuple[str, str, Found]]:
    """Find every secret in the texts and keys of a value: its path, the text it is in, and what it is."""
    for here, text, called in texts(value, path, name):
        for found in find(text, called):
            yield here, text, found


def texts(value: Any, path: str = "", name: str = "") -> Iterator[tuple[str, str, str]]:
    """Give every text in a value, and every key, with its path and the name that it stands under."""
    if isinstance(value, str):
        yield path, value, name
    elif _is_number(value, name):
        yield path, str(value), name
    elif isinstance(value, Mapping):
        entries = cast("Mapping[object, Any]", value)
        for key, entry in entries.items():
            shown = hide(str(key))
            if shown != key:
                yield f"{path}.{shown}" if path else shown, str(key), ""
            yield from texts(entry, f"{path}.{shown}" if path else shown, called(entries, str(key)))
    elif isinstance(value, list | tuple):
        items = cast("list[Any]", value)
        for index, entry in enumerate(items):
            yield from texts(entry, f"{path}[{index}]", option(items, index))


def _is_number(value: object, name: str) -> bool:
    """Say whether a number may be a secret: its name says so, and it is too large for a count or a duration in days."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) >= 1000 and kind(name) == "secret"


def called(entries: Mapping[Any, Any], key: str) -> str:
    """Name what an entry of a mapping is the value of: its key, or the `name` beside a `value`."""
    if key == "value":
        return next((str(entries[other]) for other in ("name", "key") if isinstance(entries.get(other), str)), "")
    return key


def option(items: "list[Any] | tuple[Any, ...]", index: int) -> str:
    """Name what an entry of a list is the value of: the option in front of it (`--token`, then its value)."""
    before = items[index - 1] if index else None
    return before.lstrip("-") if isinstance(before, str) and before.startswith("-") and "=" not in before else ""


def hidden(value: Any, name: str = "") -> Any:
    """Write a value of plain JSON without the secrets in it."""
    if isinstance(value, str):
        return hide(value, name)
    if _is_number(value, name):
        return HIDDEN
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return {hide(key): hidden(entry, called(entries, key)) for key, entry in entries.items()}
    if isinstance(value, list | tuple):
        items = cast("list[Any]", value)
        made = [hidden(entry, option(items, index)) for index, entry in enumerate(items)]
        return made if isinstance(value, list) else tuple(made)
    return value


def words_of(value: Any) -> frozenset[str]:
    """Gather the secrets in a value that may stand elsewhere, too: none that is an everyday word."""
    found = {text[one.start : one.end] for _, text, one in walk(value)}
    return frozenset(word for word in found if len(word) >= 6 and re.search(r"[^a-z]", word) and HIDDEN not in word)


@functools.lru_cache(4096)
def kind(name: str) -> Literal["secret", "perhaps", ""]:
    """Say whether a name is that of a secret's value, perhaps one, or neither.

    >>> [kind(name) for name in ("DB_PASSWORD", "apiKey", "WANDB_KEY", "MAX_TOKENS", "secret_id", "primary-key")]
    ['secret', 'secret', 'secret', '', '', 'perhaps']
    """
    names = _forms()["names"]
    # A key of several words, as of a command in the outputs, says what to do, and is no variable.
    words = [word.lower() for word in _WORDS.findall("" if " " in name else name.rpartition(".")[2])]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if words[-3:] == ["private", "key", "id"]:
        return "secret"
    if not words or words[-1] in names["about"]:
        return ""
    if words == ["secret"]:
        return "perhaps"  # `secretKeyRef: {secret: NAME}` of Google names one
    for index, word in enumerate(words):
        if word in names["secret"] or (word == "key" and index and words[index - 1] in names["keyOf"]):
            return "secret"
        # PGPASSWORD, HFTOKEN, DBPASS: what has no sign between its words.
        if word.endswith(tuple(names["endings"])) or (word.endswith("pass") and word[:-4] in names["passOf"]):
            return "secret"
        if word == "pass" and index and words[index - 1] in names["passOf"]:
            return "secret"
    return "perhaps" if words[-1] in names["perhaps"] else ""


def refers(value: str) -> bool:
    """Say whether a value only says where a secret is (`$TOKEN`, `projects/p/secrets/s`), or that there is none."""
    return HIDDEN in value or re.match(_forms()["reference"], value) is not None


def random(text: str, least: int = 20) -> bool:
    """Say whether a text looks like what a machine has drawn: one long word of letters and digits without pattern."""
    word = text.strip("\"' ")
    if len(word) < least or not re.fullmatch(r"[0-9A-Za-z+/=_.~-]+", word) or not re.search(r"[0-9]", word):
        return False
    # A name that people make has its digits together, or its words apart.
    if not any(len(part) >= 12 and _turns(part) >= 3 for part in re.split(r"[-_./]", word)):
        return False
    counts = Counter(word)
    bits = -sum(count / len(word) * math.log2(count / len(word)) for count in counts.values())
    return bits > 3


def _turns(word: str) -> int:
    """Count how often letters turn to digits or back."""
    return sum(one.isdigit() != other.isdigit() for one, other in itertools.pairwise(word))


def issued(text: str) -> Iterator[Found]:
    """Find what has a form that an issuer gives its secrets, whatever it stands under."""
    for what, pattern in _patterns():
        for match in pattern.finditer(text):
            group = "value" if "value" in pattern.groupindex and match["value"] is not None else 0
            end = match.end(group)
            rest = re.compile(r"[\w+/=-]*").match(text, end) if group == 0 else None
            yield Found(what, match.start(group), rest.end() if rest else end)


def _in_text(text: str, name: str) -> Iterator[Found]:
    yield from issued(text)
    yield from _hexadecimal(text, name)
    if _SUSPECT.search(text):
        for pattern in _ASSIGNMENTS:
            yield from _assigned(text, pattern)


def _hexadecimal(text: str, name: str) -> Iterator[Found]:
    """Find the older keys of Weights & Biases, 40 digits that could be a commit's id: what is around them decides."""
    facts = _forms()["hex40"]
    for match in _compiled(facts["pattern"]).finditer(text):
        before, after = text[max(0, match.start() - 80) : match.start()], text[match.end() : match.end() + 8]
        words = {word.lower() for word in _WORDS.findall(name)}
        if kind(name) != "secret" and not words & {"wandb"} and not _compiled(facts["keyBefore"]).search(before):
            beside = before.endswith("/") and after.startswith("/")
            if beside or words & set(facts["commitNames"]) or _compiled(facts["commitBefore"]).search(before):
                continue
            if after.startswith((".tar", ".zip", ".git")):
                continue
        yield Found("Weights & Biases key, or 40 digits like it", match.start(), match.end())


def _assigned(text: str, pattern: re.Pattern[str]) -> Iterator[Found]:
    for match in pattern.finditer(text):
        sort = kind(match["name"])
        start, end = match.span("value")
        value = match["value"]
        groups = match.groupdict()
        if groups.get("open") and (closing := text.find(groups["open"], start)) > 0:
            end, value = max(end, closing), text[start : max(end, closing)]
        plain = value.strip("\"'")
        if not sort or refers(plain):
            continue
        if groups.get("loose") and not (value[0] in "\"'" and len(plain) > 3) and not _odd(plain, match["name"]):
            continue
        if sort == "secret" or random(plain):
            quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
            yield Found(f"value of {match['name']}", start + quoted, end - quoted)


def _odd(value: str, name: str) -> bool:
    """Tell a value from the next word of a sentence: by a digit in it, or as a pass phrase of words with hyphens."""
    phrase = "pass" in name.lower() and re.fullmatch(r"[A-Za-z]+(?:-[A-Za-z]+){2,}", value)
    return bool(phrase) or (len(value) >= 6 and re.search(r"[0-9]", value) is not None and "$" not in value)


def _apart(found: list[Found]) -> tuple[Found, ...]:
    """Put what overlaps together, under the name of what begins first or is longest."""
    made: list[Found] = []
    for one in found:
        if made and one.start < made[-1].end:
            made[-1] = Found(made[-1].what, made[-1].start, max(made[-1].end, one.end))
        else:
            made.append(one)
    return tuple(made)


@functools.cache
def _forms() -> dict[str, Any]:
    return tables.table("secret-forms")


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    own = [(what, pattern) for what, pattern in _forms()["own"].items()]
    others = [(one["what"], pattern) for one in _forms()["library"].values() for pattern in one["patterns"]]
    return tuple((what, re.compile(pattern)) for what, pattern in (*own, *others))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
