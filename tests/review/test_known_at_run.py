"""What only the real run knows is compared by how the program makes it: another text, source or member is a change."""

import dataclasses
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.comparison import compare
from coursecloud.plan import engine, planning, real_run
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.review import access, report
from coursecloud.review.dangers import Kind
from tests.project import ROOT
from tests.review.made import BUCKET, GRANT, resource, reviewed, whole

HEAD = """\
import pulumi
from pulumi_gcp import compute, iam, projects, serviceaccount, storage
a = serviceaccount.Account("a", account_id="some-account", project="p")
b = serviceaccount.Account("b", account_id="other-account", project="p")
def grant(member, expression="true"):
    condition = projects.IAMMemberConditionArgs(title="t", expression=expression)
    projects.IAMMember("g", project="p", role="roles/viewer", member=member, condition=condition)
def text(*parts):
    return pulumi.Output.concat(*parts)
"""


def made(folder: Path, line: str) -> list[Registration]:
    program = folder / "__main__.py"
    program.write_text(HEAD + textwrap.dedent(line), encoding="utf-8")
    patterns: dict[str, dict[str, str]] = {}
    config: Mapping[str, object] = {"gcp:project": "some-project-1"}
    preview = engine.record(program, project="coursecloud", stack="x", config=config)
    real_run.differences(program, preview, project="coursecloud", stack="x", config=config, patterns=patterns)
    return [dataclasses.replace(each, at_run=patterns.get(each.urn, {})) for each in preview.resources]


def change(folder: Path, before: str, after: str) -> Change:
    found = compare(made(folder, before), made(folder, after))
    return next(each for each in found if each.name == "g")


BASE = "grant(text('principalSet://x/', a.unique_id, '/attribute.ref/main'), text('a == ', a.unique_id))"


@pytest.mark.parametrize(
    ("after", "path"),
    [
        (BASE.replace("main", "dev"), "member"),
        (BASE.replace("/attribute.ref/main", "/*"), "member"),
        (BASE.replace("attribute.ref/main", "attribute.repository/x/y"), "member"),
        (BASE.replace("x/', a.", "x/', b."), "member"),
        (BASE.replace("x/', a.unique_id", "x/', a.name"), "member"),
        (BASE.replace("'a == '", "'true || a == '"), "condition.expression"),
        (BASE.replace("== ', a.unique_id", "== ', b.unique_id"), "condition.expression"),
        (BASE.replace("a.unique_id))", "a.unique_id.apply(lambda i: f'{i} || true')))"), "condition.expression"),
        (BASE.replace("a.unique_id))", "a.unique_id.apply(lambda i: i[:3])))"), "condition.expression"),
    ],
)
def test_another_text_around_what_google_computes_is_a_change(tmp_path: Path, after: str, path: str) -> None:
    found = change(tmp_path, BASE, after)
    assert found.operation is Operation.REPLACE
    assert [each.path for each in found.properties] == [path]
    assert found.unseen == ()
    assert found.properties[0].old != found.properties[0].new


@pytest.mark.parametrize(
    "after",
    [
        BASE,
        BASE.replace("text('a == ', a.unique_id)", "a.unique_id.apply(lambda i: f'a == {i}')"),
        BASE.replace("text('a == ', a.unique_id)", "pulumi.Output.format('a == {0}', a.unique_id)"),
    ],
)
def test_the_same_text_made_in_another_way_is_none(tmp_path: Path, after: str) -> None:
    found = change(tmp_path, BASE, after)
    assert (found.operation, found.unseen) == (Operation.SAME, ())


def test_a_resource_that_has_another_name_by_an_alias_is_the_same_source(tmp_path: Path) -> None:
    renamed = """
    c = serviceaccount.Account("c", account_id="some-account", project="p",
                               opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="a2")]))
    """
    before = "a2 = serviceaccount.Account('a2', account_id='some-account', project='p')\n" + BASE.replace("a.", "a2.")
    assert change(tmp_path, before, textwrap.dedent(renamed) + BASE.replace("a.", "c.")).operation is Operation.SAME


def test_the_same_text_from_a_resource_of_another_type_is_a_change(tmp_path: Path) -> None:
    network, bucket = "n = compute.Network('n', project='p')\n", "n = storage.Bucket('n', location='EU')\n"
    before, after = (text + "grant(text('user:', n.self_link))" for text in (network, bucket))
    (was,), (will,) = ([each.at_run for each in made(tmp_path, text) if each.name == "g"] for text in (before, after))
    assert was == will
    assert was["member"].startswith("user:${n.")
    assert change(tmp_path, before, after).operation is Operation.REPLACE


def pattern(text: str) -> Registration:
    inputs = {"bucket": "b", "role": "roles/viewer", "member": UNKNOWN}
    return dataclasses.replace(resource(GRANT, "g", inputs), at_run={"member": text} if text else {})


@pytest.mark.parametrize(
    ("of", "told"), [("b", []), ("c", ["somebody whom only the real run knows gets `roles/viewer`"])]
)
def test_a_member_who_is_only_made_of_what_is_new_is_no_other(of: str, told: list[str]) -> None:
    def side(location: str, of: str) -> list[Registration]:
        stores = {name: resource(BUCKET, name, {"name": name, "location": location}) for name in "bc"}
        return [*stores.values(), dataclasses.replace(pattern(""), property_dependencies={"member": (stores[of].urn,)})]

    found = compare(side("EU", "b"), side("US", of))
    assert {each.operation for each in found} == {Operation.REPLACE}
    assert [who for _, who in access.widened(found)] == told


@pytest.mark.parametrize(("old", "new"), [("x/*", "x/${pool.name}/attribute.ref/a"), ("a-*-b", "a-${p.id}-b")])
def test_what_an_older_version_wrote_is_the_same_where_it_fits(old: str, new: str) -> None:
    (found,) = compare([pattern(old)], [pattern(new)])
    assert found.operation is Operation.SAME


def test_what_one_side_alone_knows_is_not_compared_and_the_headline_says_so() -> None:
    for sides in ((pattern("x"), pattern("")), (pattern(""), pattern("x")), (pattern(""), pattern(""))):
        (found,) = compare(sides[:1], sides[1:])
        assert (found.operation, found.unseen) == (Operation.SAME, ("member",))
        review = reviewed(whole(sides[0]), whole(sides[1]))
        assert "NOT COMPARED" not in report.Review("a", "b", review.stacks).sentence
        said = report.Review("a", "b", review.stacks, program=("infra/team.py",)).sentence
        assert "NOT COMPARED: 1 value that only an up knows" in said


def test_whom_the_federation_of_the_committed_stack_lets_in_is_seen_through_an_edit_of_the_program() -> None:
    plan = planning.make("full", ROOT / "Pulumi.full.yaml", ROOT, twice=True)
    grants = {each.name: each for each in plan.custom if each.name.endswith("-federation")}
    assert {"deploy-federation", "preview-federation", "ci-read-federation", "ci-push-ref-federation"} <= set(grants)
    for each in grants.values():
        other = dataclasses.replace(each, at_run={"member": "principalSet://iam.googleapis.com/${pool.name}/*"})
        review = reviewed(whole(each), whole(other))
        assert [danger.kind for danger in review.dangers] == [Kind.ACCESS]
        assert "`principalSet://iam.googleapis.com/${pool.name}/*`" in next(review.dangers).text
