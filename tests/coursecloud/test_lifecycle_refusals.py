"""Edits that cannot work end an up with 2 before anything is written, also where Pulumi's own preview fails of them."""

from __future__ import annotations

from typing import Any

import pytest

from coursecloud.deploy import lifecycle
from tests.coursecloud.faked import DOWN, UP, Fake, Said, answer
from tests.coursecloud.test_life_command import Command
from tests.coursecloud.told import bucket, disk, done, error, looked, machine, planned

Json = dict[str, Any]
KEPT = bucket("data", protect=True, inputs={"location": "EU"})
MOVED = bucket("data", protect=True, inputs={"location": "US"})
PROTECTED = (
    'unable to replace resource "urn"\nas it is currently marked for protection. To unprotect it, either remove the'
    " `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
    "pulumi state unprotect 'urn'"
)


def refused(fake: Fake, *events: Json | list[Json], code: int = 0, lose: tuple[str, ...] = ()) -> str:
    fake.answers("preview --refresh", answer(*events, code=code, stays=True))
    with pytest.raises(lifecycle.RefusedError) as caught:
        fake.up(lose=lose)
    assert fake.changes == [], "something was written"
    return str(caught.value)


def test_a_disk_that_shrinks(fake: Fake) -> None:
    large = machine("w", bootDisk={"initializeParams": {"size": 50}})
    fake.holds(large)
    said = refused(fake, planned("update", large, machine("w", bootDisk={"initializeParams": {"size": 20}})))
    assert said.startswith("up of stack x stopped before it touched anything: ")
    assert "50" in said
    assert "20" in said
    assert "    remedy  write 50 or more" in said


def test_the_command_ends_with_2_and_without_pulumis_advice(fake: Fake) -> None:
    fake.holds(KEPT)
    failed = answer(planned("replace", KEPT, MOVED), error(PROTECTED, KEPT["urn"]), code=255, stays=True)
    fake.answers("preview --refresh", failed)
    started = Command(fake, "up", "--yes")
    assert started.ends() == 2, started.said
    assert started.said.startswith("up of stack x stopped before it touched anything: ")
    assert not [word for word in ("state unprotect", "Traceback", "`protect` flag") if word in started.said]
    assert fake.changes == []


@pytest.mark.parametrize("op", ["replace", "delete"])
def test_what_is_kept_also_where_the_preview_fails_because_of_it(fake: Fake, op: str) -> None:
    fake.holds(KEPT)
    plan = planned(op, KEPT, MOVED if op == "replace" else None)
    for code, events in ((0, [plan]), (255, [plan, error(PROTECTED, KEPT["urn"])])):
        said = refused(fake, *events, code=code)
        assert "data" in said
        assert "    remedy  " in said
        assert refused(fake, *events, code=code, lose=("data",)) == said, "no name of --lose helps"


def test_all_of_them_are_said_at_once(fake: Fake) -> None:
    large = disk("workbench-work", 50, protect=True)
    fake.holds(KEPT, large)
    small = disk("workbench-work", 20, protect=True)
    said = refused(fake, planned("replace", KEPT, MOVED), planned("replace", large, small))
    assert said.count("    remedy  ") >= 2


def test_a_preview_that_fails_of_something_else_is_pulumis_no(fake: Fake) -> None:
    fake.holds(KEPT)
    fake.answers("preview --refresh", answer(error("Program failed"), code=255))
    assert fake.up() == 1
    assert fake.changes == []


def test_what_was_put_in_order_before_is_not_hidden(fake: Fake) -> None:
    small, large = disk("workbench-work", 20), disk("workbench-work", 50)
    fake.holds(small, KEPT)
    fake.answers("preview --refresh", answer(looked(small, large, "size")))
    fake.answers("preview", answer(planned("replace", KEPT, MOVED)))
    with pytest.raises(lifecycle.RefusedError) as caught:
        fake.up()
    assert str(caught.value).startswith("up of stack x stopped after it put in order what was changed by hand: ")
    assert UP not in fake.changes


KEEPS = "config:\n  gcp:project: some-project-1\n  coursecloud:storage: {keep: true}\n"


def test_an_evening_that_would_take_what_the_file_keeps_ends_with_3_and_by_its_name_with_0(fake: Fake) -> None:
    from coursecloud.plan import planning

    fake.stack_file(KEEPS)
    made = planning.make("x", fake.root / "Pulumi.x.yaml", fake.root).resources
    buckets = [each for each in made if each.type.endswith(":Bucket") and each.protect]
    fake.holds(*({"urn": b.urn, "type": b.type, "custom": True, "inputs": b.inputs} for b in buckets))
    started = Command(fake, "down", "--yes")
    assert started.ends() == 3, started.said
    assert started.said.startswith("down of stack x stopped before it touched anything.\n")
    assert f"{len(buckets)} stores with their data would be GONE although the stack file keeps them" in started.said
    assert fake.changes == []
    named = [word for each in buckets for word in ("--lose", each.name)]
    if len(buckets) > 1:
        assert Command(fake, "down", "--yes", *named[2:]).ends() == 3, "one of them is not named"
    started = Command(fake, "down", "--yes", *named)
    assert started.ends() == 0, started.said
    assert fake.changes == [DOWN]


def test_an_up_begins_with_a_lease_that_is_over(fake: Fake, said: Said) -> None:
    lease = "{starts: '2020-01-06', ends: '2020-02-01'}"
    fake.stack_file(f"config:\n  gcp:project: some-project-1\n  coursecloud:lease: {lease}\n")
    assert fake.up() == 0
    first = said.lines()[0]
    assert first.startswith("The lease ended on 2020-02-01: all members' access on the project ended with ")
    assert first.endswith("or end the stack with `coursecloud finish`.")
    assert fake.down() == 0
    assert "lease ended" not in said(), "an evening is what is right then"


def test_an_up_ends_with_the_few_lines_of_a_morning(fake: Fake, said: Said) -> None:
    outputs = {"commands": {"ssh w": "gcloud compute ssh x-w"}, "buckets": {"data": "gs://p-x-data"}, "registry": ""}
    stack = {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:x::p::pulumi:pulumi:Stack::s", "outputs": outputs}
    made = machine("w")
    fake.answers("up", answer(done("create", None, made), state=[stack, made]))
    assert fake.up() == 0
    lines = said.lines()
    assert "  log in to w   gcloud compute ssh x-w" in lines
    assert "  data          gs://p-x-data" in lines
    assert "  all commands  coursecloud commands --stack x" in lines
    assert lines[-1].startswith("  next    ")
