"""The whole stack: flat, at home beside another one, and kept only where a word says so."""

import inspect
import json
from pathlib import Path

import pytest

from coursecloud.plan.planning import Plan, short_type
from tests.infra import invariants
from tests.infra.planned import COMMITTED, Planner, longest_chain, names, of, resource_class
from tests.project import ROOT

EVERYTHING = """\
coursecloud:lease: {stopSchedule: 0 20 * * *}
coursecloud:network: {egress: nat}
coursecloud:registry: {python: true}
coursecloud:secrets: {names: {KEY: [machines, training, prediction, builds, services]}}
coursecloud:training: {prediction: true, endpoint: true}
coursecloud:services: {demo: {secrets: [KEY], public: true}}
coursecloud:builds:
  repository: {owner: a, name: b, connection: github}
  triggers: {t: {tag: v, dockerfile: D}, p: {pullRequest: main, dockerfile: D}}
coursecloud:github: {repositoryId: 42, deploy: true}
coursecloud:team: {members: [group:team@example.com]}"""
LEASE = "coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-18, stopSchedule: 0 20 * * *}"


def identities(plan: Plan) -> set[str]:
    """What a stack is to Google, but for the APIs, which stacks share and no destroy turns off."""
    of_stack = (resource for resource in plan.custom if resource not in of(plan, "projects.Service"))
    # A binding is a binding whatever description Pulumi has of it.
    return {name for resource in of_stack if (name := invariants.identity(resource))}


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("dev", "Dev"), ("a", "a-b"), ("a-b", "a.b"), ("ab", "a_b")])
@pytest.mark.parametrize("lease", ["", LEASE])
def test_two_stacks_of_one_project_share_nothing_but_the_apis(
    plan_of: Planner, first: str, second: str, lease: str
) -> None:
    text = EVERYTHING.replace(EVERYTHING.partition("\n")[0], lease or EVERYTHING.partition("\n")[0])
    one, other = plan_of(text, stack=first), plan_of(text, stack=second)
    assert len(identities(one)) > 90
    assert identities(one) & identities(other) == set()


def test_stacks_that_would_share_are_seen(plan_of: Planner) -> None:
    assert identities(plan_of(EVERYTHING, stack="a")) & identities(plan_of(EVERYTHING, stack="a"))


def test_a_machine_and_a_stack_with_hyphens_do_not_meet(plan_of: Planner) -> None:
    one = plan_of("coursecloud:machines: {b-c: {}}", stack="a")
    other = plan_of("coursecloud:machines: {c: {}}", stack="a-b")
    assert identities(one) & identities(other) == set()


@pytest.mark.parametrize(
    ("stack", "chain"),
    [
        ("dev", ["compute", "network", "subnet-europe-west1", "workbench"]),
        ("gpu", ["compute", "network", "subnet-europe-west4", "trainer"]),
        # What names an account waits until the deploy account may, and whoever may release it waits for a service.
        ("full", ["iam", "deploy-account", "deploy-services-acts-as", "backend", "ci-releases-backend"]),
    ],
)
def test_the_longest_chain_has_no_more_resources_than_google_asks_for(
    committed: dict[str, Plan], stack: str, chain: list[str]
) -> None:
    """API, network, subnet, machine: Google asks for each of them in this order, and for nothing longer."""
    longest = longest_chain(committed[stack])
    assert len(longest) == len(chain), longest
    assert longest[:-1] == chain[:-1]


def test_a_longer_chain_is_seen(dev: Plan) -> None:
    import dataclasses

    last, bucket = of(dev, "compute.Instance")[0], of(dev, "storage.Bucket")[0]
    longer = tuple(
        dataclasses.replace(resource, dependencies=(last.urn,)) if resource == bucket else resource
        for resource in dev.resources
    )
    assert len(longest_chain(dataclasses.replace(dev, resources=longer))) > 4


def test_every_resource_is_under_the_component_of_its_concept(committed: dict[str, Plan]) -> None:
    for plan in committed.values():
        components = {resource.urn for resource in plan.resources if not resource.custom}
        assert all(resource.parent in components for resource in plan.custom)
        assert all(resource.parent is None for resource in plan.resources if not resource.custom)


def test_the_dev_stack_keeps_nothing(dev: Plan) -> None:
    assert not [resource.urn for resource in dev.custom if resource.protect]


def test_what_bills_by_the_hour_is_never_kept(committed: dict[str, Plan]) -> None:
    session = {"compute.Instance", "compute.RouterNat", "cloudrunv2.Service", "vertex.AiEndpoint"}
    for plan in committed.values():
        for kind in session:
            assert not [resource.urn for resource in of(plan, kind) if resource.protect]


def test_what_is_kept_needs_nothing_that_an_evening_destroys(full: Plan) -> None:
    """A destroy leaves what a protected resource depends on, so a session resource under it would bill on."""
    by_urn = {resource.urn: resource for resource in full.custom}
    for resource in full.custom:
        for urn in resource.dependencies if resource.protect else ():
            assert by_urn[urn].protect or by_urn[urn] in of(full, "projects.Service"), (resource.urn, urn)


