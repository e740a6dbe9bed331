"""The stack as a whole: its lease, its regions, what it costs, and the exceptions that it asks for."""

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from catalog import tables, types
from coursecloud.plan import import_ids
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy.example import Edit, Example, add, bucket, put, settings
from coursecloud.policy.grants import grants_something
from coursecloud.policy.reading import UnknownError, at
from coursecloud.policy.rule import ResourceRule, Rule, Stack, StackRule
from coursecloud.policy.told_values import said
from infra.settings import Settings
from infra.settings.guardrails import GuardrailException
from infra.settings.lease import Credit

if TYPE_CHECKING:
    from coursecloud.cost import Amounts

IDLE_SHARE = 50
"""Without a limit of its own a stack may lie idle this many days on its credit: longer than any course."""


def _lease(stack: Stack) -> Iterator[str]:
    lease = stack.settings.lease
    if lease.ends is None:
        yield "the lease has no end: nothing says when the environment and its members' access should be gone"
    elif over := lease.over(stack.today):
        yield over.partition(";")[0]


def allowed_regions(settings: Settings) -> frozenset[str]:
    """List where resources may be, in lower case: the stack file's list, or every region that it names."""
    listed = settings.guardrails.regions
    if listed is not None:
        return frozenset(region.lower() for region in listed)
    named = (
        settings.region,
        settings.training.region,
        settings.storage.location,
        *settings.subnets,
        *(tables.region_of(zone) for m in settings.machines.values() for zone in (m.zone, *m.fallback_zones) if zone),
    )
    return frozenset(region.lower() for region in named if region)


_ZONE = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")


def _region(resource: Registration, settings: Settings) -> Iterator[str]:
    for key in ("region", "location", "zone"):
        value = str(at(resource.inputs, key, "")).rpartition("/")[2].lower()
        # Some types take a zone as their location.
        zone = key == "zone" or (key == "location" and _ZONE.fullmatch(value))
        place = tables.region_of(value) if zone and value else value
        if place and place != "global" and place not in allowed_regions(settings):
            yield f"its {key} is {value}; allowed are {', '.join(sorted(allowed_regions(settings)))}"


def _cost(stack: Stack, state: Literal["on", "idle"], limit: Decimal, per: int, unit: str) -> Iterator[str]:
    """Hold what the stack costs for `per` hours against a limit in the credit's currency.

    A machine that nobody knows the price of may cost a hundred times the limit, and no later run tells: it breaks the
    rule. What depends on a value of the real run is for that to judge.
    """
    estimate = stack.estimate
    if estimate.rate is None:
        what = f"what a US dollar is in {estimate.currency}, and with it whether the limit holds"
        raise UnknownError(what, f"nobody here knows {what}: add `usdRate` under coursecloud:usage")
    hourly = estimate.due.per_hour_on if state == "on" else estimate.due.per_hour_idle
    money = hourly * per / estimate.rate.usd
    unknown = [each for each in estimate.items if _hourly(each.due, state) is None]
    least = "at least " if unknown else ""
    known = f"{least}{money:.2f} {estimate.currency} {unit}"
    if money > limit:
        yield f"it costs {known}; the limit is {limit:g}"
    elif unpriced := [each for each in unknown if each.unit == "hour" and each.unit_price is None]:
        names = ", ".join(dict.fromkeys(f"{each.name} ({each.what})" for each in unpriced))
        yield f"nobody knows what an hour of {names} costs, nor will the real run; without it {known} of {limit:g}"
    elif unknown:
        names = ", ".join(dict.fromkeys(each.name for each in unknown))
        raise UnknownError(
            "the whole cost",
            f"nobody knows the whole cost: it is {known} of {limit:g}, without {names} (`coursecloud cost` says why)",
        )


def _hourly(amounts: "Amounts", state: Literal["on", "idle"]) -> Decimal | None:
    return amounts.per_hour_on if state == "on" else amounts.per_hour_idle


def _credit(stack: Stack) -> Iterator[str]:
    from coursecloud.cost import credit

    verdict = credit.verdict(stack.estimate)
    if verdict is credit.Verdict.ENDS:
        yield credit.sentence(stack.estimate)
    elif verdict is credit.Verdict.UNKNOWN and stack.estimate.lease_ends:
        raise UnknownError("how long the credit lasts", credit.sentence(stack.estimate))


def _twins(stack: Stack) -> Iterator[str]:
    named = Counter((short_type(each.type), each.name) for each in stack.resources)
    for (kind, name), count in named.items():
        if count > 1:
            yield f"{count} of {kind} are called {name}: rules and the stack file know one by that name"
    ids = defaultdict[str, list[str]](list)
    for each in stack.resources:
        kind = short_type(each.type)
        found = import_ids.identity(each.type, each.inputs) if each.custom and not types.grants(kind) else None
        if found:
            ids[f"{kind} {said(import_ids.plain(found))}"].append(each.name)
    for thing, names in ids.items():
        if len(names) > 1:
            yield f"{' and '.join(names)} are one {thing} to Google, which refuses the second"


