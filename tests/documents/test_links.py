"""Each link within the project and each path between backticks leads somewhere."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.documents.reading import Command, spans
from tests.documents.test_documents import FILES
from tests.project import CHECKOUT, STACKS

LINK = re.compile(r"\]\(([^)#\s:]+)(?:#([\w-]+))?\)")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_every_link_within_the_project_leads_somewhere(file: Path) -> None:
    for path, anchor in LINK.findall(file.read_text(encoding="utf-8")):
        target = file.parent / path
        # A group may have taken away the stacks that the project comes with.
        assert target.exists() or (STACKS / path).is_file(), path
        if anchor:
            heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, anchor


PATHS = re.compile(
    r"(?:catalog|coursecloud|docs|emulator|guardrails|infra|starter|tests|bench|\.github|\.ci)/[\w./*-]*"
)

LATER = ("tests/month/cases/",)
"""What is made when it is needed."""


def gone(lines: Iterable[Command]) -> list[str]:
    """List what stands between backticks as a path of the project, and is none."""
    return [
        f"{each.where} {each.line}"
        for each in lines
        if PATHS.fullmatch(each.line) and each.line not in LATER and not any(CHECKOUT.glob(_pattern(each.line)))
    ]


def _pattern(path: str) -> str:
    """Let a word in capital letters, as in `catalog/types/SHORT.json`, be any name."""
    return re.sub(r"(?<=/)[A-Z]{3,}(?=\.)", "*", path.rstrip("/"))


def test_every_path_between_backticks_is_there() -> None:
    assert gone(each for file in FILES for each in spans(file, CHECKOUT)) == []


def test_a_path_that_is_gone_is_seen() -> None:
    lines = ("infra/storage.py", "tests/month/", "tests/guardrails/test_*.py", "infra/strage.py", "guardrails/rules/")
    assert gone(Command("x.md:1", line) for line in lines) == ["x.md:1 infra/strage.py", "x.md:1 guardrails/rules/"]
