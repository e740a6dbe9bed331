"""The section `coursecloud:guardrails`: exceptions with a reason and an end, and limits."""

import datetime
from pathlib import Path

import pytest

from infra.settings.guardrails import GuardrailException
from tests.settings.stacks import PROJECT, mistakes, settings

SECTION = "coursecloud:guardrails"


GOOD = {"rule": "iam-no-keys", "resource": "k", "reason": "the lab's old machine needs it", "until": "2026-12-18"}


def test_three_words_are_a_reason() -> None:
    assert GuardrailException.model_validate(GOOD | {"reason": " for the demo "}).reason == "for the demo"


def config(**changed: str | None) -> str:
    entry = {key: value for key, value in (GOOD | changed).items() if value is not None}
    lines = ", ".join(f'{key}: "{value}"' for key, value in entry.items())
    return PROJECT + f"{SECTION}: {{exceptions: [{{{lines}}}]}}"


def test_an_exception_is_read(tmp_path: Path) -> None:
    (entry,) = settings(config(), tmp_path).guardrails.exceptions
    assert (entry.rule, entry.resource, entry.until) == ("iam-no-keys", "k", datetime.date(2026, 12, 18))


def test_without_the_section_there_are_no_exceptions_and_no_limits(tmp_path: Path) -> None:
    section = settings(PROJECT, tmp_path).guardrails
    assert (section.exceptions, section.regions, section.max_idle_per_day) == ((), None, None)


@pytest.mark.parametrize(
    ("changed", "key", "rule", "remedy"),
    [
        ({"rule": "Machine Ends"}, ".rule", "by its id", "coursecloud check"),
        ({"rule": None}, ".rule", "required", "rule"),
        ({"reason": None}, ".reason", "required", "reason"),
        ({"reason": "because"}, ".reason", "in a sentence", "visitors"),
        ({"reason": "  "}, ".reason", "in a sentence", "visitors"),
        ({"until": None}, ".until", "required", "until"),
        ({"until": "never"}, ".until", "day of the calendar", "2026-12-18"),
        ({"until": "2026-02-30"}, ".until", "day of the calendar", "2026-12-18"),
        ({"resource": None}, ".resource", "required", "resource"),
        ({"resource": ""}, ".resource", "every resource", "deploy-*"),
        ({"resource": "*"}, ".resource", "every resource", "deploy-*"),
        ({"resource": "***"}, ".resource", "every resource", "deploy-*"),
        *(
            ({"resource": pattern}, ".resource", "begins or ends with at least 3", "deploy-*")
            for pattern in (
                "*a*",
                "a*",
                "*e",
                "*-*",
                "*er*",
                "a*e",
                "**ata**",
                "--*--",
                "m-*",
                "*r*a*i*n*",
                "*trainer*",
            )
        ),
        ({"ressource": "x"}, ".ressource", "not known", "'resource'"),
    ],
)
def test_an_exception_without_what_a_reader_needs_is_refused(
    changed: dict[str, str | None], key: str, rule: str, remedy: str, tmp_path: Path
) -> None:
    (problem,) = mistakes(config(**changed), tmp_path)
    assert problem.path == f"{SECTION}.exceptions[0]{key}"
    assert rule in problem.rule
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("{regions: []}", "regions", "empty list"),
        ("{regions: europe-west1}", "regions", "a list"),
        ("{regions: [Europe West]}", "regions[0]", "a region"),
        ("{regions: [eu, eu]}", "regions[1]", "twice"),
        ("{regions: [europe-west1, mars]}", "regions[1]", "no such region or multi-region"),
        ("{regions: [europe-wset4]}", "regions[0]", "no such region or multi-region"),
        ("{regions: [global]}", "regions[0]", "no such region or multi-region"),
        ("{maxIdlePerDay: 0}", "maxIdlePerDay", "0.001 or more"),
        ("{maxIdlePerDay: lots}", "maxIdlePerDay", "a number"),
        ("{maxIdlePerday: 1}", "maxIdlePerday", "not known"),
        ("{exceptions: {rule: x}}", "exceptions", "a list"),
        ("{exceptions: {secure: AAAA}}", "exceptions", "encrypted"),
    ],
)
def test_a_limit_that_is_none_is_refused(text: str, path: str, rule: str, tmp_path: Path) -> None:
    (problem,) = mistakes(f"{PROJECT}{SECTION}: {text}", tmp_path)
    assert problem.path == f"{SECTION}.{path}"
    assert rule in problem.rule


def test_a_region_that_is_close_to_another_is_told_so(tmp_path: Path) -> None:
    (problem,) = mistakes(f"{PROJECT}{SECTION}: {{regions: [europe-wset4]}}", tmp_path)
    assert problem.remedy == "did you mean 'europe-west4'?"


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("[europe-west1, Europe-West4]", ("europe-west1", "Europe-West4")),
        ("[eu, US, nam4]", ("eu", "US", "nam4")),
        ("[mars-north1]\ncoursecloud:allow: {zones: [mars-north1-a]}", ("mars-north1",)),
    ],
)
def test_regions_and_multi_regions_are_read_in_any_letter_case(
    text: str, regions: tuple[str, ...], tmp_path: Path
) -> None:
    head, _, rest = text.partition("\n")
    read = settings(f"{PROJECT}{SECTION}: {{regions: {head}}}\n{rest}", tmp_path)
    assert read.guardrails.regions == regions


@pytest.mark.parametrize(
    ("pattern", "name", "same"),
    [
        ("trainer", "trainer", True),
        ("trainer", "trainer-2", False),
        ("trainer*", "trainer-2", True),
        ("*-data", "team-data", True),
        ("a-vm*c", "a-vmbc", True),
        ("a.c", "abc", False),
        ("stack", "stack", True),
    ],
)
def test_a_star_stands_for_any_letters_and_nothing_else_does(pattern: str, name: str, same: bool) -> None:
    entry = GuardrailException(rule="r", resource=pattern, reason="this is a test", until="2026-12-18")  # pyright: ignore[reportArgumentType]
    assert entry.matches("r", name) is same
    assert not entry.matches("s", name)
