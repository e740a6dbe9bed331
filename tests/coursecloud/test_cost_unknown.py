"""What nobody knows is said, is never 0, and turns every total into a lower bound."""

import dataclasses
from decimal import Decimal

import pytest

from coursecloud import cost
from coursecloud.cost import Prices, table
from coursecloud.cost.prices import load
from coursecloud.plan import saved
from coursecloud.plan.json_form import to_json
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN
from tests.coursecloud.costs import committed, estimated, one, planned, with_inputs

NEW = "coursecloud:machines: {a: {machineType: z9-standard-4, image: debian, dataDisk: null}}\n"
ALLOWED = NEW + "coursecloud:allow: {machineTypes: [z9-standard-4]}"


def test_a_machine_type_newer_than_the_table_has_no_price() -> None:
    estimate = cost.estimate(planned(ALLOWED))
    item = one(estimate, "a", "z9-standard-4")
    assert (item.unit_price, item.due.per_hour_on, item.due.per_day) == (None, None, None)
    assert item.due.per_hour_idle == 0  # which it costs whatever its price is
    assert estimate.at_least
    assert estimate.unknown == ("a: the table has no machine type z9-standard-4 (coursecloud:prices takes its price)",)


def test_totals_hold_what_is_known() -> None:
    estimate = cost.estimate(planned(ALLOWED))
    known = [item.due.per_hour_on for item in estimate.items if item.due.per_hour_on is not None]
    assert len(known) == len(estimate.items) - 1
    assert estimate.per_hour_on == sum(known, Decimal(0)) > 0


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"zone": "europe-west1-b"}, "a2-highgpu-1g is not offered in europe-west1"),
        ({"zone": "moon-west1-a"}, "a2-highgpu-1g has no known price in moon-west1"),
        ({"machineType": "n9-nothing"}, "no machine type n9-nothing"),
        ({"machineType": UNKNOWN}, "known only to the real run"),
        ({"zone": UNKNOWN}, "known only to the real run"),
        ({"guestAccelerators": [{"type": "nvidia-tesla-v100", "count": UNKNOWN}]}, "how many GPUs"),
        ({"guestAccelerators": [{"type": "nvidia-mystery", "count": 1}]}, "no GPU nvidia-mystery"),
        ({"scratchDisks": [{"size": 375}], "zone": "moon-west1-a"}, "a local SSD in moon-west1 has no known price"),
        ({"bootDisk": {"initializeParams": {"type": "hyperdisk-extreme", "size": 50}}}, "operations a second of a hyp"),
        (
            {"bootDisk": {"initializeParams": {"type": "hyperdisk-ml", "size": 50}}},
            "a hyperdisk-ml disk in europe-west4",
        ),
        ({"bootDisk": {"initializeParams": {"type": "pd-ssd"}}}, "the size of its boot disk"),
        ({"bootDisk": {"initializeParams": {"type": "pd-ssd", "size": -5}}}, "the size of its boot disk"),
        ({"bootDisk": {"initializeParams": {"type": "pd-ssd", "size": 0}}}, "the size of its boot disk"),
        ({"bootDisk": UNKNOWN}, "only the real run knows `bootDisk`, by which it bills"),
        ({"bootDisk": {"initializeParams": UNKNOWN}}, "only the real run knows `bootDisk.initializeParams`"),
        ({"scratchDisks": UNKNOWN}, "only the real run knows `scratchDisks`"),
        ({"networkInterfaces": [UNKNOWN]}, "`networkInterfaces[]`"),
        ({"scheduling": UNKNOWN}, "`scheduling`"),
    ],
)
def test_a_machine_that_cannot_be_priced_says_why(inputs: dict[str, object], reason: str) -> None:
    base = planned("""
        gcp:region: europe-west4
        coursecloud:machines: {a: {machineType: a2-highgpu-1g, onDemandGpu: true, dataDisk: null}}
        """)
    assert not cost.estimate(base).at_least
    estimate = cost.estimate(with_inputs(base, "a", **inputs))
    assert any(reason in each for each in estimate.unknown)
    unknown = [item for item in estimate.items if item.name == "a" and item.due.per_hour_on is None]
    assert unknown
    assert all(item.due.per_day is None for item in unknown)


