"""What each repository gets, and what it is told: exactly the files and the places that its data names."""

import dataclasses
import re
from pathlib import Path

import pytest

from coursecloud.starter import finding, starting
from coursecloud.starter.finding import FileFinding
from tests.starter.repositories import HERE, NAMES, case, ids, look, made

each = pytest.mark.parametrize("name", NAMES)


@each
def test_it_gets_what_it_lacks_and_is_told_what_will_fail(name: str, tmp_path: Path) -> None:
    told = case(name)
    start = look(told.stack, made(name, tmp_path))
    assert [one.path for one in start.written] == told.written
    assert ids(start) == told.found
    said = "\n".join([*start.contents.notes, *start.contents.commands.values()])
    assert [words for words in told.told if words not in said] == []


@each
def test_nothing_that_is_there_is_touched_and_a_second_run_writes_nothing(name: str, tmp_path: Path) -> None:
    folder = made(name, tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    first = look(case(name).stack, folder)
    starting.write(folder, first)
    empty = folder / ".dvc" / "config"  # as `dvc init` leaves it
    assert {path for path, content in before.items() if path.read_bytes() != content} <= {empty}
    second = look(case(name).stack, folder)
    assert [one.path for one in second.written] == []
    assert second.findings == first.findings


@each
def test_each_place_is_a_line_of_the_file_that_has_what_is_said_of_it(name: str, tmp_path: Path) -> None:
    folder = made(name, tmp_path)
    for one in look(case(name).stack, folder).findings:
        assert one.rule
        assert one.remedy
        if one.line:
            line = (folder / one.path).read_text(encoding="utf-8").split("\n")[one.line - 1]
            # What is hidden, and what is not there, stands in no line.
            words = [] if re.match(r"\(|no ", one.value) else re.findall(r"[\w.]{2,}", one.value)
            assert not words or any(word in line for word in words) or one.id in ("cuda-torch", "dvc-version-aware"), (
                one
            )


def test_no_key_is_ever_shown(tmp_path: Path) -> None:
    start = look("group", made("key-in-actions", tmp_path))
    assert "MIIEvQ" not in str(starting.to_json(start, written=False))
    assert [one.value for one in start.findings if one.id == "key-in-repository"] == ["(a service account's key)"]


def test_every_severity_is_among_them(tmp_path: Path) -> None:
    assert len(NAMES) >= 19
    said: set[str] = set()
    for name in NAMES:
        folder = tmp_path / name
        said |= {one.severity for one in look(case(name).stack, made(name, folder)).findings}
    assert said == set(finding.Severity.__args__)


def test_what_is_found_is_listed_in_the_documents() -> None:
    known = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)",\s+"(?:fails|warns|leaks)"', _rules()))
    known |= {"unreadable"}
    text = (HERE.parents[1] / "docs" / "starter.md").read_text(encoding="utf-8")
    assert len(known) > 25
    assert {name for name in known if f"`{name}`" not in text} == set()


def _rules() -> str:
    folder = HERE.parents[1] / "coursecloud" / "starter" / "rules"
    return "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))


def test_a_finding_says_where() -> None:
    one = FileFinding("a", 3, "x", "fails", "v", "r", "m")
    assert (one.place, dataclasses.replace(one, line=0).place) == ("a:3", "a")
