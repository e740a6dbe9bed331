"""The stacks that come with the project, which nobody can deploy, stand apart from those that somebody has."""

from __future__ import annotations

import dataclasses

import pytest

from coursecloud.plan.planning import Plan
from coursecloud.review import closing, json_form, markdown, page, report
from coursecloud.review.dangers import Level
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack, Status, review
from infra.settings import EXAMPLE_PROJECT
from tests.review.made import BUCKET, TODAY, resource, whole
from tests.review.printed import printed

OWN = "some-group-1"


def side(project: str, name: str, place: str = "EU") -> Plan:
    plan = whole(resource(BUCKET, name, {"name": name, "location": place, "forceDestroy": True}))
    return dataclasses.replace(plan, settings=plan.settings.model_copy(update={"project": project}))


def stack(called: str, before: str | None, after: str | None, *, moves: bool = True) -> Stack:
    """Review a stack whose bucket moves, with the projects of its sides; None for a side that has no such stack."""
    return review(
        called,
        side(before, called) if before else None,
        side(after, called, "US" if moves else "EU") if after else None,
        today=TODAY,
    )


def gate(made: Review) -> list[str]:
    (found,), _ = closing.gates(["data-loss"])
    return list(found.closed(made.own))


EXAMPLES = (stack("full", EXAMPLE_PROJECT, EXAMPLE_PROJECT), stack("gpu", EXAMPLE_PROJECT, EXAMPLE_PROJECT))


def test_beside_a_stack_of_somebodys_only_that_is_in_the_headline_and_closes_a_gate() -> None:
    made = Review("a", "b", (stack("dev", OWN, OWN), *EXAMPLES))
    assert made.sentence.startswith("replaces 1 bucket WITH DATA")
    assert made.sentence.endswith("2 example stacks change, which nobody can deploy")
    assert [each.name for each in made.telling] == ["dev"]
    assert ["dev" in text for text in gate(made)] == [True]


def test_where_only_examples_change_nothing_is_lost() -> None:
    made = Review("a", "b", (stack("dev", OWN, OWN, moves=False), *EXAMPLES))
    assert made.sentence == "changes no resource; 2 example stacks change, which nobody can deploy"
    assert made.level is Level.FINE
    assert gate(made) == []
    assert made.quiet == ["dev"]


def test_every_form_folds_them_into_a_line_each() -> None:
    made = Review("a", "b", (stack("dev", OWN, OWN), *EXAMPLES))
    comment, sheet, terminal = markdown.full(made), page.full(made), printed(made, 200)
    for text in (comment, sheet):
        assert f"<details><summary>2 {report.EXAMPLES}</summary>".replace("'", "&#39;") in text.replace("'", "&#39;")
    assert comment.count("full") == 1
    assert report.EXAMPLES in terminal
    assert terminal.count("full") == 1
    assert [each["example"] for each in json_form.to_json(made)["stacks"]] == [False, True, True]


def test_in_a_clone_that_nobody_has_filled_in_they_are_all_there_is() -> None:
    made = Review("a", "b", EXAMPLES)
    assert made.sentence.startswith("replaces 2 buckets WITH DATA")
    assert made.examples == ()
    assert len(gate(made)) == 2
    broken = Review("a", "b", (Stack("dev", Status.BROKEN, mistakes=(("after", "why"),)), *EXAMPLES))
    assert broken.level is Level.STOP
    assert len(broken.own) == 3


@pytest.mark.parametrize(
    ("before", "after", "example"),
    [
        (EXAMPLE_PROJECT, EXAMPLE_PROJECT, True),
        (None, EXAMPLE_PROJECT, True),
        (EXAMPLE_PROJECT, None, True),
        (EXAMPLE_PROJECT, OWN, False),
        (OWN, EXAMPLE_PROJECT, False),
        (OWN, None, False),
    ],
)
def test_one_that_somebody_has_on_a_side_is_no_example(before: str | None, after: str | None, example: bool) -> None:
    assert stack("dev", before, after).example is example
