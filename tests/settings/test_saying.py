"""How a mistake is said: in few words, with the nearest word that exists, and what a key is for."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from infra.settings.problem import MISSING, Findings, Problem, SettingsError, likely, nearest
from infra.settings.translate import translated
from tests.settings.stacks import PROJECT, mistakes


def test_one_mistake_is_one_and_two_are_counted() -> None:
    first, second = Problem("a", 1, "rule", "remedy"), Problem("b", 1, "rule", "remedy")
    assert str(SettingsError("dev", [first])).startswith("1 mistake in the settings of stack 'dev';")
    both = str(SettingsError("dev", [first, second]))
    assert both.startswith("2 mistakes in the settings of stack 'dev';")
    assert [line for line in both.splitlines() if line.startswith(("  a", "  b"))] == [
        "  a: 1",
        "  b: 1",
    ]


def test_a_mistake_that_two_rules_find_is_said_once_and_two_of_one_key_are_both_said() -> None:
    problems = [Problem("b", [1], "rule", "x"), Problem("a", {}, "rule", "x"), Problem("a", {}, "rule", "y")]
    assert [(p.path, p.rule) for p in SettingsError("dev", problems).problems] == [("a", "rule"), ("b", "rule")]
    assert len(SettingsError("dev", [Problem("a", 1, "one", "x"), Problem("a", 1, "two", "x")]).problems) == 2


def test_a_value_is_shown_unless_there_is_none() -> None:
    for value, text in ((None, "null"), (True, "true"), (False, "false"), ("True", "'True'"), (1.5, "1.5")):
        assert str(Problem("a", value, "rule", "remedy")).splitlines()[0] == f"a: {text}"
    assert str(Problem("a", MISSING, "rule", "remedy")).splitlines()[0] == "a"


def test_where_the_place_in_the_file_is_known_it_stands_behind_the_value() -> None:
    problem = Problem("a", 1, "rule", "remedy", (3, 7))
    assert str(problem) == "a: 1  (line 3, column 7)\n    rule    rule\n    remedy  remedy"


@pytest.mark.parametrize("length", [117, 118, 119, 500])
def test_a_long_value_is_shown_in_120_characters(length: int) -> None:
    first = str(Problem("a", "x" * length, "rule", "remedy")).splitlines()[0].removeprefix("a: ")
    assert first == (repr("x" * length) if length + 2 <= 120 else "'" + "x" * 116 + "...")
    assert len(first) <= 120


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("time_zone", "timeZone"),
        ("TIMEZONE", "timeZone"),
        ("__l_e_a_s_e__", "lease"),
        ("wandbapikey", "WANDB_API_KEY"),
        ("abcd", "a_b_c_d"),
        ("leese", "lease"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_letter_case_and_underscores_do_not_hide_what_was_meant(word: str, meant: str | None) -> None:
    assert likely(word, ("timeZone", "lease", "WANDB_API_KEY", "a_b_c_d")) == meant


def test_the_nearest_word_is_named_and_else_what_there_is() -> None:
    assert nearest("leese", ["lease", "course"]) == "did you mean 'lease'?"
    assert nearest("xyzzy", ["lease", "course"]) == "known here: course, lease"
    assert nearest("xyzzy", ["lease"], "remove it") == "remove it"
    assert nearest("xyzzy", []) == "nothing can be set here"
    assert likely("abcd", ["a_b_c_d"], closer=True) == "a_b_c_d"


def test_what_is_broken_makes_what_is_below_and_above_it_unsound_and_nothing_beside_it() -> None:
    found = Findings()
    found.add(Problem("a.b[1]", 1, "rule", "remedy"), "meant")
    assert [path for path in ("a", "a.b", "a.b[1]", "a.b[1].c", "meant", "meant.x") if found.sound(path)] == []
    for path in ("a.bc", "a.b[11]", "a.b[2]", "a.c", "b", "meantime"):
        assert found.sound(path), path
    assert not found.sound("b", "a")


class Inner(BaseModel):
    """What is in a section."""

    model_config = ConfigDict(extra="forbid")
    size: int = 1
    """Size in GB, e.g. 20. Growing it keeps the data; nothing shrinks."""
    plain: int = 1
    short: Annotated[str, Field(max_length=3)] = ""


class Outer(BaseModel):
    """A section in which each kind of nesting leads to another one."""

    model_config = ConfigDict(extra="forbid")
    inner: Inner | None = None
    by_name: dict[str, Inner] = Field(default={}, alias="byName")
    wanted: str
    """Why: a reason"""


def said(value: object) -> dict[str, tuple[str, str]]:
    """Translate every error of a value: rule and remedy by path."""
    try:
        TypeAdapter(Outer).validate_python(value)
    except ValidationError as error:
        problems = [translated("x", Outer, details)[0] for details in error.errors()]
        return {problem.path: (problem.rule, problem.remedy) for problem in problems}
    return {}


@pytest.mark.parametrize(
    ("value", "path"),
    [({"inner": {"size": "a"}}, "x.inner.size"), ({"byName": {"k": {"size": "a"}}}, "x.byName.k.size")],
)
def test_a_remedy_ends_with_the_first_sentence_about_the_key(value: dict[str, object], path: str) -> None:
    assert said({"wanted": "", **value})[path][1].endswith(" (for: Size in GB, e.g. 20)")


def test_a_key_without_a_description_gets_none() -> None:
    assert "for:" not in said({"wanted": "", "inner": {"plain": "a"}})["x.inner.plain"][1]


def test_a_missing_key_is_told_with_what_it_is_for() -> None:
    assert said({})["x.wanted"] == ("this key is required", "add `wanted:` (for: Why)")


def test_an_unknown_key_is_told_which_there_are_by_the_names_of_the_file() -> None:
    assert said({"wanted": "", "byNam": {}})["x.byNam"][1] == "did you mean 'byName'?"
    assert said({"wanted": "", "inner": {"qqqq": 1}})["x.inner.qqqq"][1] == "known here: plain, short, size"


def test_what_has_no_words_of_its_own_is_not_said_in_pydantics() -> None:
    rule, remedy = said({"wanted": "", "inner": {"short": "abcd"}})["x.inner.short"]
    assert rule == "this key takes no such value"
    assert "coursecloud explain" in remedy


@pytest.mark.parametrize(
    ("config", "path", "rule", "remedy"),
    [
        ("course: {labels: [a]}", "course.labels", "a mapping of keys to values belongs here", "indent keys under it"),
        ("lease: {credit: [a]}", "lease.credit", "a mapping of keys", "indent keys under it: amount, currency"),
        ("team: {members: 5}", "team.members", "a list belongs here", "write its entries in brackets"),
        ("team: {members: }", "team.members", "a list belongs here", "write a value, or remove the key"),
        ("training: {image: 5}", "training.image", "a text belongs here", 'write "5", in quotes'),
        ("training: {image: true}", "training.image", "a text belongs here", 'write "true", in quotes'),
        ("course: {labels: {a: }}", "course.labels.a", "a text belongs here", "write a value, or remove the key"),
        ("lease: {starts: 86400}", "lease.starts", "a date is a day of the calendar", "write year, month"),
        ("training: {image: [a]}", "training.image", "a text belongs here", "write one text"),
        ("training: {image: }", "training.image", "a text belongs here", "write a value, or remove the key"),
        ("lease: {graceDays: }", "lease.graceDays", "a whole number belongs here", "write a value, or remove the key"),
        (
            "lease: {graceDays: 1.5}",
            "lease.graceDays",
            "a whole number belongs here",
            "write it without quotes, unit or",
        ),
        ("lease: {maxPerHour: }", "lease.maxPerHour", "a number belongs here", "write a value, or remove the key"),
        ("lease: {maxPerHour: 0}", "lease.maxPerHour", "a number of 0.001 or more", "write 0.001 or more"),
        ("lease: {maxPerHour: 1e99}", "lease.maxPerHour", "10000000 or less", "write 10000000 or less"),
        ("lease: {maxPerHour: '2,5'}", "lease.maxPerHour", "a number belongs here", "write a point for the comma: 2.5"),
        ("lease: {alerts: [50]}", "lease.alerts[0]", "a number of 1 or less", "write 50 % as 0.5"),
        ("lease: {alerts: ['50%']}", "lease.alerts[0]", "a number belongs here", "write 0.5"),
        ("services: {a: {cpu: '2'}}", "services.a.cpu", "this is 1, 2 or 4", "write 2 without quotes"),
        ("lease: graceDays:3", "lease", "a section is a mapping", "write `graceDays: VALUE` in a line of its own"),
        ("lease: graceDays = 3", "lease", "a section is a mapping", "write `graceDays: VALUE` in a line of its own"),
        ("lease: {graceDays:3}", "lease.graceDays:3", "this key is not known", "write a blank behind the ':'"),
        ("team: {members: -user:a@b.example}", "team.members", "a list belongs here", "put a blank behind the '-'"),
        ("services: [{name: a}]", "services", "a section is a mapping", "write each entry's name as `NAME:`"),
        ("services: {a: {env: A=b}}", "services.a.env", "a mapping of keys", "write `A: VALUE` in a line"),
        ("storage: {keep: }", "storage.keep", "true or false belongs here", "write a value, or remove the key"),
        ("network: {egress: }", "network.egress", "this is 'address' or 'nat'", "write a value, or remove the key"),
        ("network: {egress: adress}", "network.egress", "this is 'address' or 'nat'", "did you mean 'address'?"),
        ("services: {a: {cpu: x}}", "services.a.cpu", "this is 1, 2 or 4", "write one of 1, 2 or 4"),
        *(
            (f"lease: {{starts: '{value}'}}", "lease.starts", "a date is a day of the calendar", f"write it as {meant}")
            for value, meant in (
                ("18-12-2026", "2026-12-18"),
                ("18.12.2026", "2026-12-18"),
                ("12/18/2026", "2026-12-18"),
                ("2026-1-5", "2026-01-05"),
                ("2026/01/05", "2026-01-05"),
                ("5.1.2027", "2027-01-05"),
                ("5/1/2027", "2027-01-05 or 2027-05-01"),
                ("2027-01-05 09:00", "2027-01-05"),
            )
        ),
        *(
            (f"lease: {{starts: '{value}'}}", "lease.starts", "a date is a day of the calendar", "write year, month")
            for value in ("2027-02-30", "23-11-26", "soon")
        ),
        *(
            (f"lease: {{credit: {{currency: {value}}}}}", "lease.credit.currency", "a code of three capitals", meant)
            for value, meant in (
                ("dkk", "write DKK"),
                ("\u20ac", "write EUR"),
                ("kr.", "write DKK, NOK or SEK"),
                ("gold", "write the billing account's currency"),
            )
        ),
    ],
)
def test_each_kind_of_wrong_value_has_words_of_its_own(
    config: str, path: str, rule: str, remedy: str, tmp_path: Path
) -> None:
    (found,) = mistakes(PROJECT + f"coursecloud:{config}", tmp_path)
    assert found.path == f"coursecloud:{path}"
    assert rule in found.rule
    assert found.remedy.startswith(remedy)


def test_a_mapping_of_free_keys_names_none_of_them(tmp_path: Path) -> None:
    (found,) = mistakes(PROJECT + "coursecloud:course: {labels: [a]}", tmp_path)
    assert found.remedy.partition(" (for")[0] == "indent keys under it, e.g. cost-center: 02476"


def test_the_tenth_entry_of_a_list_comes_after_the_second() -> None:
    paths = [f"coursecloud:team.members[{at}]" for at in (10, 2, 0)]
    error = SettingsError("x", [Problem(path, "a", "rule", "remedy") for path in paths])
    assert [problem.path for problem in error.problems] == paths[::-1]
