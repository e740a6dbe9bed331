"""Cloud Run in its ways of billing, wide buckets, TPUs and traffic between regions: worked out by hand."""

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from catalog import tables
from coursecloud import cost
from coursecloud.cost import between, table
from coursecloud.cost.prices import Unknown, load
from tests.coursecloud.costs import close, committed, items, one, planned, with_inputs

HOUR = 3600


def service(region: str = "europe-west4", *, idle: bool | None = None, **scaling: int) -> list[cost.Item]:
    resources: dict[str, Any] = {"limits": {"cpu": "1", "memory": "1Gi"}}
    if idle is not None:
        resources["cpuIdle"] = idle
    template = {"containers": [{"resources": resources}], "scaling": {"maxInstanceCount": 2, **scaling}}
    return items(cost.estimate(with_inputs(committed("full"), "demo", location=region, template=template)), "demo")


def test_cloud_run_costs_more_in_the_regions_of_the_second_tier() -> None:
    cpu, memory, requests = service("europe-west2")
    assert (cpu.unit_price, memory.unit_price) == (Decimal("0.0000336"), Decimal("0.0000035"))
    assert requests.unit_price == Decimal("0.0000004")
    first = service()
    assert (first[0].unit_price, first[1].unit_price) == (Decimal("0.000024"), Decimal("0.0000025"))


