"""The APIs of a stack: what is switched on and no more, left on by a destroy, and waited for one by one."""

import pytest

from coursecloud.plan.planning import Plan
from tests.infra import invariants
from tests.infra.planned import COMMITTED, TEAM, Planner, needs, of

ALWAYS = {"artifactregistry", "storage", "iam", "cloudresourcemanager"}
BARE = ("coursecloud:machines: {}", "coursecloud:training: {enabled: false}")


def enabled(plan: Plan) -> set[str]:
    return {service.inputs["service"].removesuffix(".googleapis.com") for service in of(plan, "projects.Service")}


def test_a_bare_stack_turns_on_what_its_stores_need(plan_of: Planner) -> None:
    assert enabled(plan_of(*BARE)) == ALWAYS


@pytest.mark.parametrize(
    ("lines", "further"),
    [
        (["coursecloud:machines: {workbench: {}}", BARE[1]], {"compute", "iap", "oslogin"}),
        ([BARE[0], "coursecloud:training: {}"], {"aiplatform"}),
        ([*BARE, "coursecloud:secrets: {names: {KEY: []}}"], {"secretmanager"}),
        ([*BARE, "coursecloud:services: {demo: {}}"], {"run"}),
        ([*BARE, "coursecloud:github: {repositoryId: 1}"], {"iamcredentials", "sts"}),
        (
            [
                *BARE,
                "coursecloud:builds: {repository: {owner: a, name: b}, triggers: {t: {tag: v, dockerfile: D}}}",
            ],
            {"cloudbuild"},
        ),
        ([*BARE, "coursecloud:builds: {repository: {owner: a, name: b}}"], set[str]()),
        ([*BARE, TEAM], set[str]()),
    ],
)
def test_each_switch_turns_on_its_own_apis_only(plan_of: Planner, lines: list[str], further: set[str]) -> None:
    assert enabled(plan_of(*lines)) == ALWAYS | further


@pytest.mark.parametrize("stack", COMMITTED)
def test_no_destroy_turns_an_api_off(committed: dict[str, Plan], stack: str) -> None:
    for service in of(committed[stack], "projects.Service"):
        assert service.inputs["disableOnDestroy"] is False
        assert service.inputs["disableDependentServices"] is False


@pytest.mark.parametrize("stack", COMMITTED)
def test_each_resource_waits_for_its_own_api(committed: dict[str, Plan], stack: str) -> None:
    assert list(invariants.without_api(committed[stack])) == []


def test_a_resource_that_waits_for_no_api_is_seen(dev: Plan) -> None:
    import dataclasses

    hasty = tuple(
        dataclasses.replace(resource, dependencies=()) if resource.name == "network" else resource
        for resource in dev.resources
    )
    assert list(invariants.without_api(dataclasses.replace(dev, resources=hasty))) != []


@pytest.mark.parametrize("stack", COMMITTED)
def test_no_resource_waits_for_all_apis(committed: dict[str, Plan], stack: str) -> None:
    plan = committed[stack]
    stores = {"storage", "artifactregistry", "secretmanager"}
    for resource in plan.custom:
        direct = {need.name for need in of(plan, "projects.Service") if need.urn in resource.dependencies}
        assert len(direct) <= 2, resource.urn
        waited = {need.name for need in needs(plan, resource) if need in of(plan, "projects.Service")}
        # What is granted on a store waits for the store and for the account, and for nothing else.
        if invariants.own_api(resource) in stores if resource.type != "gcp:projects/service:Service" else False:
            assert waited <= {invariants.own_api(resource), "iam", "run"}, resource.urn
