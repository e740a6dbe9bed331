"""What an estimate is: billing lines, totals and how long a credit lasts. All money is USD as Decimal."""

import datetime
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Amounts:
    """USD of one line or of all, in four states of the stack; None where the price is unknown."""

    per_hour_on: Decimal | None
    """Everything runs: each machine, one training job, each service with all its instances."""
    per_hour_idle: Decimal | None
    """Nothing runs, but the stack is there: machines are stopped, disks and stored data bill."""
    per_hour_down: Decimal | None
    """After `make down`: only what is kept bills."""
    per_day: Decimal | None
    """As planned by `usage` and the working hours, averaged over the days of the lease."""


@dataclass(frozen=True)
class Item:
    """One line of the bill: a resource and one of the things that it is billed for."""

    urn: str | None
    """The resource; None for what no resource stands for, such as a training job."""
    name: str
    component: str
    """The component above it, e.g. `machines`."""
    what: str
    """What is billed, e.g. `n1-standard-4, Spot`."""
    unit: str
    """What `quantity` counts, e.g. `hour`, `GB-month`."""
    quantity: Decimal | None
    """Units a day as planned, averaged over the days of the lease; None where nobody said how much it will be."""
    unit_price: Decimal | None
    """USD a unit; None where it is unknown."""
    due: Amounts
    """What is billed: the free tiers, or this group's share of them, taken off."""
    full: Amounts
    """The same without free tiers."""
    kept: bool = False
    """Still there after `make down`."""
    reason: str | None = None
    """Why the price or the quantity is unknown."""


@dataclass(frozen=True)
class Totals:
    """Sums in USD over the lines whose price is known: at least this much.

    The hours are those of a month in which it goes on like that: free tiers are spread over it. The days and the lease
    are counted on the calendar, with free tiers used up as they are used.
    """

    per_hour_on: Decimal
    per_hour_idle: Decimal
    per_hour_down: Decimal
    per_day: Decimal
    lease: Decimal | None
    """From the first to the last day of the lease as planned; None for a lease without an end."""


@dataclass(frozen=True)
class Runway:
    """How long the credit lasts in one case."""

    per_day: Decimal
    """USD a day in this case from `Estimate.start` to the lease's end, free tiers taken off."""
    days: Decimal | None
    """Days from `Estimate.start` until it is gone, as if the lease went on; None where the credit in USD is unknown, or
    where it never is."""
    never: bool
    """Nothing is billed, so the credit is never gone."""
    gone: datetime.date | None
    """The day on which it runs out, counted from `Estimate.start`; None without a start or days."""
    before_end: bool | None
    """Whether that is before the lease's end; None where either is unknown."""


@dataclass(frozen=True)
class Day:
    """What one day costs in USD in each case, and whether the group works on it."""

    date: datetime.date
    works: bool
    idle: Decimal
    planned: Decimal
    everything_on: Decimal


@dataclass(frozen=True)
class Cause:
    """What takes the largest part of what is planned."""

    urn: str | None
    """The resource; None for what no resource stands for, such as training jobs."""
    name: str
    component: str
    what: str
    """The dearest thing that it is billed for, e.g. `a2-highgpu-1g`."""
    per_day: Decimal
    """USD a day as planned, averaged over the days of the lease."""
    share: Decimal
    """Of all that is planned, from 0 to 1."""


@dataclass(frozen=True)
class Band:
    """Between what Spot prices may move, and what follows from it for what is planned."""

    lowest: Decimal
    highest: Decimal
    """What a Spot price may become, as multiples of the one that was taken, as was seen in dated sources."""
    lease_low: Decimal | None
    lease_high: Decimal | None
    """USD for the whole lease as planned; None for a lease without an end."""
    cheap: Runway
    dear: Runway
    """How long the credit lasts as planned at the lowest and at the highest."""
    date: str
    """The day on which they had moved so far, within less than a month (`catalog/prices-spot.json`)."""


@dataclass(frozen=True)
class Rate:
    """What one unit of a currency is worth in USD, and who says so."""

    currency: str
    usd: Decimal
    date: datetime.date | None
    """The day of the rate; None for the stack file's own."""
    source: str


@dataclass(frozen=True)
class Estimate:
    """What a stack costs, line by line and in all."""

    stack: str
    items: tuple[Item, ...]
    due: Totals
    """What is billed: the free tiers, or this group's share of them, taken off."""
    full: Totals
    """The same without free tiers."""
    credit: Decimal
    """In the credit's own currency."""
    rate: Rate | None
    """Of the credit's currency; None where it is unknown, and with it how long the credit lasts."""
    currency: str
    start: datetime.date | None
    """The day from which the credit is counted: the lease's first unless another was given."""
    lease_ends: datetime.date | None
    idle: Runway
    planned: Runway
    everything_on: Runway
    unknown: tuple[str, ...]
    """Why each unknown price or quantity is unknown, and what to do about it. None of them is in a total."""
    notes: tuple[str, ...]
    """What the numbers take for granted."""
    prices_date: datetime.date
    """The day of the oldest price file that was used."""
    days: tuple[Day, ...] = ()
    """Each day from `start` to the lease's end; four weeks from a Monday where the lease has no dates."""
    cause: Cause | None = None
    """What takes the largest part of what is planned; None where nothing known costs anything."""
    band: Band | None = None
    """What the movement of Spot prices does; None where nothing runs at one."""
    length: int | None = None
    """Days of the lease, the first and the last included; None for a lease without an end."""
    shortfall: Decimal | None = None
    """USD that the credit lacks from `start` to the lease's end as planned; None where either is unknown."""

    @property
    def at_least(self) -> bool:
        """Whether something has no known price, so that every total is a lower bound and every date an upper one."""
        return bool(self.unknown)

    @property
    def per_hour_on(self) -> Decimal:
        """USD an hour with everything on."""
        return self.due.per_hour_on

    @property
    def per_hour_idle(self) -> Decimal:
        """USD an hour while nothing runs."""
        return self.due.per_hour_idle

    @property
    def per_day_idle(self) -> Decimal:
        """USD a day on which nothing runs."""
        return self.due.per_hour_idle * 24

    @property
    def per_day_planned(self) -> Decimal:
        """USD a day as planned, averaged over the days of the lease."""
        return self.due.per_day

    @property
    def lease_total(self) -> Decimal | None:
        """USD for the whole lease as planned; None for a lease without an end."""
        return self.due.lease

    @property
    def days_short(self) -> int | None:
        """Days of the lease after that on which the credit is gone as planned; None where that is unknown.

        0 where it lasts, and where it is gone on the last day itself: `planned.before_end` tells them apart.
        """
        if self.planned.before_end is None or self.lease_ends is None:
            return None
        gone = self.planned.gone
        return (self.lease_ends - gone).days if self.planned.before_end and gone else 0

    @property
    def credit_usd(self) -> Decimal | None:
        """The credit in USD; None where the rate of its currency is unknown."""
        return self.credit * self.rate.usd if self.rate else None

    def in_credit_currency(self, usd: Decimal) -> Decimal | None:
        """Convert USD into the credit's currency; None where the rate is unknown."""
        return usd / self.rate.usd if self.rate else None
