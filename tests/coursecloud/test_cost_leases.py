"""What leases cost, against a count by hand, day by day, that stands in `data/leases.yaml`."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from coursecloud import cost
from coursecloud.cost import Estimate, prices, spot
from tests.coursecloud.costs import planned

LEASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "leases.yaml").read_text(encoding="utf-8"))
WITHIN = 0.001
"""The table that was worked with by hand has six digits."""
NAMES = pytest.mark.parametrize("name", LEASES)


def by_hand(name: str) -> float:
    return sum(count * usd for _, count, usd in LEASES[name]["rows"])


def made(name: str) -> Estimate:
    return cost.estimate(planned(LEASES[name]["config"]))


def near(found: Decimal | None, expected: float, within: float = WITHIN) -> bool:
    return found is not None and abs(float(found) / expected - 1) <= within


@NAMES
def test_a_lease_costs_what_its_days_do(name: str) -> None:
    estimate = made(name)
    assert estimate.unknown == ()
    assert near(estimate.lease_total, by_hand(name)), (estimate.lease_total, by_hand(name))
    assert near(sum((day.planned for day in estimate.days), Decimal(0)), by_hand(name))


@pytest.mark.parametrize("name", [name for name in LEASES if "said" in LEASES[name]])
def test_a_lease_costs_what_others_counted(name: str) -> None:
    assert near(made(name).lease_total, LEASES[name]["said"], 0.01)


@pytest.mark.parametrize("name", [name for name in LEASES if "gone" in LEASES[name]])
def test_the_credit_is_gone_on_the_day_that_was_counted(name: str) -> None:
    estimate, lease = made(name), LEASES[name]
    assert estimate.planned.gone == lease["gone"]
    assert estimate.planned.before_end is True
    assert estimate.days_short == lease["short"]
    assert estimate.credit_usd is not None
    assert near(estimate.shortfall, by_hand(name) - float(estimate.credit_usd), 0.01)
    assert estimate.cause is not None
    assert estimate.cause.name == "a"


@pytest.mark.parametrize("name", [name for name in LEASES if "low" in LEASES[name]])
def test_spot_prices_are_a_band(name: str) -> None:
    band, lease = made(name).band, LEASES[name]
    assert band is not None
    assert near(band.lease_low, lease["low"])
    assert near(band.lease_high, lease["high"])
    assert (band.cheap.days or 0) > (made(name).planned.days or 0) > (band.dear.days or 0)


def test_how_far_spot_prices_move_has_its_sources_and_date() -> None:
    table = prices.read(prices.DATA / f"{spot.FILE}.json")
    assert 0 < spot.seen().lowest < 1 < spot.seen().highest
    assert datetime.date.fromisoformat(spot.seen().date)
    assert all(each["title"] and each["url"].startswith("https://") and each["read"] for each in table["source"])


@pytest.mark.parametrize("name", [name for name in LEASES if "low" not in LEASES[name]])
def test_what_is_not_spot_has_no_band(name: str) -> None:
    assert made(name).band is None


def test_each_day_of_a_lease_is_listed_and_working_days_are_marked() -> None:
    days = made("some hours of two days a week, in kroner").days
    assert (days[0].date, days[-1].date) == (datetime.date(2026, 11, 24), datetime.date(2026, 12, 7))
    assert [day.date.day for day in days if day.works] == [26, 30, 3, 7]
