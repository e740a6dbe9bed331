"""The table of `course plan`: whose credit ends soonest stands first, in the currency that the group knows."""

import io
from typing import Any

from rich.console import Console

from coursecloud.cli.commands.course import tables


def _row(stack: str, ends: str | None, **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "stack": stack, "resources": 38, "kept": 4, "machines": 1, "gpus": 0, "perHourOn": 0.25, "planned": 12.5,
        "credit": 350.0, "currency": "DKK", "usdRate": 0.125, "creditEnds": ends, "broken": [], "mistakes": 0,
    }  # fmt: skip
    return said | more


def _lines(*rows: dict[str, Any]) -> list[str]:
    written = io.StringIO()
    Console(file=written, width=120).print(tables.planned(rows))
    return written.getvalue().splitlines()[1:]


def test_whose_credit_ends_soonest_stands_first_behind_what_cannot_be_counted() -> None:
    wrong = _row("d", None, mistakes=2)
    said = _lines(_row("a", "2027-03-15"), _row("b", None), _row("c", "2026-12-21"), wrong)
    assert [line.split()[0] for line in said] == ["d", "c", "a", "b"]


def test_money_is_in_the_currency_of_the_credit_and_in_dollars_where_nobody_knows_its_worth() -> None:
    (own,) = _lines(_row("a", None))
    assert "2.00 DKK" in own
    assert "100.00 DKK" in own
    (unknown,) = _lines(_row("a", None, usdRate=None))
    assert "$0.25" in unknown
    assert "$12.50" in unknown
