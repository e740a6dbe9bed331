"""What people call the kinds of things, where their type's own name would say less."""

from __future__ import annotations

from coursecloud.plan.planning import short_type
from coursecloud.spend.model import Shape

WORDS = {
    "compute.googleapis.com/Instance": "machine",
    "compute.googleapis.com/Disk": "disk",
    "compute.googleapis.com/Address": "address",
    "compute.googleapis.com/Snapshot": "snapshot",
    "run.googleapis.com/Service": "service",
    "run.googleapis.com/Execution": "job run",
    "aiplatform.googleapis.com/CustomJob": "training job",
    "aiplatform.googleapis.com/HyperparameterTuningJob": "tuning job",
    "aiplatform.googleapis.com/Endpoint": "endpoint",
}


def kind(shape: Shape | None, resource: str) -> str:
    """Name a kind: `machine`; another by its Pulumi type or Google's, and by its full name where nothing said more.

    >>> kind(None, "//sqladmin.googleapis.com/projects/p/instances/base")
    'sqladmin.googleapis.com instances'
    """
    if shape and (known := WORDS.get(shape.asset)):
        return known
    if shape and (shape.type or shape.asset):
        return short_type(shape.type) if shape.type else shape.asset
    parts = resource.removeprefix("//").split("/")
    return f"{parts[0]} {parts[-2]}" if len(parts) > 2 else parts[0]
