"""Cloud Build: pull requests run as an account that can do nothing, and logs go to Cloud Logging only."""

from typing import Any

import pytest

from coursecloud.plan.planning import Plan
from infra.builds import needs_first_connection
from infra.settings.delivery import Builds
from tests.infra import invariants
from tests.infra.planned import PROJECT, Planner, account, grants, names, needs, of, one, roles

REPOSITORY = "coursecloud:builds:\n  repository: {owner: group, name: project}\n  triggers:\n"
CONNECTED = REPOSITORY.replace("name: project", "name: project, connection: github")
TRIGGERS = """\
    image: {branch: ^main$, dockerfile: Dockerfile, includedFiles: [src/**]}
    release: {tag: '^v\\d', dockerfile: docker/Dockerfile, image: trainer, timeout: 30m, approval: true}
    recipe: {branch: ^main$, buildFile: cloudbuild.yaml}
    checks: {pullRequest: ^main$, dockerfile: Dockerfile}
    check-recipe: {pullRequest: ^main$, buildFile: checks.yaml}"""
DEPLOYS = """
    ship: {tag: ^v, buildFile: ship.yaml, deploys: true, substitutions: {_REGION: europe-west4, _MODE: fast}}"""
COURSE = "coursecloud:course: {accounts: {deploy: runner@mlops-course.iam.gserviceaccount.com}}"
SECRET = "coursecloud:secrets: {names: {KEY: [builds]}}"
IMAGES = f"europe-west1-docker.pkg.dev/{PROJECT}/unit-docker"


def triggers(plan: Plan) -> dict[str, dict[str, Any]]:
    return {trigger.name: dict(trigger.inputs) for trigger in of(plan, "cloudbuild.Trigger")}


def test_there_is_no_trigger_and_no_account_until_a_repository_is_named(dev: Plan) -> None:
    assert names(dev, "cloudbuild.Trigger") == set()
    assert "builds-account" not in names(dev, "serviceaccount.Account")


def test_each_trigger_runs_as_an_account_of_the_stacks_own(plan_of: Planner) -> None:
    plan = plan_of(REPOSITORY + TRIGGERS)
    own = {account(plan, name).removeprefix("serviceAccount:") for name in ("builds", "checks")}
    for trigger in triggers(plan).values():
        assert trigger["serviceAccount"].removeprefix(f"projects/{PROJECT}/serviceAccounts/") in own


def test_a_build_of_a_pull_request_can_neither_push_nor_read_secrets(plan_of: Planner) -> None:
    plan = plan_of(REPOSITORY + TRIGGERS, SECRET)
    checks = account(plan, "checks").removeprefix("serviceAccount:")
    runs_as = {name: trigger["serviceAccount"].rpartition("/")[2] for name, trigger in triggers(plan).items()}
    assert {name for name, used in runs_as.items() if used == checks} == {"checks", "check-recipe"}
    assert roles(plan, "checks") == {("roles/logging.logWriter", PROJECT)}


def test_a_trigger_that_deploys_and_no_other_runs_as_the_account_that_may_deploy(plan_of: Planner) -> None:
    plan = plan_of(REPOSITORY + TRIGGERS + DEPLOYS)
    deployer = account(plan, "deployer").removeprefix("serviceAccount:")
    runs_as = {name: trigger["serviceAccount"].rpartition("/")[2] for name, trigger in triggers(plan).items()}
    assert {name for name, used in runs_as.items() if used == deployer} == {"ship"}


def test_a_build_file_that_deploys_is_told_where_to_push_and_the_words_of_the_stack_win(plan_of: Planner) -> None:
    told = triggers(plan_of(REPOSITORY + TRIGGERS + DEPLOYS))
    assert told["ship"]["substitutions"] == {"_IMAGE": f"{IMAGES}/ship", "_REGION": "europe-west4", "_MODE": "fast"}
    assert "substitutions" not in told["recipe"]


