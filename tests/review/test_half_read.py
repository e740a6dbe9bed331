"""A program with more keys, or with other values, than this version knows hides nothing that the stack file says."""

from collections.abc import Callable
from typing import Any

import pytest

from coursecloud.plan import saved
from coursecloud.plan.json_form import to_json
from coursecloud.plan.planning import Plan
from coursecloud.review import settings_diff
from coursecloud.review.dangers import Kind, Level
from coursecloud.review.report import Review
from tests.review.conftest import Planner
from tests.review.made import BUCKET, Config, resource, reviewed, whole

Change = Callable[[dict[str, Any]], None]


def read(plan: Plan, change: Change) -> Plan:
    """Read what another version of the program says of a plan."""
    form = to_json(plan)
    change(form["settings"])
    return saved.read(form)


def looser(config: Config) -> None:
    config["coursecloud:lease"]["maxPerHour"] = 900
    config["coursecloud:guardrails"] = {"maxIdlePerDay": 900}


def more(settings: dict[str, Any]) -> None:
    settings["lease"]["comfort"] = "a"
    settings["comforts"] = {"x": 1}


def other(settings: dict[str, Any]) -> None:
    settings["lease"]["maxPerHour"] = {"amount": 900}


def of_both(plan_of: Planner, before: Change, after: Change, **how: Any) -> Review:
    return reviewed(read(plan_of("gpu"), before), read(plan_of("gpu", looser), after), "gpu", **how)


def nothing(_: dict[str, Any]) -> None:
    pass


@pytest.mark.parametrize("sides", [(nothing, more), (more, nothing), (more, more)], ids=["after", "before", "both"])
def test_a_key_that_nobody_here_knows_hides_no_other_one(plan_of: Planner, sides: tuple[Change, Change]) -> None:
    (plain,) = of_both(plan_of, nothing, nothing).stacks
    (found,) = of_both(plan_of, *sides).stacks
    assert {"`lease.maxPerHour`", "`guardrails.maxIdlePerDay`"} <= {each.what for each in plain.protection}
    assert found.protection == plain.protection
    assert found.settings == plain.settings
    assert any("comforts, lease.comfort" in note for note in found.notes)


def test_a_value_that_nobody_here_reads_is_told_and_the_rest_is_compared(plan_of: Planner) -> None:
    found = of_both(plan_of, nothing, other)
    assert found.level >= Level.LOOK
    (said,) = [each.text for each in found.stacks[0].dangers if each.kind is Kind.PROGRAM]
    assert said.startswith("NOT COMPARED")
    assert "`lease.maxPerHour`" in said
    weaker = {each.what for each in found.stacks[0].protection}
    assert "`guardrails.maxIdlePerDay`" in weaker
    assert "`lease.maxPerHour`" not in weaker


def test_what_only_the_stack_file_says_is_told_where_the_program_changes(plan_of: Planner) -> None:
    keys = ("lease.maxPerHour", "guardrails.exceptions")
    (found,) = of_both(plan_of, nothing, nothing, rewritten=keys).stacks
    (said,) = [each.text for each in found.dangers if each.kind is Kind.PROGRAM]
    assert "`guardrails.exceptions`" in said
    assert "`lease.maxPerHour`" not in said


def test_keys_are_compared_as_they_are_written() -> None:
    lease, team = "coursecloud:lease", "coursecloud:team"
    old: Config = {"gcp:project": "a", lease: {"maxPerHour": 1, "starts": "x"}, team: {"name": "x"}}
    new: Config = {"gcp:project": "b", lease: {"maxPerHour": 2, "starts": "x"}, "coursecloud:usage": {"a": {"b": 1}}}
    assert set(settings_diff.rewritten(old, new)) == {"lease.maxPerHour", "usage", "team"}
    assert settings_diff.rewritten({team: {"members": ["a"]}}, {team: {"members": ["b"]}}) == ()


@pytest.mark.parametrize("place", ["storageClass", "labels"])
def test_what_a_saved_plan_hides_and_the_other_side_shows_is_no_silence(place: str) -> None:
    old = whole(resource(BUCKET, "data", {"name": "b", "storageClass": "STANDARD", "labels": {"a": "b"}}))
    new = whole(resource(BUCKET, "data", {**old.resources[0].inputs, place: {"$secret": True}}))
    for sides in ((old, new), (new, old)):
        found = reviewed(*sides)
        assert found.level >= Level.FINE
        assert [each.path for change in found.stacks[0].changes for each in change.properties] == [place]
    assert reviewed(new, new).level is Level.NOTHING
