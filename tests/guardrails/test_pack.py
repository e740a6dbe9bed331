"""The policy pack: the same rules, fed as Pulumi's engine feeds a pack, say what they say offline."""

import ast
import datetime
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi_policy
import pytest
import yaml
from pulumi_policy import (
    EnforcementLevel,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

import coursecloud.policy
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy import RULES, pack
from coursecloud.policy.example import machine, put, settings, then
from infra.settings import Settings
from infra.settings.guardrails import GuardrailException
from tests.guardrails.cases import Case
from tests.guardrails.offenders import CASES
from tests.project import CHECKOUT as ROOT

TODAY = datetime.date(2026, 11, 25)
Report = tuple[str, str, str | None]
"""Policy, message and URN."""

OPTIONS = PolicyResourceOptions(False, [], None, [], pulumi_policy.PolicyCustomTimeouts(0, 0, 0), [])


def wired(value: Any) -> Any:
    """Write a value as it comes over the wire: numbers as floats, unknown values as the SDK's sentinel."""
    if value == UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: wired(entry) for key, entry in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [wired(entry) for entry in value]  # pyright: ignore[reportUnknownVariableType]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def previewed(plan: Plan) -> list[Report]:
    """Feed a plan to the pack in the engine's order: each resource, then the stack."""
    reports: list[Report] = []
    policies = pack.policies(pack.Run(lambda: plan.settings, TODAY))
    resources: list[PolicyResource] = []
    for resource in plan.resources:
        props = unknown_checking_proxy(wired(resource.inputs))
        given = (resource.type, props, resource.urn, resource.name, OPTIONS)
        resources.append(PolicyResource(*given, None, None, [], {}))
        for policy in policies:
            if isinstance(policy, ResourceValidationPolicy):
                args = ResourceValidationArgs(*given, None, None)
                policy.validate(args, lambda text, urn=None, name=policy.name: reports.append((name, text, urn)))
    for policy in policies:
        if isinstance(policy, StackValidationPolicy):
            stack = StackValidationArgs(resources)
            policy.validate(stack, lambda text, urn=None, name=policy.name: reports.append((name, text, urn)))
    return reports


def offline(plan: Plan) -> set[tuple[str, str | None]]:
    found = coursecloud.policy.check(plan, TODAY)
    return {(f.rule.id, f.urn) for f in found if f.excepted is None and not f.unknown}


def rules_of(reports: list[Report]) -> set[tuple[str, str | None]]:
    own = {rule.id for rule in RULES}
    return {(name, urn) for name, _, urn in reports if name in own}


def unread() -> Settings:
    raise AssertionError("the settings are read when the first resource arrives, and not before")


def test_every_rule_is_a_policy_with_its_words_and_its_level() -> None:
    policies = {policy.name: policy for policy in pack.policies(pack.Run(unread, TODAY))}
    for rule in RULES:
        policy = policies[rule.id]
        assert policy.description == f"{rule.title}. {rule.why}"
        assert policy.remediation_steps == rule.remedy
        level = EnforcementLevel.ADVISORY if rule.advisory else EnforcementLevel.MANDATORY
        assert policy.enforcement_level is level
    assert policies.keys() - {rule.id for rule in RULES} == {"exceptions-in-force", "known-only-to-the-real-run"}


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_the_pack_says_of_a_committed_stack_what_the_offline_check_says(committed: dict[str, Plan], stack: str) -> None:
    assert rules_of(previewed(committed[stack])) == offline(committed[stack])


@pytest.mark.parametrize("case", [case for case in CASES if case.says and case.stack == "dev"], ids=lambda c: c.id)
def test_the_pack_sees_each_offence(committed: dict[str, Plan], case: Case) -> None:
    changed = case.edit(committed["dev"])
    reports = previewed(changed)
    assert rules_of(reports) == offline(changed)
    assert any(name == case.rule and case.says in text for name, text, _ in reports)


def test_what_the_provider_takes_where_the_program_says_nothing_is_no_input_of_its(committed: dict[str, Plan]) -> None:
    props = wired({"__defaults": ["mode"], "mode": "RW", "disk": {"__defaults": [], "size": 10}, "name": "x"})
    made = pack.registration(
        "gcp:compute/disk:Disk", "d", "urn", unknown_checking_proxy(props), committed["dev"].settings
    )
    assert made.inputs == {"disk": {"size": 10}, "name": "x"}


@pytest.mark.parametrize(
    ("name", "member", "named"),
    [
        ("scheduled-stop-agent", "serviceAccount:service-42@compute-system.iam.gserviceaccount.com", False),
        ("scheduled-stop-agent", "serviceAccount:service-42@evil.iam.gserviceaccount.com", True),
        (
            "preview-federation",
            "principalSet://iam.googleapis.com/{}/github-7/attribute.repository_id/123456789",
            False,
        ),
        ("preview-federation", "principalSet://iam.googleapis.com/{}/github-7/attribute.repository_id/1", True),
        ("preview-federation", "principalSet://iam.googleapis.com/{}/github-7/attribute.ref/refs/heads/evil", True),
        ("preview-federation", "principalSet://iam.googleapis.com/{}/evil/attribute.repository_id/1", True),
        ("preview-federation", "principalSet://iam.googleapis.com/{}/github-7/*", True),
    ],
)
def test_what_google_computes_is_known_by_its_form_while_it_is_deployed(
    committed: dict[str, Plan], name: str, member: str, named: bool
) -> None:
    kind = "projects.IAMMember" if name == "scheduled-stop-agent" else "serviceaccount.IAMMember"
    edit = then(
        put("iam.WorkloadIdentityPool", "pool", "workloadIdentityPoolId", "github-7"),
        put(kind, name, "member", member.format("projects/42/locations/global/workloadIdentityPools")),
    )
    changed = edit(committed["full"])
    found = [text for rule, text, urn in previewed(changed) if rule == "grant-understood" and str(urn).endswith(name)]
    assert any("whom neither" in text for text in found) is named
    # Before that nobody may write such a text down: the number may be another project's.
    assert any((f.rule.id, f.name) == ("grant-understood", name) for f in coursecloud.policy.check(changed, TODAY))


def test_what_is_unknown_is_one_advisory_line_a_rule_with_the_resources(committed: dict[str, Plan]) -> None:
    edit = then(
        put("storage.Bucket", "data", "uniformBucketLevelAccess", UNKNOWN),
        put("storage.Bucket", "models", "uniformBucketLevelAccess", UNKNOWN),
    )
    reports = previewed(edit(committed["dev"]))
    (text,) = [text for name, text, _ in reports if name == "known-only-to-the-real-run"]
    assert text == "bucket-uniform-access: only the real run knows `uniformBucketLevelAccess` of data, models"
    assert "bucket-uniform-access" not in {name for name, _, _ in reports}


def test_an_unknown_value_inside_a_list_is_unknown_too(committed: dict[str, Plan]) -> None:
    edit = put("compute.Firewall", "ssh-from-iap", "sourceRanges", [UNKNOWN])
    texts = [text for name, text, _ in previewed(edit(committed["dev"])) if name == "known-only-to-the-real-run"]
    assert any("firewall-not-open: only the real run knows `sourceRanges[0]`" in text for text in texts)


def test_an_exception_of_the_stack_file_holds_in_the_pack_and_is_printed(committed: dict[str, Plan]) -> None:
    exceptions = (
        GuardrailException(rule="machine-no-forwarding", resource="work*", reason="a test of it", until=TODAY),
        GuardrailException(rule="iam-no-keys", resource="k", reason="a test of it", until=TODAY),
    )
    edit = then(machine("canIpForward", True), settings("guardrails", exceptions=exceptions))
    reports = previewed(edit(committed["dev"]))
    assert "machine-no-forwarding" not in {name for name, _, _ in reports}
    (text,) = [text for name, text, _ in reports if name == "exceptions-in-force"]
    assert "machine-no-forwarding until 2026-11-25, for workbench: a test of it" in text
    assert "iam-no-keys of k covers nothing: remove it" in text


def test_an_exception_that_ended_holds_nothing_in_the_pack(committed: dict[str, Plan]) -> None:
    ended = TODAY - datetime.timedelta(days=1)
    exceptions = (
        GuardrailException(rule="machine-no-forwarding", resource="workbench", reason="a test of it", until=ended),
        GuardrailException(rule="iam-no-keys", resource="k", reason="a test of it", until=ended),
    )
    edit = then(machine("canIpForward", True), settings("guardrails", exceptions=exceptions))
    names = {name for name, _, _ in previewed(edit(committed["dev"]))}
    assert {"machine-no-forwarding", "exceptions-current"} <= names


def test_a_later_phase_of_a_run_replaces_what_an_earlier_one_found(committed: dict[str, Plan]) -> None:
    run = pack.Run(lambda: committed["dev"].settings, TODAY)
    (policy,) = (p for p in pack.policies(run) if p.name == "bucket-uniform-access")
    assert isinstance(policy, ResourceValidationPolicy)
    (bucket,) = (r for r in committed["dev"].custom if r.name == "data" and r.type == "gcp:storage/bucket:Bucket")
    for value in (UNKNOWN, True):
        props = unknown_checking_proxy(wired({**bucket.inputs, "uniformBucketLevelAccess": value}))
        args = ResourceValidationArgs(bucket.type, props, bucket.urn, bucket.name, OPTIONS, None, None)
        policy.validate(args, lambda text, urn=None: pytest.fail(f"{text} {urn}"))
        assert bool(run.found) is (value == UNKNOWN)


def test_what_is_no_resource_of_google_is_left_alone(committed: dict[str, Plan]) -> None:
    run = pack.Run(lambda: committed["dev"].settings, TODAY)
    for policy in pack.policies(run):
        if isinstance(policy, ResourceValidationPolicy):
            for kind in ("pulumi:providers:gcp", "pulumi:pulumi:Stack", "coursecloud:infra:Machines"):
                props = unknown_checking_proxy({"zone": "mars-1-a", "accessToken": "x"})
                args = ResourceValidationArgs(kind, props, f"urn:{kind}", "default_10_2_0", OPTIONS, None, None)
                policy.validate(args, lambda text, urn=None: pytest.fail(f"{text} {urn}"))
    assert run.resources == {}


def test_only_the_main_module_serves_the_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, int]] = []

    def serve(name: str, policies: list[object]) -> None:
        served.append((name, len(policies)))

    monkeypatch.setattr(pulumi_policy, "PolicyPack", serve)
    monkeypatch.setattr("sys.path", [str(ROOT / "guardrails")])
    runpy.run_path(str(ROOT / "guardrails" / "__main__.py"))
    assert sys.path == [str(ROOT)], "the engine's own entry would hide modules of the same name"
    assert served == [("coursecloud-guardrails", len(RULES) + 2)]
    for path in (ROOT / "guardrails").rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        names = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
        assert ("PolicyPack" in names) is (path.name == "__main__.py")


def test_the_pack_runs_in_the_projects_own_environment() -> None:
    described = yaml.safe_load((ROOT / "guardrails" / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    folder = Path(ROOT / "guardrails" / described["runtime"]["options"]["virtualenv"])
    assert folder.resolve().parent == ROOT
    assert folder.name == ".venv"