def test_a_trigger_waits_until_those_who_make_it_may_use_its_account(plan_of: Planner) -> None:
    github = "coursecloud:github: {repositoryId: 42, deploy: true}"
    plan = plan_of(REPOSITORY + TRIGGERS + DEPLOYS, github, COURSE)
    may = {f"{who}-{name}-acts-as" for who in ("deploy", "course") for name in ("builds", "checks", "deployer")}
    for trigger in of(plan, "cloudbuild.Trigger"):
        assert may <= {need.name for need in needs(plan, trigger)}


def test_nothing_else_runs_as_the_account_of_pull_requests(full: Plan) -> None:
    assert roles(full, "checks") == {("roles/logging.logWriter", "example-project-id")}
    email = account(full, "checks").removeprefix("serviceAccount:")
    assert all(machine.inputs["serviceAccount"]["email"] != email for machine in of(full, "compute.Instance"))


def test_a_build_of_a_pull_request_pushes_no_image(plan_of: Planner) -> None:
    for text in (REPOSITORY, CONNECTED):
        assert "images" not in triggers(plan_of(text + TRIGGERS))["checks"]["build"]


def test_pull_requests_from_outside_wait_for_a_comment(plan_of: Planner) -> None:
    control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    first = triggers(plan_of(REPOSITORY + TRIGGERS))["checks"]["github"]
    assert first["pullRequest"] == {"branch": "^main$", "commentControl": control}
    assert "push" not in first
    second = triggers(plan_of(CONNECTED + TRIGGERS))["checks"]["repositoryEventConfig"]
    assert second["pullRequest"] == {"branch": "^main$", "commentControl": control}
    assert "push" not in second


def test_the_account_of_builds_pushes_and_reads_what_it_is_given(plan_of: Planner) -> None:
    assert roles(plan_of(REPOSITORY + TRIGGERS, SECRET), "builds") == {
        ("roles/logging.logWriter", PROJECT),
        ("roles/artifactregistry.writer", "unit-docker"),
        *(
            (role, f"{PROJECT}-unit-{bucket}")
            for role in ("roles/storage.objectViewer", "roles/storage.bucketViewer")
            for bucket in ("staging", "data")
        ),
        ("roles/secretmanager.secretAccessor", "unit-KEY"),
    }


def test_builds_log_to_cloud_logging_only(plan_of: Planner) -> None:
    built = [trigger["build"] for trigger in triggers(plan_of(REPOSITORY + TRIGGERS)).values() if "build" in trigger]
    assert len(built) == 3
    assert all(build["options"] == {"logging": "CLOUD_LOGGING_ONLY"} for build in built)
    assert not any("logsBucket" in build for build in built)


def test_the_machine_type_is_the_free_one_unless_the_stack_names_another(plan_of: Planner) -> None:
    big = "    big: {branch: ^main$, dockerfile: Dockerfile, machineType: E2_HIGHCPU_8}"
    assert triggers(plan_of(REPOSITORY + big))["big"]["build"]["options"]["machineType"] == "E2_HIGHCPU_8"


def test_branches_and_tags_push_their_image(plan_of: Planner) -> None:
    made = triggers(plan_of(REPOSITORY + TRIGGERS))
    assert made["image"]["build"]["images"] == [f"{IMAGES}/image:$COMMIT_SHA", f"{IMAGES}/image:latest"]
    assert made["image"]["includedFiles"] == ["src/**"]
    assert made["image"]["github"]["push"] == {"branch": "^main$"}
    assert f"{IMAGES}/trainer:$TAG_NAME" in made["release"]["build"]["images"]
    assert made["release"]["github"]["push"] == {"tag": r"^v\d"}
    assert made["release"]["build"]["timeout"] == "1800s"


def test_what_is_pushed_is_what_is_built(plan_of: Planner) -> None:
    for trigger in triggers(plan_of(REPOSITORY + TRIGGERS)).values():
        if images := trigger.get("build", {}).get("images"):
            (step,) = trigger["build"]["steps"]
            tagged = [tag for flag, tag in zip(step["args"], step["args"][1:], strict=False) if flag == "--tag"]
            assert tagged == images


