"""A mistake in a stack file: where, what was found, the rule it breaks and what to do about it."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from catalog import tables
from infra.names import WORKLOADS
from infra.secrecy import HIDDEN, find, hide, kind, random


@dataclass(frozen=True)
class Problem:
    """One mistake; `path` is the key path in the stack file, e.g. `coursecloud:machines.trainer.gpu.count`."""

    path: str
    value: object
    rule: str
    remedy: str
    line: tuple[int, int] | None = None
    """Line and column of the stack file, from 1, where they are known."""

    def __str__(self) -> str:
        """Render as three short lines: path and value with their place in the file, rule, remedy."""
        found = "" if self.value is MISSING else f": {shown(self.value)}"
        place = f"  (line {self.line[0]}, column {self.line[1]})" if self.line else ""
        return f"{self.path}{found}{place}\n    rule    {self.rule}\n    remedy  {self.remedy}"


class SettingsError(ValueError):
    """All the mistakes of one stack file at once, in the order of their paths."""

    def __init__(self, stack: str, problems: Iterable[Problem]):
        self.stack = stack
        found = list(problems)
        # One mistake may repeat what another is about.
        secrets = tuple(str(one.value) for one in found if isinstance(one.value, str) and _secret(one.path, one.value))
        shown = [masked(problem, tuple(word for word in secrets if len(word) > 3)) for problem in found]
        # By path and rule, because a value may be a list or a mapping, which cannot be compared or hashed.
        once = {(problem.path, problem.rule): problem for problem in shown}
        self.problems = tuple(once[key] for key in sorted(once, key=_in_order))
        count = f"{len(self.problems)} mistake{'s' if len(self.problems) > 1 else ''}"
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{count} in the settings of stack '{stack}'; nothing was registered.\n{listing}")


def _in_order(key: tuple[str, str]) -> list[tuple[int, str]]:
    """Sort paths as a person counts: the tenth entry of a list comes after the second."""
    path, rule = key
    return [(int(part), "") if part.isdigit() else (0, part) for part in [*re.split(r"(?<=\[)(\d+)(?=\])", path), rule]]


class Hidden:
    """Stands for a value that is, or may be, a secret."""

    def __repr__(self) -> str:
        return "(hidden: it may be a secret)"


class _Shape:
    """Stands for a value of several parts, any of which may be a secret."""

    def __init__(self, value: "Mapping[object, object] | list[object] | tuple[object, ...]"):
        what = "mapping" if isinstance(value, Mapping) else "list"
        self._said = f"(a {what} of {len(value)})"

    def __repr__(self) -> str:
        return self._said


_OF_SECRETS = re.compile(r"^coursecloud:secrets|\.(?:secrets|mountedSecrets)(?:[.\[]|$)")
_NAME_OF_ONE = re.compile(r"[A-Z][A-Z0-9_]{0,60}|[a-z]{1,3}")
"""What may be shown where names of secrets and of their readers stand: it looks like one, and like no value."""
READERS: dict[str, str] = {
    word: right for right, words in tables.table("other-words")["readers"].items() for word in words
}
"""What people call the readers of a secret, and what to write."""


def masked(problem: Problem, secrets: tuple[str, ...] = ()) -> Problem:
    """Write a mistake without what is, or may be, a secret: its value, and where path, rule and remedy repeat it.

    `secrets` are values of other mistakes that it may repeat.
    """
    value: object = problem.value
    repeated, masked_value = secrets, value
    several = isinstance(value, Mapping | list | tuple) and bool(cast("object", value))
    if several:
        repeated, masked_value = (
            (*secrets, str(problem.value), shown(problem.value)),
            _Shape(cast("Any", problem.value)),
        )
    elif _secret(problem.path, problem.value):
        repeated, masked_value = (*secrets, *(form(problem.value) for form in (shown, repr, str))), Hidden()
    path, rule, remedy = (_without(text, repeated) for text in (problem.path, problem.rule, problem.remedy))
    path = re.sub(r"[^.\[\]:]+", lambda part: HIDDEN if random(part[0], _DRAWN) else part[0], path)
    seen = f"{path}{masked_value}" if isinstance(masked_value, str) else path
    if (odd := look_alikes(seen)) and odd not in rule:
        rule = f"{rule}; {odd}"
    return replace(problem, path=path, value=masked_value, rule=rule, remedy=remedy)


def look_alikes(text: str) -> str:
    """Name the signs of a text that look like others, or like nothing; empty where there is none.

    >>> look_alikes("europ\u0435")
    "it holds U+0435, CYRILLIC SMALL LETTER IE, in place of 'e'"
    """
    odd = next((sign for sign in text if ord(sign) > 0x7E and _deceives(sign)), None)
    if odd is None:
        return ""
    latin = unicodedata.normalize("NFKC", odd) if ord(odd) >= 0xFF00 else _LATIN.get(odd, "")
    name = unicodedata.name(odd, "no letter")
    return f"it holds U+{ord(odd):04X}, {name}{f', in place of {latin!r}' if latin.isascii() and latin else ''}"


def _deceives(sign: str) -> bool:
    name = unicodedata.name(sign, "")
    return unicodedata.category(sign) in ("Cf", "Zs", "Pd", "Pi", "Pf") or name.startswith(
        ("CYRILLIC ", "GREEK ", "FULLWIDTH ", "ARABIC-INDIC ")
    )


_LATIN = dict(
    zip("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u2013\u2014\u2011\u201c\u201d", 'aeopcyxi---""', strict=True)
)
"""Signs that look like those of a keyboard, beside those that Unicode itself holds to be the same."""


_DRAWN = 16
"""From this length on, a word of letters and digits without pattern is not repeated: a machine has drawn it."""


def _secret(path: str, value: object) -> bool:
    if value is MISSING or value is None or isinstance(value, bool | Hidden | _Shape):
        return False
    name = re.sub(r"\[\d+\]$", "", path).rpartition(".")[2]
    if not isinstance(value, str):
        return kind(name) == "secret" or (_OF_SECRETS.search(path) is not None and value not in ([], {}))
    if find(value) or random(value, _DRAWN) or ("=" in value and _OF_SECRETS.search(path)):
        return True
    if _OF_SECRETS.search(path):
        known = value.lower() in READERS or likely(value, WORKLOADS)
        return not (path.endswith(f".names.{value}") or _NAME_OF_ONE.fullmatch(value) or known)
    return bool(kind(name) == "secret" or find(value, name))


def _without(text: str, repeated: tuple[str, ...]) -> str:
    for word in repeated:
        if word:
            text = text.replace(word, HIDDEN)
    return hide(text)


class RuleViolationError(ValueError):
    """The rule that a value breaks and the remedy; the path is added outside.

    `keys` are those of the section that the rule weighs against each other: where one of them is broken
    itself, the rule says nothing.
    """

    def __init__(self, rule: str, remedy: str, *keys: str):
        self.rule = rule
        self.remedy = remedy
        self.keys = keys
        super().__init__(rule)


class Findings:
    """The mistakes found so far, and with them the paths whose values no later rule can build on."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._broken: set[str] = set()
        self._left_out: dict[str, set[int]] = {}

    def leave_out(self, path: str) -> None:
        """Know that a list is read on without the entry at `path`, so that those behind it have another index."""
        if match := _ENTRY.match(path):
            self._left_out.setdefault(match[1], set()).add(int(match[2]))

    def in_file(self, path: str) -> str:
        """Give a path as the stack file has it, whatever entries of its list are left out."""
        match = _ENTRY.match(path)
        if not match or match[1] not in self._left_out:
            return path
        index = int(match[2])
        for each in sorted(self._left_out[match[1]]):
            index += each <= index
        return f"{match[1]}[{index}]{path[match.end() :]}"

    def add(self, problem: Problem, *meant: str) -> None:
        """Add a mistake; `meant` are paths that its author probably wanted to set."""
        self.problems.append(problem)
        self._broken.update((problem.path, *meant))

    def sound(self, *paths: str) -> bool:
        """Say whether nothing at, below or above any of the paths is broken."""
        asked = [self.in_file(path) for path in paths]
        return not any(_holds(path, broken) or _holds(broken, path) for path in asked for broken in self._broken)


