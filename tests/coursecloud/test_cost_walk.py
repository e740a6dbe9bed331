"""What holds of every walk over days: it adds up, however it is cut, and more never costs less."""

import datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from coursecloud import cost
from coursecloud.cost import walk
from coursecloud.cost.walk import DayRates, Load, Walk
from tests.coursecloud.costs import committed, planned, using
from tests.fuzz import examples

TINY = Decimal("1e-15")
FREE = {"builds": Decimal(2500), "images": Decimal("0.5")}

_amount = st.decimals(0, 1000, places=3)
_pair = st.tuples(_amount, _amount)
LOADS = st.lists(st.builds(Load, usd=_pair, units=_pair, tier=st.sampled_from([None, *FREE])), min_size=1, max_size=6)
WORKING = st.sets(st.integers(0, 6), min_size=1)
DAYS = st.dates(datetime.date(2024, 1, 1), datetime.date(2030, 12, 31))
LENGTH = st.integers(1, 100)
Spend = tuple[list[Load], set[int], datetime.date, int]
SPENDS = st.tuples(LOADS, WORKING, DAYS, LENGTH)


def dates(first: datetime.date, length: int) -> list[datetime.date]:
    return [first + datetime.timedelta(days=number) for number in range(length)]


@given(spend=SPENDS, place=st.floats(0, 1))
@settings(deadline=None, max_examples=examples(100))
def test_a_lease_that_is_cut_in_two_costs_as_much(spend: Spend, place: float) -> None:
    loads, working, first, length = spend
    rates, cut = DayRates(loads, working, FREE), round(place * (length - 1)) + 1
    whole, one = Walk(rates), Walk(rates)
    days = dates(first, length)
    costs = [whole.take(day) for day in days]
    before = [one.take(day) for day in days[:cut]]
    same_month = cut < length and days[cut].month == days[cut - 1].month
    other = Walk(rates, one.used() if same_month else None)
    assert before + [other.take(day) for day in days[cut:]] == costs


@given(spend=SPENDS)
@settings(deadline=None, max_examples=examples(100))
def test_the_days_are_the_sum_of_their_loads(spend: Spend) -> None:
    loads, working, first, length = spend
    taken = Walk(DayRates(loads, working, FREE))
    total = sum((taken.take(day) for day in dates(first, length)), Decimal(0))
    assert abs(total - sum((taken.billed(load) for load in loads), Decimal(0))) <= TINY * max(1, total)
    for load in loads:
        assert 0 <= taken.billed(load) <= taken.full(load) + TINY * max(1, taken.full(load))


@given(spend=SPENDS)
@settings(deadline=None, max_examples=examples(100))
def test_a_month_has_what_is_free_once_and_no_more(spend: Spend) -> None:
    """One load that costs 1 a unit: each month bills what it uses above its tier."""
    loads, working, first, length = spend
    units = loads[0].units
    taken = Walk(DayRates([Load(units, units, "builds")], working, FREE))
    by_month: dict[tuple[int, int], Decimal] = {}
    total = Decimal(0)
    for day in dates(first, length):
        total += taken.take(day)
        month = day.year, day.month
        by_month[month] = by_month.get(month, Decimal(0)) + units[day.weekday() in working]
    expected = sum((max(Decimal(0), used - FREE["builds"]) for used in by_month.values()), Decimal(0))
    assert abs(total - expected) <= Decimal("1e-12") * max(1, expected)


@given(spend=SPENDS, more=st.decimals(0, 10, places=2), which=st.integers(0, 5))
@settings(deadline=None, max_examples=examples(100))
def test_more_of_anything_never_costs_less(spend: Spend, more: Decimal, which: int) -> None:
    loads, working, first, length = spend
    load = loads[which % len(loads)]
    grown = Load((load.usd[0] * (1 + more), load.usd[1] * (1 + more)),
                 (load.units[0] * (1 + more), load.units[1] * (1 + more)), load.tier)  # fmt: skip
    dearer = [grown if each is load else each for each in loads]
    less, much = (Walk(DayRates(each, working, FREE)) for each in (loads, dearer))
    was, will = (sum((each.take(day) for day in dates(first, length)), Decimal(0)) for each in (less, much))
    assert will >= was - TINY * max(1, was)


