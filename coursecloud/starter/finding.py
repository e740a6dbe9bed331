"""One thing in a repository that will fail, or will cost, with its place, its rule and its remedy."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["fails", "leaks", "warns"]
"""`fails`: does not work in this stack. `leaks`: gives a secret away. `warns`: works, and costs or surprises."""


@dataclass(frozen=True, order=True)
class FileFinding:
    """What was found in one line of a file of the repository."""

    path: str
    """The file, from the repository's folder; of the stack file, its name."""
    line: int
    """From 1; 0 where it is about the whole file."""
    id: str
    """A short name of the rule, for programs."""
    severity: Severity
    value: str
    """What stands there; never a secret."""
    rule: str
    remedy: str

    @property
    def place(self) -> str:
        """Give `file:line`."""
        return f"{self.path}:{self.line}" if self.line else self.path
