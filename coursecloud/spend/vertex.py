"""What Vertex AI's jobs and endpoints cost by the hour, by the machines that `coursecloud.look` found under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from coursecloud.cost import runs
from coursecloud.cost.bill import Bill, Line
from coursecloud.cost.prices import MONTH, Unknown
from coursecloud.plan.nested import block, blocks
from coursecloud.spend.model import Shape

JOBS = frozenset({"aiplatform.googleapis.com/CustomJob", "aiplatform.googleapis.com/HyperparameterTuningJob"})
"""The jobs whose machines Google tells; their inputs are `pools`, `region`, `spot` and `timeout` (`look/shapes.py`)."""


def job(bill: Bill, shape: Shape, name: str) -> Iterator[Line]:
    """Bill a job while it runs: the machines of each pool, as many as it runs at a time, with GPUs and boot disks."""
    pools = blocks(shape.inputs.get("pools"))
    if not pools:
        yield _unknown(bill, name, f"{name}: what this job runs on was not read")
    for pool in pools:
        yield _machines(bill, name, pool, shape, spot=shape.inputs.get("spot") is True)
        yield _boot_disks(bill, name, pool, shape)


def endpoint(bill: Bill, shape: Shape, name: str) -> Iterator[Line]:
    """Bill the models that are deployed on an endpoint, each with its least replicas."""
    if shape.inputs.get("deployedModels") is None:
        yield _unknown(bill, name, f"{name}: which models are deployed on this endpoint was not read")
    for model in blocks(shape.inputs.get("deployedModels")):
        if model.get("machineType"):
            yield _machines(bill, name, model, shape, spot=model.get("spot") is True)
        else:
            yield _unknown(bill, name, f"{name}: a model on resources of Google's own has no known price")


def _machines(bill: Bill, name: str, pool: Mapping[str, object], shape: Shape, *, spot: bool) -> Line:
    many = _count(pool.get("count"), 1)
    kind = str(pool.get("machineType") or "")
    gpus = [(str(gpu.get("type")), _count(gpu.get("count"), 1))
            for gpu in blocks(pool.get("guestAccelerators"))]  # fmt: skip
    price = runs.vertex(bill, kind, gpus, _region(shape), spot=spot)
    label = " + ".join([kind, *(f"{count} {model}" for model, count in gpus)])
    label = f"{many} x {label}" if many > 1 else label
    return _by_the_hour(bill, name, f"{label}{', Spot' if spot else ''} on Vertex AI", _times(price, Decimal(many)))


def _boot_disks(bill: Bill, name: str, pool: Mapping[str, object], shape: Shape) -> Line:
    """Bill the boot disk that each machine of a job has, whether somebody named one or not."""
    disk = block(pool.get("bootDisk"))
    usual = bill.prices.services["vertexBootDisk"]
    many, sort = _count(pool.get("count"), 1), str(disk.get("type") or usual["type"])
    size, region = _count(disk.get("size"), int(usual["gib"])), _region(shape)
    month = bill.known(bill.prices.gib_month(region, sort), f"a {sort} disk in {region}")
    hour = _times(month, size * bill.prices.vertex_factor * many / MONTH)
    return _by_the_hour(bill, name, f"{many} boot disk of {size} GB", hour)


def _times(price: Decimal | Unknown, units: Decimal) -> Decimal | Unknown:
    return price if isinstance(price, Unknown) else price * units


def _by_the_hour(bill: Bill, name: str, what: str, price: Decimal | Unknown) -> Line:
    return bill.shared("", name, what, "hour", price, Decimal(0), on=Decimal(1))


def _region(shape: Shape) -> str:
    return str(shape.inputs.get("region") or "?")


def _count(value: object, otherwise: int) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and int(text) else otherwise


def _unknown(bill: Bill, name: str, reason: str) -> Line:
    return _by_the_hour(bill, name, "", Unknown(reason))
