"""Which groups a command is about: by name, by what their stack files say, by what came of them last."""

from __future__ import annotations

import datetime
import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra.settings import Settings

_TERM = re.compile(r"(?P<name>[\w.-]+)\s*(?P<sign><=|>=|!=|<|>|=)\s*(?P<value>.*)")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
NUMBERS = ("days-left", "machines", "gpus")
NAMES = ("stack", "group", "project", "region", "owner", "course", *NUMBERS)
"""What `--where` knows beside the labels of `coursecloud:course.labels`."""


class SelectionError(ValueError):
    """What was asked for can choose nothing; the text says value, rule and remedy."""


@dataclass(frozen=True)
class Term:
    """One condition of `--where`: `days-left<7`, `region=europe-west4`, `track=a*`."""

    name: str
    sign: str
    value: str

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Say whether it is so; of what is not known nothing is."""
        known = facts.get(self.name)
        if known is None or known == "":
            return False
        if self.sign in _ORDER:
            return _ORDER[self.sign](float(known), float(self.value))
        return fnmatch.fnmatch(known.lower(), self.value.lower()) is (self.sign == "=")


def term(text: str) -> Term:
    """Read a condition. Raises SelectionError."""
    match = _TERM.fullmatch(text.strip())
    if match is None:
        raise SelectionError(
            f"--where {text!r}\n    rule    a condition is NAME, one of = != < > <= >=, and a value\n"
            "    remedy  write for example --where 'days-left<7'"
        )
    found = Term(match["name"], match["sign"], match["value"].strip())
    if found.sign in _ORDER:
        if found.name not in NUMBERS:
            raise SelectionError(
                f"--where {text!r}\n    rule    only {', '.join(NUMBERS)} are numbers\n    remedy  compare by = or !="
            )
        try:
            float(found.value)
        except ValueError:
            raise SelectionError(
                f"--where {text!r}\n    rule    {found.name} is a number\n    remedy  write one"
            ) from None
    return found


def facts(settings: Settings, today: datetime.date) -> dict[str, str]:
    """Say of a group what `--where` may ask, as text; its labels beside."""
    ends = settings.lease.ends
    machines = settings.machines.values()
    return {
        **settings.course.labels,
        "stack": settings.stack,
        "group": settings.course.group,
        "project": settings.project,
        "region": settings.region,
        "owner": settings.course.owner,
        "course": settings.course.name,
        "days-left": "" if ends is None else str(max(0, (ends - today).days + 1)),
        "machines": str(len(settings.machines)),
        "gpus": str(sum(each.gpu.count for each in machines if each.gpu)),
    }


def named(only: Sequence[str], known: Iterable[str]) -> tuple[list[str], frozenset[str]]:
    """Choose stacks by names and patterns: those chosen, and those named in full. Raises SelectionError."""
    stacks = list(known)
    wanted = [part.strip() for each in only for part in each.split(",") if part.strip()]
    if not wanted:
        return stacks, frozenset()
    for each in wanted:
        if not fnmatch.filter(stacks, each):
            from infra.settings.problem import nearest

            there = ", ".join(stacks[:5]) + (f" and {len(stacks) - 5} more" if stacks[5:] else "")
            raise SelectionError(
                f"--only {each}\n    rule    there is no such group: {there}\n"
                f"    remedy  {nearest(each, stacks, 'name a group by its stack; `*` stands for any letters')}"
            )
    chosen = [stack for stack in stacks if any(fnmatch.fnmatchcase(stack, each) for each in wanted)]
    return chosen, frozenset(stack for stack in chosen if stack in wanted)
