"""What anyone can write into a file is bounded before it is made: aliases, nesting, size, numbers."""

import json
import os
import re
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from coursecloud.common import stack_file
from coursecloud.cost import prices
from coursecloud.plan import planning, saved
from coursecloud.review import inputs
from infra import files
from infra.settings import SettingsError
from infra.settings.problem import shown
from tests.project import ROOT
from tests.settings.stacks import PROJECT, mistakes, settings

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{{', '.join(f'k{n}: *{before}' for n in range(9))}}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def measured(text: str) -> tuple[str, int]:
    """What is wrong with a YAML text, and how many bytes it took to say it: what is not written out takes no time."""
    tracemalloc.start()
    with pytest.raises((yaml.YAMLError, ValueError)) as raised:
        files.yaml_of(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return str(raised.value), peak


@pytest.mark.parametrize("text", [LAUGHS, MERGED, f"- {{<<: [{', '.join(['*a'] * 3)}]}}\n".join(["- &a {x: 1}\n", ""])])
def test_aliases_are_counted_before_they_are_written_out(text: str) -> None:
    if "*h" not in text:
        assert files.yaml_of(text) == [{"x": 1}, {"x": 1}]
        return
    said, peak = measured(text)
    assert "aliases stand for more than 100,000 values" in said
    assert "line " in said
    assert peak < 20_000_000


def test_as_many_values_as_a_large_course_has_are_read() -> None:
    text = "".join(f"m{number}: {{machineType: e2-medium, spot: true}}\n" for number in range(15_000))
    assert len(files.yaml_of(text, yaml.SafeLoader)) == 15_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("&a [*a]", "stands within"),
        ("&a {x: {y: *a}}", "stands within"),
        ("[" * 5000, "nested too deeply"),
        ("[" * 150 + "]" * 150, "nested too deeply"),
        ("{a: " * 5000, "nested too deeply"),
        ("- " * 5000 + "a", "nested too deeply"),
    ],
)
def test_what_has_no_end_is_refused(text: str, said: str) -> None:
    with pytest.raises((yaml.YAMLError, ValueError), match=said):
        files.yaml_of(text)


@pytest.mark.parametrize("name", ["Pulumi.x.yaml", "members.x.yaml"])
def test_a_stack_file_and_its_members_are_read_within_the_same_bounds(name: str, tmp_path: Path) -> None:
    for content, said in ((LAUGHS, "100,000"), ("#" * (files.LARGEST + 1), "larger"), ("[" * 5000, "nested")):
        (tmp_path / "Pulumi.x.yaml").write_text(f"config: {{{PROJECT.strip()}}}\n")
        (tmp_path / name).write_text(content)
        with pytest.raises(SettingsError) as raised:
            planning.load(stack_file.read("x", tmp_path / "Pulumi.x.yaml"), "x", tmp_path)
        assert any(said in problem.rule for problem in raised.value.problems)


def test_the_number_of_thousands_of_digits_is_refused_with_its_line_and_not_shown(tmp_path: Path) -> None:
    for number in ("9" * 6000, f"0x{'F' * 6000}", f"{'9' * 6000}.5"):
        (problem,) = mistakes(f"{PROJECT}coursecloud:usage: {{storage: {number}}}", tmp_path)
        assert "line 3, column 32" in problem.rule
        assert "too many digits" in problem.rule
        assert len(str(problem)) < 300


def test_members_who_are_a_number_of_thousands_of_digits_are_shown_in_a_few_characters(tmp_path: Path) -> None:
    (tmp_path / "members.x.yaml").write_text(f"- 0x{'F' * 6000}\n")
    (problem,) = mistakes(PROJECT, tmp_path)
    assert problem.path == "members.x.yaml[0]"
    assert len(str(problem)) < 400
    assert shown(int("F" * 6000, 16)) == "(a number of thousands of digits)"


def test_an_endless_device_is_not_read_to_its_end() -> None:
    with pytest.raises(ValueError, match="larger than 1,000,000 bytes"):
        files.bytes_of(Path("/dev/zero"))


def test_nobody_waits_for_a_named_pipe_and_what_a_shell_hands_over_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "Pulumi.x.yaml"
    os.mkfifo(pipe)
    for call in (files.bytes_of, files.text_of):
        with pytest.raises(files.NotReadError, match="named pipe"):
            call(pipe)
    with pytest.raises(SettingsError, match="named pipe"):
        stack_file.read("x", pipe)
    there, write = os.pipe()
    os.write(write, b"handed over")
    os.close(write)
    assert files.bytes_of(Path(f"/dev/fd/{there}")) == b"handed over"
    os.close(there)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "no number"),
        ('{"a": 1e999999}', "too many digits"),
        ('{"a": ' + "9" * 6000 + "}", "too many digits"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 500 + "]" * 500, "nested too deeply"),
        ("", "Expecting value"),
    ],
)
@pytest.mark.parametrize("exact", [False, True])
def test_json_that_no_program_of_ours_writes_is_refused(text: str, said: str, exact: bool) -> None:
    with pytest.raises(ValueError, match=said):
        files.json_of(text, exact=exact)


