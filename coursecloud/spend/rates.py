"""What a thing costs by the hour that it is there, by what it is: the prices of `coursecloud.cost`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog import tables, types
from coursecloud.cost import lines
from coursecloud.cost.bill import Bill, Line, number
from coursecloud.cost.compute import addresses
from coursecloud.cost.prices import Prices
from coursecloud.plan.nested import block
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.spend import vertex
from coursecloud.spend.model import Shape
from infra.settings import Settings

ZERO = Decimal(0)
BY_THE_HOUR = frozenset({"machine", "disk", "address", "tpu"})
"""What bills all that it is for as long as it runs or is there (`price` of its type's file)."""
WHILE_THERE = frozenset({"service", "nat", "endpoint"})
"""What bills a part of what it is by the hour, and the rest by use."""
STORES = frozenset({"bucket", "repository", "secret"})
"""What bills by what lies in it: how much that is `usage` assumes, as no look counts it."""


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
    keeps: tuple[str, ...] = ()
    """What goes on billing while it is stopped, where it was asked for as a whole."""


@dataclass(frozen=True)
class Surroundings:
    """What in a project changes the price of something else."""

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
            [shape.type, shape.asset, shape.inputs, name, sorted(around.behind_nat)],
            default=str,
        )
        if key not in self._known:
            self._known[key] = self._rate(shape, name, around)
        return self._known[key]

    def whole(self, shape: Shape, name: str) -> Rate:
        """Price a thing with what it brings along, a machine with its boot disk; None where a part is not known."""
        found = self.of(shape, name)
        stopped, keeps, unknown = found.stopped, tuple[str, ...](), found.unknown
        if shape.type == "gcp:compute/instance:Instance":
            resource = Registration("", shape.type, name, True, None, dict(shape.inputs), (), {}, None, False, {})
            boot = [line for line in self._lines("machine", resource) if line.idle]
            kept = _summed(boot, idle=True)
            stopped, keeps = kept.runs, tuple(line.what for line in boot)
            unknown = (*unknown, *kept.unknown)
            disk = block(shape.inputs.get("bootDisk"))
            if disk and not block(disk.get("initializeParams")).get("type"):
                # Google tells the type where it lists disks, not with the machine.
                stopped, keeps, unknown = None, (), (*unknown, f"{name}: the type of its boot disk was not read")
        if unknown or found.runs is None or stopped is None:
            return replace(found, runs=None, stopped=stopped, unknown=unknown, keeps=keeps)
        return replace(found, runs=found.runs + stopped, stopped=stopped, keeps=keeps)

    def _rate(self, shape: Shape, name: str, around: Surroundings) -> Rate:
        kind = kind_of(shape)
        if shape.asset in vertex.JOBS:
            return _summed(list(vertex.job(self.bill, shape, name)))
        known = types.of(shape.type) if shape.type else None
        priced = known.price if known else None
        resource = Registration("", shape.type, name, True, None, dict(shape.inputs), (), {}, None, False, {})
        match priced:
            case "machine":
                return self._machine(resource, around)
            case "endpoint":
                return _summed(list(vertex.endpoint(self.bill, shape, name)), by_use=True)
            case _ if priced in BY_THE_HOUR:
                return _summed(self._lines(str(priced), resource))
            case _ if priced in WHILE_THERE:
                resource = _with_least(resource) if priced == "service" else resource
                found = self._lines(str(priced), resource)
                there = [line for line in found if line.idle or line.on is None or line.price is None]
                rate = _summed(there, by_use=True, idle=True)
                return replace(rate, what=_always(resource)) if priced == "service" and rate.what else rate
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
        more = ZERO
        if not addresses(inputs) and region in around.behind_nat:
            more = self.bill.prices.service("nat.machines") or ZERO
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
    own = block(resource.inputs.get("scaling"))
    least = own.get("manualInstanceCount", own.get("minInstanceCount"))
    if least is None:
        return resource
    template = block(resource.inputs.get("template"))
    scaling = {**block(template.get("scaling")), "minInstanceCount": least}
    inputs = {**resource.inputs, "template": {**template, "scaling": scaling}}
    return Registration("", resource.type, resource.name, True, None, inputs, (), {}, None, False, {})


def _always(service: Registration) -> str:
    """Say what of a service is there while nobody asks."""
    least = block(block(service.inputs.get("template")).get("scaling")).get("minInstanceCount")
    return f"{least} instance{'' if str(least) == '1' else 's'} always there"