@given(spend=SPENDS, money=st.decimals("0.01", 100_000, places=2))
@settings(deadline=None, max_examples=examples(100))
def test_money_is_gone_where_a_walk_from_day_to_day_says_so(spend: Spend, money: Decimal) -> None:
    loads, working, first, _ = spend
    rates = DayRates(loads, working, FREE)
    days, slow, left = walk.until(Walk(rates), first, money), Walk(rates), money
    for number in range(3000):
        usd = slow.take(first + datetime.timedelta(days=number))
        if usd > left:
            assert days is not None
            assert abs(days - (number + left / usd)) < Decimal("1e-9")
            return
        left -= usd
    assert days is None or days >= 3000


def test_money_that_lasts_for_centuries_is_counted_by_what_28_years_cost() -> None:
    rates = DayRates([Load((Decimal(0), Decimal(1)))], {0}, {})
    days = walk.until(Walk(rates), datetime.date(2026, 11, 23), Decimal(100_000))
    # A Monday each: 100,000 weeks
    assert days is not None
    assert abs(days / 7 / 100_000 - 1) < Decimal("0.001")


LEASE = "coursecloud:lease: {{starts: {}, ends: {}}}"


@given(
    first=st.dates(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)), length=st.integers(2, 60), data=st.data()
)
@settings(deadline=None, max_examples=examples(20))
def test_two_leases_one_after_the_other_cost_what_one_does(
    first: datetime.date, length: int, data: st.DataObject
) -> None:
    """Where the second begins with a month, so that it has all that is free in it."""
    plan = committed("gpu")
    last = first + datetime.timedelta(days=length)
    months = [day for day in dates(first, length + 1) if day.day == 1 and day > first]
    if not months:
        return
    cut = data.draw(st.sampled_from(months))

    def lease(starts: datetime.date, ends: datetime.date) -> Decimal:
        changed = plan.settings.lease.model_copy(update={"starts": starts, "ends": ends})
        settings = plan.settings.model_copy(update={"lease": changed})
        return cost.of_resources(plan.resources, settings).lease_total or Decimal(0)

    parts = lease(first, cut - datetime.timedelta(days=1)) + lease(cut, last)
    assert abs(parts - lease(first, last)) < TINY * 1000


@given(hours=st.tuples(st.floats(0, 24), st.floats(0, 24)), first=st.integers(1, 28))
@settings(deadline=None, max_examples=examples(30))
def test_more_hours_never_cost_less_and_last_no_longer(hours: tuple[float, float], first: int) -> None:
    plan = planned(LEASE.format(f"2026-11-{first:02}", "2026-12-18"))
    less, more = (cost.estimate(using(plan, {"hoursPerDay": each})) for each in sorted(hours))
    assert (more.lease_total or 0) >= (less.lease_total or 0) - TINY
    assert (more.planned.days or 0) <= (less.planned.days or 0) + TINY


def test_an_unknown_price_is_never_nothing_on_any_day() -> None:
    new = (
        LEASE.format("2026-11-23", "2026-11-27")
        + """
coursecloud:machines: {a: {machineType: z9-standard-4, image: debian, dataDisk: null}}
coursecloud:allow: {machineTypes: [z9-standard-4]}"""
    )
    estimate = cost.estimate(planned(new))
    (item,) = (each for each in estimate.items if "z9" in each.what)
    assert item.due.per_day is None
    assert estimate.at_least


def test_ten_years_are_counted_in_no_time() -> None:
    estimate = cost.estimate(planned(LEASE.format("2026-11-23", "2036-11-23")))
    assert len(estimate.days) == 3654


def test_a_day_in_the_middle_of_a_month_carries_what_was_used_before() -> None:
    """800 minutes a working day of December: 2500 are used up on the fourth of them, so from the 8th on all bill."""
    config = (
        LEASE.format("2026-12-01", "2026-12-18")
        + """
coursecloud:builds:
  repository: {owner: some, name: thing}
  triggers: {main: {branch: ^main$, dockerfile: Dockerfile}}
coursecloud:usage: {builds: {perDay: 100, minutes: 8}}"""
    )
    plan = planned(config)
    whole, rest = (cost.estimate(plan, start=start) for start in (None, datetime.date(2026, 12, 8)))
    assert whole.days[-len(rest.days) :] == rest.days
    assert whole.lease_total == rest.lease_total
