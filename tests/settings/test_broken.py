"""Whatever a stack file says, it is settings or a list of mistakes, and never another error."""

import contextlib
import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from coursecloud.common import stack_file
from infra.settings import Settings, SettingsError, load
from tests.fuzz import examples
from tests.project import ROOT

VALID = [stack_file.read(stack, stack_file.path_of(stack, ROOT)) for stack in ("dev", "gpu", "full")]

NASTY = (
    "",
    "null",
    "[",
    "{}",
    "[" * 3000,
    "NaN",
    "T4",
    "e2-medium",
    "europe-west4-a",
    "²",
    "9" * 30,
    "a\0b",
    "(",
    "secure",
)
text = st.text(max_size=12) | st.sampled_from(NASTY)
scalar = st.none() | st.booleans() | st.integers() | st.floats() | text
junk = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)
nested = st.integers(1, 100).map(lambda depth: _nested(depth))


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def _holders(value: object) -> list[dict[str, Any] | list[Any]]:
    if isinstance(value, dict):
        holder = cast("dict[str, Any]", value)
        return [holder, *(found for entry in holder.values() for found in _holders(entry))]
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [items, *(found for entry in items for found in _holders(entry))]
    return []


@st.composite
def broken(draw: st.DrawFn) -> dict[str, object]:
    """A valid file with one to four places broken: another value, a key more or less, or another name."""
    config = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 4))):
        holder = draw(st.sampled_from(_holders(config)))
        value = draw(junk | nested if draw(st.integers(0, 9)) == 0 else junk)
        if isinstance(holder, list):
            holder.insert(draw(st.integers(0, len(holder))), value)
            continue
        keys = sorted(holder)
        change = draw(st.sampled_from(["value", "remove", "rename", "add"]))
        if change == "add" or not keys:
            holder[draw(text)] = value
        elif change == "value":
            holder[draw(st.sampled_from(keys))] = value
        else:
            taken = holder.pop(draw(st.sampled_from(keys)))
            if change == "rename":
                holder[draw(text)] = taken
    return config


def _read(config: dict[str, object], folder: Path) -> Settings | SettingsError:
    try:
        return load(config, "x", folder)
    except SettingsError as error:
        return error


@hypothesis_settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken())
@example({})
@example({"gcp:project": "my-project-1", "coursecloud:lease": "[" * 100_000})
@example({"gcp:project": "my-project-1", "coursecloud:lease": '{"graceDays":' + "9" * 5000 + "}"})
@example({"gcp:project": "my-project-1", "coursecloud:lease": '{"maxPerHour": NaN}'})
def test_a_broken_file_is_a_list_of_mistakes_or_valid_settings_and_nothing_else(config: dict[str, object]) -> None:
    found = _read(config, ROOT)
    if isinstance(found, SettingsError):
        assert found.problems
        for problem in found.problems:
            assert problem.path
            assert problem.rule
            assert problem.remedy
            assert str(problem) in str(found)
    else:
        assert found == _read(config, ROOT)


@pytest.mark.parametrize("key", ["gcp:project", "gcp:region", "coursecloud:lease", "coursecloud:machines"])
@pytest.mark.parametrize("depth", [10, 3000])
def test_nesting_of_any_depth_is_one_mistake(key: str, depth: int) -> None:
    found = _read({**VALID[0], key: _nested(depth)}, ROOT)
    assert isinstance(found, SettingsError)
    assert "nothing in a section is nested this deeply" in {problem.rule for problem in found.problems}


@hypothesis_settings(max_examples=examples(60), deadline=None)
@given(
    config=st.sampled_from(VALID),
    section=st.sampled_from(["lease", "storage", "training", "team"]),
    key=st.from_regex(r"zz[a-z]{1,8}", fullmatch=True),
)
def test_an_unknown_key_anywhere_is_refused_by_its_path(config: dict[str, object], section: str, key: str) -> None:
    path = f"coursecloud:{section}"
    entries = cast("dict[str, object]", config.get(path, {}))
    found = _read({**config, path: {**entries, key: 1}}, ROOT)
    assert isinstance(found, SettingsError)
    assert [problem.path for problem in found.problems] == [f"{path}.{key}"]


@hypothesis_settings(max_examples=examples(150), deadline=None)
@given(st.binary(max_size=40) | st.text("aA1:-[]{}&*!<>|'\"%@#~ \n\t,.0\0é", max_size=40).map(str.encode))
@example(b"config: !!timestamp x")
@example(b"config: !!int x")
@example(b"config: !!bool x")
@example(b"config: &a {a: *a}")
@example(b"config: {a: " + b"9" * 5000 + b"}")
@example(b"config: " + b"[" * 5000)
@example(b"? [a]\n: b\n")
@example(b"a: 1\n---\nb: 2\n")
def test_a_file_of_any_bytes_is_a_mapping_or_a_list_of_mistakes(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "Pulumi.x.yaml"
        file.write_bytes(content)
        # Any other error fails the test.
        with contextlib.suppress(SettingsError):
            assert isinstance(stack_file.read("x", file), dict)
