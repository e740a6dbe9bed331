"""Many mistakes of one kind in a table: told once, each with its line, value and proposal, behind those of one line."""

import json

import pytest

from coursecloud.cli import refusals
from coursecloud.cli.init.folding import MANY, folded


def _name(line: int) -> str:
    return (
        f"groups.csv  line {line}, column group: 'Group {line}'"
        f"\n    rule    no blanks\n    remedy  name the group for example group-{line}"
    )


ONE = "groups.csv  line 9, column credit: '350,- kr'\n    rule    which kroner\n    remedy  write 350 DKK"
COLUMN = "groups.csv  line 1, column Remark\n    rule    there is no such column\n    remedy  remove it"


def test_what_is_wrong_all_the_way_down_is_told_once_and_last() -> None:
    names = [_name(line) for line in range(2, 2 + MANY)]
    others = ", ".join(f"line {line}: 'Group {line}' (group-{line})" for line in range(3, 2 + MANY))
    together = f"{names[0]}\n    also    {MANY - 1} more: {others}"
    assert folded([names[0], COLUMN, *names[1:], ONE]) == [COLUMN, ONE, together]


def test_a_few_are_told_one_by_one_and_each_once() -> None:
    names = [_name(line) for line in range(2, 1 + MANY)]
    assert folded([*names, ONE, *names]) == [*names, ONE]


def test_other_rules_columns_and_files_are_not_told_together() -> None:
    names = [_name(line) for line in range(2, 1 + MANY)]
    assert folded([*names, _name(9).replace("no blanks", "another")])[-1].endswith("group-9")
    assert len(folded([*names, _name(9).replace("groups.csv", "others.csv")])) == MANY


def _region(line: int, value: str, remedy: str) -> str:
    return f"groups.csv  line {line}, column region: '{value}'\n    rule    a region\n    remedy  {remedy}"


REGIONS = [
    *(_region(2 + at, f"{name} ", f"did you mean '{name}'?") for at, name in enumerate(("us-east1", "us-east4"))),
    *(_region(4 + at, f"{name} ", f"did you mean '{name}'?") for at, name in enumerate(("us-east5", "us-west1"))),
]


def test_each_of_many_keeps_its_own_proposal_and_one_of_another_remedy_stands_alone() -> None:
    moon = _region(9, "moon", "write one of Google's")
    others = "line 3: 'us-east4 ' (us-east4), line 4: 'us-east5 ' (us-east5), line 5: 'us-west1 ' (us-west1)"
    assert folded([*REGIONS, moon]) == [moon, f"{REGIONS[0]}\n    also    3 more: {others}"]


def test_the_json_form_gives_each_of_many_its_own_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    refusals.expect(["--json"])
    refusals.told("\n".join(["4 mistakes; nothing was written.", *folded(REGIONS)]), 2)
    found = json.loads(capsys.readouterr().out)["error"]["mistakes"]
    assert [(each["line"], each["remedy"]) for each in found] == [
        (2, "did you mean 'us-east1'?"),
        (3, "did you mean 'us-east4'?"),
        (4, "did you mean 'us-east5'?"),
        (5, "did you mean 'us-west1'?"),
    ]
