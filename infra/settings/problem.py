"""A mistake in a stack file: where, what was found, the rule it breaks and what to do about it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake; `path` is the key path in the stack file, e.g. `coursecloud:machines.trainer.gpu.count`."""

    path: str
    value: object
    rule: str
    remedy: str

    def __str__(self) -> str:
        """Render as three short lines: path and value, rule, remedy."""
        found = "" if self.value is MISSING else f": {_shown(self.value)}"
        return f"{self.path}{found}\n    rule    {self.rule}\n    remedy  {self.remedy}"


class SettingsError(ValueError):
    """All the mistakes of one stack file at once, in the order of their paths."""

    def __init__(self, stack: str, problems: Iterable[Problem]):
        self.stack = stack
        self.problems = tuple(sorted(set(problems), key=lambda problem: (problem.path, problem.rule)))
        count = f"{len(self.problems)} mistake{'s' if len(self.problems) > 1 else ''}"
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{count} in the settings of stack '{stack}'; nothing was registered.\n{listing}")


class RefusedError(ValueError):
    """Raised inside a validator: the rule that a value breaks and the remedy; the path is added outside."""

    def __init__(self, rule: str, remedy: str):
        self.rule = rule
        self.remedy = remedy
        super().__init__(rule)


MISSING = object()
"""The value of a problem that is about something absent."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Say the known word most like `word`, or list what is known."""
    names = sorted(known)
    # Letter case is the commonest slip (snake_case for camelCase), so compare without it.
    folded = {name.lower().replace("_", ""): name for name in names}
    close = difflib.get_close_matches(word.lower().replace("_", ""), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    return f"known here: {', '.join(names)}" if names else "nothing can be set here"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
