"""Whatever a saved plan holds, it is a plan or a mistake in words."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from coursecloud.plan import json_form, saved
from infra import files
from tests.review.made import BUCKET, resource, whole

FORM: dict[str, Any] = json.loads(json.dumps(json_form.to_json(whole(resource(BUCKET, "b", {"name": "b"})))))
WRONG: tuple[Any, ...] = (None, 7, "text", [7], {"a": 7}, True, [[]], {"": {}}, 1.5, [None])


def _broken() -> Iterator[tuple[str, Any]]:
    for key in ("version", "settings", "resources", "outputs"):
        for value in WRONG:
            yield f"{key}={value}", FORM | {key: value}
    for key in FORM["resources"][0]:
        for value in WRONG:
            form = copy.deepcopy(FORM)
            form["resources"][0][key] = value
            yield f"{key}={value}", form


def test_every_wrong_type_is_a_mistake_or_a_plan_that_can_be_used() -> None:
    refused = 0
    for name, form in _broken():
        try:
            made = saved.read(form)
        except saved.UnreadableError:
            refused += 1
            continue
        for entry in made.resources:
            assert isinstance(entry.inputs, dict), name
            assert isinstance(entry.type, str), name
            assert all(isinstance(urn, str) for urn in entry.dependencies), name
            assert len(entry.urn.split("::")) >= 4, name
        json_form.to_json(made)
    assert refused > 100


def test_all_of_it_is_told_at_once_and_no_more_than_is_read() -> None:
    form = copy.deepcopy(FORM)
    form["resources"] = [{} for _ in range(1000)]
    with pytest.raises(saved.UnreadableError, match=r"resources\.0\.urn: field required.*and \d+ more") as caught:
        saved.read(form)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("NaN", "no number"),
        ('[{"a": -Infinity}]', "no number"),
        ("1e999", "too many digits"),
        ('{"a": {"b": 1, "b": 1}}', "'b' is there twice"),
        ("[" * 101 + "]" * 101, "nested"),
        ("[" * 100000, "nested"),
        (b'"\xff"', "UTF-8"),
        ("9" * 10000, "digits"),
        ("{} {}", "Extra data"),
    ],
)
def test_json_that_says_two_things_is_refused(text: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        files.json_of(text)


def test_json_is_read() -> None:
    text = json.dumps({"a": [1, 2.5, "x", None, True, {"b": [[[]]]}]})
    assert files.json_of(text) == json.loads(text)
