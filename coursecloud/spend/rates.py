"""What a thing costs by the hour that it is there, by what it is: the prices of `coursecloud.cost`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from catalog import tables, types
from coursecloud.cost import lines, prices, runs
from coursecloud.cost.bill import Bill, Line, number
from coursecloud.cost.compute import has_address
from coursecloud.cost.prices import MONTH, Prices, Unknown
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.spend.model import Shape
from infra.settings import Settings

ZERO = Decimal(0)
BY_THE_HOUR = frozenset({"machine", "disk", "address", "tpu"})
"""What bills all that it is for as long as it runs or is there (`price` of its type's file)."""
WHILE_THERE = frozenset({"service", "nat", "endpoint"})
"""What bills a part of what it is by the hour, and the rest by use."""
STORES = frozenset({"bucket", "repository", "secret"})
"""What bills by what lies in it: how much that is `usage` assumes, as no look counts it."""
JOBS = {
    "aiplatform.googleapis.com/CustomJob": "jobSpec",
    "aiplatform.googleapis.com/HyperparameterTuningJob": "trialJobSpec",
}
"""Vertex AI's jobs, and the input that says what one trial runs on, in the words of its API."""


@dataclass(frozen=True)
class Rate:
    """USD an hour of one thing; None where nobody knows it."""

    runs: Decimal | None
    """While it runs, or is there."""
    stopped: Decimal | None = ZERO
    what: str = ""
    """What is billed most, e.g. `n1-standard-4, Spot`."""
    unknown: tuple[str, ...] = ()
    """Why a part has no price; what has one is counted."""
    assumed: bool = False
    """Whether it rests on what `usage` says lies in it."""
    by_use: bool = False
    """Whether it bills by use too, which no look sees."""


@dataclass(frozen=True)
class Surroundings:
    """What in a project changes the price of something else."""

    addresses: frozenset[str] = frozenset()
    """Reserved external addresses: used by a machine that runs they cost less, and it has no other."""
    behind_nat: frozenset[str] = frozenset()
    """Regions with a Cloud NAT, which bills each machine without an address that runs behind it."""


class Rates:
    """The prices of a stack: the dated tables', and the stack file's own."""

    def __init__(self, settings: Settings, prices: Prices):
        self.bill = Bill((), settings, prices)
        self._known = dict[str, Rate]()

    def of(self, shape: Shape, name: str, around: Surroundings = Surroundings()) -> Rate:
        """Price a thing by what it is; `name` is the last part of its full name."""
        key = json.dumps(
            [shape.type, shape.asset, shape.inputs, name, sorted(around.addresses), sorted(around.behind_nat)],
            default=str,
        )
        if key not in self._known:
            self._known[key] = self._rate(shape, name, around)
        return self._known[key]

    def _rate(self, shape: Shape, name: str, around: Surroundings) -> Rate:
        kind = kind_of(shape)
        if shape.asset in JOBS:
            return _summed(list(_job(self.bill, shape, name)))
        known = types.of(shape.type) if shape.type else None
        priced = known.price if known else None
        resource = Registration("", shape.type, name, True, None, dict(shape.inputs), (), {}, None, False, {})
        match priced:
            case "machine":
                return self._machine(resource, around)
            case "endpoint":
                return _summed(list(_deployed(self.bill, shape, name)), by_use=True)
            case _ if priced in BY_THE_HOUR:
                return _summed(self._lines(str(priced), resource))
            case _ if priced in WHILE_THERE:
                found = self._lines(str(priced), _with_least(resource) if priced == "service" else resource)
                there = [line for line in found if line.idle or line.on is None or line.price is None]
                return _summed(there, by_use=True, idle=True)
            case _ if priced in STORES:
                return _summed(self._lines(str(priced), resource), assumed=True, idle=True)
            case str():
                return Rate(ZERO, by_use=True)
            case None if known and known.bills == "free":
                return Rate(ZERO)
            case None:
                own = self.bill.settings.prices.resources.get(name)
                if own is not None:
                    return Rate(number(own), what=f"{kind}, your own price")
                reason = f"{name}: nobody has described what {kind} costs (coursecloud:prices takes a price)"
                return Rate(None, None, kind, (reason,))

    def _lines(self, priced: str, resource: Registration) -> list[Line]:
        return self.bill.owned(resource, list(lines.PRICED[priced](self.bill, resource)))

    def _machine(self, resource: Registration, around: Surroundings) -> Rate:
        # Its boot disk is a thing of its own: it bills while the machine is stopped, and may outlive it.
        inputs = {key: value for key, value in resource.inputs.items() if key != "bootDisk"}
        bare = Registration("", resource.type, resource.name, True, None, inputs, (), {}, None, False, {})
        found = self._lines("machine", bare)
        rate = _summed(found)
        parts = [line.what for line in found if line.price is not None and "address" not in line.what]
        zone = inputs.get("zone")
        region = tables.region_of(zone) if isinstance(zone, str) else ""
        table, more = self.bill.prices, ZERO
        if reserved := _addresses(inputs) & around.addresses:
            # Reserved, it bills as such day and night; while it is used it costs what any address does.
            unused, used = table.hour(region, "address-unused"), table.hour(region, "address")
            own = next((line.price for line in found if "external address" in line.what), None)
            if unused is not None and used is not None and own is not None:
                more = len(reserved) * (used - unused) - own
        if not has_address(inputs) and region in around.behind_nat:
            more += table.service("nat.machines") or ZERO
        runs = None if rate.runs is None else rate.runs + more
        return Rate(runs, ZERO, " + ".join(parts), rate.unknown)


def kind_of(shape: Shape) -> str:
    """Name a kind in words: Pulumi's, else Google's."""
    return short_type(shape.type) if shape.type else shape.asset or "a kind that nobody names"


def _summed(found: list[Line], *, by_use: bool = False, assumed: bool = False, idle: bool = False) -> Rate:
    """Add up lines, those that nobody can price by name; with `idle`, what waits and is kept alone."""
    known = list[tuple[Decimal, str]]()
    unknown = list[str]()
    for line in found:
        units = line.idle if idle else line.on
        if line.price is None or units is None:
            unknown.append(line.reason or f"{line.name}: {line.what} has no known price")
        else:
            known.append((line.price * units, line.what))
    total = sum((usd for usd, _ in known), ZERO)
    what = max(known, key=lambda each: each[0])[1] if known else ""
    # What has no price at all is not 0; of what has one in part, that part is counted and the rest named.
    nothing = bool(unknown) and not known
    return Rate(None if nothing else total, None if nothing and idle else ZERO, what, tuple(unknown), assumed, by_use)


def _with_least(resource: Registration) -> Registration:
    """Put a service's own scaling in the place of its template's: it goes before it."""
    own = _mapping(resource.inputs.get("scaling"))
    least = own.get("manualInstanceCount", own.get("minInstanceCount"))
    if least is None:
        return resource
    template = _mapping(resource.inputs.get("template"))
    scaling = {**_mapping(template.get("scaling")), "minInstanceCount": least}
    inputs = {**resource.inputs, "template": {**template, "scaling": scaling}}
    return Registration("", resource.type, resource.name, True, None, inputs, (), {}, None, False, {})


def _job(bill: Bill, shape: Shape, name: str) -> Iterator[Line]:
    """Bill a job of Vertex AI while it runs: each worker's machine, GPUs and boot disk."""
    spec = _mapping(shape.inputs.get(JOBS[shape.asset]))
    trials = _count(shape.inputs.get("parallelTrialCount"), 1)
    region = _region(shape)
    spot = _mapping(spec.get("scheduling")).get("strategy") == "SPOT"
    pools = list(_listed(spec.get("workerPoolSpecs")))
    if not pools:
        yield _unknown(bill, name, f"{name}: what this job runs on was not read")
    for pool in pools:
        many = trials * _count(pool.get("replicaCount"), 1)
        yield from _worker(bill, name, _mapping(pool.get("machineSpec")), region, many, spot=spot)
        disk = _mapping(pool.get("diskSpec"))
        given = bill.prices.services["vertexBootDisk"]
        kind = str(disk.get("bootDiskType") or given["type"])
        size = _count(disk.get("bootDiskSizeGb"), int(given["gib"]))
        month = bill.prices.gib_month(region, kind)
        price = bill.known(
            month and month * size * bill.prices.vertex_factor * many / MONTH, f"a {kind} disk in {region}"
        )
        yield bill.shared("", name, f"{many} boot disk of {size} GB", "hour", price, ZERO, on=Decimal(1))


def _deployed(bill: Bill, shape: Shape, name: str) -> Iterator[Line]:
    """Bill the models that are deployed on an endpoint, each with its least replicas."""
    models = shape.inputs.get("deployedModels")
    if models is None:
        yield _unknown(bill, name, f"{name}: which models are deployed on this endpoint was not read")
    for model in _listed(models):
        own = _mapping(model.get("dedicatedResources"))
        if not own:
            yield _unknown(bill, name, f"{name}: a model on resources of Google's own has no known price")
            continue
        many = max(1, _count(own.get("minReplicaCount"), 1))
        yield from _worker(bill, name, _mapping(own.get("machineSpec")), _region(shape), many, spot=False)


def _worker(
    bill: Bill, name: str, machine: Mapping[str, object], region: str, many: int, *, spot: bool
) -> Iterator[Line]:
    kind = str(machine.get("machineType") or "")
    model, count = str(machine.get("acceleratorType") or ""), _count(machine.get("acceleratorCount"), 0)
    gpus = [(model.lower().replace("_", "-"), count)] if count and model else []
    price: Decimal | Unknown = runs.vertex(bill, kind, gpus, region, spot=spot)
    total = price if isinstance(price, prices.Unknown) else price * many
    label = " + ".join([kind, *(f"{gpu_count} {gpu}" for gpu, gpu_count in gpus)])
    label = f"{many} x {label}" if many > 1 else label
    yield bill.shared("", name, f"{label}{', Spot' if spot else ''} on Vertex AI", "hour", total, ZERO, on=Decimal(1))


def _unknown(bill: Bill, name: str, reason: str) -> Line:
    return bill.shared("", name, "", "hour", Unknown(reason), ZERO, on=Decimal(1))


def _region(shape: Shape) -> str:
    return str(shape.inputs.get("region") or shape.inputs.get("location") or "?")


def _count(value: object, otherwise: int) -> int:
    # Google's JSON writes whole numbers of 64 bits as text.
    text = str(value)
    return int(text) if text.isdigit() else otherwise


def _addresses(inputs: Mapping[str, object]) -> frozenset[str]:
    configs = (config for interface in _listed(inputs.get("networkInterfaces"))
               for config in _listed(interface.get("accessConfigs")))  # fmt: skip
    return frozenset(str(config["natIp"]) for config in configs if config.get("natIp"))


def _listed(value: object) -> Iterable[Mapping[str, object]]:
    entries = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, object]", entry) for entry in entries if isinstance(entry, Mapping)]


def _mapping(value: object) -> Mapping[str, object]:
    return next(iter(_listed(value)), dict[str, object]())
