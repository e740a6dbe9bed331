"""What computes has an end that works without anybody who watches, or is listed as one that only `down` ends."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from catalog import types
from coursecloud import cost
from coursecloud.plan.planning import Plan
from coursecloud.spend import endings
from coursecloud.spend.endings import ONLY_DOWN
from coursecloud.spend.model import Shape
from tests.coursecloud import costs
from tests.fuzz import examples
from tests.infra.stacks import configs, stack_names
from tests.infra.test_properties import planned

SLOW: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
MACHINE, SERVICE, ENDPOINT = (
    "gcp:compute/instance:Instance", "gcp:cloudrunv2/service:Service", "gcp:vertex/aiEndpoint:AiEndpoint",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@given(stack=stack_names, config=configs())
@settings(max_examples=examples(25), **SLOW)
def test_every_valid_stack_says_how_what_bills_ends(folder: Path, stack: str, config: dict[str, Any]) -> None:
    assert not list(wrong(planned(folder, stack, config)))


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_the_committed_stacks_do_so_too(stack: str) -> None:
    assert not list(wrong(costs.committed(stack)))


def wrong(plan: Plan) -> list[str]:
    """List what bills and is not told of, or told of otherwise than its inputs say."""
    told = {(each.name, each.kind): each for each in endings.of_plan(plan, cost.estimate(plan))}
    found = list[str]()
    for resource in plan.custom:
        known = types.of(resource.type)
        if not known or known.bills == "free" or (known.bills == "usage" and resource.type != SERVICE):
            continue
        each = told.get((resource.name, known.short))
        if each is None:
            found.append(f"{resource.name} bills, and nothing says how it ends")
            continue
        inputs: Any = resource.inputs
        if resource.type == MACHINE:
            stops = inputs["scheduling"].get("maxRunDuration") and inputs["scheduling"].get("instanceTerminationAction")
            right = each.ends.startswith("stops ") == bool(stops or inputs.get("resourcePolicies"))
        elif resource.type == SERVICE:
            idle = not inputs["template"]["scaling"].get("minInstanceCount")
            right = (each.ends == ONLY_DOWN) != idle
        elif resource.type == ENDPOINT:
            right = ONLY_DOWN in each.ends
        else:
            right = each.ends == ONLY_DOWN and (each.computes or each.until is None or each.until >= 0)
        if not right:
            found.append(f"{resource.name} ({known.short}): {each.ends}")
    if plan.settings.training.enabled != (("training", "jobs") in told):
        found.append("jobs are told of where there can be none, or not where there can")
    return found


def test_a_service_that_always_has_an_instance_ends_by_down_alone() -> None:
    plan = costs.planned("coursecloud:services: {api: {image: nginx, minInstances: 1}}\n")
    by_name = {each.name: each for each in endings.of_plan(plan, cost.estimate(plan))}
    assert by_name["api"].ends == ONLY_DOWN


def test_what_stores_costs_to_the_end_of_the_lease_and_thirty_days_more() -> None:
    plan = costs.planned(
        "coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-02}\n"
        "coursecloud:machines: {box: {bootDisk: {sizeGb: 100, type: pd-standard}}}\n"
    )
    found = {(each.name, each.kind): each for each in endings.of_plan(plan, cost.estimate(plan))}
    # 100 GB at 0.04 USD a GiB and month, which has 730 hours, for the lease's 10 days and 30.
    assert found["box", "boot disk"].until == pytest.approx(Decimal(100) * Decimal("0.04") / 730 * 24 * 40)


def test_a_job_ends_by_its_timeout_or_after_a_week() -> None:
    asset, since = "aiplatform.googleapis.com/CustomJob", datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    timed = Shape("", asset, {"timeout": "3600s"})
    assert endings.of(timed, since) == since + datetime.timedelta(hours=1)
    assert endings.of(Shape("", asset, {}), since) == since + datetime.timedelta(days=7)
    assert endings.of(Shape("gcp:compute/instance:Instance", "", {}), since) is None
