"""Whatever a changed program registers is shown, priced, judged, compared and exported: nothing assumes a shape."""

import dataclasses
import datetime
import io
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from rich.console import Console

import coursecloud.policy
from coursecloud import cost
from coursecloud.cli import render
from coursecloud.cost import form, table
from coursecloud.plan import planning, source_location, terraform
from coursecloud.plan.json_form import to_json
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.review import json_form, markdown, page, terminal
from coursecloud.review.report import Review
from coursecloud.review.stacks import review
from coursecloud.validation import formatting
from coursecloud.validation.check import check as conformance
from infra.settings import Settings
from tests import fuzz
from tests.infra.planned import COMMITTED
from tests.project import ROOT

TODAY = datetime.date(2026, 11, 23)
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "x"}
DROP = object()
ODD: list[Any] = [
    DROP, None, True, -1, 2.5, "", "x", "\x1b[31m\u202eñ", [], ["x", None], [[]], {}, {"x": []}, [{"x": 1}], UNKNOWN,
    [UNKNOWN], SECRET, "9" * 400,
]  # fmt: skip


@pytest.fixture(scope="module")
def one_of_each() -> Plan:
    """One resource of each type of the committed stacks, and some of types that nobody has described."""
    plans = [planning.make(stack, ROOT / f"Pulumi.{stack}.yaml", ROOT) for stack in COMMITTED]
    every = {resource.type: resource for made in plans for resource in made.resources}
    full = next(made for made in plans if made.settings.stack == "full")
    strange = [
        another("gcp:sql/databaseInstance:DatabaseInstance", settings={"tier": "db-f1-micro"}),
        another("random:index/randomId:RandomId", byteLength=4),
        another("odd", name="x"),
    ]
    return dataclasses.replace(full, resources=(*every.values(), *strange))


def another(kind: str, **inputs: Any) -> Registration:
    urn = f"urn:pulumi:full::coursecloud::{kind}::ödd-\u202e"
    return Registration(urn, kind, "ödd-\u202e", True, None, inputs, (), {}, None, False, {})


def everything(made: Plan, before: Plan) -> str:
    """Run all that works on a plan, and give what a terminal would show of it and of its review."""
    estimate = cost.estimate(made)
    json.dumps([to_json(made), form.to_json(estimate), list(form.rows(estimate))])
    json.dumps(terraform.export(made).plan)
    coursecloud.policy.checked(made, TODAY)
    source_location.of_resources(made)
    found = conformance(made)
    formatting.to_json(found)
    whole = Review("a", "b", (review("full", before, made, today=TODAY), review("back", made, before, today=TODAY)))
    json.dumps(json_form.to_json(whole))
    markdown.full(whole)
    page.full(whole)
    screen = Console(file=io.StringIO(), width=100, force_terminal=False)
    screen.print(render.full(made), terminal.full(whole))
    said = cast("io.StringIO", screen.file).getvalue()
    screen.print(formatting.full(found), table.full(estimate))
    return said


def shapes(value: dict[str, Any], odd: Any, depth: int = 2) -> Iterator[dict[str, Any]]:
    """Give inputs with something odd in the place of each thing in them, one at a time, `depth` levels down."""
    for key, entry in value.items():
        without = {name: each for name, each in value.items() if name != key}
        yield without if odd is DROP else {**value, key: odd}
        listed: list[Any] = cast("list[Any]", entry) if isinstance(entry, list) else []
        inner: Any = listed[0] if listed else cast("object", entry)
        if depth > 1 and isinstance(inner, dict) and entry != UNKNOWN:
            for changed in shapes(cast("dict[str, Any]", inner), odd, depth - 1):
                yield {**value, key: [changed] if isinstance(entry, list) else changed}


@pytest.mark.parametrize("number", range(len(ODD)))
def test_no_input_of_any_type_however_odd_stops_a_command(one_of_each: Plan, number: int) -> None:
    variants = {r.urn: list(shapes(dict(r.inputs), ODD[number])) or [{}] for r in one_of_each.resources}
    longest = max(map(len, variants.values()))
    # Each round changes another input of every resource at once; what fails names its line. Each day takes a part of
    # the rounds, the search by chance all of them.
    every = 1 if fuzz.TIMES > 1 else 15
    for turn in range(number % every, longest, every):
        changed = [
            dataclasses.replace(r, inputs=variants[r.urn][turn % len(variants[r.urn])]) for r in one_of_each.resources
        ]
        said = everything(dataclasses.replace(one_of_each, resources=tuple(changed)), one_of_each)
        assert "\x1b" not in said
        assert "\u202e" not in said


def test_the_tree_shows_everything_that_is_registered_wherever_it_hangs() -> None:
    def under(name: str, parent: Registration | None, kind: str = "gcp:storage/bucket:Bucket") -> Registration:
        urn = f"urn:pulumi:x::coursecloud::{parent.type + '$' if parent else ''}{kind}::{name}"
        return Registration(urn, kind, name, True, parent.urn if parent else None, {}, (), {}, None, False, {})

    group = dataclasses.replace(under("group", None, "coursecloud:infra:Group"), custom=False)
    inner = dataclasses.replace(under("inner", group, "coursecloud:infra:Inner"), custom=False)
    remote = dataclasses.replace(under("remote", None, "eks:index:Cluster"), custom=False, options={"remote": True})
    machine = under("machine", None, "gcp:compute/instance:Instance")
    disk = under("disk-of-machine", machine, "gcp:compute/disk:Disk")
    grant = under("grant-of-disk", disk, "gcp:compute/diskIamMember:DiskIamMember")
    lost = dataclasses.replace(under("lost", None), parent="urn:of::what::is::not::there")
    named = [under("alone", None), under("inside", group), under("deep", inner), machine, disk, lost]
    membership = under("membership", group, "gcp:cloudidentity/groupMembership:GroupMembership")
    whole = Plan(Settings(stack="x", project="some-project-1"), (*named, group, inner, remote, grant, membership), {})
    screen = Console(file=io.StringIO(), width=200)
    screen.print(render.tree(whole))
    said = cast("io.StringIO", screen.file).getvalue()
    for resource in (*named, group, inner, remote, membership):
        assert said.count(f" {resource.name}") == 1, resource.name
    assert said.count("1 grants") == 1
