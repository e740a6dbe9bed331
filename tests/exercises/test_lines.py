"""Every exercise of the course is allowed to the identity that takes it, and what is not meant for it is refused."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator

import pytest
import yaml

from tests.exercises import identities, mutation, stack_walk, walk
from tests.exercises.mutation import Walked
from tests.exercises.stage import stage
from tests.exercises.walk import HERE, Line, Outcome, Stage

LONG = bool(os.environ.get("COURSECLOUD_LONG"))
QUICK = ("ask", "may")
SAMPLE = "logging read"
"""The line of gcloud that runs each time; each start of it takes seconds, and `make exercises` runs all."""


def judged(walked: Walked) -> list[str]:
    """What came to something else than lines.yaml says."""
    wrong: list[str] = []
    for line, came in walked:
        if line.today and not came.refused:
            wrong.append(f"{line}: it passes now, so `today: {line.today}` has to go")
        elif came.refused != line.expected:
            wrong.append(
                f"{line}: {came.refused or 'allowed'}, and not {line.expected or 'allowed'}: {came.said[-300:]}"
            )
    return wrong


@pytest.fixture(scope="module")
def here() -> Iterator[Stage]:
    with stage() as made:
        yield made
        assert not made.emulator.left_the_machine()


@pytest.fixture(scope="module")
def walked(here: Stage) -> Walked:
    return [(line, walk.walk(here, line)) for line in walk.lines() if line.kind in QUICK]


@pytest.fixture(scope="module")
def life(here: Stage) -> Walked:
    return list(stack_walk.walk(here))


def test_every_line_by_an_api_comes_to_what_it_says(walked: Walked) -> None:
    assert len(walked) > 150
    assert judged(walked) == []


def test_every_identity_is_allowed_something_and_refused_something(walked: Walked, life: Walked) -> None:
    said = {(line.who, bool(line.refused)) for line, _ in (*walked, *life)}
    for who in (
        "member",
        "machine",
        "training",
        "prediction",
        "build",
        "deploying build",
        "service",
        "check",
        "deploy",
        "preview",
        "ci",
    ):
        assert {(who, True), (who, False)} <= said, who


def test_a_preview_reads_and_an_up_makes_and_deletes_by_the_workflows_own_accounts(life: Walked) -> None:
    assert {line.row for line, _ in life} == {"preview", "refresh", "destroy", "up"}
    assert judged(life) == []


def test_without_any_one_grant_or_condition_some_line_comes_to_something_else(
    here: Stage, walked: Walked, life: Walked
) -> None:
    told = yaml.safe_load((HERE / "unnoticed.yaml").read_text(encoding="utf-8"))
    found = mutation.noticed(here, [*walked, *life])
    assert len(found) > 80
    assert {name for name, lines in found.items() if not lines} == {each["grant"] for each in told}
    assert all(len(each["reason"]) > 20 for each in told)


def test_each_event_lets_a_workflow_be_what_is_meant_for_it_and_nothing_else(here: Stage) -> None:
    for what, (_, _, accounts) in identities.EVENTS.items():
        came: set[str] = set()
        for account in ("deploy", "preview", "ci", "ci-read"):
            with contextlib.suppress(identities.NoTokenError):
                here.who.token(f"{account} by {what}")
                came.add(account)
        assert came == accounts, what


def test_a_provider_that_takes_everybody_is_noticed(here: Stage, walked: Walked) -> None:
    strangers = [line for line, _ in walked if line.refused == walk.CONDITION]
    assert [line.who for line in strangers] == [
        "deploy of another repository", "deploy of another branch", "preview of another repository"
    ]  # fmt: skip
    assert mutation.provider_noticed(here, strangers) == [str(line) for line in strangers]


@pytest.mark.parametrize("word", ["scheduled-stop-agent", "machines-use-models", "training-logging-log-writer"])
def test_a_grant_that_is_gone_refuses_the_line_itself(here: Stage, walked: Walked, word: str) -> None:
    """The decisions that are made again are those that a walk meets."""
    made = next(each for each in here.made if each.name == word)
    found = mutation.noticed(here, walked)
    role = str(made.inputs["role"])
    (name,) = (
        name
        for name in found
        if name.startswith(f"{made.inputs['member']}: ")
        and (role in name or ("operator" in role and "operator" in name))
        and str(made.inputs.get("bucket", "")) in name
    )
    lines = [line for line, _ in walked if str(line) in found[name]]
    before = here.before
    here.before = mutation.without(here, name)
    here.touched = True
    try:
        came = [(line, walk.walk(here, line)) for line in lines]
    finally:
        here.before, here.touched = before, True
    assert lines
    assert all(outcome.refused not in ("", line.expected) for line, outcome in came)


def test_a_line_that_is_refused_today_and_passes_is_told() -> None:
    line = Line("h", "machine", "ask", "GET x", today="storage.buckets.get")
    assert judged([(line, Outcome("storage.buckets.get"))]) == []
    assert "has to go" in judged([(line, Outcome(""))])[0]
    assert judged([(dataclasses.replace(line, today=""), Outcome("storage.buckets.get"))])


@pytest.mark.parametrize("kind", ["gcloud", "dvc"])
def test_every_line_by_a_tool_comes_to_what_it_says(here: Stage, kind: str) -> None:
    lines = [line for line in walk.lines() if line.kind == kind and (LONG or SAMPLE in line.text)]
    if reason := walk.missing(Line("", "", kind, "")) or ("" if lines else "the long form: make exercises"):
        pytest.skip(reason)
    assert judged([(line, walk.walk(here, line)) for line in lines]) == []
