"""Values of secrets in lines that come: whoever has the repository has them, whatever the file is for.

What a stack's resources and settings hold, and the comments of its file, a guardrail says, with its exceptions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coursecloud.review import changed_lines
from infra import secrecy

_MADE_UP = "tests/"
"""Below it stand secrets that are none, of which a test is made."""


@dataclass(frozen=True)
class Leak:
    """One line that holds a secret, or a file's name that does: what it is, and never its value."""

    file: str
    line: int
    """0: the name of the file."""
    what: str

    @property
    def place(self) -> str:
        """Say where it is."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        """Say where it is, and what."""
        return f"{self.place} ({self.what}{'' if self.line else ', in its name'})"


def of(before: Path, after: Path, changed: Iterable[str], paths: Mapping[str, str]) -> Iterator[Leak]:
    """Find those whose form an issuer has given them in the lines that a change brings.

    `paths` gives the path in the project of what is called otherwise.
    """
    for name in changed:
        path = paths.get(name, name)
        if path.startswith(("/", _MADE_UP)):
            continue
        if not (before / path).exists() and (found := next(secrecy.issued(path), None)):
            yield Leak(name, 0, found.what)
        old, new = (changed_lines.text_of(root, path) for root in (before, after))
        lines = changed_lines.split(new) if any(secrecy.issued(new)) else []
        for number in sorted(changed_lines.differing(old, new)) if lines else ():
            if found := next(secrecy.issued(lines[number - 1]), None):
                yield Leak(name, number, found.what)
