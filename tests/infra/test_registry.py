"""Artifact Registry: repositories that really delete, and keep the newest and the releases."""

from typing import Any

import pytest

from coursecloud.plan.registration import Registration
from infra.component import Place
from infra.names import Names
from infra.registry import full_image
from tests.infra.planned import Planner, names, of, one

DOCKER = "artifactregistry.Repository"


def policies(repository: Registration, action: str) -> list[dict[str, Any]]:
    return [policy for policy in repository.inputs["cleanupPolicies"] if policy["action"] == action]


def test_each_repository_deletes_what_is_old_and_not_as_a_rehearsal(plan_of: Planner) -> None:
    for repository in of(plan_of("coursecloud:registry: {python: true, deleteAfterDays: 9}"), DOCKER):
        (rule,) = policies(repository, "DELETE")
        assert rule["condition"] == {"tagState": "ANY", "olderThan": f"{9 * 86400}s"}
        assert repository.inputs["cleanupPolicyDryRun"] is False


def test_each_repository_keeps_the_newest(plan_of: Planner) -> None:
    for repository in of(plan_of("coursecloud:registry: {python: true, keepNewest: 11}"), DOCKER):
        kept = [
            policy["mostRecentVersions"] for policy in policies(repository, "KEEP") if "mostRecentVersions" in policy
        ]
        assert kept == [{"keepCount": 11}]


def test_release_tags_are_kept(plan_of: Planner) -> None:
    docker = one(plan_of("coursecloud:registry: {keepTags: [prod, v]}"), DOCKER, "docker")
    conditions = [policy["condition"] for policy in policies(docker, "KEEP") if "condition" in policy]
    assert conditions == [{"tagState": "TAGGED", "tagPrefixes": ["prod", "v"]}]


def test_no_rule_keeps_every_tagged_image(plan_of: Planner) -> None:
    docker = one(plan_of("coursecloud:registry: {keepTags: []}"), DOCKER, "docker")
    assert [policy["id"] for policy in policies(docker, "KEEP")] == ["keep-newest"]


def test_policies_keep_the_names_that_stacks_have_them_by(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:registry: {python: true, keepTags: [v]}")
    named = {
        name: [p["id"] for p in one(plan, DOCKER, name).inputs["cleanupPolicies"]] for name in ("docker", "python")
    }
    assert named == {"docker": ["delete-old", "keep-newest", "keep-tagged"], "python": ["delete-old", "keep-newest"]}


@pytest.mark.parametrize(("keep", "protected"), [("true", {"docker", "python"}), ("false", set[str]())])
def test_keep_protects_and_nothing_else_does(plan_of: Planner, keep: str, protected: set[str]) -> None:
    plan = plan_of(f"coursecloud:registry: {{python: true, keep: {keep}}}")
    assert {repository.name for repository in of(plan, DOCKER) if repository.protect} == protected


def test_a_python_repository_is_made_only_when_asked_for(plan_of: Planner) -> None:
    assert names(plan_of(), DOCKER) == {"docker"}
    formats = {r.name: r.inputs["format"] for r in of(plan_of("coursecloud:registry: {python: true}"), DOCKER)}
    assert formats == {"docker": "DOCKER", "python": "PYTHON"}


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("trainer:latest", "europe-west1-docker.pkg.dev/my-project-1/unit-docker/trainer:latest"),
        ("team/trainer", "europe-west1-docker.pkg.dev/my-project-1/unit-docker/team/trainer"),
        ("team/v1.2/trainer", "europe-west1-docker.pkg.dev/my-project-1/unit-docker/team/v1.2/trainer"),
        ("ghcr.io/group/trainer:1", "ghcr.io/group/trainer:1"),
        ("localhost:5000/trainer", "localhost:5000/trainer"),
    ],
)
def test_an_image_without_a_registry_is_the_stacks_own(image: str, full: str) -> None:
    names_of_unit = Names(project="my-project-1", stack="unit")
    place = Place(project="my-project-1", region="europe-west1", names=names_of_unit, labels={}, apis={})
    assert full_image(place, image) == full


@pytest.mark.parametrize("image", ["ghcr.io/group/project/trainer:v1", "localhost:5000/trainer", "a.example/b/c"])
def test_an_image_of_another_registry_stays_as_it_is(image: str) -> None:
    place = Place("p", "europe-west1", Names("p", "unit"), {}, {})
    assert full_image(place, image) == image
    assert full_image(place, f"group/{image.rpartition('/')[2]}").startswith("europe-west1-docker.pkg.dev/p/")
