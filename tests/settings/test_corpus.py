"""Hundreds of stack files as people write them: each bad one is refused in words that help, each good one is read."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import yaml

from coursecloud.common import stack_file
from infra import files
from infra.settings import Problem, SettingsError, load
from infra.settings.model import SECTIONS
from infra.settings.problem import MISSING
from infra.settings.types import Section
from tests.settings import corpus
from tests.settings.corpus import Case
from tests.sweep import offenders

STACK = "x"


def mistakes(text: str | bytes, folder: Path) -> tuple[Problem, ...]:
    """Read a stack file as `coursecloud plan` does."""
    file = folder / f"Pulumi.{STACK}.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        content = stack_file.read(STACK, file, folder)
        try:
            load(content, STACK, folder)
        except SettingsError as error:
            raise stack_file.located(error, files.text_of(file)) from None
    except SettingsError as error:
        return error.problems
    return ()


def test_there_are_enough_cases_and_no_two_are_one() -> None:
    bad, good = corpus.bad(), corpus.good()
    assert len({case.text for case in bad}) == len(bad) >= 600
    assert len({case.text for case in good}) == len(good) >= 60


def test_the_file_that_they_change_is_right(tmp_path: Path) -> None:
    assert mistakes(corpus.BASE, tmp_path) == ()


def test_every_good_one_is_read(tmp_path: Path) -> None:
    def wrong(case: Case) -> list[str]:
        return [f"{case}\n{problem}" for problem in mistakes(case.text, tmp_path)]

    assert offenders(wrong, corpus.good()) == []


def test_every_bad_one_is_refused_in_words_that_help(tmp_path: Path) -> None:
    def wrong(case: Case) -> list[str]:
        found = mistakes(case.text, tmp_path)
        return [f"{case}: {why}\n" + "\n".join(map(str, found)) for why in _unhelpful(case, found, tmp_path)]

    assert offenders(wrong, corpus.bad()) == []


PYDANTICS = re.compile(
    r"[Ii]nput should|should be|should have|after validation|valid (string|integer|number|boolean|tuple|list)"
    r"|valid dictionary|pydantic|Extra inputs|[Ff]ield required"
)
"""Words of pydantic's, which speaks of Python's types to people who write YAML."""


def _unhelpful(case: Case, found: tuple[Problem, ...], folder: Path) -> Iterator[str]:
    if not found:
        yield "passed in silence"
        return
    said = "\n".join(map(str, found))
    if len(found) != case.mistakes:
        yield f"{len(found)} mistakes for {case.mistakes}"
    about = [one for one in found if one.path.startswith(case.path or f"Pulumi.{STACK}.yaml") and case.say in one.rule]
    if not about:
        yield "no mistake is about it"
        return
    if case.path and "config:" in str(case.text) and any(not one.line for one in about):
        yield "no line"
    if PYDANTICS.search(said) or any("takes no such value" in one.rule for one in found):
        yield "pydantic's words, or none"
    if any(not one.rule or not one.remedy or one.remedy.startswith("correct it") for one in found):
        yield "no rule, or no remedy"
    words = re.findall(r"[^\s\"'{}\[\],:]{8,}", case.written)
    if case.secret and any(word in said for word in words if word not in ("machines", "WANDB_API_KEY")):
        yield "a secret is repeated"
    if case.suggests and not any(case.suggests in one.remedy for one in about):
        yield f"{case.suggests} is not suggested"
    if not case.secret and case.path and not any(_shows(one, case) for one in about):
        yield "what was written is not shown"
    if isinstance(case.text, str) and case.path:
        for one in about:
            yield from _no_cure(one, case, case.text, folder)


def _shows(one: Problem, case: Case) -> bool:
    """Say whether the value, or the key, that somebody wrote stands in what is said."""
    try:
        typed: object = yaml.load(case.written, Loader=yaml.BaseLoader)  # noqa: S506 - texts only
    except yaml.YAMLError:
        typed = case.written
    said = str(one).lower()
    if one.value is MISSING:
        return True  # it is about what is not there, or about several keys
    if case.written in ("", "~", "null"):
        return ": null" in said
    if typed == "":
        return ": ''" in said
    if isinstance(typed, dict) and "secure" in typed:
        return "(encrypted)" in said or "(hidden" in said
    if isinstance(typed, str):
        return any(
            form in said for form in (typed.strip().lower()[:40], repr(typed).lower()[1:40], str(_number(typed)))
        )
    leaves = _leaves(cast("object", typed))
    return "(a " in said or any(word.lower() in said for word in leaves) or not leaves


def _number(typed: str) -> float | None:
    try:
        return float(typed)
    except ValueError:
        return None


def _leaves(value: object) -> list[str]:
    match value:
        case dict():
            entries = cast("dict[str, object]", value)
            return [leaf for key, entry in entries.items() for leaf in (key, *_leaves(entry))]
        case list():
            return [leaf for entry in cast("list[object]", value) for leaf in _leaves(entry)]
        case _:
            return [str(value)]


_PROPOSED = re.compile(
    r"did you mean '(?P<word>[^']+)'"
    r"|(?P<quoted>(?<=write )\"[^\"]+\"(?=, in quotes))"
    r"|write (?:it as |for example |e\.g\. )?'(?P<mark>[^']+)'"
    r"|write (?:it as |for example |e\.g\. |a range such as )?(?P<bare>[A-Za-z]*[0-9][\w./-]*)(?=$|[,;])"
)


def _no_cure(one: Problem, case: Case, text: str, folder: Path) -> Iterator[str]:
    """Take a remedy by its word: what it proposes, in place of what was written, is a mistake no more."""
    match = _PROPOSED.search(one.remedy)
    if match is None or one.line is None:
        return
    proposed = match[str(match.lastgroup)]
    if ":" in proposed and match.lastgroup != "quoted":
        proposed = f'"{proposed}"'
    lines = text.split("\n")
    line, column = one.line[0] - 1, one.line[1] - 1
    before, rest = lines[line][:column], lines[line][column:]
    key = re.match(r"('[^']*'|\"[^\"]*\"|[^:\s]+(?::[^:\s]+)*):(?: |$)", rest)
    if "{" in before or (key and key[0] != rest and rest[key.end() :].startswith(("{", "["))):
        return  # several values stand in this line
    if key and case.renamed:
        proposed = proposed.strip('"')
        lines[line] = f"{before}{proposed}: {rest[key.end() :]}"
    else:
        lines[line] = f"{before}{key[0].rstrip() if key else ''} {proposed}"
    again = mistakes("\n".join(lines), folder)
    if any(each.path == one.path or "same key" in each.rule for each in again):
        yield f"the remedy does not cure: {[str(each) for each in again]}"


@pytest.mark.parametrize("place", ["say", "suggests"])
def test_a_case_that_expects_other_words_is_an_offender(place: str, tmp_path: Path) -> None:
    case = next(each for each in corpus.bad() if each.suggests)
    other = replace(case, say="no such words") if place == "say" else replace(case, suggests="no such words")
    assert list(_unhelpful(case, mistakes(case.text, tmp_path), tmp_path)) == []
    assert list(_unhelpful(other, mistakes(case.text, tmp_path), tmp_path)) != []


def test_no_kind_of_value_is_refused_in_words_of_pydantics(tmp_path: Path) -> None:
    """At each key of the base and of a section, values of each kind, and lists and texts of any length."""
    models = {name: cast("type[Section]", each) for name, each in SECTIONS.items() if isinstance(each, type)}
    sections = [
        f"coursecloud:{name}.{field.alias}" for name, each in models.items() for field in each.model_fields.values()
    ]
    odd = ["''", "~", "true", "-1", "0", "1e300", "-0.5", "[]", "{}", "[[]]", "x", f"[{'x, ' * 300}]", "x" * 3000]

    def wrong(at: str) -> list[str]:
        found = [str(one) for typed in odd for one in mistakes(corpus.changed(at, typed), tmp_path)]
        return [one for one in found if PYDANTICS.search(one) or "takes no such value" in one]

    assert offenders(wrong, sorted({*corpus.keys(), *sections})) == []


def test_words_of_pydantics_are_an_offence() -> None:
    assert PYDANTICS.search("tuple should have at most 16 items after validation, not 17")
    assert PYDANTICS.search("input should be a valid string")
    assert not PYDANTICS.search("a whole number belongs here")
