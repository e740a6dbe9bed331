"""Each rule is broken by one change of a real plan, kept by another, and honest about what it cannot know."""

import dataclasses
import datetime
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest

import coursecloud.policy
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy import RULES, Finding, ResourceRule
from coursecloud.policy.evaluation import among, of_resource
from coursecloud.policy.example import Edit, put
from coursecloud.policy.rule import AmongRule, Rule, Stack
from infra.settings.lease import Credit
from tests.guardrails.cases import Case
from tests.guardrails.offenders import CASES

TODAY = datetime.date(2026, 11, 25)
BROKEN = [case for case in CASES if case.says]
KEPT = [case for case in CASES if not case.says]


def about(case: Case, plan: Plan) -> list[Finding]:
    return [
        finding
        for finding in coursecloud.policy.check(plan, TODAY)
        if (finding.rule.id, finding.name) == (case.rule, case.name)
    ]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_a_rule_is_broken_by_one_change_of_a_real_plan(committed: dict[str, Plan], case: Case) -> None:
    before = [finding.message for finding in about(case, committed[case.stack])]
    assert not any(case.says in message for message in before), "the plan broke it unchanged"
    (finding,) = about(case, case.edit(committed[case.stack]))
    assert case.says in finding.message
    assert finding.level == ("advice" if finding.rule.advisory else "violation")
    assert finding.excepted is None


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.id)
def test_a_rule_is_kept_by_a_change_that_comes_near(committed: dict[str, Plan], case: Case) -> None:
    changed = case.edit(committed[case.stack])
    assert about(case, changed) == []


def test_every_rule_has_an_example_that_breaks_it_and_one_that_keeps_it() -> None:
    ids = {rule.id for rule in RULES}
    assert {case.rule for case in BROKEN} == ids
    assert {case.rule for case in KEPT} == ids
    for rule in RULES:
        assert all(example.says for example in rule.breaks), rule.id
        assert not any(example.says or example.checkov for example in rule.keeps), rule.id


def test_a_rule_without_an_example_cannot_be_made() -> None:
    said = {"title": "A", "why": "B.", "remedy": "C.", "severity": "low"}
    with pytest.raises(ValueError, match="a-rule: give an example that breaks it and one that comes near and keeps it"):
        Rule(id="a-rule", breaks=(), keeps=(), **said)  # pyright: ignore[reportArgumentType]


def test_the_checks_of_checkov_that_a_rule_answers_to_are_those_that_see_its_examples() -> None:
    shown = {rule.id: {check for case in BROKEN if case.rule == rule.id for check in case.checkov} for rule in RULES}
    assert {rule.id: set(rule.references.checkov) for rule in RULES} == shown


def test_rules_have_ids_of_their_own_and_say_all_that_a_reader_needs() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        for text in (rule.title, rule.why, rule.remedy):
            assert text[0].isupper(), text
            assert len(text) <= 130, text
        assert [rule.why[-1], rule.remedy[-1]] == [".", "."]
        assert not rule.title.endswith(".")


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_the_committed_stacks_pass(committed: dict[str, Plan], stack: str) -> None:
    checked = coursecloud.policy.checked(committed[stack], TODAY)
    assert checked.violations == ()
    assert checked.unused == ()
    assert checked.resources == len(committed[stack].custom)


UNKNOWNS: list[tuple[str, str, str, Edit]] = [
    ("bucket-uniform-access", "dev", "data", put("storage.Bucket", "data", "uniformBucketLevelAccess", UNKNOWN)),
    ("bucket-old-versions-end", "dev", "data", put("storage.Bucket", "data", "lifecycleRules", UNKNOWN)),
    ("firewall-not-open", "dev", "ssh-from-iap", put("compute.Firewall", "ssh-from-iap", "sourceRanges", UNKNOWN)),
    ("firewall-not-open", "dev", "ssh-from-iap", put("compute.Firewall", "ssh-from-iap", "sourceRanges", [UNKNOWN])),
    ("machine-ends", "dev", "workbench", put("compute.Instance", "workbench", "scheduling", UNKNOWN)),
    ("machine-os-login", "dev", "workbench", put("compute.Instance", "workbench", "metadata", UNKNOWN)),
    ("machine-gpu-spot", "dev", "workbench", put("compute.Instance", "workbench", "machineType", "z9-new-1")),
    ("iam-no-basic-roles", "dev", "machines-logging-log-writer",
     put("projects.IAMMember", "machines-logging-log-writer", "role", UNKNOWN)),
    ("grant-not-public", "dev", "machines-logging-log-writer",
     put("projects.IAMMember", "machines-logging-log-writer", "member", UNKNOWN)),
    ("federation-conditioned", "full", "provider",
     put("iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", UNKNOWN)),
    ("region-allowed", "dev", "data", put("storage.Bucket", "data", "location", UNKNOWN)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "stack", "name", "edit"), UNKNOWNS)
def test_what_only_the_real_run_knows_neither_passes_nor_fails(
    committed: dict[str, Plan], rule: str, stack: str, name: str, edit: Edit
) -> None:
    found = [f for f in coursecloud.policy.check(edit(committed[stack]), TODAY) if (f.rule.id, f.name) == (rule, name)]
    assert [(f.level, f.violates) for f in found] == [("unknown", False)]
    assert re.match("only the real run knows|nobody here knows", found[0].message)


def test_a_breach_counts_although_something_behind_it_is_unknown(committed: dict[str, Plan]) -> None:
    edit = put("compute.Firewall", "ssh-from-iap", "sourceRanges", ["0.0.0.0/0", UNKNOWN])
    (finding,) = (
        f for f in coursecloud.policy.check(edit(committed["dev"]), TODAY) if f.rule.id == "firewall-not-open"
    )
    assert finding.violates


