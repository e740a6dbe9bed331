"""One alert on errors, to channels that somebody has made: nothing of a person is in the stack."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from coursecloud.plan import once
from emulator import Emulator
from infra import monitoring
from infra.github import preview_permissions
from infra.settings import Settings
from infra.settings.monitoring import Channel
from tests.gcloud import MISSING, Gcloud
from tests.infra.planned import PROJECT, Planner, names, of, one, roles
from tests.settings.stacks import PROJECT as FILE
from tests.settings.stacks import mistakes, settings

CHANNEL = "coursecloud:monitoring: {channels: ['12345678']}"
SERVICES = "coursecloud:services: {api: {}, web: {}}"
BUILDS = "coursecloud:builds: {repository: {owner: a, name: b}, triggers: {t: {branch: ^main$, dockerfile: D}}}"


def conditions(plan_of: Planner, *lines: str) -> list[dict[str, Any]]:
    return one(plan_of(CHANNEL, *lines), "monitoring.AlertPolicy", "errors").inputs["conditions"]


def test_an_error_of_each_service_is_watched_and_says_which(plan_of: Planner) -> None:
    (watched,) = conditions(plan_of, SERVICES)
    threshold = watched["conditionThreshold"]
    assert 'metric.labels.response_code_class = "5xx"' in threshold["filter"]
    assert threshold["filter"].endswith('resource.labels.service_name = one_of("unit-api", "unit-web")')
    assert threshold["aggregations"][0]["groupByFields"] == ["resource.label.service_name"]
    # One error is enough, once.
    assert (threshold["comparison"], threshold["thresholdValue"], threshold["duration"]) == ("COMPARISON_GT", 0, "0s")


def test_builds_of_the_stack_s_triggers_are_watched_where_there_are_some(plan_of: Planner) -> None:
    assert [each["displayName"] for each in conditions(plan_of, SERVICES, BUILDS)] == [
        "a service answers with an error",
        "a build fails",
    ]
    assert [each["displayName"] for each in conditions(plan_of, BUILDS)] == ["a build fails"]


def test_any_of_them_tells_every_channel(plan_of: Planner) -> None:
    alert = one(plan_of(CHANNEL, SERVICES, BUILDS), "monitoring.AlertPolicy", "errors")
    assert alert.inputs["combiner"] == "OR"
    assert alert.inputs["notificationChannels"] == [f"projects/{PROJECT}/notificationChannels/12345678"]


def test_without_a_channel_there_is_no_alert_and_no_api(plan_of: Planner) -> None:
    plan = plan_of(SERVICES)
    assert not of(plan, "monitoring.AlertPolicy")
    assert "monitoring" not in names(plan, "projects.Service")
    assert "monitoring" in names(plan_of(SERVICES, CHANNEL), "projects.Service")


def test_no_channel_is_declared(plan_of: Planner) -> None:
    assert not of(plan_of(CHANNEL, SERVICES), "monitoring.NotificationChannel")


def test_workflows_may_read_and_change_the_alert_where_there_is_one(plan_of: Planner) -> None:
    github = "coursecloud:github: {repositoryId: 42, deploy: true}"
    with_alert, without = (plan_of(*lines) for lines in ((CHANNEL, SERVICES, github), (SERVICES, github)))
    role = "roles/monitoring.alertPolicyEditor"
    assert role in {granted for granted, _ in roles(with_alert, "deploy")}
    assert role not in {granted for granted, _ in roles(without, "deploy")}
    permissions = [
        one(plan, "projects.IAMCustomRole", "preview").inputs["permissions"] for plan in (with_alert, without)
    ]
    assert [("monitoring.alertPolicies.get" in each) for each in permissions] == [True, False]
    assert set(preview_permissions(["monitoring"])) - set(preview_permissions()) == {"monitoring.alertPolicies.get"}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (f"{CHANNEL}\n", "has neither"),
        (f"coursecloud:monitoring: {{channels: [ada@example.com]}}\n{SERVICES}\n", "named by its number"),
        (f"coursecloud:monitoring: {{channels: [projects/p/notificationChannels/1]}}\n{SERVICES}\n", "by its number"),
        (f"coursecloud:monitoring: {{channels: ['12345', '12345']}}\n{SERVICES}\n", "listed twice"),
        (f"coursecloud:monitoring: {{email: ada@example.com}}\n{SERVICES}\n", "not offered"),
        (f"coursecloud:monitoring: {{slo: 0.9}}\n{SERVICES}\n", "not offered"),
        (f"{CHANNEL}\ncoursecloud:services: {{{', '.join(f's{n}: {{}}' for n in range(31))}}}\n", "at most 30"),
    ],
)
def test_what_no_alert_can_be_made_of_is_refused(lines: str, says: str, tmp_path: Path) -> None:
    (said,) = mistakes(FILE + lines, tmp_path)
    assert says in said.rule
    assert said.remedy


def test_a_channel_s_number_may_stand_without_quotes(tmp_path: Path) -> None:
    made = settings(f"{FILE}coursecloud:monitoring: {{channels: [1234567890123456789]}}\n{SERVICES}\n", tmp_path)
    assert made.monitoring.channels == ("1234567890123456789",)


def test_the_filter_of_the_most_services_has_room_for_their_longest_names(plan_of: Planner) -> None:
    services = ", ".join(f"{f's{n}-':x<20}: {{}}" for n in range(30))
    (watched,) = conditions(plan_of, f"coursecloud:services: {{{services}}}")
    assert len(watched["conditionThreshold"]["filter"]) <= 2048


@MISSING
def test_the_line_that_makes_a_channel_prints_the_name_whose_number_goes_into_the_stack_file(tmp_path: Path) -> None:
    with Emulator(projects=[PROJECT], enabled=["monitoring.googleapis.com"]) as emulator:
        line = once.commands(Settings(stack="unit", project=PROJECT))["email notifications"]
        done = Gcloud(tmp_path, emulator).run(line.replace(monitoring.OWN_ADDRESS, "ada@example.com"))
        (channel,) = emulator.world.of("monitoring", "projects/notificationChannels")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{channel.path}"
    assert TypeAdapter(Channel).validate_python(done.stdout.strip().rpartition("/")[2])
