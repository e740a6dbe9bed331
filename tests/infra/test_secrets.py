"""Secrets: containers only. No value is anywhere in what the program registers or puts out."""

import re

import pytest

from coursecloud.plan.planning import Plan
from infra.names import WORKLOADS, Workload, variable
from tests.infra.planned import PROJECT, Planner, account, grants, names, of, texts

EVERYTHING = """\
coursecloud:training: {prediction: true}
coursecloud:services: {demo: {secrets: [KEY]}}
coursecloud:builds: {repository: {owner: a, name: b}, triggers: {t: {branch: main, dockerfile: D}}}
coursecloud:team: {members: [group:team@example.com]}"""


def stack(readers: str, more: str = "") -> str:
    return f"coursecloud:secrets: {{{more}names: {{KEY: [{readers}]}}}}"


def test_no_version_of_a_secret_is_declared(committed: dict[str, Plan]) -> None:
    for plan in committed.values():
        assert names(plan, "secretmanager.SecretVersion") == set()
        for resource in plan.custom:
            assert not {"secretData", "secretDataWo", "payload"} & set(resource.inputs), resource.urn


@pytest.mark.parametrize("mounting", ["secrets", "mountedSecrets"])
def test_a_secret_is_only_ever_named(plan_of: Planner, mounting: str) -> None:
    """Wherever a secret stands, a name stands: its own, its container's, its version's or its variable's."""
    everything = EVERYTHING.replace("{secrets: [KEY]}", f"{{{mounting}: [KEY]}}")
    container = "coursecloud:machines: {runner: {container: {image: 'a:b', args: [--now]}}}"
    plan = plan_of(everything, container, stack(", ".join(WORKLOADS)))
    said = [*texts([dict(resource.inputs) for resource in plan.custom]), *texts(dict(plan.outputs))]
    named = re.compile(rf"(projects/{PROJECT}/secrets/)?(unit-)?\bKEY(_SECRET)?\b(/versions/latest)?")
    assert sum("KEY" in text for _, text in said) > 10
    for path, text in said:
        for what_follows in re.findall(r"KEY\S*", named.sub("", text)):
            pytest.fail(f"{path} says {what_follows} of the secret")
        for value in re.findall(r"KEY_SECRET\W+(?:value\W+)?([^\s\"']+)", text):
            assert value == f"projects/{PROJECT}/secrets/unit-KEY/versions/latest", path


def test_the_command_that_adds_a_value_reads_it_and_does_not_hold_it(full: Plan) -> None:
    assert full.outputs["commands"]["add secret WANDB_API_KEY"].endswith("--data-file=-")


@pytest.mark.parametrize("reader", WORKLOADS)
def test_only_the_workload_that_is_named_may_read(plan_of: Planner, reader: Workload) -> None:
    services = reader + ("" if reader == "services" else ", services")
    plan = plan_of(EVERYTHING, stack(services))
    readers = {grant.member for grant in grants(plan) if grant.role == "roles/secretmanager.secretAccessor"}
    assert readers == {account(plan, name) for name in {reader, "services"}}


def test_reading_is_granted_on_the_secret_and_never_on_the_project(full: Plan) -> None:
    for grant in grants(full):
        if grant.role.startswith("roles/secretmanager.") and grant.resource.name != "deploy-secretmanager-admin":
            assert grant.kind == "secretmanager.SecretIamMember", grant.resource.urn


def test_a_member_adds_versions_and_reads_none(plan_of: Planner) -> None:
    plan = plan_of(EVERYTHING, stack("services"))
    held = {grant.role for grant in grants(plan, "group:team@example.com") if grant.target == "unit-KEY"}
    assert held == {"roles/secretmanager.secretVersionAdder"}


@pytest.mark.parametrize(("keep", "protected"), [("true", {"KEY"}), ("false", set[str]())])
def test_keep_protects_and_nothing_else_does(plan_of: Planner, keep: str, protected: set[str]) -> None:
    plan = plan_of(stack("", f"keep: {keep}, "))
    assert {resource.name for resource in plan.custom if resource.protect} == protected


def test_a_secret_is_named_after_the_stack(plan_of: Planner) -> None:
    (secret,) = of(plan_of(stack("")), "secretmanager.Secret")
    assert secret.inputs["secretId"] == "unit-KEY"
    assert secret.inputs["project"] == PROJECT


def test_a_secrets_variable_has_no_hyphen() -> None:
    assert variable("wandb-api-KEY_1") == "wandb_api_KEY_1"
