"""Two judges of Google's descriptions that know nothing of each other say the same, but for what has a reason."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.contract import judges

DATA = Path(__file__).with_name("disagreements.yaml")
AGREED: list[dict[str, Any]] = yaml.safe_load(DATA.read_text(encoding="utf-8"))


class Judged(NamedTuple):
    """One request: what was changed in it, and what each judge has against it."""

    kind: str
    field: str
    change: str
    plan: str
    emulator: str

    @property
    def differ(self) -> bool:
        """Does one of the judges take it, and the other not?"""
        return bool(self.plan) != bool(self.emulator)


def judged() -> Iterator[Judged]:
    for body in judges.asked():
        yield _judged(body, judges.plan_refuses(body), judges.emulator_refuses(body))
    for call in judges.called():
        yield _judged(call, judges.plan_refuses_call(call), judges.emulator_refuses_call(call))


def _judged(each: judges.Asked | judges.Called, plan: list[str], emulator: list[str]) -> Judged:
    return Judged(each.kind, each.field, each.change, "; ".join(plan), "; ".join(emulator))


@functools.cache
def every() -> tuple[Judged, ...]:
    return tuple(judged())


def covers(entry: dict[str, Any], each: Judged) -> bool:
    place = each.kind in entry.get("kinds", ()) or each.field in entry.get("fields", ())
    return bool(getattr(each, entry["refuses"])) and place and each.change in entry["changes"]


def unexplained(each: Judged) -> bool:
    return each.differ and not any(covers(entry, each) for entry in AGREED)


def test_where_the_judges_differ_has_a_reason() -> None:
    assert [each for each in every() if unexplained(each)] == []


@pytest.mark.parametrize("entry", AGREED, ids=lambda entry: f"{entry['refuses']}-{entry['changes'][0]}")
def test_every_reason_is_needed(entry: dict[str, Any]) -> None:
    assert entry["reason"].strip()
    met = [each for each in every() if each.differ and covers(entry, each)]
    assert {each.change for each in met} == set(entry["changes"])
    assert {each.kind for each in met if each.kind in entry.get("kinds", ())} == set(entry.get("kinds", ()))
    assert {each.field for each in met if each.field in entry.get("fields", ())} == set(entry.get("fields", ()))


def test_the_committed_stacks_are_right_to_both_and_much_else_is_wrong_to_both() -> None:
    as_they_are = [each for each in every() if each.change == "as it is"]
    assert [each for each in as_they_are if each.plan or each.emulator] == []
    assert len(as_they_are) > 100
    wrong = [each for each in every() if each.plan and each.emulator]
    assert len(wrong) > 8000
    assert {each.kind for each in wrong} >= {
        "array", "boolean", "enum", "integer int32", "number float", "object", "path pattern",
        "pattern", "string", "string byte", "string date", "string date-time", "string google-datetime",
        "string google-duration", "string int64", "string uint64", "unknown",
    }  # fmt: skip


def nothing(*_: object, **__: object) -> None:
    pass


def truth(*_: object) -> bool:
    return True


BLIND: list[tuple[str, object]] = [
    ("coursecloud.validation.message_validation.breach", nothing),
    ("coursecloud.validation.message_validation.required", nothing),
    ("coursecloud.validation.values._expected", nothing),
    ("emulator.scalars._WHOLE", ()),
    ("emulator.scalars._formed", truth),
    ("emulator.scalars.refusal", nothing),
    ("emulator.validate._required", nothing),
]
"""What a judge looks at, and what it would be if it did not."""


@pytest.mark.parametrize(("part", "instead"), BLIND, ids=[part.removeprefix("coursecloud.") for part, _ in BLIND])
def test_a_judge_that_does_not_look_is_seen(part: str, instead: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, instead)
    assert any(map(unexplained, judged()))


@pytest.mark.parametrize("part", ["coursecloud.validation.message_validation.breach", "emulator.scalars.refusal"])
def test_a_judge_that_does_not_look_at_parameters_is_seen(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, nothing)
    assert any(
        bool(judges.plan_refuses_call(each)) != bool(judges.emulator_refuses_call(each)) for each in judges.called()
    )
