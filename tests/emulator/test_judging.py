"""What the emulator has against a request by Google's description alone, value by value."""

from typing import Any

import pytest

from emulator import behaviors, scalars, validate
from emulator.discovery import load
from emulator.errors import ApiError

Json = dict[str, Any]


def against(service: str, version: str, method: str, body: Json) -> str:
    """Say what is wrong with a body; nothing where it is taken."""
    document = load(service, version)
    try:
        validate.check_body(document, document.methods[method], body)
    except ApiError as error:
        return error.message
    return ""


def bucket(**condition: Any) -> Json:
    return {"name": "b", "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": condition}]}}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"age": 7}, ""),
        ({"age": "7"}, ""),
        ({"age": "often"}, "Invalid value at 'resource.lifecycle.rule[0].condition.age' (int32), 'often'"),
        ({"age": 2**31}, "(int32), 2147483648"),
        ({"age": True}, "(int32), True"),
        ({"createdBefore": "2026-02-30"}, "(date), '2026-02-30'"),
        ({"isLive": "yes"}, "(boolean), 'yes'"),
        ({"isAlive": True}, "Unknown name \"isAlive\" at 'resource.lifecycle.rule[0].condition'"),
    ],
)
def test_a_message_that_is_written_where_it_is_used_is_read_too(condition: Json, said: str) -> None:
    found = against("storage", "v1", "storage.buckets.insert", bucket(**condition))
    assert said in found
    assert bool(found) == bool(said)


READ: list[tuple[str, str, list[Any], list[Any]]] = [
    ("integer", "int32", [5, 5.0, "5", "1e3", -(2**31)], [5.5, "5.5", "x", "", " 5", "1_0", 2**31, "1e400", {}]),
    ("string", "int64", [5, "5", str(2**63 - 1)], [2**63, "five", True, 10**400]),
    ("string", "uint64", [0, str(2**64 - 1)], [-1, 2**64]),
    ("number", "float", [1, 1.5, "1.5"], [True, "x", 10**400, {}]),
    ("boolean", "", [True, False], ["true", 1]),
    ("string", "", ["", "x"], [1, True, {}, "\ud800"]),
    ("string", "byte", ["", "YQ==", "_-8"], ["!", "YQabc"]),
    ("string", "google-duration", ["3s", "-1.5s"], ["3", "3m", "999999999999s"]),
    ("string", "google-datetime", ["2026-11-23T20:00:00Z"], ["2026-11-23", "2026-02-30T20:00:00Z"]),
    ("any", "", [1, "x", {}], []),
]
"""Type and format, what is taken, and what is refused."""


@pytest.mark.parametrize(("kind", "form", "takes", "refuses"), READ)
def test_a_value_is_read_as_its_type_and_format_say(kind: str, form: str, takes: list[Any], refuses: list[Any]) -> None:
    rule = {"type": kind, "format": form}
    assert [value for value in takes if scalars.refusal(rule, value)] == []
    assert [value for value in refuses if not scalars.refusal(rule, value)] == []


def test_numbers_of_64_bits_are_kept_as_text_and_shorter_ones_as_numbers() -> None:
    assert scalars.as_kept({"type": "string", "format": "int64"}, 9007199254740993) == "9007199254740993"
    assert scalars.as_kept({"type": "string", "format": "int64"}, "9007199254740993") == "9007199254740993"
    assert scalars.as_kept({"type": "integer", "format": "int32"}, "5") == 5


def test_a_limit_of_a_parameter_is_kept() -> None:
    rule = {"type": "integer", "format": "uint32", "minimum": "0", "maximum": "500"}
    assert scalars.refusal(rule, "500") is None
    assert "from 0 to 500" in str(scalars.refusal(rule, "501"))


def test_the_first_words_of_a_text_say_what_a_field_is() -> None:
    assert behaviors.marks({"description": "Required. Output only. It."}) == {"required", "output only"}
    assert behaviors.marks({"description": "[Output Only] It."}) == {"output only"}
    assert behaviors.marks({"description": "Required if there is another."}) == frozenset()
    assert behaviors.marks({}) == frozenset()


def test_the_name_of_what_is_made_comes_with_the_path_and_other_names_are_asked_for() -> None:
    rule = {"description": "Required. The name of it."}
    assert not behaviors.required("name", rule, "run.create", whole=True)
    assert behaviors.required("name", rule, "run.create", whole=False)
    service = {"template": {"containers": [{"image": "i", "env": [{"value": "x"}]}]}}
    assert "env[0].name" in against("run", "v2", "run.projects.locations.services.create", service)


def test_a_name_in_the_path_is_of_its_form() -> None:
    method = load("compute", "v1").methods["compute.instances.get"]
    validate.check_path(method, {"project": "my-project", "zone": "europe-west1-b", "instance": "trainer"})
    with pytest.raises(ApiError, match="'zone': 'Europe'"):
        validate.check_path(method, {"project": "my-project", "zone": "Europe", "instance": "trainer"})
