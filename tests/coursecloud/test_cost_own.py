"""Prices of the stack file's own, disks that bill for what they do, and local SSD: worked out by hand."""

from decimal import Decimal

import pytest

from coursecloud import cost
from coursecloud.cost import table
from coursecloud.cost.prices import MONTH
from tests.coursecloud.costs import close, committed, items, one, planned, with_inputs
from tests.coursecloud.test_cost_unknown import ALLOWED

OWN = "coursecloud:prices: {machineTypes: {z9-standard-4: {hour: 0.25, spot: 0.1}}}"


def test_a_price_of_ones_own_takes_the_place_of_an_unknown_one() -> None:
    estimate = cost.estimate(planned(f"{ALLOWED}\n{OWN}"))
    item = one(estimate, "a", "z9-standard-4, your own price")
    assert (item.unit_price, item.due.per_hour_on) == (Decimal("0.25"), Decimal("0.25"))
    assert not estimate.at_least


def test_a_spot_machine_bills_the_own_spot_price_or_says_that_there_is_none() -> None:
    spot = ALLOWED.replace("dataDisk: null", "spot: true, dataDisk: null")
    assert one(cost.estimate(planned(f"{spot}\n{OWN}")), "a", "z9-standard-4").unit_price == Decimal("0.1")
    lacking = cost.estimate(planned(f"{spot}\n{OWN.replace(', spot: 0.1', '')}"))
    assert lacking.unknown == ("a: coursecloud:prices.machineTypes.z9-standard-4 has no `spot`",)


def test_a_price_of_ones_own_goes_before_the_tables() -> None:
    own = "coursecloud:machines: {a: {dataDisk: null}}\ncoursecloud:prices: {machineTypes: {e2-medium: {hour: 1}}}"
    assert one(cost.estimate(planned(own)), "a", "e2-medium").unit_price == 1


def test_an_attached_gpu_and_a_training_job_bill_at_ones_own_price() -> None:
    estimate = cost.estimate(
        planned("""
        gcp:region: europe-west4
        coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {model: T4}, onDemandGpu: true, dataDisk: null}}
        coursecloud:training: {machineType: n1-standard-4}
        coursecloud:prices: {gpus: {nvidia-tesla-t4: {hour: 2}}, machineTypes: {n1-standard-4: {hour: 10}}}
        """)
    )
    assert one(estimate, "a", "1 T4, your own price").unit_price == 2
    assert one(estimate, "jobs", "training on n1-standard-4, your own price").unit_price == Decimal("11.5")


def test_a_resource_without_a_known_price_takes_its_own_by_its_name() -> None:
    plan = committed("dev")
    strange = with_inputs(plan, "data", storageClass="ARCHIVE")
    assert cost.estimate(strange).at_least
    priced = cost.estimate(
        with_inputs(planned("coursecloud:prices: {resources: {data: 0.5}}"), "data", storageClass="ARCHIVE")
    )
    assert not priced.at_least
    item = one(priced, "data", "your own price")
    assert (item.due.per_hour_on, item.due.per_hour_idle) == (Decimal("0.5"), Decimal("0.5"))


def test_what_has_a_known_price_is_not_billed_twice() -> None:
    estimate = cost.estimate(planned("coursecloud:prices: {resources: {data: 100}}"))
    assert [item.what for item in items(estimate, "data")] == ["10 GB stored"]


@pytest.mark.parametrize(
    ("inputs", "month"),
    [
        # 100 GB * .084; unless given 3,000 + 6 * 100 operations, 3,000 free: 600 * .005; 150 MiB/s more: 150 * .042
        ({"size": 100}, 100 * 0.084 + 600 * 0.005 + 150 * 0.042),
        # what is asked for is what bills
        ({"size": 100, "provisionedIops": 4000, "provisionedThroughput": 140}, 100 * 0.084 + 1000 * 0.005),
        ({"size": 100, "provisionedIops": 3000, "provisionedThroughput": 140}, 100 * 0.084),
    ],
)
def test_a_hyperdisk_bills_for_what_it_does_beyond_what_is_free(inputs: dict[str, int], month: float) -> None:
    plan = with_inputs(committed("gpu"), "trainer-work", type="hyperdisk-balanced", **inputs)
    found = items(cost.estimate(plan), "trainer-work")
    assert close(sum((item.due.per_hour_idle or Decimal(0)) * MONTH for item in found), month, 1e-5)  # pyright: ignore[reportArgumentType]


def test_a_local_ssd_bills_while_its_machine_runs() -> None:
    plan = with_inputs(committed("full"), "workbench", scratchDisks=[{"interface": "NVME"}, {"size": 3000}])
    small, large = items(cost.estimate(plan), "workbench", "local SSD")
    assert close(small.due.per_hour_on, 375 * 0.088 / 730)
    assert close(large.due.per_hour_on, 3000 * 0.088 / 730)
    assert (small.due.per_hour_idle, large.due.per_hour_idle) == (0, 0)


def test_a_custom_machine_and_a_machine_with_eight_h100_have_a_price() -> None:
    plan = with_inputs(committed("dev"), "workbench", machineType="e2-custom-4-8192")
    assert close(one(cost.estimate(plan), "workbench", "e2-custom").unit_price, 0.127787)
    dear = with_inputs(committed("full"), "workbench", machineType="a3-highgpu-8g")
    assert close(one(cost.estimate(dear), "workbench", "a3-highgpu-8g").unit_price, 112.540479, 1e-6)
    assert "113." in next(iter(table.short(cost.estimate(dear))))
