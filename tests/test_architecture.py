"""The picture of the packages is of the code as it is, and shows what the rule of layers is about."""

import re

import pytest

from bench import architecture
from tests.project import CHECKOUT

MERMAID = re.compile(r"^    (\w+) --> (\w+)$", re.MULTILINE)


def test_the_picture_is_of_the_code_as_it_is() -> None:
    text = architecture.FILE.read_text(encoding="utf-8")
    assert text == architecture.current(text), "run `make architecture`"


def test_another_picture_is_seen() -> None:
    text = architecture.FILE.read_text(encoding="utf-8")
    assert text.count("infra --> catalog") == 1
    other = text.replace("infra --> catalog", "infra --> emulator")
    assert architecture.current(other) == text


def test_every_package_is_a_box_and_every_import_leads_along_arrows() -> None:
    arrows = architecture.imports()
    folders = {path.parent.name for path in (CHECKOUT / "coursecloud").glob("*/__init__.py")}
    assert {f"coursecloud/{folder}" for folder in folders} < arrows.keys()
    drawn = {name: frozenset(others) for name, others in architecture.reduced(arrows).items()}
    assert len(MERMAID.findall(architecture.picture(arrows))) == sum(len(others) for others in drawn.values())
    for name, others in arrows.items():
        for other in others:
            assert leads(drawn, name, other), f"{name} imports {other}"


def leads(arrows: architecture.Arrows, start: str, end: str) -> bool:
    return any(other == end or leads(arrows, other, end) for other in arrows[start])


def test_an_arrow_is_left_out_only_where_others_lead_there() -> None:
    arrows = {"a": frozenset("bc"), "b": frozenset("c"), "c": frozenset(""), "d": frozenset("c")}
    assert architecture.reduced(arrows) == {**arrows, "a": frozenset("b")}


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="a circle of imports: a -> b -> a"):
        architecture.reduced({"a": frozenset("b"), "b": frozenset("a")})


def test_a_file_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"architecture\.md has no two lines"):
        architecture.current("# Architecture\n")
