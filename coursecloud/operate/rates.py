"""What a thing that was found costs an hour while it runs, and while it is stopped, by the dated prices: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from catalog import types
from coursecloud.cost import prices as tabled
from coursecloud.cost.bill import Bill, Line, number
from coursecloud.cost.lines import PRICED
from coursecloud.cost.prices import MONTH, Prices, Unknown
from coursecloud.look.found import SERVICE
from coursecloud.plan.registration import Registration
from coursecloud.spend.model import Shape
from infra.settings import Settings

DAY = Decimal(24)


@dataclass(frozen=True)
class Rate:
    """USD an hour; None where nobody knows."""

    running: Decimal | None
    stopped: Decimal | None
    """While it is stopped: disks, reserved addresses."""
    why: str = ""
    """Why it is not known."""
    keeps: tuple[str, ...] = ()
    """What goes on billing while it is stopped, in words."""


def rate(shape: Shape, settings: Settings, prices: Prices | None = None) -> Rate:
    """Price one thing by its inputs."""
    bill = Bill((), settings, prices or tabled.load())
    if pools := cast("list[Mapping[str, Any]]", shape.inputs.get("pools") or []):
        return _job(bill, shape, pools)
    if models := cast("list[Mapping[str, Any]]", shape.inputs.get("deployedModels") or []):
        return _job(bill, shape, models)
    known = types.of(shape.type) if shape.type else None
    if known is None or not known.price or known.price not in PRICED:
        return Rate(None, None, f"nobody has described what {shape.asset} costs")
    resource = registration(shape)
    bill = Bill((resource,), settings, bill.prices)
    lines = bill.owned(resource, list(PRICED[known.price](bill, resource)))
    return _of_lines(lines, always=shape.asset == SERVICE)


def registration(shape: Shape) -> Registration:
    """Write a thing as the program would have asked for it."""
    name = str(shape.inputs.get("name") or "")
    return Registration(name, shape.type, name, True, None, shape.inputs, (), {}, None, False, {})


def _of_lines(lines: Iterable[Line], *, always: bool) -> Rate:
    """Sum lines; of a service only what bills by being there counts, as what is asked of it is not known."""
    running, stopped = Decimal(0), Decimal(0)
    keeps: list[str] = []
    for line in lines:
        if line.price is None or line.on is None or line.idle is None:
            return Rate(None, None, line.reason or line.what)
        running += line.price * (line.idle if always else line.on)
        if not always:
            stopped += line.price * line.idle
            keeps += [line.what] if line.idle else []
    return Rate(running, stopped, keeps=tuple(keeps))


def _job(bill: Bill, shape: Shape, pools: Iterable[Mapping[str, Any]]) -> Rate:
    """Vertex AI asks a multiple of the machine's price, and nothing once the job or the model is gone."""
    region, spot = str(shape.inputs.get("region") or ""), shape.inputs.get("spot") is True
    total = Decimal(0)
    for pool in pools:
        machine = str(pool.get("machineType") or "")
        parts = [bill.machine(machine, region, spot=spot)]
        for gpu in cast("list[Mapping[str, Any]]", pool.get("guestAccelerators") or []):
            each = bill.gpu(str(gpu.get("type")), region, spot=spot)
            parts.append(each if isinstance(each, Unknown) else each * int(gpu.get("count") or 1))
        disk = cast("Mapping[str, Any]", pool.get("bootDisk") or {})
        usual = bill.prices.services["vertexBootDisk"]
        kind, size = str(disk.get("type") or usual["type"]), number(disk.get("size") or usual["gib"])
        month = bill.known(bill.prices.gib_month(region, kind), f"a {kind} disk in {region}")
        parts.append(month if isinstance(month, Unknown) else month * size / MONTH)
        for part in parts:
            if isinstance(part, Unknown):
                return Rate(None, Decimal(0), part.reason)
            total += part * int(pool.get("count") or 1)
    return Rate(total * bill.prices.vertex_factor, Decimal(0))


def usd(amount: Decimal) -> str:
    """Write dollars so that two figures of a small amount are seen.

    >>> [usd(Decimal(each)) for each in ("1.2", "0.0368", "0.0011", "0.00000001", "0")]
    ['$1.20', '$0.037', '$0.0011', 'under $0.0001', '$0.00']
    """
    if amount and amount < Decimal("0.0001"):
        return "under $0.0001"
    if amount >= 1 or not amount:
        return f"${amount:.2f}"
    return f"${amount:.4f}" if amount < Decimal("0.01") else f"${amount:.3f}"


def total(amounts: Iterable[Decimal | None], unit: str) -> str:
    """Write a sum with its unit, `at least` where something in it is not known."""
    every = list(amounts)
    known = sum((each for each in every if each is not None), Decimal(0))
    return f"{'at least ' if None in every else ''}{usd(known)} {unit}"
