"""Whose pushes run as which account, when access ends, and which time zones are one, each by the settings alone."""

from typing import Any

import pytest

from coursecloud.review import protection_builds
from coursecloud.review.protection import Weaker
from infra.settings import Settings
from infra.settings.delivery import Builds
from tests.review.conftest import Planner
from tests.review.made import reviewed
from tests.review.test_protection import on, section, weakened

REPOSITORY = {"owner": "group", "name": "course", "connection": "github"}


def settings(repository: bool = True, **triggers: dict[str, Any]) -> Settings:
    usual = {"dockerfile": "Dockerfile"}
    listed = {name: usual | values for name, values in triggers.items()}
    builds = Builds.model_validate({"repository": REPOSITORY, "triggers": listed} if repository else {})
    return Settings(stack="x", project="some-project-1", builds=builds)


def told(old: Settings, new: Settings) -> dict[str, Weaker]:
    return {each.what: each for each in protection_builds.weaker(old, new)}


@pytest.mark.parametrize(
    ("was", "will", "account"),
    [
        ({"branch": "^main$"}, {"branch": ".*"}, "the account for builds"),
        ({"tag": "^v1$", "deploys": True}, {"tag": "^w1$", "deploys": True}, "the account that deploys"),
        ({"pullRequest": "^main$"}, {"pullRequest": ".*"}, "the account for checks"),
    ],
)
def test_other_pushes_run_as_the_account_of_their_trigger(
    was: dict[str, Any], will: dict[str, Any], account: str
) -> None:
    (found,) = told(settings(a=was), settings(a=will)).values()
    assert found.then == f"other pushes than before run as {account}"


def test_builds_that_come_tell_whose_pushes_and_each_trigger() -> None:
    found = told(
        settings(repository=False), settings(a={"branch": "^main$"}, b={"pullRequest": ".*", "approval": True})
    )
    assert found["`builds.repository`"].will == "group/course"
    assert "as the account for builds, without anybody's approval" in found["`builds.triggers.a`"].then
    assert "as the account for checks, after somebody's approval" in found["`builds.triggers.b`"].then
    assert told(settings(a={"branch": "^main$"}), settings(repository=False)) == {}


def test_an_end_of_access_that_comes_sooner_is_told_and_no_weaker_protection(plan_of: Planner) -> None:
    before, after = (plan_of("gpu", on(section("lease", graceDays=days))) for days in (30, 0))
    (stack,) = reviewed(before, after, "gpu").stacks
    assert [note for note in stack.notes if note.startswith("members' access ends sooner: with 2026-12-18, before")]
    assert not [each for each in stack.protection if "lease" in each.what]
    (back,) = reviewed(after, before, "gpu").stacks
    assert not [note for note in back.notes if "sooner" in note]


@pytest.mark.parametrize(("zone", "named"), [("Europe/Berlin", False), ("Europe/London", True)])
def test_a_time_zone_with_the_same_hours_is_no_other(plan_of: Planner, zone: str, named: bool) -> None:
    found = weakened(plan_of, section("lease", timeZone=zone), before=(section("lease", timeZone="Europe/Copenhagen"),))
    assert [each.what for each in found] == ["`lease.timeZone`"] * named
