"""What holds of every estimate: more use never costs less, nothing is negative, and parts add up."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursecloud import cost
from coursecloud.cost import Estimate
from tests.coursecloud.costs import committed, using
from tests.fuzz import examples

STACKS = ("dev", "gpu", "full")
AMOUNTS = ("per_hour_on", "per_hour_idle", "per_hour_down", "per_day")

_gigabytes = st.floats(0, 1000, allow_nan=False)
_count = st.integers(0, 1_000_000)
_hours = st.floats(0, 24)
SECTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "storage": {
        "dataGb": _gigabytes,
        "modelsGb": _gigabytes,
        "stagingGb": _gigabytes,
        "writesPerDay": _count,
        "readsPerDay": _count,
    },
    "registry": {"dockerGb": _gigabytes, "pythonGb": _gigabytes},
    "secrets": {"versions": st.integers(0, 100), "readsPerDay": _count},
    "builds": {"perDay": st.floats(0, 100), "minutes": st.floats(0, 100)},
    "training": {"hoursPerWeek": st.floats(0, 168), "endpointHoursPerWeek": st.floats(0, 168)},
    "services": {"requestsPerDay": _count, "seconds": st.floats(0, 60)},
    "traffic": {"egressGbPerDay": _gigabytes, "downloadGbPerDay": _gigabytes, "logsGbPerDay": _gigabytes},
}
ALONE: dict[str, st.SearchStrategy[Any]] = {
    "hoursPerDay": _hours,
    "groupsOnAccount": st.integers(1, 1000),
    "evening": st.sampled_from(["down", "stop"]),
}
USAGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={**ALONE, **{name: st.fixed_dictionaries({}, optional=keys) for name, keys in SECTIONS.items()}}
)


def estimate(stack: str, usage: dict[str, Any]) -> Estimate:
    return cost.estimate(using(committed(stack), usage))


@st.composite
def growing(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two usages that differ in one value, the second being more."""
    base = draw(USAGES)
    section = draw(st.sampled_from(["", *SECTIONS]))
    keys = SECTIONS[section] if section else {key: ALONE[key] for key in ("hoursPerDay", "groupsOnAccount")}
    key = draw(st.sampled_from(sorted(keys)))
    less, more = sorted((draw(keys[key]), draw(keys[key])))
    if not section:
        return {**base, key: less}, {**base, key: more}
    inner = base.get(section, {})
    return {**base, section: {**inner, key: less}}, {**base, section: {**inner, key: more}}


@pytest.mark.parametrize("stack", STACKS)
@given(pair=growing())
@settings(deadline=None, max_examples=examples(60))
def test_more_usage_never_costs_less(stack: str, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    less, more = (estimate(stack, usage) for usage in pair)
    tiny = Decimal("1e-15")
    assert more.per_day_planned >= less.per_day_planned - tiny
    assert more.full.per_day >= less.full.per_day - tiny
    assert more.per_hour_idle >= less.per_hour_idle - tiny
    if less.planned.days is not None and more.planned.days is not None:
        assert more.planned.days <= less.planned.days + Decimal("1e-9")


@pytest.mark.parametrize("stack", STACKS)
@given(usage=USAGES)
@settings(deadline=None, max_examples=examples(60))
def test_nothing_is_negative_and_free_tiers_only_take_off(stack: str, usage: dict[str, Any]) -> None:
    for item in estimate(stack, usage).items:
        for amount in AMOUNTS:
            due, full = getattr(item.due, amount), getattr(item.full, amount)
            assert 0 <= due <= full


@pytest.mark.parametrize("stack", STACKS)
@given(usage=USAGES)
@settings(deadline=None, max_examples=examples(40))
def test_totals_are_the_sum_of_their_items(stack: str, usage: dict[str, Any]) -> None:
    made = estimate(stack, usage)
    for amount in AMOUNTS:
        assert getattr(made.due, amount) == sum((getattr(item.due, amount) for item in made.items), Decimal(0))
        assert getattr(made.full, amount) == sum((getattr(item.full, amount) for item in made.items), Decimal(0))


@pytest.mark.parametrize("stack", STACKS)
@given(usage=USAGES)
@settings(deadline=None, max_examples=examples(40))
def test_the_more_is_there_the_more_it_costs(stack: str, usage: dict[str, Any]) -> None:
    due = estimate(stack, usage).due
    assert due.per_hour_down <= due.per_hour_idle <= due.per_hour_on


@pytest.mark.parametrize("stack", STACKS)
@given(usage=USAGES)
@settings(deadline=None, max_examples=examples(40))
def test_going_down_in_the_evening_never_costs_more(stack: str, usage: dict[str, Any]) -> None:
    stop, down = (estimate(stack, {**usage, "evening": evening}) for evening in ("stop", "down"))
    assert down.per_day_planned <= stop.per_day_planned + Decimal("1e-15")


@pytest.mark.parametrize("stack", STACKS)
@given(usage=USAGES)
@settings(deadline=None, max_examples=examples(20))
def test_an_estimate_is_the_same_twice(stack: str, usage: dict[str, Any]) -> None:
    assert estimate(stack, usage) == estimate(stack, usage)
