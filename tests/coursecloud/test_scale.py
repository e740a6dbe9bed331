"""What is done with a plan of thousands of resources takes about as much longer as there are more of them."""

import datetime
import gc
import time
from collections.abc import Callable
from typing import Any

import pytest

from coursecloud import cost
from coursecloud.cli import render
from coursecloud.diff.comparison import compare
from coursecloud.plan import hiding, json_form
from coursecloud.plan.planning import Plan
from coursecloud.policy import check
from tests.review.made import BUCKET, DISK, GRANT, INSTANCE, NETWORK, resource, whole

TODAY = datetime.date(2026, 11, 23)


def large(count: int, mark: str = "") -> Plan:
    """Make a plan of `count` machines with a disk each, and a bucket with as many members, whose names have `mark`."""
    network, bucket = resource(NETWORK, "net", {"name": "n"}), resource(BUCKET, "b", {"name": "b", "location": "EU"})
    made = [network, bucket]
    for number in range(count):
        disk = resource(
            DISK, f"disk-{mark}{number}", {"name": f"d{mark}{number}", "size": 10, "zone": "europe-west1-b"}
        )
        inputs: dict[str, Any] = {"name": f"m{mark}{number}", "machineType": "e2-medium", "zone": "europe-west1-b"}
        member = {"bucket": "b", "role": "roles/storage.objectViewer", "member": f"user:{mark}{number}@example.com"}
        made += [
            disk,
            resource(INSTANCE, f"machine-{mark}{number}", inputs, refers={"disk": disk, "network": network}),
            resource(GRANT, f"grant-{mark}{number}", member, refers={"bucket": bucket}),
        ]
    return whole(*made)


WORK: dict[str, Callable[[Plan], object]] = {
    "hiding": hiding.plan,
    "json": json_form.to_json,
    "cost": cost.estimate,
    "check": lambda plan: check(plan, TODAY),
    "tree": lambda plan: render.full(plan, TODAY),
    "compare": lambda plan: compare(plan.resources, large(len(plan.resources) // 6).resources),
}


@pytest.mark.parametrize("work", WORK)
def test_ten_times_the_resources_take_about_ten_times_as_long(work: str) -> None:
    def seconds(count: int, mark: str) -> float:
        plan = large(count, mark)  # anew, so that nothing remembers it
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            WORK[work](plan)
            return time.process_time() - start
        finally:
            gc.enable()

    seconds(10, "warm")
    # What compares every pair takes a hundred times as long.
    assert seconds(2000, "big") < 25 * max(0.005, min(seconds(200, mark) for mark in "abc"))
