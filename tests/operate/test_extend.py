"""`coursecloud extend`: the day changes, not a letter beside it; what it costs stands first; bad input is refused."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coursecloud.common import edited
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.operate.extend import extend
from infra.settings import SettingsError
from tests.operate.conftest import PROJECT, STACK, Desk

TODAY = datetime.date(2099, 1, 10)


def run(desk: Desk, *, to: str = "", days: int = 0, answer: bool = True) -> int:
    return desk.run("extend", lambda op: extend(op, to=to, days=days, today=TODAY), answer=answer)


def test_only_the_day_changes(desk: Desk) -> None:
    path = desk.file(STACK)
    assert run(desk, days=7) == 0
    assert path.read_text(encoding="utf-8") == STACK.replace("2099-01-29", "2099-02-05")
    assert desk.said[0].startswith("The lease of stack dev ends on 2099-02-05 (was 2099-01-29); as planned the credit")
    assert "more, " in desk.said[1]
    assert "for the whole lease" in desk.said[1]
    assert (desk.told["ends"], desk.told["was"]) == ("2099-02-05", "2099-01-29")
    assert desk.told["perLease"] > 0


def test_it_is_not_written_where_nobody_says_yes(desk: Desk) -> None:
    path = desk.file(STACK)
    with pytest.raises(RefusedError, match="was not confirmed"):
        run(desk, to="2099-02-05", answer=False)
    assert path.read_text(encoding="utf-8") == STACK


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "neither --to nor --days"),
        ({"to": "2099-02-05", "days": 3}, "give one of the two"),
        ({"to": "tomorrow"}, "it is no day of the calendar"),
        ({"to": "2099-02-30"}, "it is no day of the calendar"),
        ({"to": "2099-01-29"}, "it is not after the lease's end, 2099-01-29"),
        ({"to": "2099-01-20"}, "an earlier end is written by hand"),
        ({"to": "2101-01-01"}, "a lease ends before 2101"),
        ({"days": -3}, "at least a day"),
        ({"days": 10**9}, "a lease ends before 2101"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(desk: Desk, more: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        run(desk, **more)
    assert (desk.root / "Pulumi.dev.yaml").read_text(encoding="utf-8") == STACK
    assert desk.asked == []


def test_a_lease_without_an_end_gets_one_by_a_day_only(desk: Desk) -> None:
    desk.file(f"config:\n  gcp:project: {PROJECT}\n")
    with pytest.raises(RefusedError, match="no end to count from"):
        run(desk, days=3)
    with pytest.raises(RefusedError, match="it is over"):
        run(desk, to="2099-01-09")
    with pytest.raises(SettingsError):
        run(desk, to="2099-02-05")  # an end without a start is a mistake that the file's rules know
    desk.file(f"config:\n  gcp:project: {PROJECT}\n  coursecloud:lease:\n    starts: 2099-01-04\n")
    assert run(desk, to="2099-02-05") == 0
    assert "(it had no end)" in desk.said[0]


def test_as_it_is_typed(desk: Desk) -> None:
    code, out, err = desk.typed("extend", "--days", "7", answer="y\n")
    assert code == 0, err
    assert "2099-02-05" in out
    code, told = desk.json("extend", "--to", "2099-02-12", "--yes")
    assert (code, told["ends"], told["was"], told["file"]) == (0, "2099-02-12", "2099-02-05", "Pulumi.dev.yaml")
    code, _, err = desk.typed("extend")
    assert (code, "remedy" in err) == (2, True)
    code, _, err = desk.typed("extend", "--days", "many")
    assert code == 2


FILES = {
    "flow": "config: {gcp:project: p, coursecloud:lease: {ends: 2026-12-18, starts: 2026-11-23}} # end\n",
    "quoted": 'config:\n  coursecloud:lease:\n    "ends": "2026-12-18"   # last\n    starts: 2026-11-23\n',
    "short key": "config:\n  lease: {starts: 2026-11-23, ends: 2026-12-18}\n",
    "without": (
        "config:\n  coursecloud:lease:\n    starts: 2026-11-23 # first\n    # a note\n\n"
        "  # of machines\n  coursecloud:machines: {}\n"
    ),
    "without, in braces": "config:\n  coursecloud:lease: {starts: 2026-11-23}\n  gcp:zone: z\n",
    "no lease": "config:\n  gcp:project: p # mine\n\n# the end\n",
    "no lease, in braces": "config: {gcp:project: p}\n",
    "empty lease": "config:\n  coursecloud:lease:\n  gcp:project: p\n",
    "nothing": "",
    "config alone": "config:\n",
    "windows": "config:\r\n  coursecloud:lease:\r\n    starts: 2026-11-23\r\n    ends: 2026-12-18\r\n",
    "no last line end": "config:\n  coursecloud:lease:\n    starts: 2026-11-23",
    "list below": (
        "config:\n  coursecloud:lease:\n    workingHours:\n      days:\n      - mon\n      - tue\n"
        "  gcp:zone: z\n"
    ),
    "empty value": "config:\n  coursecloud:lease:\n    ends:\n    starts: 2026-11-23\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_way_in_which_a_file_may_be_written(name: str) -> None:
    before = FILES[name]
    after = edited.with_value(before, "coursecloud:lease", "ends", "2027-01-31")
    old: dict[str, Any] = yaml.load(before, yaml.BaseLoader) or {}  # noqa: S506
    new: dict[str, Any] = yaml.load(after, yaml.BaseLoader)  # noqa: S506
    config: dict[str, Any] = new["config"]
    lease: dict[str, Any] = config.get("coursecloud:lease") or config["lease"]
    assert lease["ends"] == "2027-01-31"
    rest: dict[str, Any] = old.get("config") or {}
    assert {k: v for k, v in config.items() if "lease" not in k} == {k: v for k, v in rest.items() if "lease" not in k}
    held: dict[str, Any] = rest.get("coursecloud:lease") or rest.get("lease") or {}
    assert {k: v for k, v in lease.items() if k != "ends"} == {k: v for k, v in held.items() if k != "ends"}
    assert [line for line in before.splitlines() if "#" in line and "ends" not in line] == [
        line for line in after.splitlines() if "#" in line and "ends" not in line
    ]
    assert ("\r\n" in before) == ("\r\n" in after)
    assert after.replace("\r\n", "").count("\r") == 0


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  coursecloud:lease: &x\n    ends: 2026-12-18\n  other: *x\n",
        "x: &x {ends: 2026-12-18}\nconfig:\n  coursecloud:lease: *x\n",
        "config:\n  coursecloud:lease:\n    ends: >\n      2026-12-18\n",
        "config:\n  coursecloud:lease: soon\n",
        "config: [\n",
    ],
)
def test_what_cannot_be_edited_without_more_changing_is_refused(text: str) -> None:
    with pytest.raises(edited.EditError):
        edited.with_value(text, "coursecloud:lease", "ends", "2027-01-31")


COMMENTS = st.sampled_from(["", " # note", "\n    # below"])


@given(st.permutations(["starts: 2026-11-23", "ends: 2026-12-18", "graceDays: 30", "credit: {amount: 5}"]), st.lists(COMMENTS, min_size=4, max_size=4))  # fmt: skip # noqa: E501
def test_in_any_order_and_with_any_comments_only_the_value_changes(keys: list[str], comments: list[str]) -> None:
    lines = [f"    {key}{comment}" for key, comment in zip(keys, comments, strict=True)]
    text = "config:\n  coursecloud:lease:\n" + "\n".join(lines) + "\n  gcp:zone: z\n"
    assert edited.with_value(text, "coursecloud:lease", "ends", "2027-01-31") == text.replace(
        "2026-12-18", "2027-01-31"
    )
