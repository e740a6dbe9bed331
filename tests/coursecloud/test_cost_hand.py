"""What stacks cost, against arithmetic that was done by hand and stands beside each expectation."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from coursecloud import cost
from tests.coursecloud.costs import close, committed, estimated, items, one, planned

HAND: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "costs.yaml").read_text(encoding="utf-8"))
ROUNDING = 1e-5
"""The table that was worked with by hand has six digits."""


@pytest.mark.parametrize("free", ["full", "due"])
@pytest.mark.parametrize("stack", HAND)
def test_a_committed_stack_costs_what_it_costs_by_hand(stack: str, free: str) -> None:
    totals = getattr(cost.estimate(committed(stack)), free)
    expected = HAND[stack][free]
    assert close(totals.per_hour_on, expected["busy"], ROUNDING)
    assert close(totals.per_hour_idle, expected["idle"], ROUNDING)
    assert close(totals.per_hour_down, expected["down"], ROUNDING)
    assert close(totals.per_day, expected["day"], ROUNDING)


@pytest.mark.parametrize("stack", HAND)
def test_the_credit_lasts_as_long_as_by_hand(stack: str) -> None:
    estimate = cost.estimate(committed(stack))
    assert close(estimate.credit_usd, HAND[stack]["credit"], 1e-4)
    assert close(estimate.idle.days, HAND[stack]["days"]["idle"], 0.1)
    assert close(estimate.planned.days, HAND[stack]["days"]["planned"], 0.1)
    assert close(estimate.everything_on.days, HAND[stack]["days"]["busy"], 0.1)
    assert estimate.planned.gone == HAND[stack].get("gone")
    assert estimate.unknown == ()


@pytest.mark.parametrize("stack", HAND)
def test_the_lease_costs_what_it_costs_by_hand(stack: str) -> None:
    estimate, expected = cost.estimate(committed(stack)), HAND[stack]["lease"]
    assert estimate.lease_total is None if expected is None else close(estimate.lease_total, expected, 1e-3)


def test_50_dollars_buy_88_hours_of_a_t4_in_belgium() -> None:
    # .209007 + .35 + 50 * .10 / 730 + .005 = .570856 an hour; 50 / .570856 = 87.6
    plan = planned("""
        coursecloud:machines:
          trainer: {machineType: n1-standard-4, gpu: {model: T4}, onDemandGpu: true, dataDisk: null}
        """)
    hourly = sum((item.due.per_hour_on or Decimal(0) for item in items(cost.estimate(plan), "trainer")), Decimal(0))
    assert close(hourly, 0.570856)
    assert round(50 / hourly) == 88


def test_a_machine_with_its_own_gpu_counts_it_once() -> None:
    # g2-standard-4 in europe-west4: .742916, its L4 in it
    estimate = cost.estimate(
        planned("""
        gcp:region: europe-west4
        coursecloud:machines: {a: {machineType: g2-standard-4, onDemandGpu: true, dataDisk: null}}
        """)
    )
    running = [item for item in items(estimate, "a") if item.unit == "hour" and "address" not in item.what]
    assert [item.what for item in running] == ["g2-standard-4"]
    assert close(running[0].unit_price, 0.742916)


def test_two_gpus_cost_twice_one() -> None:
    estimate = cost.estimate(
        planned("""
        coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {model: T4, count: 2}, spot: true, dataDisk: null}}
        """)
    )
    assert close(one(estimate, "a", "2 T4, Spot").due.per_hour_on, 2 * 0.14)


def test_hours_are_those_of_the_usage_on_working_days() -> None:
    # three days a week of 2 hours: .036858 * 2 * 3/7
    plan = planned("coursecloud:lease: {workingHours: {days: [mon, wed, fri]}}")
    estimate = estimated(plan, machines={"workbench": 2})
    assert close(one(estimate, "workbench", "e2-medium").due.per_day, 0.036858 * 2 * 3 / 7, 1e-5)
    assert estimated(plan, hoursPerDay=2) == estimate


def test_an_evening_down_leaves_only_what_is_kept() -> None:
    # The stack is up 10 hours on 5 of 7 days; the disk is not kept: 20 GB * .10 / 730 * 50/7
    estimate = estimated(committed("dev"), evening="down")
    assert close(one(estimate, "workbench-work").due.per_day, 20 * 0.10 / 730 * 50 / 7)
    # The buckets of stack gpu are: 10 GB * .02 / 730 * 24
    kept = one(estimated(committed("gpu"), evening="down"), "data")
    assert kept.kept
    assert close(kept.due.per_day, 10 * 0.02 / 730 * 24)


def test_free_tiers_are_divided_among_the_groups_of_a_billing_account() -> None:
    # 4 builds of 8 minutes on 20 working days: 640 minutes; 2500 free minutes a month for 500 groups are 5 in each of
    # two months: 630 * .006 / 26 days = .145385
    alone, crowded = (estimated(committed("full"), groupsOnAccount=groups) for groups in (1, 500))
    builds = ("checks", "release", "trainer")
    assert sum(one(alone, name, "builds").due.per_day or 0 for name in builds) == 0
    assert close(sum((one(crowded, name, "builds").due.per_day or Decimal(0) for name in builds), Decimal(0)), 0.145385)
    assert alone.full == crowded.full


def test_the_free_tier_of_logs_is_of_the_project_and_not_divided() -> None:
    # Four weeks in a month: 2 GB on 20 days are 40 of 50 that are free
    assert one(estimated(committed("dev"), groupsOnAccount=500, traffic={"logsGbPerDay": 2}), "logs").due.per_day == 0
    # 3 GB: 60, of which 10 bill: 10 * .50 / 28
    over = one(estimated(committed("dev"), traffic={"logsGbPerDay": 3}), "logs")
    assert close(over.due.per_day, 0.178571)


def test_storage_is_free_for_5_gb_in_the_united_states_only() -> None:
    # 16 GB, 5 free: 11 * .02 / 730 an hour
    american = cost.estimate(planned("gcp:region: us-central1"))
    stored = [one(american, name).due.per_hour_idle or Decimal(0) for name in ("data", "models", "staging")]
    assert close(sum(stored, Decimal(0)), 11 * 0.02 / 730)
    assert one(american, "operations", "reads").due.per_day == 0
    belgian = one(cost.estimate(committed("dev")), "data")
    assert belgian.due == belgian.full


def test_europe_as_a_whole_stores_at_its_own_price() -> None:
    estimate = cost.estimate(planned("coursecloud:storage: {location: EU}"))
    assert close(one(estimate, "data").due.per_hour_idle, 10 * 0.026 / 730)


def test_a_rate_of_the_stack_file_stands_before_the_table() -> None:
    # 700 DKK at .16
    estimate = estimated(committed("full"), usdRate=0.16)
    assert close(estimate.credit_usd, 112.0)
    assert estimate.rate is not None
    assert "usdRate" in estimate.rate.source


def test_a_credit_in_won_is_worth_what_the_day_of_the_table_says() -> None:
    # 67,000 KRW * 1.1172 / 1491.76
    estimate = cost.estimate(planned("coursecloud:lease: {credit: {amount: 67000, currency: KRW}}"))
    assert close(estimate.credit_usd, 50.1772, 1e-4)


def test_the_credit_is_counted_from_the_day_that_is_asked_for() -> None:
    estimate = cost.estimate(committed("gpu"), start=datetime.date(2026, 12, 1))
    # A working day 2.371852, another .388603, .05 free in December: 20 and 8 of them are 50.50 at the end of the 28th
    assert estimate.planned.gone == datetime.date(2026, 12, 28)
    assert estimate.planned.before_end is False
    # 14 and 4 of them to the end of the lease
    assert close(sum((day.planned for day in estimate.days), Decimal(0)), 34.710340, 1e-4)


def test_nothing_is_billed_before_the_lease() -> None:
    early, lease = (cost.estimate(committed("gpu"), start=day) for day in (datetime.date(2026, 11, 1), None))
    assert early == lease


@pytest.mark.parametrize(
    ("stack", "usage", "words"),
    [
        ("dev", {}, "no other project of the billing account"),
        ("dev", {"groupsOnAccount": 40}, "divided among 40 groups"),
        ("dev", {"evening": "down"}, "`make down` is run"),
        ("gpu", {}, "Spot prices change"),
        ("gpu", {}, "Vertex AI asks 1.15 times the Spot price"),
        ("full", {}, "builds from a file in the repository run on e2-standard-2"),
    ],
)
def test_what_is_taken_for_granted_is_said(stack: str, usage: dict[str, Any], words: str) -> None:
    assert any(words in note for note in estimated(committed(stack), **usage).notes)


def test_a_discount_that_is_not_counted_is_said_of_machines_that_get_it() -> None:
    machine = "coursecloud:machines: {{a: {{machineType: {}, spot: {}, dataDisk: null}}}}"
    for kind, spot, said in (
        ("n1-standard-1", "false", True),
        ("n1-standard-1", "true", False),
        ("e2-small", "false", False),
    ):
        notes = cost.estimate(planned(machine.format(kind, spot))).notes
        assert any("sustained-use" in note for note in notes) is said
