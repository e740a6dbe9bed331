"""The steps of a page: a block of commands, and what the page says that they print. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.documents.reading import Block, blocks
from tests.project import CHECKOUT

GUIDE = CHECKOUT / "docs" / "guide"
REST = "..."
"""A line of it in an output stands for any lines, a part of a line for any text."""


@dataclass(frozen=True)
class Step:
    """Commands that are typed one after the other, and the output that the page shows; None where it shows none."""

    block: Block
    commands: tuple[str, ...]
    output: str | None = None

    def __str__(self) -> str:
        return f"{self.block}: {'; '.join(self.commands)}"


def steps(page: Path, root: Path = CHECKOUT) -> Iterator[Step]:
    """Give the steps of a page in their order. Raises ValueError for an output without commands before it."""
    found = list(blocks(page, root))
    for at, block in enumerate(found):
        if block.language == "bash":
            after = found[at + 1] if at + 1 < len(found) else None
            shown = after.text if after and after.language == "text" else None
            yield Step(block, tuple(commands(block.text)), shown)
        elif block.language == "text" and (at == 0 or found[at - 1].language != "bash"):
            raise ValueError(f"{block}: an output without commands before it")


def commands(text: str) -> Iterator[str]:
    """Give the commands of a block: a line each, more where a backslash or a text up to END goes on."""
    lines = iter(text.splitlines())
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        whole = line
        while whole.endswith("\\") or (whole.partition("\n")[0].endswith("<<'END'") and not whole.endswith("\nEND")):
            whole = f"{whole}\n{next(lines)}"
        yield whole


def prints(shown: str, output: str) -> bool:
    """Say whether an output has the lines that a page shows, in their order and without others between them."""
    wanted = shown.strip("\n")
    # Before the first line and after the last there may be others, whether or not the page says so.
    wanted = wanted.removeprefix(f"{REST}\n").removesuffix(f"\n{REST}")
    parts = [re.escape(part).replace(re.escape(REST), "[^\\n]*") for part in wanted.split(f"\n{REST}\n")]
    whole = r"\n(?:[^\n]*\n)*?".join(parts)
    printed = "\n".join(line.rstrip() for line in output.splitlines())
    return re.search(rf"(?:^|\n) ?{whole}(?:\n|$)", printed) is not None  # a verdict stands in a field, after a space