def _per_hour(stack: Stack) -> Iterator[str]:
    return _cost(stack, "on", Decimal(str(stack.settings.lease.max_per_hour)), 1, "an hour with everything on")


def _idle(stack: Stack) -> Iterator[str]:
    settings = stack.settings
    own = settings.guardrails.max_idle_per_day
    limit = Decimal(str(settings.lease.credit.amount)) / IDLE_SHARE if own is None else Decimal(str(own))
    return _cost(stack, "idle", limit, 24, "a day while nothing runs")


def _excepting(rule: str) -> Edit:
    until = datetime.date(2026, 12, 18)
    entry = GuardrailException(rule=rule, resource="workbench", reason="this is an example", until=until)
    return settings("guardrails", exceptions=(entry,))


CURRENT = Rule(
    id="exceptions-current",
    title="Exceptions name a rule and are in date",
    why="An exception that nobody needs any more, or that names no rule, hides the next mistake.",
    remedy="Remove it or correct the id; an end is at most a year away, and a new one wants a new look.",
    severity="low",
    topic="upkeep",
    breaks=(Example("dev", "stack", _excepting("machine-stops"), says="there is no such rule"),),
    keeps=(Example("dev", "stack", _excepting("machine-ends")),),
)
"""Judged in `checking`, which knows what every other rule has found."""

RULES = (
    StackRule(
        id="lease-ends",
        title="The stack has a lease, and it is running",
        why="What has no end is forgotten: labels, grants and old versions of data take theirs from the lease.",
        remedy="Give `starts` and an `ends` that is to come under coursecloud:lease; after the end, run `make finish`.",
        severity="medium",
        topic="upkeep",
        advisory=True,
        check=_lease,
        breaks=(Example("gpu", "stack", settings("lease", ends=None), says="no end"),),
        keeps=(Example("gpu", "stack", settings("lease", time_zone="Etc/UTC")),),
    ),
    ResourceRule(
        id="region-allowed",
        title="Everything is in an allowed region",
        why="Another region has other prices and laws, and copying data between regions bills.",
        remedy="Move it, or add the region to `regions` under coursecloud:guardrails.",
        severity="medium",
        topic="upkeep",
        applies=lambda kind: not grants_something(kind),  # a grant is where its resource is
        check=_region,
        breaks=(Example("dev", "data", bucket("location", "US-CENTRAL1"), says="us-central1"),),
        keeps=(Example("dev", "data", settings("guardrails", regions=("europe-west1", "eu"))),),
    ),
    StackRule(
        id="credit-lasts",
        title="The credit lasts to the lease's end",
        why="Where it ends, Google stops everything: the last days, often those of the exam, are without it.",
        remedy="Plan fewer hours, a smaller machine or Spot; or correct the credit or the end under coursecloud:lease.",
        severity="high",
        topic="cost",
        check=_credit,
        breaks=(Example("gpu", "stack", settings("lease", credit=Credit(amount=20)), says="before the lease does"),),
        keeps=(Example("gpu", "stack", settings("lease", credit=Credit(amount=60))),),
    ),
    StackRule(
        id="named-once",
        title="No two resources of a type have one name in the program",
        why="What the stack file says of a name would be taken to be said of both, wherever in the program they are.",
        remedy="Give it another logical name; what is there under the old one is taken over with `aliases`.",
        severity="medium",
        topic="upkeep",
        check=_twins,
        breaks=(
            Example(
                "dev",
                "stack",
                add("storage/bucket:Bucket", "data", location="EUROPE-WEST1"),
                says="2 of storage.Bucket are called data",
            ),
            Example(
                "dev",
                "stack",
                add("storage/bucket:Bucket", "more", name="example-project-id-dev-data"),
                says="data and more are one storage.Bucket",
            ),
        ),
        keeps=(Example("dev", "stack", add("storage/bucket:Bucket", "data-two", location="EUROPE-WEST1")),),
    ),
    StackRule(
        id="cost-per-hour",
        title="An hour with everything on stays under its limit",
        why="A group that starts all it has should not lose the credit in an afternoon.",
        remedy="Take a smaller machine, Spot, or one with a known price; or raise maxPerHour under coursecloud:lease.",
        severity="high",
        topic="cost",
        check=_per_hour,
        breaks=(Example("dev", "stack", settings("lease", max_per_hour=0.01), says="the limit is 0.01"),),
        keeps=(Example("dev", "stack", settings("lease", max_per_hour=1.0)),),
    ),
    StackRule(
        id="cost-idle-per-day",
        title="A day without work stays under its limit",
        why="Disks, addresses and stored data bill at night, at weekends and after the course.",
        remedy="Shrink disks, or raise maxIdlePerDay under coursecloud:guardrails.",
        severity="medium",
        topic="cost",
        check=_idle,
        breaks=(Example("dev", "stack", settings("guardrails", max_idle_per_day=0.01), says="the limit is 0.01"),),
        keeps=(Example("dev", "stack", put("compute.Disk", "workbench-work", "size", 30)),),
    ),
    CURRENT,
)