_ENTRY = re.compile(r"([^\[]*)\[(\d+)\]")


def _holds(path: str, other: str) -> bool:
    return other == path or other.startswith((f"{path}.", f"{path}["))


MISSING = object()
"""The value of a problem that is about something absent."""


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Say the known word most like `word`; if none is, say `otherwise`, or list what is known."""
    names = sorted(known)
    begins = [name for name in names if word and name.lower().startswith(word.lower()) and name != word]
    if len(begins) > 1 and len(word) > 2:
        return f"did you mean one of {', '.join(begins[:8])}{' ...' if begins[8:] else ''}?"
    if found := likely(word, names):
        return f"did you mean '{found}'?"
    return otherwise or (f"known here: {', '.join(names)}" if names else "nothing can be set here")


def likely(word: str, known: Iterable[str], *, closer: bool = False) -> str | None:
    """Find the known word that was probably meant; `closer` where there are right words besides those known here."""
    # Letter case is the commonest slip (snake_case for camelCase), so compare without it.
    folded = {name.lower().replace("_", ""): name for name in known}
    close = difflib.get_close_matches(word[:100].lower().replace("_", ""), folded, n=1, cutoff=0.75 if closer else 0.6)
    return folded[close[0]] if close else None


def shown(value: object) -> str:
    """Write a value as the stack file has it, cut where it is long.

    >>> shown(True), shown(None), shown("8h")
    ('true', 'null', "'8h'")
    """
    try:
        written = repr(value)
    except ValueError:
        # Python writes no number of more than 4300 digits.
        written = "(a number of thousands of digits)"
    text = {"True": "true", "False": "false", "None": "null"}.get(written, written)
    return text if len(text) <= 120 else text[:117] + "..."
