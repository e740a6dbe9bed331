"""Quotas of Compute Engine, by region: what is used, what a machine wants, and the refusal."""

from __future__ import annotations

from typing import Any

from .. import catalog
from ..call import Call
from ..errors import ApiError
from ..shapes import many

Json = dict[str, Any]


def quotas(call: Call, region: str) -> list[Json]:
    """Limits and what running machines use of them."""
    used = {"CPUS_ALL_REGIONS": 0.0, "GPUS_ALL_REGIONS": 0.0}
    for machine in call.world.below("compute", f"projects/{call.project.id}/zones"):
        if machine.collection.endswith("instances") and machine.body["status"] == "RUNNING":
            cpus, gpus = wants(machine.body)
            used["CPUS_ALL_REGIONS"] += cpus
            used["GPUS_ALL_REGIONS"] += gpus
    limits = call.project.quotas
    names = sorted(limits) if not region else ["CPUS", "NVIDIA_T4_GPUS", "IN_USE_ADDRESSES"]
    return [{"metric": n, "limit": limits.get(n, 24.0), "usage": used.get(n, 0.0)} for n in names]


def size(body: Json) -> tuple[int, int, int]:
    """vCPUs, MiB of memory and GPUs of its type."""
    return catalog.size_of(str(body["machineType"]).rsplit("/", 1)[-1]) or (1, 1024, 0)


def wants(body: Json) -> tuple[int, int]:
    """vCPUs and GPUs of a machine."""
    cpus, _, built_in = size(body)
    added = sum(int(g["acceleratorCount"]) for g in many(body, "guestAccelerators"))
    return cpus, max(built_in, added)


class QuotaExceededError(ApiError):
    """Told in the operation, not as the answer to the request."""

    def __init__(self, metric: str, limit: float):
        super().__init__(403, f"Quota '{metric}' exceeded.  Limit: {limit:.1f} globally.", reason="quotaExceeded")
        info = {
            "metricName": f"compute.googleapis.com/{metric.lower()}",
            "limit": limit,
            "dimensions": {"global": "global"},
            "limitName": metric.replace("_", "-") + "-per-project",
        }
        self.info: list[Json] = [{"quotaInfo": info}]


def quota(call: Call, body: Json) -> None:
    """Would it be more than the project may have?"""
    asked = dict(zip(("CPUS_ALL_REGIONS", "GPUS_ALL_REGIONS"), wants(body), strict=True))
    for quota in quotas(call, ""):
        more = asked.get(quota["metric"], 0)
        if more and quota["usage"] + more > quota["limit"]:
            raise QuotaExceededError(quota["metric"], quota["limit"])
