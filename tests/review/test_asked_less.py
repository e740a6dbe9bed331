"""An option that goes, and what is waited for no longer, is said: neither is an input, and both alter an `up`."""

import dataclasses
from typing import Any

import pytest

from coursecloud.plan.registration import Registration
from coursecloud.review import places
from tests.review.made import BUCKET, DISK, INSTANCE, resource, reviewed, whole

WORK = resource(DISK, "work")


def said(before: list[Registration], after: list[Registration], **how: Any) -> str:
    found = reviewed(whole(*before), whole(*after), **how)
    return "\n".join(danger.text for danger in found.stacks[0].dangers if danger.kind == "program")


@pytest.mark.parametrize(
    ("was", "will", "words"),
    [
        ({"ignoreChanges": ["labels"]}, {}, "machine m no longer has Pulumi overlook `labels`"),
        ({"ignoreChanges": ["labels", "name"]}, {"ignoreChanges": ["name"]}, "overlook `labels`: an `up` sets back"),
        ({"replaceWith": [WORK.urn]}, {}, "no longer made anew with `work`"),
        ({"replacementTrigger": ["no GPU"]}, {}, "no longer made anew when what the provider overlooks"),
        ({"deleteBeforeReplace": True}, {}, "two of one name cannot be"),
        ({"retainOnDelete": True}, {}, "no longer stays at Google"),
        ({"aliases": [{"spec": {"name": "old"}}]}, {}, "no longer takes the place of `old`"),
        ({"aliases": [{"urn": "urn:pulumi:unit::coursecloud::x::older"}]}, {}, "no longer takes the place of `older`"),
    ],
    ids=str,
)
def test_an_option_that_goes_is_said(was: Any, will: Any, words: str) -> None:
    sides = [resource(INSTANCE, "m", **was)], [resource(INSTANCE, "m", **will)]
    assert words in said(*sides)
    assert words not in said(*sides, state=True), "a state has none"
    assert "no longer" not in said(*reversed(sides))


@pytest.mark.parametrize(
    ("was", "will"),
    [
        ({"ignoreChanges": ["labels"]}, {"ignoreChanges": ["*"]}),
        ({"replacementTrigger": ["no GPU"]}, {"replacementTrigger": ["1 nvidia-l4"]}),
        ({"customTimeouts": {"create": "5m"}}, {}),
    ],
    ids=str,
)
def test_what_takes_in_as_much_is_not(was: Any, will: Any) -> None:
    assert "no longer" not in said([resource(INSTANCE, "m", **was)], [resource(INSTANCE, "m", **will)])


def test_several_are_one_sentence() -> None:
    def sides(count: int, **options: Any) -> list[Registration]:
        return [resource(BUCKET, f"b{number}", **options) for number in range(count)]

    assert said(sides(4, retainOnDelete=True), sides(4)).startswith(
        "each of 4 buckets (`b0`, `b1`, `b2` ...) no longer"
    )
    mixed = [*sides(1, retainOnDelete=True), resource(DISK, "d", retainOnDelete=True)]
    assert said(mixed, [*sides(1), resource(DISK, "d")]).startswith("each of 2 resources (")


def test_what_is_waited_for_no_longer_is_said_unless_something_between_waits() -> None:
    bucket, disk = resource(BUCKET, "b"), resource(DISK, "d")

    def machine(*on: Registration) -> Registration:
        return dataclasses.replace(resource(INSTANCE, "m"), dependencies=tuple(each.urn for each in on))

    before = [bucket, disk, machine(bucket, disk)]
    assert "machine m for `b`" in said(before, [bucket, disk, machine(disk)])
    through = dataclasses.replace(disk, dependencies=(bucket.urn,))
    assert "waited for" not in said(before, [bucket, through, machine(disk)])
    assert "waited for" not in said(before, [disk, machine(disk)]), "it is gone"
    many = [dataclasses.replace(resource(INSTANCE, f"m{n}"), dependencies=(bucket.urn,)) for n in range(5)]
    free = [dataclasses.replace(each, dependencies=()) for each in many]
    assert "machine m2 for `b` and 2 more" in said([bucket, *many], [bucket, *free])


def test_what_follows_from_the_stack_file_alone_is_not_said() -> None:
    old, new = whole(resource(INSTANCE, "m", retainOnDelete=True)), whole(resource(INSTANCE, "m"))
    new = dataclasses.replace(new, settings=new.settings.model_copy(update={"region": "europe-west4"}))

    def told(written: places.Written) -> bool:
        found = reviewed(old, new, written=written).stacks[0].dangers
        return any("no longer stays" in each.text for each in found)

    assert not told(places.Written())
    assert told(places.Written(program=["infra/component.py"]))
