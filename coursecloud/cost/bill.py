"""Billing lines: how many units of what a resource uses with everything on, idle, and on each planned day."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from catalog import tables
from coursecloud.cost import prices as tabled
from coursecloud.cost.prices import MONTH, Prices, Unknown
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from infra.settings import Settings
from infra.settings.usage import Usage

DAY = Decimal(24)
WEEK = Decimal(7)


@dataclass(frozen=True)
class Line:
    """One thing that is billed, before free tiers. Quantities are None where nobody knows them."""

    urn: str | None
    name: str
    component: str
    what: str
    unit: str
    price: Decimal | None
    """USD a unit."""
    on: Decimal | None
    """Units an hour with everything on."""
    idle: Decimal | None
    """Units an hour while nothing runs."""
    worked: Decimal | None
    """Units on a working day as planned."""
    other: Decimal | None
    """Units on any other day as planned."""
    free: str | None = None
    """The free tier that it counts against."""
    reason: str | None = None
    """Why the price or the quantities are unknown."""
    kept: bool = False
    """Whether it is there after `make down`."""
    spot: bool = False
    """Whether the price is a Spot price, which Google changes up to once a month."""


def number(value: float | Decimal) -> Decimal:
    """Make a Decimal of a number as it is written: 0.1 is a tenth."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