@pytest.mark.parametrize(
    ("name", "inputs", "reason"),
    [
        ("demo", {"template": {"containers": [{"resources": UNKNOWN}]}}, "`template.containers[].resources`"),
        ("demo", {"template": UNKNOWN}, "`template`"),
        ("trainer", {"build": UNKNOWN}, "`build`"),
    ],
)
def test_what_only_the_real_run_knows_of_other_types_is_never_what_holds_unless_given(
    name: str, inputs: dict[str, object], reason: str
) -> None:
    estimate = cost.estimate(with_inputs(committed("full"), name, **inputs))
    assert any(f"only the real run knows {reason}" in each for each in estimate.unknown), estimate.unknown


def test_an_address_that_only_the_real_run_knows_has_a_price() -> None:
    base = planned("coursecloud:machines: {a: {machineType: e2-small, dataDisk: null}}")
    interfaces = [{"accessConfigs": [{"natIp": UNKNOWN}]}]
    assert cost.estimate(with_inputs(base, "a", networkInterfaces=interfaces)).unknown == ()


def test_a_gpu_is_refused_in_a_region_that_has_none() -> None:
    base = planned("coursecloud:machines: {a: {machineType: n1-standard-4, dataDisk: null}}")
    estimate = cost.estimate(with_inputs(base, "a", guestAccelerators=[{"type": "nvidia-tesla-v100", "count": 1}]))
    assert estimate.unknown == ("a: nvidia-tesla-v100 is not offered in europe-west1",)


def test_a_zone_that_somebody_looked_up_is_not_refused() -> None:
    base = planned("""
        coursecloud:machines: {a: {machineType: g2-standard-4, onDemandGpu: true, zone: europe-west1-b, dataDisk: null}}
        coursecloud:allow: {zones: [europe-west1-b]}
        """)
    assert not cost.estimate(base).at_least


@pytest.mark.parametrize(
    ("stack", "name", "inputs", "reason"),
    [
        ("dev", "data", {"location": "MARS-NORTH1"}, "Cloud Storage in MARS-NORTH1"),
        ("dev", "data", {"location": UNKNOWN}, "Cloud Storage in ?"),
        ("dev", "data", {"storageClass": "ARCHIVE"}, "storage class ARCHIVE"),
        ("dev", "docker", {"format": "MAVEN"}, "nobody said how much"),
        ("dev", "workbench-work", {"size": UNKNOWN}, "size of its disk"),
        ("full", "trainer", {"build": {"options": {"machineType": "E2_HIGHCPU_9"}}}, "a build on e2-highcpu-9"),
        ("full", "demo", {"location": "moon-west1"}, "Cloud Run has no known price in moon-west1"),
        ("full", "demo", {"template": {"scaling": {"minInstanceCount": UNKNOWN}}}, "real run"),
        (
            "full",
            "demo",
            {"template": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "1"}}}]}},
            "a GPU of",
        ),
        ("full", "demo", {"template": {"containers": [{"resources": {"limits": {"cpu": "x"}}}]}}, "real run"),
        ("full", "demo", {"template": {"scaling": {"maxInstanceCount": UNKNOWN}}}, "real run"),
        ("full", "nat-europe-west4", {"region": "moon-west1"}, "moon-west1"),
    ],
)
def test_what_cannot_be_priced_is_listed(stack: str, name: str, inputs: dict[str, object], reason: str) -> None:
    estimate = cost.estimate(with_inputs(committed(stack), name, **inputs))
    assert any(reason in each for each in estimate.unknown), estimate.unknown