def test_a_trigger_has_a_build_or_a_build_file(plan_of: Planner) -> None:
    made = triggers(plan_of(REPOSITORY + TRIGGERS))
    assert made["recipe"]["filename"] == "cloudbuild.yaml"
    assert all(("filename" in trigger) != ("build" in trigger) for trigger in made.values())


def test_approval_is_asked_where_the_stack_says_so(plan_of: Planner) -> None:
    asked = {
        name: t["approvalConfig"]["approvalRequired"] for name, t in triggers(plan_of(REPOSITORY + TRIGGERS)).items()
    }
    assert {name for name, wanted in asked.items() if wanted} == {"release"}


def test_a_connection_makes_triggers_of_the_second_generation(plan_of: Planner) -> None:
    plan = plan_of(CONNECTED + TRIGGERS)
    repository = one(plan, "cloudbuildv2.Repository", "repository")
    assert repository.inputs["location"] == "europe-west1"
    assert repository.inputs["parentConnection"] == f"projects/{PROJECT}/locations/europe-west1/connections/github"
    assert repository.inputs["remoteUri"] == "https://github.com/group/project.git"
    assert invariants.breaches(plan) == []
    for trigger in triggers(plan).values():
        assert "github" not in trigger
        assert trigger["repositoryEventConfig"]["repository"].endswith("/repositories/unit-repository")


def test_without_a_connection_triggers_are_of_the_first_generation(plan_of: Planner) -> None:
    plan = plan_of(REPOSITORY + TRIGGERS)
    assert names(plan, "cloudbuildv2.Repository") == set()
    for trigger in triggers(plan).values():
        assert "repositoryEventConfig" not in trigger
        assert (trigger["github"]["owner"], trigger["github"]["name"]) == ("group", "project")


def test_no_account_of_builds_is_made_for_nothing(plan_of: Planner) -> None:
    plan = plan_of(REPOSITORY + "    image: {branch: ^main$, dockerfile: Dockerfile}")
    assert "checks-account" not in names(plan, "serviceaccount.Account")
    assert grants(plan, account(plan, "builds"))


def test_both_generations_start_by_the_same_events(plan_of: Planner) -> None:
    first, second = triggers(plan_of(REPOSITORY + TRIGGERS)), triggers(plan_of(CONNECTED + TRIGGERS))
    for name, trigger in first.items():
        events = {key: trigger["github"].get(key) for key in ("push", "pullRequest")}
        assert events == {key: second[name]["repositoryEventConfig"].get(key) for key in ("push", "pullRequest")}
        assert sum(event is not None for event in events.values()) == 1


def test_the_list_of_triggers_says_what_starts_each(plan_of: Planner) -> None:
    made = triggers(plan_of(REPOSITORY + TRIGGERS))
    assert made["image"]["description"] == "group/project: pushes to branches ^main$"
    assert made["release"]["description"] == r"group/project: tags ^v\d"
    assert made["checks"]["description"] == "group/project: pull requests into ^main$"
    assert all(trigger["tags"] == ["unit-builds"] for trigger in made.values())


def test_an_image_is_built_from_the_dockerfile_that_the_stack_names(plan_of: Planner) -> None:
    (step,) = triggers(plan_of(REPOSITORY + TRIGGERS))["release"]["build"]["steps"]
    assert step["name"] == "gcr.io/cloud-builders/docker"
    assert step["args"][0] == "build"
    assert step["args"][-3:] == ["--file", "docker/Dockerfile", "."]


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({}, False),
        ({"repository": {"owner": "a", "name": "b"}}, False),
        ({"repository": {"owner": "a", "name": "b"}, "triggers": {"t": {"tag": "v"}}}, True),
        ({"repository": {"owner": "a", "name": "b", "connection": "c"}, "triggers": {"t": {"tag": "v"}}}, False),
        ({"triggers": {"t": {"tag": "v"}}}, False),
    ],
)
def test_the_console_is_needed_for_triggers_without_a_connection_only(
    settings: dict[str, object], needed: bool
) -> None:
    assert needs_first_connection(Builds.model_validate(settings)) is needed
