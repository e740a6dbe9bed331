"""Mistakes of a table as a person mends them: what is wrong in one line first, what is wrong all the way down last."""

from __future__ import annotations

import re
from collections.abc import Iterable

MANY = 4
"""So many mistakes of one rule in one column are told as one."""
_MISTAKE = re.compile(
    r"(?P<file>.+)  line (?P<line>\d+), column (?P<column>[^:\n]+): (?P<value>[^\n]+)"
    r"\n    rule    (?P<rule>[^\n]+)\n    remedy  (?P<remedy>[^\n]+)"
)
_PROPOSAL = re.compile(r"(?<=for example )\S+$|(?<=did you mean ')[^']+(?=')")


def folded(mistakes: Iterable[str]) -> list[str]:
    """Tell many mistakes of one rule in one column as the first of them, and where and what the others are.

    Their remedies are the same but for what each proposes, which stands with it.
    """
    once = list(dict.fromkeys(mistakes))
    alike: dict[tuple[str, str, str, str], list[re.Match[str]]] = {}
    for text in once:
        if found := _MISTAKE.fullmatch(text):
            same = (found["file"], found["column"], found["rule"], proposing(found["remedy"], ""))
            alike.setdefault(same, []).append(found)
    many = [found for found in alike.values() if len(found) >= MANY]
    told = {found.string for each in many for found in each}
    return [*(text for text in once if text not in told), *(_as_one(each) for each in many)]


def _as_one(found: list[re.Match[str]]) -> str:
    others = [f"line {each['line']}: {each['value']}{_proposed(each['remedy'])}" for each in found[1:]]
    return f"{found[0].string}\n    also    {len(others)} more: {', '.join(others)}"


def _proposed(remedy: str) -> str:
    found = _PROPOSAL.search(remedy)
    return f" ({found[0]})" if found else ""


def proposing(remedy: str, value: str) -> str:
    """Put another proposal into a remedy; it stays as it is where it has none.

    >>> proposing("did you mean 'europe-west1'?", "europe-west4")
    "did you mean 'europe-west4'?"
    """
    return _PROPOSAL.sub(value.replace("\\", r"\\"), remedy, count=1)
