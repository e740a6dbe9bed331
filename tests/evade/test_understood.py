"""What the program gives for every valid stack file is understood, input by input; what anybody adds is not."""

import dataclasses
import datetime
import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from catalog import types
from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from coursecloud.policy import RULES, check
from coursecloud.policy.example import DROP, put
from coursecloud.policy.rules import granted, understood
from infra.settings import SettingsError
from tests.fuzz import examples
from tests.infra.stacks import configs, stack_names
from tests.project import NAMES, ROOT, everything
from tests.settings import corpus

TODAY = datetime.date(2026, 11, 25)
CLOSED = {rule.id for rule in (*understood.RULES, *granted.RULES)}
NO_PRICE = "price-known"
"""A valid stack file may ask for what has no price here; `plan`, `cost` and this rule say so."""


def named(plan: Plan) -> list[str]:
    """Say what of a plan is not understood, and where to class it."""
    found = [each for each in check(plan, TODAY) if each.rule.id in CLOSED - {NO_PRICE} and each.level == "violation"]
    where = "catalog/types/*.json: `classes`, or `gives` of `grants`"
    return [f"{each.name}: {each.rule.id}: {each.message} ({where})" for each in found]


def planned(folder: Path, stack: str, text: str | bytes) -> Plan:
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    # As the real run too, as `check` does: what is made of Google's answers is known then.
    return planning.make(stack, file, ROOT, twice=True)


@pytest.mark.parametrize("stack", NAMES)
def test_the_stacks_that_the_project_comes_with_are_understood(tmp_path: Path, stack: str) -> None:
    plan = planned(tmp_path, stack, (ROOT / f"Pulumi.{stack}.yaml").read_bytes())
    assert named(plan) == []
    assert [each for each in check(plan, TODAY) if each.violates] == []


@pytest.mark.parametrize("services", [True, False])
def test_a_stack_with_everything_is_understood(tmp_path: Path, services: bool) -> None:
    config = everything("some-project-1")
    if not services:
        del config["coursecloud:services"]
        config["coursecloud:builds"]["triggers"]["release"].pop("deploys")
    assert named(planned(tmp_path, "full", yaml.safe_dump({"config": config}))) == []


def test_an_alert_that_leaves_triggers_out_is_told(tmp_path: Path) -> None:
    plan = planned(tmp_path, "full", yaml.safe_dump({"config": everything("some-project-1")}))
    (alert,) = (each for each in plan.resources if each.name == "errors")
    known = {
        path: re.sub(r"one_of\(.*\)", 'one_of("${trainer.triggerId}")', text) for path, text in alert.at_run.items()
    }
    fewer = tuple(dataclasses.replace(each, at_run=known) if each is alert else each for each in plan.resources)
    said = [each.message for each in check(dataclasses.replace(plan, resources=fewer), TODAY) if each.name == "errors"]
    assert any("watches 1 of 3 triggers" in each for each in said), said


def test_every_valid_stack_file_of_the_corpus_is_understood(tmp_path: Path) -> None:
    found: list[str] = []
    for case in (*corpus.good(), corpus.Case("base", corpus.BASE, "all of it")):
        try:
            plan = planned(tmp_path, "x", case.text)
        except SettingsError:
            continue  # it names a file or a day that is not here
        except pulumi.RunError as error:
            if "credential" not in str(error):  # an encrypted one the program itself refuses
                raise
            continue
        found += named(plan)
    assert found == []