def test_a_type_that_nobody_described_is_unknown() -> None:
    plan = committed("dev")
    bucket = next(resource for resource in plan.resources if resource.name == "data")
    strange = dataclasses.replace(bucket, type="gcp:spanner/instance:Instance", name="strange", urn=bucket.urn + "-2")
    estimate = cost.estimate(dataclasses.replace(plan, resources=(*plan.resources, strange)))
    assert estimate.unknown == (
        "strange: nobody has described what spanner.Instance costs (coursecloud:prices takes a price)",
    )


def test_a_bucket_of_another_name_has_no_known_contents() -> None:
    plan = committed("dev")
    bucket = next(resource for resource in plan.resources if resource.name == "data")
    other = dataclasses.replace(bucket, name="extra", urn=bucket.urn + "-2")
    estimate = cost.estimate(dataclasses.replace(plan, resources=(*plan.resources, other)))
    assert estimate.unknown == ("extra: nobody said how much lies in this bucket",)


def test_what_is_kept_and_has_no_price_is_named_after_an_evening() -> None:
    estimate = cost.estimate(with_inputs(committed("gpu"), "data", location="MARS-NORTH1"))
    # 5 of the 15 GB that are kept, .0005 less an hour of the .008562 that all costs: .1989 a day
    assert table.after_down(estimate) == "0.1989 USD a day and what data costs, which is not known"
    assert table.after_down(cost.estimate(committed("dev"))) == "nothing"


def without_rates() -> Prices:
    prices = load()
    return dataclasses.replace(prices, currencies={**prices.currencies, "perEuro": {"EUR": 1, "USD": Decimal("1.1")}})


def test_without_a_rate_amounts_stay_in_dollars_and_days_are_unknown() -> None:
    estimate = cost.estimate(committed("full"), without_rates())
    assert (estimate.rate, estimate.credit_usd, estimate.planned.days, estimate.planned.gone) == (None,) * 4
    assert estimate.per_day_planned > 3
    assert estimate.in_credit_currency(Decimal(1)) is None
    assert any("usdRate" in line for line in table.short(estimate))


def test_a_price_list_without_services_makes_them_unknown() -> None:
    prices = load()
    empty = dataclasses.replace(prices, services={**prices.services, "prices": {}})
    estimate = cost.estimate(committed("full"), empty)
    for name in ("docker", "WANDB_API_KEY", "operations", "logs", "backend", "checks"):
        assert all(item.due.per_day is None for item in estimate.items if item.name == name)
        assert any(name in reason for reason in estimate.unknown)


def test_nothing_runs_and_nothing_is_kept_costs_nothing_for_ever() -> None:
    plan = committed("dev")
    empty = cost.of_resources((), plan.settings)
    assert (empty.items, empty.per_day_planned, empty.unknown) == ((), 0, ())
    assert (empty.planned.never, empty.planned.days) == (True, None)
    assert table.days(empty.planned, empty) == "for ever"


def test_a_saved_plan_costs_what_the_plan_costs() -> None:
    plan = committed("full")
    assert cost.estimate(saved.read(to_json(plan))) == cost.estimate(plan)


def test_a_plan_that_was_saved_before_there_was_a_usage_section_is_priced() -> None:
    form = to_json(committed("dev"))  # whose stack file has no such section
    del form["settings"]["usage"]
    assert cost.estimate(saved.read(form)) == cost.estimate(committed("dev"))


def test_components_are_not_needed_among_the_resources() -> None:
    plan: Plan = committed("full")
    assert cost.of_resources(plan.custom, plan.settings) == cost.estimate(plan)


def test_what_nobody_means_to_use_is_not_running_when_everything_is() -> None:
    estimate = estimated(committed("full"), training={"hoursPerWeek": 0, "endpointHoursPerWeek": 0})
    assert [item.due.per_hour_on for item in estimate.items if item.component == "training"] == [0, 0, 0]
