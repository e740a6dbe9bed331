"""What stores of work bill for: buckets, repositories and secrets, day and night."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from coursecloud.cost.bill import Bill, Line, number, size, text
from coursecloud.cost.prices import MONTH
from coursecloud.plan import adoption, nested
from coursecloud.plan.registration import Registration

BUCKET = "gcp:storage/bucket:Bucket"
SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 - a type
TOPIC = "gcp:pubsub/topic:Topic"
OWN = (
    "the group's own bucket bills whether the stack is there or not, where and in which class no plan knows;"
    " `coursecloud:prices.resources` can say how much"
)
WIDE = ("US", "EU", "ASIA", "NAM4", "EUR4", "ASIA1")
"""Locations that are more than one region."""


def bucket(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a bucket by what lies in it; `usage.storage` says how much."""
    stored = {
        "data": bill.usage.storage.data_gb,
        "models": bill.usage.storage.models_gb,
        "staging": bill.usage.storage.staging_gb,
    }
    location = (text(resource.inputs, "location") or "?").upper()
    kept = stored.get(resource.name)
    if adoption.has_form(resource):
        yield bill.unknown(resource, f"{resource.name}: {OWN}")
    elif kept is None:
        yield bill.unknown(resource, f"{resource.name}: nobody said how much lies in this bucket")
    elif (kind := text(resource.inputs, "storageClass")) not in (None, "STANDARD"):
        yield bill.unknown(resource, f"{resource.name}: storage class {kind} has no known price")
    else:
        region = location.lower()
        price = bill.prices.service(f"storage.{location}") if location in WIDE else _region(bill, region)
        free = bill.free("storage.standard", region)
        asked = bill.known(price, f"Cloud Storage in {location}")
        yield bill.stored(resource, f"{size(number(kept))} stored", asked, number(kept), free=free)


def _region(bill: Bill, region: str) -> Decimal | None:
    return bill.prices.gib_month(region, "standard")


def operations(bill: Bill) -> Iterator[Line]:
    """Bill the reads and writes of all buckets together, as if each bucket had as many."""
    buckets = bill.of(BUCKET)
    wide = [bucket for bucket in buckets if (text(bucket.inputs, "location") or "").upper() in WIDE]
    for some, kind, of in (
        ([bucket for bucket in buckets if bucket not in wide], "", ""),
        (wide, "-wide", " in a multi-region"),
    ):
        if not some:
            continue
        free = all(bill.free("storage.writes", (text(each.inputs, "location") or "").lower()) for each in some)
        for key, rule, many in (
            ("writes", f"writes{kind}", bill.usage.storage.writes_per_day),
            ("reads", "reads", bill.usage.storage.reads_per_day),
        ):
            price = bill.known(bill.prices.service(f"storage.{rule}"), f"object {key}")
            day = many * bill.working_days * len(some) / len(buckets)
            tier = f"storage.{key}" if free else None
            yield bill.shared("storage", "operations", f"object {key}{of}", "operation", price, day, free=tier)


def repository(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a repository by what lies in it; `usage.registry` says how much."""
    form = (text(resource.inputs, "format") or "").upper()
    stored = {"DOCKER": bill.usage.registry.docker_gb, "PYTHON": bill.usage.registry.python_gb}.get(form)
    if stored is None:
        yield bill.unknown(resource, f"{resource.name}: nobody said how much lies in this repository")
        return
    price = bill.known(bill.prices.service("registry"), "Artifact Registry")
    what = f"{size(number(stored))} of {'images' if form == 'DOCKER' else 'packages'}"
    yield bill.stored(resource, what, price, number(stored), free=bill.free("registry", ""))


def secret(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a secret by its versions, once for each place that they are copied to."""
    replication = resource.inputs.get("replication")
    copies = 1
    if isinstance(replication, dict) and "userManaged" in replication:
        copies = len(replication["userManaged"].get("replicas", [None]))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    versions = Decimal(bill.usage.secrets.versions * copies)
    price = bill.known(bill.prices.service("secrets.versions"), "a secret's version")
    what = f"{versions:f} version{'s' if versions != 1 else ''}"
    free = bill.free("secrets.versions", "")
    yield bill.stored(resource, what, price, versions, unit="version-month", free=free)


def accesses(bill: Bill) -> Iterator[Line]:
    """Bill the reads of all secrets together."""
    if bill.of(SECRET):
        price = bill.known(bill.prices.service("secrets.accesses"), "reading a secret")
        day = bill.usage.secrets.reads_per_day * bill.working_days
        free = bill.free("secrets.accesses", "")
        yield bill.shared("secrets", "reads", "reads of secrets", "access", price, day, free=free)


def job(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a job of Cloud Scheduler for being there."""
    price = bill.known(bill.prices.service("scheduler.jobs"), "a Cloud Scheduler job")
    free = bill.free("scheduler.jobs", "")
    yield bill.stored(resource, "scheduled job", price, Decimal(1), unit="job-month", free=free)


EVALUATIONS = Decimal(120)
"""Times an hour that Cloud Monitoring looks at what a condition is about: every 30 seconds."""


def alert(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill an alert by its conditions, and by the time series that each looks at: one for each that it tells apart."""
    conditions = nested.listed(resource.inputs.get("conditions"))
    price = bill.known(bill.prices.service("alerts.conditions"), "a condition of an alert")
    many = Decimal(len(conditions))
    what = f"{many:f} condition{'s' if many != 1 else ''} of an alert"
    yield bill.stored(resource, what, price, many, unit="condition-month")
    series = sum(map(_series, conditions))
    looked = bill.known(bill.prices.service("alerts.series"), "a time series of an alert")
    what = f"{series} series looked at every 30 seconds"
    yield bill.stored(resource, what, looked, series * EVALUATIONS * MONTH, unit="time series")


def _series(condition: Any) -> int:
    """Count what a condition tells apart: what its filter names one by one, where it groups by it."""
    grouped = nested.at(condition, "conditionThreshold.aggregations[0].groupByFields")
    named = re.search(r"one_of\((.*)\)", str(nested.at(condition, "conditionThreshold.filter")))
    return max(1, named[1].count('"') // 2) if grouped and named else 1


def topic(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a topic's share of the messages; what a subscription delivers is in them."""
    price = bill.known(bill.prices.service("pubsub"), "a Pub/Sub message")
    day = number(bill.usage.traffic.messages_gb_per_day) / len(bill.of(TOPIC))
    yield bill.used(resource, "messages", "GiB", price, day, free=bill.free("pubsub", ""), every_day=True)
