"""What a plan means for a person comes first in every form: the credit's day, what to do before, data, rules."""

import dataclasses
import datetime
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner, Result

from coursecloud import cost
from coursecloud.cli import render
from coursecloud.cli.application import app
from coursecloud.cost import credit
from coursecloud.cost.model import Estimate
from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from coursecloud.policy import consequence
from coursecloud.policy.consequence import Kind
from infra.settings.lease import Credit
from tests.project import ROOT

TODAY = datetime.date(2026, 11, 24)
ENDS = datetime.date(2026, 12, 18)


@pytest.fixture(scope="module")
def gpu() -> Plan:
    return planning.make("gpu", ROOT / "Pulumi.gpu.yaml", ROOT)


def with_credit(plan: Plan, amount: float, currency: str = "USD", **lease: object) -> Plan:
    changed = plan.settings.lease.model_copy(update={"credit": Credit(amount=amount, currency=currency), **lease})
    return dataclasses.replace(plan, settings=plan.settings.model_copy(update={"lease": changed}))


def ending(estimate: Estimate, gone: datetime.date, **more: object) -> Estimate:
    planned = dataclasses.replace(estimate.planned, gone=gone, before_end=gone <= ENDS)
    return dataclasses.replace(estimate, planned=planned, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("2026-12-09", "ends on 2026-12-09, 9 days before the lease does (2026-12-18)"),
        ("2026-12-17", "ends on 2026-12-17, 1 day before the lease does (2026-12-18)"),
        ("2026-12-18", "ends on 2026-12-18, the last day of the lease"),
    ],
)
def test_a_credit_that_ends_too_early_says_the_day_how_early_and_because_of_what(
    gpu: Plan, gone: str, said: str
) -> None:
    estimate = ending(cost.estimate(gpu), datetime.date.fromisoformat(gone))
    most = "`trainer` (1 T4, Spot) takes 83% of what is planned, 1.58 USD a day"
    assert credit.sentence(estimate) == f"the credit of 50 USD {said}; {most}"
    assert credit.verdict(estimate) is credit.Verdict.ENDS


def test_a_credit_that_lasts_says_how_much_of_it_is_spent(gpu: Plan) -> None:
    estimate = cost.estimate(with_credit(gpu, 1000))
    assert estimate.lease_total
    assert credit.sentence(estimate).startswith(
        f"the credit of 1000 USD lasts: {estimate.lease_total:.2f} USD are spent when the lease ends (2026-12-18); "
    )


def test_a_credit_in_another_currency_is_told_in_it(gpu: Plan) -> None:
    estimate = cost.estimate(with_credit(gpu, 10_000, "DKK"))
    assert estimate.lease_total
    assert estimate.rate
    spent = estimate.lease_total / estimate.rate.usd
    assert f"lasts: {spent:.2f} DKK are spent" in credit.sentence(estimate)
    assert "USD" not in credit.sentence(estimate)


def test_an_unknown_price_is_never_a_credit_that_lasts(gpu: Plan) -> None:
    estimate = dataclasses.replace(
        cost.estimate(with_credit(gpu, 1000)), unknown=("box: no price", "b: none", "c: none")
    )
    assert credit.verdict(estimate) is credit.Verdict.UNKNOWN
    said = credit.sentence(estimate)
    assert said.startswith(
        "nobody can say whether the credit of 1000 USD lasts to 2026-12-18: `box: no price`; `b: none`; and 1 "
    )
    early = ending(estimate, datetime.date(2026, 12, 9))
    assert "ends on 2026-12-09 at the latest" in credit.sentence(early)
    assert consequence.of_credit(estimate).grave
    assert consequence.of_credit(early).grave


def test_without_a_rate_nobody_can_say(gpu: Plan) -> None:
    estimate = dataclasses.replace(cost.estimate(gpu), rate=None, currency="KRW")
    assert credit.verdict(estimate) is credit.Verdict.UNKNOWN
    assert "no rate for KRW; add `usdRate`" in credit.sentence(estimate)


def test_a_lease_without_an_end_is_said_to_have_none(gpu: Plan) -> None:
    estimate = cost.estimate(with_credit(gpu, 50, starts=None, ends=None))
    assert credit.verdict(estimate) is credit.Verdict.OPEN
    assert re.search(r"lasts \d+ days as planned; the lease has no end to hold that against", credit.sentence(estimate))
    assert [consequence.of_credit(of).grave for of in (estimate, cost.estimate(with_credit(gpu, 5, ends=None)))] == [
        False,
        True,
    ]
    unsure = dataclasses.replace(estimate, unknown=("box: no price",))
    assert credit.sentence(unsure) == "nobody can say how long the credit of 50 USD lasts: `box: no price`"
    assert consequence.of_credit(unsure).grave