def test_an_unknown_value_that_a_rule_does_not_need_does_not_matter(committed: dict[str, Plan]) -> None:
    edit = put("compute.Instance", "workbench", "labels.near", UNKNOWN)
    assert coursecloud.policy.check(edit(committed["dev"]), TODAY) == coursecloud.policy.check(committed["dev"], TODAY)


def test_a_cost_with_an_unknown_price_is_at_least_what_is_known(committed: dict[str, Plan]) -> None:
    changed = put("compute.Instance", "workbench", "machineType", "z9-new-1")(committed["dev"])
    levels = {f.rule.id: (f.level, f.message) for f in coursecloud.policy.check(changed, TODAY) if f.name == "stack"}
    # No later run tells what it costs, so it closes the gate; nothing of it bills while nothing runs.
    assert levels["cost-per-hour"][0] == "violation"
    assert (
        "nobody knows what an hour of workbench (z9-new-1) costs, nor will the real run" in levels["cost-per-hour"][1]
    )
    assert "at least" in levels["cost-per-hour"][1]
    assert "cost-idle-per-day" not in levels
    lease = changed.settings.lease.model_copy(update={"max_per_hour": 0.001})
    dear = dataclasses.replace(changed, settings=changed.settings.model_copy(update={"lease": lease}))
    levels = {f.rule.id: (f.level, f.message) for f in coursecloud.policy.check(dear, TODAY) if f.name == "stack"}
    assert levels["cost-per-hour"][0] == "violation"
    assert "at least" in levels["cost-per-hour"][1]


def test_a_cost_that_depends_on_the_real_run_is_for_that_to_judge(committed: dict[str, Plan]) -> None:
    changed = put("compute.Instance", "workbench", "machineType", UNKNOWN)(committed["dev"])
    (found,) = (f for f in coursecloud.policy.check(changed, TODAY) if f.rule.id == "cost-per-hour")
    assert found.level == "unknown"
    assert found.message.startswith("nobody knows the whole cost: it is at least 0.2")
    assert "without workbench" in found.message


@pytest.mark.parametrize(
    ("amount", "edit", "level", "said"),
    [
        (20, None, "violation", "the credit of 20 USD ends on 2026-12-"),
        (20, "x9-huge-1", "violation", " at the latest, "),
        (5000, "x9-huge-1", "unknown", "nobody can say whether the credit of 5000 USD lasts to 2026-12-18: `trainer: "),
        (5000, None, None, ""),
    ],
)
def test_the_credit_is_held_against_the_lease(
    committed: dict[str, Plan], amount: int, edit: str | None, level: str | None, said: str
) -> None:
    plan = committed["gpu"]
    if edit:
        plan = put("compute.Instance", "trainer", "machineType", edit)(plan)
    lease = plan.settings.lease.model_copy(update={"credit": Credit(amount=amount)})
    plan = dataclasses.replace(plan, settings=plan.settings.model_copy(update={"lease": lease}))
    found = [f for f in coursecloud.policy.check(plan, TODAY) if f.rule.id == "credit-lasts"]
    assert [f.level for f in found] == ([level] if level else [])
    assert all(said in f.message for f in found)


def test_the_message_about_a_secret_does_not_tell_it(committed: dict[str, Plan]) -> None:
    for case in BROKEN:
        if case.rule == "no-secret-values":
            (finding,) = about(case, case.edit(committed[case.stack]))
            for value in ("ghp_", "hunter2", "0123456789abcdef", "me:pw", "PRIVATE KEY"):
                assert value not in finding.message


def test_no_input_however_odd_stops_a_check(committed: dict[str, Plan]) -> None:
    odd: list[object] = [None, True, 5, 2.5, "x", "", [], ["x", None], {}, {"x": []}, [{"x": 1}], UNKNOWN, [UNKNOWN]]
    rules = [rule for rule in RULES if isinstance(rule, ResourceRule)]
    among_others = [rule for rule in RULES if isinstance(rule, AmongRule)]
    seen = {short_type(resource.type): resource for plan in committed.values() for resource in plan.custom}
    extra = [case.edit(committed[case.stack]).resources[-1] for case in BROKEN]
    seen |= {short_type(resource.type): resource for resource in extra}
    for kind, resource in seen.items():
        applying = [rule for rule in rules if rule.applies(kind)]
        for strange in odd:
            for inputs in everywhere(resource.inputs, strange):
                changed = dataclasses.replace(resource, inputs=cast("dict[str, Any]", inputs))
                for rule in applying:
                    list(of_resource(rule, changed, committed["dev"].settings))
                stack = Stack(committed["dev"].settings, (changed,), TODAY)
                for rule in among_others:
                    list(among(rule, changed, stack) if rule.applies(kind) else ())


def everywhere(value: object, strange: object) -> Iterator[object]:
    """Give a value with `strange` in the place of each thing in it, one at a time."""
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        for key, entry in entries.items():
            yield {**entries, key: strange}
            yield from ({**entries, key: inner} for inner in everywhere(entry, strange))
    elif isinstance(value, list):
        items = cast("list[object]", value)
        for index, entry in enumerate(items):
            yield [*items[:index], strange, *items[index + 1 :]]
            yield from ([*items[:index], inner, *items[index + 1 :]] for inner in everywhere(entry, strange))


def test_a_key_is_the_same_for_the_same_offence_of_two_revisions(committed: dict[str, Plan]) -> None:
    edit = put("compute.Instance", "workbench", "canIpForward", True)
    plan = edit(committed["dev"])
    other = put("storage.Bucket", "data", "forceDestroy", False)(plan)
    keys = [finding.key for finding in coursecloud.policy.check(plan, TODAY)]
    assert keys == [finding.key for finding in coursecloud.policy.check(other, TODAY)]
    assert len(keys) == len(set(keys))