@given(stack=stack_names, config=configs())
@settings(max_examples=examples(5), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_valid_stack_file_is_understood(
    tmp_path_factory: pytest.TempPathFactory, stack: str, config: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("generated")
    assert named(planned(folder, "stack", json.dumps({"config": config}))) == [], stack


def test_an_input_more_of_any_resource_is_named(tmp_path: Path) -> None:
    plan = planned(tmp_path, "full", (ROOT / "Pulumi.full.yaml").read_bytes())
    for resource in plan.custom:
        if plan.adopts(resource) or types.grants(types.short_type(resource.type)):
            continue
        more = dataclasses.replace(resource, inputs={**resource.inputs, "somethingNew": {"deep": [True]}})
        changed = dataclasses.replace(plan, resources=(more,))
        (text,) = (text for text in named(changed) if "somethingNew" in text)
        assert text.startswith(f"{resource.name}: input-understood: nobody has said what `somethingNew.deep[]`")


ONLY = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/{}'])"
MAKES = ("projects.IAMMember", "deploy-resourcemanager-project-iam-admin")
DEPLOYER = "projects/example-project-id/serviceAccounts/full-deploy@example-project-id.iam.gserviceaccount.com"
FEDERATED = "serviceAccount:full-deploy@example-project-id.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "says"),
    [
        (*MAKES, "condition", DROP, "without a condition that lists"),
        (*MAKES, "condition.expression", "true", "without a condition that lists"),
        (*MAKES, "condition.expression", f"{ONLY.format('run.viewer')} || true", "without a condition that lists"),
        (*MAKES, "condition.expression", ONLY.format("owner"), "grant roles/owner, to itself too"),
        (*MAKES, "condition.expression", ONLY.format("iam.serviceAccountTokenCreator"), "TokenCreator, to itself"),
        # It has this one itself, and nobody else has.
        (*MAKES, "condition.expression", ONLY.format("resourcemanager.projectIamAdmin"), "projectIamAdmin, to itself"),
        (*MAKES, "condition.expression", ONLY.format("run.viewer"), ""),
        (
            "serviceaccount.IAMMember",
            "deploy-machines-acts-as",
            "serviceAccountId",
            DEPLOYER,
            "the account that deploys",
        ),
        (
            "storage.BucketIAMMember",
            "machines-use-data",
            "member",
            FEDERATED,
            "no stack gives to the account that deploys",
        ),
    ],
)
def test_the_account_that_deploys_is_held_to_what_it_does(
    tmp_path: Path, kind: str, name: str, path: str, value: object, says: str
) -> None:
    plan = planned(tmp_path, "full", (ROOT / "Pulumi.full.yaml").read_bytes())
    # What the real run makes of a value goes with it.
    changed = put(kind, name, path, value)(plan)
    bare = tuple(dataclasses.replace(r, at_run={}) if r.name == name else r for r in changed.resources)
    found = [text for text in named(dataclasses.replace(changed, resources=bare)) if text.startswith(f"{name}:")]
    assert [says in text for text in found] == ([True] if says else [])


def test_each_word_of_a_class_is_kept(tmp_path: Path) -> None:
    """What is priced has a price, and what opens, ends or loses something is in a rule or in a fact of the review."""
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "coursecloud/policy").rglob("*.py"))
    del tmp_path
    for each in types.declared():
        assert each.classes
        for path, word in each.classes.words.items():
            last = path.replace("[]", "").rpartition(".")[2]
            if word == "priced":
                assert each.price, (each.short, path)
            elif word in ("opens", "ends", "grants") and not each.grants:
                assert last in rules or (word == "ends" and each.watches), (each.short, path)
            elif word == "loses":
                judged = {*each.protects, *(each.changes.prunes if each.changes else ())}
                top = path.partition(".")[0].removesuffix("[]")
                assert any(place.replace("[*]", "").startswith(top) for place in judged), (each.short, path)
    assert {rule.id for rule in RULES} >= CLOSED


@pytest.mark.parametrize(
    ("name", "was", "now"),
    [
        ("deploy-federation", "push/refs/heads/main", "pull_request"),
        ("deploy-federation", "push/refs/heads/main", "workflow_dispatch/refs/heads/main"),
        ("preview-federation", "pull_request", "push/refs/heads/main"),
        ("ci-push-ref-federation", "push/refs/heads/main", "pull_request"),
        ("ci-read-federation", "pull_request", "push/refs/tags"),
    ],
)
def test_each_account_of_workflows_is_that_of_its_own_runs(tmp_path: Path, name: str, was: str, now: str) -> None:
    plan = planned(tmp_path, "full", (ROOT / "Pulumi.full.yaml").read_bytes())
    (grant,) = (each for each in plan.custom if each.name == name)
    assert grant.at_run["member"].endswith(f"/{was}")
    changed = dataclasses.replace(grant, at_run={"member": grant.at_run["member"].removesuffix(was) + now})
    resources = tuple(changed if each is grant else each for each in plan.resources)
    found = check(dataclasses.replace(plan, resources=resources), TODAY)
    (said,) = [each.message for each in found if (each.rule.id, each.name) == ("grant-understood", name)]
    assert f"at {now} be {name.removesuffix('-federation').removesuffix('-push-ref')}" in said