def test_the_largest_share_is_that_of_all_lines_of_a_resource(gpu: Plan) -> None:
    found = cost.estimate(gpu).cause
    assert found
    items = [item for item in cost.estimate(gpu).items if item.name == "trainer"]
    assert credit.largest(found) == "trainer"
    assert (
        found.share
        == sum((item.due.per_day or Decimal(0) for item in items), Decimal(0)) / cost.estimate(gpu).due.per_day
    )


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "NO_COLOR": ""})


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def test_what_has_to_be_done_first_is_the_first_line_of_a_plan_and_a_check_and_the_next_step_the_last() -> None:
    for command in ("plan", "check"):
        shown = lines(run(command, "--stack", "dev").output)
        assert shown[0].startswith(
            "first   Write your project's id into Pulumi.dev.yaml: example-project-id is an example"
        )
        assert any(line.startswith("credit  The credit of 50 USD lasts") for line in shown[:4])
    last = lines(run("plan", "--stack", "dev").output)[-1]
    assert last.startswith(
        "next  do the lines above, then `make up`: it shows what it would do, and asks before it does it. "
    )
    assert "`coursecloud commands --stack dev` has every command to paste" in last


def test_every_command_begins_with_the_credit_that_ends_too_early(tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.gpu.yaml").read_text(encoding="utf-8").replace("example-project-id", "some-project-1")
    (tmp_path / "Pulumi.gpu.yaml").write_text(
        text.replace("timeZone:", "credit: {amount: 20}\n    timeZone:").replace("trainer: 6", "trainer: 10"),
        encoding="utf-8",
    )
    for command in ("plan", "cost", "check"):
        asked = run(command, "--stack", "gpu", "--folder", str(tmp_path))
        first = lines(asked.output)[0]
        assert re.search(r"The credit of 20 USD ends on 2026-1\d-\d\d, \d+ days before the lease does", first), command
        assert "`trainer` (1 T4, Spot) takes" in first
        assert asked.exit_code == (3 if command == "check" else 0)
        form = json.loads(run(command, "--stack", "gpu", "--folder", str(tmp_path), "--json").output)
        form = form["stacks"][0] if command == "check" else form
        (told,) = [each for each in form["consequences"] if each["kind"] == "credit"]
        assert told["grave"] is True
        assert "ends on 2026-1" in told["text"]
        assert form["headline"] == form["consequences"][0]["text"]


def test_what_a_person_has_to_act_on_comes_first(gpu: Plan) -> None:
    poor = with_credit(gpu, 5)
    found = consequence.of_plan(poor, cost.estimate(poor), datetime.date(2027, 6, 1))
    assert [(each.kind, each.grave) for each in found] == [
        (Kind.OVER, True), (Kind.CREDIT, True), (Kind.FIRST, True), (Kind.DATA, False),
    ]  # fmt: skip


def test_the_data_line_says_what_an_evening_keeps_and_deletes(gpu: Plan) -> None:
    def said(*kept: str) -> str:
        resources = tuple(dataclasses.replace(each, protect=each.name in kept or "*" in kept) for each in gpu.resources)
        plan = dataclasses.replace(gpu, resources=resources)
        (data,) = (e for e in consequence.of_plan(plan, cost.estimate(plan), TODAY) if e.kind is Kind.DATA)
        return data.text

    assert said("*") == "`make down` in the evening keeps all data; `make finish` at the end deletes it"
    assert said().startswith("`make down` in the evening deletes all data, after asking: it is in ")
    assert said("data").startswith("`make down` in the evening keeps data, and deletes what is in ")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_plan_fits_the_screen(gpu: Plan, columns: int) -> None:
    screen = render.console()
    screen.width = columns
    with screen.capture() as capture:
        screen.print(render.full(gpu, TODAY), Text("end"))
    assert max(map(len, capture.get().splitlines())) <= columns


def test_nothing_of_a_plan_speaks_of_the_real_run(gpu: Plan) -> None:
    screen = render.console()
    screen.width = 300
    with screen.capture() as capture:
        screen.print(render.full(gpu, TODAY))
    said = capture.get()
    assert "real run" not in said
    assert "; Google gives 1 value at `make up`" in said
    assert "`coursecloud check` refuses what costs more than 2 USD an hour with everything on (`maxPerHour`)" in said
