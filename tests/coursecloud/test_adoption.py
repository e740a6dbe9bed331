"""What a stack uses of the group's own: the one form in which a plan, a review and the rules take it, and no other."""

import dataclasses
import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from coursecloud import cost, policy
from coursecloud.deploy import drift, iam_policies
from coursecloud.diff import data_loss
from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.comparison import compare
from coursecloud.diff.engine_events import Told
from coursecloud.plan import adoption, notices, planning
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Registration
from infra.settings import SettingsError
from tests.project import ROOT

TODAY = datetime.date(2026, 12, 1)
OWN = {"storage": {"data": {"existing": "our-data"}}, "registry": {"existing": "our-images"}}
IMAGES = "projects/my-project-1/locations/europe-west4/repositories/our-images"


def planned(sections: Mapping[str, Any], folder: Path) -> Plan:
    config: dict[str, Any] = {"gcp:project": "my-project-1", "gcp:region": "europe-west4", "coursecloud:machines": {}}
    config |= {f"coursecloud:{key}": section for key, section in sections.items()}
    file = folder / "Pulumi.x.yaml"
    file.write_text(json.dumps({"config": config}), encoding="utf-8")
    return planning.make("x", file, ROOT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adopts")


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    return planned(OWN, folder)


@pytest.fixture(scope="module")
def plain(folder: Path) -> Plan:
    return planned({}, folder)


def one(plan: Plan, name: str) -> Registration:
    (found,) = [each for each in plan.custom if each.name == name]
    return found


def with_(plan: Plan, name: str, changed: Mapping[str, Any]) -> Plan:
    made = dataclasses.replace(one(plan, name), **changed)
    return dataclasses.replace(plan, resources=tuple(made if each.name == name else each for each in plan.resources))


def broken(plan: Plan) -> set[str]:
    return {finding.rule.id for finding in policy.checked(plan, TODAY).violations}


def test_it_is_imported_as_it_is_and_nothing_of_it_is_written(plan: Plan) -> None:
    for name, own in (("data", "our-data"), ("docker", IMAGES)):
        made = one(plan, name)
        assert made.options["importId"] == own
        assert made.options["retainOnDelete"] is True
        assert made.options["ignoreChanges"] == ["*"]
        assert not made.protect
        assert plan.adopts(made)
    assert one(plan, "data").inputs["forceDestroy"] is False
    assert set(one(plan, "data").inputs) <= {"name", "project", "location", "forceDestroy"}
    assert [each.name for each in plan.custom if plan.adopts(each)] == ["docker", "data"]


def test_everything_of_the_stack_means_it(plan: Plan) -> None:
    texts = json.dumps([each.inputs for each in plan.resources]) + json.dumps(plan.outputs)
    assert "my-project-1-x-data" not in texts
    assert "x-docker" not in texts
    assert plan.outputs["buckets"]["data"] == "gs://our-data"
    assert plan.outputs["registry"] == "europe-west4-docker.pkg.dev/my-project-1/our-images"
    assert "gs://our-data" in plan.outputs["commands"]["dvc remote"]


def test_the_form_alone_is_taken_and_each_part_of_it_is_needed(plan: Plan) -> None:
    assert broken(plan) == set()
    made = one(plan, "data")
    options, inputs = dict(made.options), dict(made.inputs)
    for less in (
        {"options": {key: value for key, value in options.items() if key != "retainOnDelete"}},
        {"options": options | {"ignoreChanges": ["labels"]}},
        {"options": options | {"importId": "somebody-elses"}},
        {"options": options | {"importId": "somebody-elses"}, "inputs": inputs | {"name": "somebody-elses"}},
        {"inputs": inputs | {"name": "another"}},
        {"inputs": inputs | {"forceDestroy": True}},
        {"name": "models"},
    ):
        assert "program-owns-its-resources" in broken(with_(plan, "data", less)), less
    assert "program-one-provider" in broken(
        with_(plan, "data", {"provider": "urn:pulumi:x::p::pulumi:providers:gcp::own::1"})
    )


def test_what_no_stack_file_names_is_taken_by_no_form(plan: Plan, plain: Plan) -> None:
    assert "program-owns-its-resources" in broken(dataclasses.replace(plan, settings=plain.settings))


def test_rules_see_it_and_say_that_they_cannot_judge_it(plan: Plan) -> None:
    unknown = {
        finding.rule.id
        for finding in policy.checked(plan, TODAY).findings
        if finding.unknown and finding.name == "data"
    }
    assert {"bucket-versioned", "bucket-public-access-prevented", "bucket-uniform-access"} <= unknown


def test_the_plan_says_it_and_counts_it_as_neither_kept_nor_gone(plan: Plan) -> None:
    told: dict[str, list[str]] = {notice.kind: [] for notice in notices.notices(plan)}
    for notice in notices.notices(plan):
        told[notice.kind].append(notice.text)
    assert "docker (our-images), data (our-data): the group's own" in told["data"][0]
    assert "never changed and never deleted" in told["data"][0]
    assert all("data (objects)" not in text for text in told["data"])
    assert "program" not in told


def test_a_bucket_without_a_place_has_no_price_and_every_total_says_so(plan: Plan, plain: Plan) -> None:
    (why,) = cost.estimate(plan).unknown
    assert why.startswith("data: the group's own bucket bills")
    assert cost.estimate(plain).unknown == ()
    own = plan.settings.model_copy(
        update={"prices": plan.settings.prices.model_copy(update={"resources": {"data": 0.01}})}
    )
    assert cost.estimate(dataclasses.replace(plan, settings=own)).unknown == ()


def test_the_review_sees_the_own_store_go_for_it_and_nothing_go_on_the_way_back(plan: Plan, plain: Plan) -> None:
    there, back = changes(plain, plan), changes(plan, plain)
    for name in ("data", "docker"):
        assert (there[name].operation, bool(there[name].loses)) == (Operation.REPLACE, True)
        assert (back[name].operation, back[name].loses) == (Operation.REPLACE, None)
    assert {change.operation for change in changes(plan, plan).values()} == {Operation.SAME}


def changes(before: Plan, after: Plan) -> dict[str, Change]:
    return {change.name: change for change in compare(before.custom, after.custom)}


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"storage": {"data": {"existing": "my-project-1-x-models"}}}, "storage.data.existing"),
        ({"storage": {"models": {"existing": "my-project-1-x-models"}}}, "storage.models.existing"),
        ({"storage": {"data": {"existing": "ours"}, "models": {"existing": "ours"}}}, "storage.models.existing"),
        ({"storage": {"data": {"existing": "gs://ours"}}}, "storage.data.existing"),
        ({"registry": {"existing": "x-docker"}}, "registry.existing"),
        ({"registry": {"existing": "europe-docker.pkg.dev/p/r"}}, "registry.existing"),
    ],
)
def test_a_name_that_cannot_be_adopted_is_refused(sections: dict[str, Any], path: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        planned(sections, tmp_path)
    assert [problem.path for problem in refused.value.problems] == [f"coursecloud:{path}"]


STATE: dict[str, Any] = {
    "type": adoption.BUCKET,
    "urn": "urn:pulumi:x::p::a$gcp:storage/bucket:Bucket::data",
    "id": "our-data",
    "custom": True,
    "retainOnDelete": True,
    "inputs": {"versioning": {"enabled": True}},
}


def test_what_the_group_sets_itself_is_no_news_but_that_it_is_gone_is() -> None:
    changed = STATE | {"inputs": {"versioning": {"enabled": False}}}
    seen: dict[str, Any] = {
        "urn": STATE["urn"],
        "type": STATE["type"],
        "old": STATE,
        "diff": {"versioning.enabled": {}},
    }
    assert drift.changes([seen | {"new": changed}]) == []
    assert [change.kind for change in drift.changes([seen | {"new": None}])] == ["gone"]
    ours = {key: value for key, value in STATE.items() if key != "retainOnDelete"}
    assert [change.kind for change in drift.changes([seen | {"old": ours, "new": changed}])] == ["opened"]


def test_who_is_let_in_on_it_is_not_asked_and_nothing_of_it_is_lost() -> None:
    assert [target.called for target in iam_policies.targets([STATE], "p")] == ["p"]
    ours = {key: value for key, value in STATE.items() if key != "retainOnDelete"}
    assert len(iam_policies.targets([ours], "p")) == 2
    assert data_loss.loss(STATE, replaced=False) is None
    assert data_loss.loss(ours, replaced=False)


@pytest.mark.parametrize(("op", "word"), [("import", "adopted"), ("delete", "left as it is")])
def test_what_is_done_with_it_is_said_in_words_of_its_own(op: str, word: str) -> None:
    for state, said in ((STATE, word), (STATE | {"retainOnDelete": False}, None)):
        step = {"urn": STATE["urn"], "type": STATE["type"], "op": op, "old": state, "new": state}
        told = Told()
        told.take(json.dumps({"resOutputsEvent": {"metadata": step}}))
        assert (told.done[0][0] == word) is (said is not None)