@dataclass(frozen=True)
class Bill:
    """What lines are made from: the resources, the settings and the prices."""

    resources: tuple[Registration, ...]
    settings: Settings
    prices: Prices

    @property
    def usage(self) -> Usage:
        """What the group expects to use."""
        return self.settings.usage

    def of(self, kind: str) -> tuple[Registration, ...]:
        """List the resources of a type, e.g. `gcp:compute/instance:Instance`."""
        return tuple(resource for resource in self.resources if resource.type == kind)

    def component(self, name: str) -> str | None:
        """Find the URN of a component by its name, from anything that is in it: it may not be listed itself."""
        parents = (resource.parent for resource in self.resources if resource.parent)
        return next((parent for parent in parents if _name(parent) == name), None)

    @cached_property
    def working_days(self) -> Decimal:
        """Working days a day, averaged over the week: 5/7 for Monday to Friday. Never 0."""
        return len(self.settings.lease.working_hours.days) / WEEK

    @cached_property
    def up(self) -> Decimal:
        """Hours a day for which the stack is there, averaged over the week; 24 unless it goes in the evening."""
        if self.usage.evening == "stop":
            return DAY
        machines = [self.hours(resource) for resource in self.of("gcp:compute/instance:Instance")]
        return max([number(self.settings.lease.working_hours.hours_per_week) / WEEK, *machines])

    def hours(self, machine: Registration) -> Decimal:
        """Hours a day for which a machine runs, averaged over the week."""
        lease = self.settings.lease
        declared = self.settings.machines.get(machine.name)
        if declared is not None:
            daily = number(self.usage.hours_of(machine.name, declared, lease))
        elif self.usage.hours_per_day is not None:
            daily = number(self.usage.hours_per_day)
        else:
            daily = number(lease.working_hours.hours_per_week) / len(lease.working_hours.days)
        return daily * self.working_days

    def running(
        self, resource: Registration, what: str, price: Decimal | Unknown, hours: Decimal, *, spot: bool = False
    ) -> Line:
        """Bill something by the hour that it runs; `hours` a day, averaged over the week, are those of working days."""
        return self._line(
            resource, what, "hour", price, on=Decimal(1), idle=Decimal(0), **self.on_working_days(hours), spot=spot
        )

    def stored(
        self,
        resource: Registration,
        what: str,
        price: Decimal | Unknown,
        amount: Decimal | None,
        *,
        unit: str = "GiB-month",
        free: str | None = None,
    ) -> Line:
        """Bill something by the month that it is there, whether anything runs or not."""
        if amount is None:
            return self._line(resource, what, unit, price, on=None, idle=None, worked=None, other=None, free=free)
        each = amount / MONTH
        always = resource.protect or self.usage.evening == "stop"
        planned = self.on_every_day(each * DAY) if always else self.on_working_days(each * self.up)
        return self._line(resource, what, unit, price, on=each, idle=each, **planned, free=free)

    def used(
        self,
        resource: Registration,
        what: str,
        unit: str,
        price: Decimal | Unknown,
        day: Decimal,
        *,
        on: Decimal | None = None,
        free: str | None = None,
        every_day: bool = False,
    ) -> Line:
        """Bill something by use: as planned whenever anything runs, or `on` units an hour with everything on.

        `day` is an average over the week; what is used is used on working days, unless on `every_day`.
        """
        most = day / DAY if on is None else max(on, day / DAY)
        planned = self.on_every_day(day) if every_day else self.on_working_days(day)
        return self._line(resource, what, unit, price, on=most, idle=Decimal(0), **planned, free=free)

    def shared(
        self,
        component: str,
        name: str,
        what: str,
        unit: str,
        price: Decimal | Unknown,
        day: Decimal,
        *,
        on: Decimal | None = None,
        free: str | None = None,
        spot: bool = False,
    ) -> Line:
        """Bill by use what no resource stands for; `component` is that under which it is shown."""
        most = day / DAY if on is None else on
        usd, reason = (None, price.reason) if isinstance(price, Unknown) else (price, None)
        days = self.on_working_days(day)
        return Line(
            self.component(component), name, component, what, unit, usd, most, Decimal(0),
            days["worked"], days["other"], free, reason, spot=spot,
        )  # fmt: skip

    def machine(self, machine_type: str, region: str, *, spot: bool, looked_up: bool = False) -> Decimal | Unknown:
        """USD an hour of a machine type: the stack file's own price, else that of the tables."""
        own = self.settings.prices.machine_types.get(machine_type)
        if own is None:
            return tabled.machine(self.prices, machine_type, region, spot=spot, looked_up=looked_up)
        return _own(own.usd(spot=spot), f"machineTypes.{machine_type}")

    def gpu(self, model: str, region: str, *, spot: bool, looked_up: bool = False) -> Decimal | Unknown:
        """USD an hour of an attached GPU: the stack file's own price, else that of the tables."""
        own = self.settings.prices.gpus.get(model)
        if own is None:
            return tabled.gpu(self.prices, model, region, spot=spot, looked_up=looked_up)
        return _own(own.usd(spot=spot), f"gpus.{model}")

    def own(self, name: str) -> str:
        """Say that a machine type or GPU bills at a price of the stack file; empty where it does not."""
        prices = self.settings.prices
        return ", your own price" if name in prices.machine_types or name in prices.gpus else ""

    def unknown(self, resource: Registration, reason: str) -> Line:
        """Say that nobody knows what a resource costs."""
        what = short_type(resource.type)
        return self._line(resource, what, "?", Unknown(reason), on=None, idle=None, worked=None, other=None)

    def on_working_days(self, average: Decimal) -> dict[str, Decimal]:
        """Put a week's use, given as its average a day, on the days on which the group works, evenly."""
        return {"worked": average / self.working_days, "other": Decimal(0)}

    def on_every_day(self, units: Decimal) -> dict[str, Decimal]:
        """Use as much on each day."""
        return {"worked": units, "other": units}

    def owned(self, resource: Registration, lines: list[Line]) -> list[Line]:
        """Put the stack file's own price of a resource, if it has one, in the place of what is unknown of it."""
        own = self.settings.prices.resources.get(resource.name)
        known = [line for line in lines if line.price is not None and line.on is not None]
        if own is None or len(known) == len(lines):
            return lines
        what = f"{short_type(resource.type)}, your own price"
        return [*known, self.stored(resource, what, number(own), MONTH, unit="hour")]

    def free(self, key: str, region: str) -> str | None:
        """Name the free tier of a key in a region; None where it does not hold."""
        tier = self.prices.free(key)
        return key if tier and (tier.regions is None or region in tier.regions) else None

    def _line(self, resource: Registration, what: str, unit: str, price: Decimal | Unknown, **more: Any) -> Line:
        usd, reason = (None, price.reason) if isinstance(price, Unknown) else (price, None)
        component = _name(resource.parent) if resource.parent else ""
        return Line(
            resource.urn, resource.name, component, what, unit, usd, reason=reason, kept=resource.protect, **more
        )

    def known(self, price: Decimal | None, what: str) -> Decimal | Unknown:
        """Give a price on, or say that there is none."""
        return Unknown(f"{what} has no known price") if price is None else price


def _own(usd: float | None, key: str) -> Decimal | Unknown:
    return Unknown(f"coursecloud:prices.{key} has no `spot`") if usd is None else number(usd)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def size(gigabytes: Decimal) -> str:
    """Write an amount of data: `5 GB`, `0.1 GB`."""
    return f"{gigabytes.normalize():f} GB"


def text(inputs: Mapping[str, Any], key: str) -> str | None:
    """Read an input that has to be text; None where it is absent or only the real run can know it."""
    value = inputs.get(key)
    return value if isinstance(value, str) else None


def amount(inputs: Mapping[str, Any], key: str) -> Decimal | None:
    """Read an input that has to be a number, 0 or more; None where it is not, or only the real run can know it."""
    value = inputs.get(key)
    # True is no amount, though Python takes it for 1.
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    # Less than nothing pays for nothing else.
    return number(value) if 0 <= value < math.inf else None


def region_of(inputs: Mapping[str, Any]) -> str | None:
    """Find the region of a resource in its zone, region or location."""
    if zone := text(inputs, "zone"):
        return tables.region_of(zone)
    return text(inputs, "region") or (text(inputs, "location") or "").lower() or None
