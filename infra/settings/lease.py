"""Who uses the environment, for how long and for how much: the course and the lease."""

import datetime
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from catalog import tables
from infra.settings import cron
from infra.settings.backend import Backend
from infra.settings.combinations import Given, Refused
from infra.settings.effects import costs, nothing, updates
from infra.settings.listed import listed
from infra.settings.problem import RuleViolationError, likely
from infra.settings.times import ClockTime, Date, TimeZone
from infra.settings.types import Int, LabelKey, LabelValue, Number, Section, ServiceAccount

CURRENCIES: tuple[str, ...] = tuple(tables.table("prices-currencies")["perEuro"])
"""ISO 4217 codes of currencies of which a rate is known; any other goes with `usdRate` of `coursecloud:usage`."""


def dollars(currency: str) -> float | None:
    """Say what one unit of a currency was worth in USD on the table's date; None where it has no rate."""
    per_euro = tables.table("prices-currencies")["perEuro"]
    return per_euro["USD"] / per_euro[currency] if currency in per_euro else None


_KNOWN: tuple[str, ...] = tuple(tables.table("prices-currencies")["codes"])
_CODE = "[A-Z]{3}"

DAYS: tuple["Day", ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Accounts(Section):
    """Whom `coursecloud course join` lets into the project, and to what. The key alone opens nothing of the project."""

    look: Annotated[ServiceAccount | None, Field(examples=["page@mlops-course.iam.gserviceaccount.com"])] = None
    """Service account of the course that sees what runs and what it has cost."""
    stop: Annotated[
        ServiceAccount | None,
        updates("it may, or may no longer, act as the account of the services; nothing else changes."),
        Field(examples=["runner@mlops-course.iam.gserviceaccount.com"]),
    ] = None
    """Service account of the course that stops machines, jobs and services."""
    deploy: Annotated[
        ServiceAccount | None,
        updates(
            "it may, or may no longer, act as the stack's accounts. With it the machines' account and the role that"
            " stops machines stay over night, because only a member makes roles."
        ),
        Field(examples=["runner@mlops-course.iam.gserviceaccount.com"]),
    ] = None
    """Service account of the course that runs up and down. It can change everything the stack has, and may grant only
    the roles that the stack itself grants."""


class Course(Section):
    """Whom the bill belongs to: becomes labels on every resource that takes labels. And how the course comes in."""

    name: Annotated[LabelValue, Field(examples=["mlops"])] = "mlops"
    """The course, as label `course`."""
    group: Annotated[LabelValue, Field(examples=["group-07"])] = "unnamed"
    """The student group, as label `group`."""
    owner: Annotated[LabelValue, Field(examples=["p-3f2a9c41d0"])] = "unnamed"
    """A pseudonym of who answers for the stack, as label `owner`; never a name or an e-mail address."""
    labels: Annotated[dict[LabelKey, LabelValue], Field(examples=[{"cost-center": "02476"}])] = Field(
        default_factory=dict
    )
    """Labels of your own, added to those that the stack sets."""
    accounts: Annotated[Accounts, nothing("what the course may do is granted by `coursecloud course join`.")] = (
        Accounts()
    )
    backend: Annotated[
        Backend | None,
        nothing(
            "`up` works with the state there; without the stack's state in it, what is there would be made anew."
            " Bring the state along: `pulumi stack export` before, `pulumi stack import` after."
        ),
        Field(examples=["gs://mlops-group-07-pulumi", "gs://mlops-course-state/mlops-group-07"]),
    ] = None
    """Where Pulumi keeps the state of this stack, for the group and the course alike; Pulumi.yaml's `backend` unless
    given. `coursecloud env STACK` prints it for plain pulumi."""
    nightly: Annotated[
        Literal["stop", "down", "no"],
        nothing("what the course does at night; `down` deletes what is not kept, where no job runs and no data go."),
        Field(examples=["no"]),
    ] = "stop"
    """What the course may do at night, where its roster has a nightly stop: stop machines, or `down` in its place, or
    nothing (`no`)."""


_MEANT = {"$": "USD", "us$": "USD", "dollar": "USD", "\u20ac": "EUR", "euro": "EUR", "\u00a3": "GBP"} | dict.fromkeys(
    ("kr", "kroner", "kronor"), "DKK, NOK or SEK: kroner are of three countries"
)
"""Words and signs for money that stand for a code; those that stand for several name them."""


def _currency(value: str) -> str:
    if not re.fullmatch(_CODE, value):
        upper = value.strip().upper()
        meant = _MEANT.get(value.strip().lower().rstrip(".")) or (upper if upper in CURRENCIES else "")
        raise RuleViolationError(
            f"a currency is a code of three capitals; a rate is known of {', '.join(CURRENCIES)}",
            f"write {meant}" if meant else "write the billing account's currency, e.g. USD",
        )
    if value not in _KNOWN:
        meant = likely(value, CURRENCIES) or likely(value, _KNOWN)
        write = f"did you mean '{meant}'? Else write" if meant else "write"
        raise RuleViolationError("ISO 4217 has no currency of this code", f"{write} that of the billing account")
    return value


class Credit(Section):
    """The money that the lease may use."""

    amount: Annotated[Number, Field(ge=0.01, le=1_000_000_000, examples=[50])] = 50.0
    """How much, in `currency`."""
    currency: Annotated[
        str, AfterValidator(_currency), Field(json_schema_extra={"pattern": f"^{_CODE}$"}, examples=["USD", "DKK"])
    ] = "USD"
    """ISO 4217 code of the billing account's currency. Where no rate of it is known, `usdRate` of `coursecloud:usage`
    says what it is worth."""


class WorkingHours(Section):
    """When the group is expected to work; costs are planned on it."""

    days: Annotated[tuple[Day, ...], Field(min_length=1, examples=[["mon", "wed"]])] = DAYS[:5]
    """Days of the week."""
    start: Annotated[ClockTime, Field(examples=["09:00"])] = "08:00"
    """Start of the day in the lease's time zone, HH:MM."""
    end: Annotated[ClockTime, Field(examples=["17:00"])] = "18:00"
    """End of the day in the lease's time zone, HH:MM."""

    @override
    def rules(self) -> Iterator[RuleViolationError]:
        """Hold the hours of the day against each other."""
        if self.start >= self.end:
            yield RuleViolationError(
                f"the day starts at {self.start}, which is not before its end at {self.end}",
                "give a start before the end; hours over midnight are not supported",
                "start",
                "end",
            )

    @property
    def hours_per_week(self) -> float:
        """Hours a week."""
        start, end = (datetime.time.fromisoformat(time) for time in (self.start, self.end))
        return len(self.days) * ((end.hour - start.hour) + (end.minute - start.minute) / 60)


def before(day: datetime.date) -> str:
    """Write the condition of a binding that holds until the end of a day, UTC."""
    return f"request.time < timestamp('{day + datetime.timedelta(days=1)}T00:00:00Z')"


FIRST_YEAR, LAST_YEAR = 2020, 2100
"""Years of a lease: with its grace days, a date beyond them is none that a calendar has."""


class Lease(Section):
    """How much may be spent, until when, and at what hours."""

    credit: Credit = Credit()
    """The money of the lease."""
    starts: Annotated[
        Date | None, updates("the buckets' rules for old versions follow it, in place."), Field(examples=["2026-11-23"])
    ] = None
    """First day of the lease."""
    ends: Annotated[
        Date | None,
        updates(
            "the label `lease-end` and the buckets' rules follow in place; the members' grants are made anew with"
            " the new end. An earlier end can delete old versions of data sooner."
        ),
        Field(examples=["2026-12-18"]),
    ] = None
    """Last day of the lease; becomes the label `lease-end` and bounds how long old data is kept."""
    time_zone: Annotated[
        TimeZone,
        listed("timeZone"),
        updates("the nightly stop follows it, in place."),
        Field(examples=["Europe/Copenhagen"]),
    ] = "Etc/UTC"
    """IANA name of the time zone of working hours and schedules."""
    working_hours: WorkingHours = WorkingHours()
    """When the group is expected to work."""
    stop_schedule: Annotated[
        Annotated[str, AfterValidator(cron.checked), cron.SHOWN] | None,
        updates("the stop is added, moved or taken off in place; machines run on."),
        costs("nothing; it saves what a forgotten machine would bill at night."),
        Field(examples=["0 20 * * *", "30 18 * * 1-5"]),
    ] = None
    """Cron line in the lease's time zone at which every machine is stopped, e.g. `0 20 * * *`."""
    max_per_hour: Annotated[Number, Field(ge=0.001, le=10_000_000, examples=[2.0])] = 2.0
    """Ceiling of what the stack may cost per hour with everything on, in the credit's currency. `coursecloud check`
    holds the plan to it, and `coursecloud status` what runs in the project."""
    reserve: Annotated[
        Number | None,
        costs("nothing; it keeps what copying the work costs, mostly traffic: $0.12 a GiB to Europe (2026-08-20)."),
        Field(ge=0, le=1_000_000_000, examples=[1.0]),
    ] = None
    """Part of the credit that is kept for copying the work away before the credit ends, in its currency; a fiftieth
    of the credit unless given, which is 1 of 50. `coursecloud status` says on which day only that is left."""
    alerts: Annotated[
        tuple[Annotated[Number, Field(gt=0, le=1)], ...],
        costs("nothing."),
        Field(max_length=10, examples=[[0.5, 0.9]]),
    ] = (0.5, 0.8, 1.0)
    """Parts of the credit, each larger than the one before, that `coursecloud status` says are spent, when they
    are."""
    grace_days: Annotated[
        Int,
        updates(
            "the buckets' rules follow in place, the members' grants are made anew. Fewer days can delete old"
            " versions of data sooner."
        ),
        Field(ge=0, le=365, examples=[30]),
    ] = 30
    """Days after the end for which old versions of data and the members' access are still there."""

    combinations = (
        Refused(
            rule="a lease with an end needs its start: together they say how long old versions are kept",
            remedy="add `starts: ` with the first day of the course",
            all_of=(Given("ends"),),
            none_of=(Given("starts"),),
        ),
    )

    @override
    def rules(self) -> Iterator[RuleViolationError]:
        """Hold the two dates against each other, too."""
        yield from super().rules()
        if self.starts and self.ends and self.starts > self.ends:
            yield RuleViolationError(
                f"the lease starts ({self.starts}) after it ends ({self.ends})", "swap the two dates", "starts", "ends"
            )
        if self.reserve is not None and self.reserve >= self.credit.amount:
            yield RuleViolationError(
                f"the reserve ({self.reserve:g}) leaves nothing of the credit ({self.credit.amount:g}) to work with",
                "give a smaller reserve, or leave it out: then it is a fiftieth of the credit",
                "reserve",
            )
        if list(self.alerts) != sorted(set(self.alerts)):
            yield RuleViolationError(
                f"each part is larger than the one before: {', '.join(f'{part:g}' for part in self.alerts)} is not so",
                "write them in order, each once, e.g. [0.5, 0.8, 1.0]",
                "alerts",
            )
        for key, day in (("starts", self.starts), ("ends", self.ends)):
            if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
                rule = f"a lease is of our days: {key} is in a year from {FIRST_YEAR} to {LAST_YEAR}"
                yield RuleViolationError(rule, "write it as 2026-12-18", key)

    @property
    def reserved(self) -> float:
        """What is kept of the credit for copying the work away, in its currency."""
        return self.credit.amount / 50 if self.reserve is None else self.reserve

    @property
    def kept_until(self) -> datetime.date | None:
        """The day until which old versions and access last at least: end of the lease and its grace days."""
        return self.ends + datetime.timedelta(days=self.grace_days) if self.ends else None

    def over(self, today: datetime.date) -> str | None:
        """Say that the lease is over, what its members still can do, and how to go on; None while it runs."""
        if self.ends is None or self.kept_until is None or today <= self.ends:
            return None
        expired = today > self.kept_until
        access = f"{'ended with' if expired else 'ends with'} {self.kept_until}"
        return (
            f"the lease ended on {self.ends}: all members' access on the project {access}"
            + (", so that what an `up` grants them has expired already" if expired else "")
            + "; write a later `ends` under coursecloud:lease, or end the stack with `coursecloud finish`"
        )