def test_the_smallest_stack_file_is_a_project_and_nothing_else(dev: Plan, plan_of: Planner) -> None:
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    said = [line.strip() for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert said == ["config:", "gcp:project: example-project-id"]
    assert plan_of("gcp:project: example-project-id", stack="dev").resources == dev.resources


@pytest.mark.parametrize("stack", COMMITTED)
def test_everything_is_in_the_stacks_own_project(committed: dict[str, Plan], stack: str) -> None:
    for resource in committed[stack].custom:
        if "project" in resource.inputs:
            assert resource.inputs["project"] == "example-project-id"
        else:  # these are on something that is in it
            assert resource.type.endswith(("BucketIAMMember", "serviceaccount/iAMMember:IAMMember")), resource.urn


def test_planning_one_stack_leaves_no_trace_in_the_next(plan_of: Planner) -> None:
    plan_of(EVERYTHING)
    small = plan_of("coursecloud:machines: {}", "coursecloud:training: {enabled: false}")
    assert set(small.outputs) == {"project", "region", "buckets", "registry", "commands"}


def named(plan: Plan) -> dict[str, str | None]:
    """Each resource by type and name in the program, with its name at Google where a person gave it one."""
    return {
        f"{short_type(resource.type)} {resource.name}": resource.inputs[invariants.NAMES[kind][0]]
        if (kind := short_type(resource.type)) in invariants.NAMES
        else None
        for resource in plan.custom
    }


def test_no_resource_changes_its_name_unless_somebody_means_it(plan_of: Planner) -> None:
    """A name that changes is a resource that every group's next `up` deletes and makes anew, data and all.

    Where that is meant, `aliases` keep the resource; the file beside this one then gets the new names.
    """
    file = Path(__file__).parent / "names.json"
    assert json.loads(json.dumps(named(plan_of(EVERYTHING)))) == json.loads(file.read_text(encoding="utf-8"))


def test_each_concept_is_one_component_of_its_own_name(full: Plan) -> None:
    components = {resource.type: resource.name for resource in full.resources if not resource.custom}
    assert len(components) == 13
    assert all(
        kind == f"coursecloud:infra:{name.capitalize()}".replace("Github", "GitHub")
        for kind, name in components.items()
    )


def test_the_console_says_which_stack_a_thing_is_of_and_what_for(full: Plan) -> None:
    for kind, key in (
        ("serviceaccount.Account", "displayName"),
        ("projects.IAMCustomRole", "title"),
        ("iam.WorkloadIdentityPool", "displayName"),
        ("artifactregistry.Repository", "description"),
    ):
        texts = [resource.inputs[key] for resource in of(full, kind)]
        assert texts, kind
        assert len(set(texts)) == len(texts), kind
        assert all("full" in text and len(text) > len("full") + 5 for text in texts), kind
    (pool,) = of(full, "iam.WorkloadIdentityPool")
    (provider,) = of(full, "iam.WorkloadIdentityPoolProvider")
    assert str(full.settings.github.repository_id if full.settings.github else None) in pool.inputs["description"]
    assert provider.inputs["displayName"]
    (preview,) = (role for role in of(full, "projects.IAMCustomRole") if role.name == "preview")
    assert preview.inputs["description"]


@pytest.mark.parametrize("stack", COMMITTED)
def test_no_resource_leaves_its_place_to_the_providers_default(committed: dict[str, Plan], stack: str) -> None:
    """What the stack file says about region and zone must hold on every machine that deploys it."""
    settings = committed[stack].settings
    for resource in committed[stack].custom:
        takes = inspect.signature(resource_class(resource.type)._internal_init).parameters
        for key in {"project", "location", "region", "zone"} & set(takes):
            place = resource.inputs[key].lower()
            assert place == settings.project or any(place.startswith(region) for region in settings.subnets), resource


def test_a_repository_without_triggers_makes_nothing(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:builds: {repository: {owner: group, name: project}}")
    assert {resource.urn for resource in plan.custom} == {resource.urn for resource in plan_of().custom}


def test_only_what_is_there_is_deployed_from_github(plan_of: Planner) -> None:
    deploy = "coursecloud:github: {repositoryId: 1, deploy: true}"
    built = "coursecloud:builds: {repository: {owner: a, name: b}, triggers: {a: {branch: ^main$, dockerfile: D}}}"
    for more, accounts in (("", {"machines"}), (built, {"machines", "builds"})):
        plan = plan_of(deploy, more)
        uses = {name for name in names(plan, "serviceaccount.IAMMember") if name.startswith("deploy-")}
        assert uses - {"deploy-federation"} == {f"deploy-{account}-acts-as" for account in accounts}


def test_the_labels_of_a_stack_that_says_nothing_about_itself(dev: Plan) -> None:
    for bucket in of(dev, "storage.Bucket"):
        assert bucket.inputs["labels"] == {
            "course": "mlops", "group": "unnamed", "owner": "unnamed", "stack": "dev",
            "lease-end": "none", "managed-by": "coursecloud", "component": "storage",
        }  # fmt: skip


@pytest.mark.parametrize("stack", COMMITTED)
def test_the_label_component_names_the_component_that_a_resource_is_in(committed: dict[str, Plan], stack: str) -> None:
    for resource in committed[stack].custom:
        if labels := resource.inputs.get("labels"):
            assert resource.parent is not None
            assert labels["component"] == resource.parent.rpartition("::")[2], resource.urn
