"""What finds no room in a comment is counted there, and the gravest is what has room."""

from coursecloud.policy.rule import Finding, by_id
from coursecloud.review import markdown, money, stacks
from coursecloud.review.changed_lines import Lines
from coursecloud.review.report import Review
from coursecloud.review.untaken import Untaken


def test_notes_and_gates_that_are_left_out_are_counted() -> None:
    text = markdown.full(Review("a", "b", (), tuple(f"note {n}" for n in range(23))), closed=["g"] * 25)
    assert "note 19" in text
    assert "- and 3 more: `coursecloud review --json` has all of them" in text
    assert "- and 5 more: `coursecloud review --json` has all of them" in text


def test_a_note_that_is_cut_says_so_and_no_other_does() -> None:
    text = markdown.full(Review("a", "b", (), ("x" * 1001, "y" * 1000)))
    assert text.count("(cut: `coursecloud review --json` has all of it)") == 1
    assert "y" * 1000 in text


def test_many_long_notes_keep_the_limit() -> None:
    text = markdown.full(Review("a", "b", (), ("\U0001f600" * 900,) * 30), closed=["\U0001f600" * 300] * 30)
    assert len(text.encode()) <= markdown.LIMIT
    assert text.count("more: `coursecloud review --json`") == 2


def test_findings_that_are_left_out_are_counted() -> None:
    rule = by_id("machine-ends")
    found = tuple(Finding(rule, None, f"m{n}", f"message {n}") for n in range(43))
    stack = stacks.Stack("one", stacks.Status.CHANGED, findings=money.Findings(found, (), ()))
    assert "- rule newly broken: 3 more: `coursecloud review --json` has all of them" in markdown.full(
        Review("a", "b", (stack,))
    )


def test_mass_edits_push_nothing_out_that_is_deployed() -> None:
    many = [f"docs/a{n}.py" for n in range(60)]
    files = (*many, "infra/x.py", "__main__.py", "bench/z.py")
    lines = tuple(Lines(each, ((1, 1),)) for each in files)
    said = Review(
        "a", "b", (), program=files, lines=lines, untaken=(Untaken("bench/z.py", 1, "is run by no plan", "x"),)
    ).of_program
    assert [each.strip() for each in said[1:4]] == ["infra/x.py: line 1", "__main__.py: line 1", "bench/z.py: line 1"]