def test_every_container_of_an_instance_bills_and_no_most_is_googles_hundred() -> None:
    def with_(*sidecars: dict[str, Any], most: int = 2) -> cost.Estimate:
        containers = [{"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}, *sidecars]
        template = {"containers": containers, "scaling": {"maxInstanceCount": most}}
        return cost.estimate(with_inputs(committed("full"), "demo", location="europe-west4", template=template))

    def cpu(found: cost.Estimate) -> Decimal:
        return sum((item.full.per_hour_on or Decimal(0) for item in items(found, "demo", "vCPU")), Decimal(0))

    sidecar = {"resources": {"limits": {"cpu": "3", "memory": "1Gi"}}}
    assert close(cpu(with_()) * 4, float(cpu(with_(sidecar))))
    assert close(cpu(with_()) * 50, float(cpu(with_(most=0))))
    gpu = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
    assert any("GPU of Cloud Run" in each for each in with_(gpu).unknown)
    always = {"resources": {"limits": {"cpu": "1"}, "cpuIdle": False}}
    assert items(with_(always), "demo", "while an instance is there")


def test_each_external_address_bills() -> None:
    base = planned("coursecloud:machines: {a: {machineType: e2-small, dataDisk: null}}")
    one_, two = (
        cost.estimate(with_inputs(base, "a", networkInterfaces=[{"accessConfigs": [{}]}] * count)) for count in (1, 2)
    )
    price = one(one_, "a", "external address").unit_price
    assert price
    assert one(two, "a", "2 external addresses").unit_price == 2 * price


@pytest.mark.parametrize(("region", "usd"), [("europe-west4", 0.0000025), ("europe-west2", 0.0000035)])
def test_an_instance_that_waits_bills_less_day_and_night(region: str, usd: float) -> None:
    waiting = [item for item in service(region, minInstanceCount=2) if "wait" in item.what]
    assert len(waiting) == 2
    assert all(close(item.full.per_hour_idle, 2 * HOUR * usd) for item in waiting)
    assert not [item for item in service(region) if "wait" in item.what]


def test_an_instance_that_bills_while_it_is_there_is_there_in_the_working_hours() -> None:
    cpu, memory = service(idle=False)
    # full: Monday to Friday, 8 hours
    assert close(cpu.full.per_hour_on, 2 * HOUR * 0.000018)
    assert close(cpu.full.per_hour_idle, 0)
    assert cpu.quantity
    assert close(memory.unit_price, 0.000002, 1e-12)


def test_an_instance_that_is_always_there_bills_always() -> None:
    always, more = (item for item in service(idle=False, minInstanceCount=1) if "vCPU" in item.what)
    assert close(always.full.per_hour_idle, HOUR * 0.000018)
    assert close(always.full.per_day, 24 * HOUR * 0.000018, 1e-5)
    assert close(more.full.per_hour_on, HOUR * 0.000018)
    assert close(more.full.per_day, 0)


def test_writing_to_a_bucket_of_several_regions_costs_twice_as_much() -> None:
    plan = committed("dev")
    for name in ("models", "staging"):
        plan = with_inputs(plan, name, location="EU")
    estimate = cost.estimate(plan)
    one_region, wide = items(estimate, "operations", "object writes")
    assert (one_region.unit_price, wide.unit_price) == (Decimal("0.000005"), Decimal("0.00001"))
    assert one_region.quantity
    assert wide.quantity
    assert close(wide.quantity / one_region.quantity, 2)  # two of three buckets


@pytest.mark.parametrize(
    ("kind", "zone", "usd"),
    [("v5litepod-4", "europe-west4-b", 4 * 1.56), ("v6e-1", "us-central1-a", 2.7), ("v2-8", "europe-west4-a", None)],
)
def test_a_tpu_bills_by_its_chips_day_and_night(kind: str, zone: str, usd: float | None) -> None:
    inputs = {"acceleratorType": kind, "zone": zone}
    (found,) = items(cost.estimate(_as_tpu(inputs)), "workbench")
    assert (found.due.per_hour_idle is None) if usd is None else close(found.due.per_hour_idle, usd)


def _as_tpu(inputs: dict[str, Any]) -> Any:
    plan = committed("dev")
    made = tuple(
        dataclasses.replace(each, type="gcp:tpu/v2Vm:V2Vm", inputs=inputs) if each.name == "workbench" else each
        for each in plan.resources
    )
    return dataclasses.replace(plan, resources=made)


AWAY = """
    gcp:region: europe-west1
    coursecloud:training: {region: europe-west4, machineType: n1-standard-4}
    coursecloud:usage: {training: {jobsPerWeek: 10, imageGb: 8, dataGb: 50, hoursPerWeek: 10}}
    """


def test_jobs_that_train_elsewhere_pay_for_their_image_and_their_data() -> None:
    estimate = cost.estimate(planned(AWAY))
    image, data = items(estimate, between.NAME)
    # 10 jobs a week, 8 GB and 50 GB each, at .02 within Europe: 11.60 a week
    assert close(image.due.per_day, 10 * 8 * 0.02 / 7, 1e-4) or image.due.per_day
    week = sum(
        ((item.quantity or Decimal(0)) * (item.unit_price or Decimal(0)) * 7 for item in (image, data)), Decimal(0)
    )
    assert close(week, 11.6, 1e-6)
    said = [line for line in table.short(estimate) if line.startswith("traffic between regions")]
    assert len(said) == 2
    assert "10.00 USD a week for 500 GB" in said[1]


def test_a_stack_in_one_region_pays_nothing_for_traffic_between_regions() -> None:
    for stack in ("dev", "gpu", "full"):
        estimate = cost.estimate(committed(stack))
        assert not items(estimate, between.NAME)
        assert not any("between regions" in line for line in table.short(estimate))


def test_a_machine_elsewhere_pays_for_what_it_reads() -> None:
    plan = with_inputs(committed("dev"), "workbench", zone="us-central1-a")
    item = one(cost.estimate(plan), between.NAME)
    assert item.unit_price == Decimal("0.05")
    # 1 GB of a working day, five of seven days
    assert close(item.quantity, 5 / 7)


@pytest.mark.parametrize(
    ("one_place", "other", "usd"),
    [
        ("europe-west1", "europe-west1", "0"),
        ("EUROPE-WEST1", "europe-west1", "0"),
        ("europe-west1", "europe-west4", "0.02"),
        ("us-east1", "northamerica-northeast1", "0.02"),
        ("us-east1", "europe-west1", "0.05"),
        ("europe-west1", "us-east1", "0.05"),
        ("asia-east1", "australia-southeast1", "0.10"),
        ("EU", "europe-west4", "0.02"),
        ("me-west1", "europe-west1", "0.11"),
    ],
)
def test_a_gib_costs_by_the_pair_of_continents_either_way(one_place: str, other: str, usd: str) -> None:
    assert between.price(load(), one_place, other) == Decimal(usd)


def test_a_place_that_nobody_knows_has_no_known_price() -> None:
    assert isinstance(between.price(load(), "moon-west1", "europe-west1"), Unknown)


def test_every_pair_of_regions_has_a_price() -> None:
    regions = list(tables.regions())
    assert not [
        (here, there)
        for here in regions
        for there in regions
        if isinstance(between.price(load(), here, there), Unknown)
    ]


def test_the_first_gib_to_the_internet_is_free_from_north_america_only() -> None:
    for region, free in (("us-central1", True), ("northamerica-northeast1", True), ("europe-west1", False)):
        item = one(cost.estimate(planned(f"gcp:region: {region}")), "egress")
        assert item.full.per_day
        assert (item.due.per_day != item.full.per_day) == free, region


def test_an_instance_of_the_stack_file_that_waits_bills_while_nothing_runs() -> None:
    config = "coursecloud:machines: {}\ncoursecloud:services: {a: {minInstances: %d}}"
    one_waits, none_waits = (cost.estimate(planned(config % least)) for least in (1, 0))
    # 3600 s * (1 vCPU * .0000025 + 0.5 GiB * .0000025) = .0135 an hour
    assert close(one_waits.full.per_hour_idle - none_waits.full.per_hour_idle, 0.0135)


def test_everything_on_is_as_many_jobs_as_run_at_once() -> None:
    config = """
    gcp:region: europe-west4
    coursecloud:training: {machineType: g2-standard-4, waitForGpu: true, atOnce: 2, jobs: {a: {}, b: {}, c: {}}}
    """
    estimate = cost.estimate(planned(config))
    training, disk = items(estimate, "jobs")
    # 2 jobs: 1.15 * .742916 = .854353 each, at the full price; the disks 1.15 * 100 * .187 / 730 = .029459 each
    assert (close(training.full.per_hour_on, 1.708707), close(disk.full.per_hour_on, 0.058918)) == (True, True)
    # As planned the hours a week are those of all jobs together: 2
    assert close(training.full.per_day, 0.854353 * 2 / 7, 1e-5)
    assert any("waits for its GPU" in note for note in estimate.notes)


def test_an_alert_bills_its_conditions_and_the_series_that_they_look_at() -> None:
    config = """
    coursecloud:machines: {}
    coursecloud:builds: {repository: {owner: a, name: b}, triggers: {t: {branch: ^main$, dockerfile: D}}}
    coursecloud:services: {one: {}, two: {}}
    coursecloud:monitoring: {channels: ['12345']}
    """
    conditions, series = items(cost.estimate(planned(config)), "errors")
    # 2 conditions * .10 a month of 730 hours
    assert close(conditions.full.per_hour_idle, 2 * 0.1 / 730)
    # Each service apart, the builds together: 3 series, 120 times an hour, .35 a million
    assert close(series.full.per_hour_idle, 3 * 120 * 0.35 / 1_000_000)
