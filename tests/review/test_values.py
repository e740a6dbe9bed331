"""Where two inputs differ is found by name, and secrets are compared without being shown."""

import json
from typing import Any

import pytest

from coursecloud.diff import property_diff
from coursecloud.diff.changes import PropertyChange
from coursecloud.diff.property_diff import NOTHING, Hidden
from coursecloud.plan.registration import UNKNOWN
from coursecloud.review import formatting

MARK = "4dabf18193072939515e22adb298388d"
SECRET = {MARK: "1b47061264138c4ac30d75fd1eb44270"}


def found(old: Any, new: Any, **how: Any) -> dict[str, tuple[Any, Any]]:
    return {
        d.path: (d.old, d.new)
        for d in property_diff.differences(property_diff.clean(old), property_diff.clean(new), **how)
    }


def test_nothing_differs_between_equals() -> None:
    inputs = {"a": [{"name": "x", "b": {"c": 1}}], "d": None, "e": UNKNOWN}
    assert found(inputs, json.loads(json.dumps(inputs))) == {}


def test_a_nested_value_is_named_by_its_path() -> None:
    assert found({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}) == {"a.b.c": (1, 2)}


def test_entries_of_a_list_are_matched_by_their_name_and_not_by_their_place() -> None:
    old = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    new = {"env": [{"name": "B", "value": "3"}]}
    assert found(old, new) == {"env[B].value": ("2", "3"), "env[A]": ({"name": "A", "value": "1"}, NOTHING)}


@pytest.mark.parametrize("key", ["key", "deviceName", "containerPort", "port"])
def test_entries_are_matched_by_whatever_names_them(key: str) -> None:
    old = {"list": [{key: 1, "x": "a"}, {key: 2, "x": "b"}]}
    new = {"list": [{key: 2, "x": "c"}, {key: 1, "x": "a"}]}
    assert "list[2].x" in found(old, new)
    assert "list[1].x" not in found(old, new)


def test_another_order_of_named_entries_is_told_but_where_it_says_nothing() -> None:
    old, new = ({"env": [{"name": name} for name in names]} for names in ("AB", "BA"))
    assert list(found(old, new)) == ["env[order]"]
    assert found(old, new, unordered=frozenset({"env"})) == {}


def test_entries_without_a_name_are_matched_where_they_are_equal() -> None:
    rule = {"action": {"type": "Delete"}}
    assert found({"rules": [{"x": 1}, rule]}, {"rules": [rule, {"x": 2}]}) == {"rules[1].x": (1, 2)}


def test_a_list_of_texts_differs_as_a_whole_and_in_order_unless_told() -> None:
    assert found({"a": ["x", "y"]}, {"a": ["y", "x"]}) == {"a": (["x", "y"], ["y", "x"])}
    assert found({"a": ["x", "y"]}, {"a": ["y", "x"]}, unordered=frozenset({"a"})) == {}


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (0, 0.0)])
def test_a_whole_number_is_itself_however_it_is_written(old: object, new: object) -> None:
    assert found({"a": old}, {"a": new}) == {}


@pytest.mark.parametrize(("old", "new"), [(True, 1), ("1", 1), (None, ""), ([], {}), (False, None)])
def test_values_of_other_kinds_differ(old: object, new: object) -> None:
    assert list(found({"a": old}, {"a": new})) == ["a"]


def test_what_pulumi_writes_into_a_state_is_no_difference() -> None:
    disk: dict[str, Any] = {"__defaults": [], "size": 10.0}
    state = {"__defaults": ["mode"], "mode": "RW", "name": "x", "disk": disk}
    assert found(state, {"name": "x", "disk": {"size": 10}}) == {}


def test_a_secret_that_can_be_read_is_compared_and_never_shown() -> None:
    old, new = ({"token": SECRET | {"value": text}} for text in ("first-secret", "second-secret"))
    assert found(old, old) == {}
    (change,) = found(old, new).values()
    assert "first-secret" not in repr(change)
    shown = formatting.from_to(PropertyChange("token", *change))
    assert shown == "(secret) -> (secret)"
    assert property_diff.plain(change[0]) == {"$secret": True}


def test_a_secret_that_nobody_here_can_read_is_taken_to_be_the_same() -> None:
    assert found({"token": SECRET | {"ciphertext": "v1:abc"}}, {"token": SECRET | {"value": "x"}}) == {}
    assert found({"token": SECRET | {"ciphertext": "v1:abc"}}, {"token": "x"}) == {}


def test_what_is_a_secret_on_one_side_is_shown_on_neither() -> None:
    (change,) = found({"token": SECRET | {"value": "old-secret"}}, {"token": "new-secret"}).values()
    assert all(isinstance(side, Hidden) for side in change)


def test_a_secret_that_comes_or_goes_is_told() -> None:
    (change,) = found({}, {"token": SECRET | {"value": "s3cret"}}).values()
    assert formatting.from_to(PropertyChange("token", *change)) == "(none) -> (secret)"


def test_what_the_table_calls_secret_is_hidden_though_pulumi_has_not_marked_it() -> None:
    cleaned = property_diff.clean({"list": [{"rawKey": "abc", "x": 1}]}, secret=frozenset({"list[*].rawKey"}))
    assert "abc" not in repr(cleaned)
    assert cleaned["list"][0]["x"] == 1


def test_a_key_with_odd_letters_is_written_so_that_it_cannot_be_mistaken() -> None:
    assert list(found({"labels": {"a.b": 1}}, {"labels": {"a.b": 2}})) == ['labels["a.b"]']


def test_what_hides_or_turns_text_is_written_out() -> None:
    assert formatting.visible("a\u202eb\x1b[31m\u200b") == "a\\u202eb\\u001b[31m\\u200b"


def test_of_long_texts_the_part_that_differs_is_shown() -> None:
    shown = formatting.from_to(PropertyChange("x", "a" * 200 + "old", "a" * 200 + "new"), 40)
    assert "old" in shown
    assert "new" in shown
    assert len(shown) < 100


def test_of_lists_what_comes_and_goes_is_shown() -> None:
    assert formatting.from_to(PropertyChange("x", ["a", "b"], ["b", "c"])) == "+ c, - a"


def test_a_text_of_several_lines_is_shown_as_a_diff() -> None:
    assert formatting.text_diff(PropertyChange("x", "a\nb\n", "a\nc\n")) == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