def test_json_is_read_as_it_stands() -> None:
    text = '{"a": [1, -2.5, true, null, "x"], "b": {"c": 123456789012345678901}}'
    assert files.json_of(text) == json.loads(text)
    assert files.json_of("[1, 0.10]", exact=True) == [Decimal(1), Decimal("0.10")]
    assert files.json_of("[" * 90 + "]" * 90)


@pytest.mark.parametrize("exact", [False, True])
def test_a_number_has_at_most_forty_digits(exact: bool) -> None:
    assert files.json_of("9" * 40, exact=exact) == 10**40 - 1
    with pytest.raises(ValueError, match="too many digits"):
        files.json_of("9" * 41, exact=exact)


def test_an_exact_number_has_as_few_when_it_is_written_out() -> None:
    assert files.json_of("1e40", exact=True) == 10**40
    with pytest.raises(ValueError, match="too many digits"):
        files.json_of("1e41", exact=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [("[" * 100_000, "nested too deeply"), ('{"version": 1, "version": 2}', "twice"), ('{"a": 1e999999}', "digits")],
)
def test_a_saved_plan_and_a_state_are_read_within_bounds(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    given = inputs.Given(ROOT, None, None, None, None, file, None, file, (), 10)
    with pytest.raises(inputs.InputError) as raised:
        inputs.read(given, [])
    assert str(raised.value).count(said) == 2


@pytest.mark.parametrize("number", ["1e999999", "NaN", "9" * 6000])
def test_a_price_file_has_prices_that_can_be_written(number: str, tmp_path: Path) -> None:
    file = tmp_path / "prices-compute.json"
    file.write_text(f'{{"date": "2026-11-23", "x": {number}}}')
    with pytest.raises(ValueError, match=r"digits|no number"):
        prices.read(file)


def test_json_text_in_a_section_is_read_within_bounds(tmp_path: Path) -> None:
    for text in ('{"group": "a", "group": "b"}', "[" * 5000, '{"group": NaN}'):
        (problem,) = mistakes(f"{PROJECT}coursecloud:course: '{text}'", tmp_path)
        assert problem.path == "coursecloud:course"
    assert settings(f"""{PROJECT}coursecloud:course: '{{"group": "a"}}'""", tmp_path).course.group == "a"


def test_what_is_no_saved_plan_is_said(tmp_path: Path) -> None:
    with pytest.raises(saved.UnreadableError):
        saved.read(files.json_of("[]"))
    assert tmp_path.is_dir()


def test_a_file_of_as_many_bytes_as_may_be_is_read_and_one_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "ten"
    file.write_bytes(b"0123456789")
    assert files.bytes_of(file, 10) == b"0123456789"
    with pytest.raises(ValueError, match="it is larger than 9 bytes"):
        files.bytes_of(file, 9)


def test_a_number_is_said_whole_up_to_twenty_signs() -> None:
    for zeros, said in ((15, "1e000000000000000400 has"), (16, "1e000000000000000... has")):
        with pytest.raises(ValueError, match=re.escape(f"the number {said}")):
            files.json_of(f"[1e{'0' * zeros}400]")


def test_ends_of_lines_are_those_of_no_system_in_particular(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"a\r\nb\rc\n\r\n")
    assert files.text_of(tmp_path / "lines") == "a\nb\nc\n\n"


def test_as_many_levels_as_may_be_are_read_and_one_more_is_not() -> None:
    for read, most in ((files.yaml_of, files.DEEPEST + 1), (files.json_of, files.DEEPEST)):
        assert read("[" * most + "]" * most)
        with pytest.raises((yaml.YAMLError, ValueError), match="nested too deeply, over 100 levels"):
            read("[" * (most + 1) + "]" * (most + 1))


def test_as_many_values_as_may_be_are_read_and_one_more_is_not() -> None:
    text, quick = f"[{','.join(['x'] * (files.MOST - 1))}]", cast("Any", yaml.CSafeLoader)
    assert len(files.yaml_of(text, quick)) == files.MOST - 1
    with pytest.raises(yaml.YAMLError, match="more than 100,000 values"):
        files.yaml_of(f"[x,{text[1:]}", quick)


def test_a_number_of_json_is_exact_only_where_that_is_asked_for() -> None:
    assert [type(number) for number in files.json_of("[1, 2.5]")] == [int, float]
    assert [type(number) for number in files.json_of("[1, 2.5]", exact=True)] == [Decimal, Decimal]


def test_of_a_key_that_is_there_twice_sixty_letters_are_said() -> None:
    with pytest.raises(ValueError, match=f"the key '{'k' * 60}' is there twice"):
        files.json_of(f'{{"{"k" * 61}": 1, "{"k" * 61}": 2}}')
