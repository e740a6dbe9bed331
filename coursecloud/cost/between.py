"""What traffic between regions bills for: what jobs and machines pull from buckets and repositories elsewhere."""

from collections.abc import Iterator
from decimal import Decimal

from coursecloud.cost.bill import Bill, Line, number, region_of, size, text
from coursecloud.cost.compute import INSTANCE
from coursecloud.cost.prices import Prices, Unknown
from coursecloud.cost.stores import BUCKET

NAME = "between-regions"
"""The name of each such line."""
REPOSITORY = "gcp:artifactregistry/repository:Repository"


def price(prices: Prices, one: str, other: str) -> Decimal | Unknown:
    """USD for a GiB from one region or bucket's location to another; nothing within one region."""
    if one.lower() == other.lower():
        return Decimal(0)
    continents = [_continent(prices, place) for place in (one, other)]
    table = prices.services.get("betweenRegions", {})
    for first, second in (continents, continents[::-1]):
        if (usd := table.get(first, {}).get(second)) is not None:
            return usd
    return Unknown(f"traffic between {one} and {other} has no known price")


def _continent(prices: Prices, place: str) -> str:
    return prices.services.get("continents", {}).get(place.lower().partition("-")[0], "?")


def lines(bill: Bill) -> Iterator[Line]:
    """Bill what jobs and machines pull from buckets and repositories that are not in their region."""
    yield from _jobs(bill)
    yield from _machines(bill)


def _jobs(bill: Bill) -> Iterator[Line]:
    training, usage = bill.settings.training, bill.usage.training
    if bill.component("training") is None or not training.enabled:
        return
    region = training.region or bill.settings.region
    jobs = number(usage.jobs_per_week) / 7
    data = bill.usage.storage.data_gb if usage.data_gb is None else usage.data_gb
    for what, place, gigabytes in (
        ("the image", _location(bill, REPOSITORY, "docker"), number(usage.image_gb)),
        ("the data", _location(bill, BUCKET, "data"), number(data)),
    ):
        if place and place.lower() != region and gigabytes and jobs:
            label = f"{what} of each job, {size(gigabytes)} from {place.lower()} to {region}"
            yield bill.shared("training", NAME, label, "GiB", price(bill.prices, place, region), jobs * gigabytes)


def _machines(bill: Bill) -> Iterator[Line]:
    machines = [region_of(machine.inputs) for machine in bill.of(INSTANCE)]
    place = _location(bill, BUCKET, "data")
    away = [region for region in machines if region and place and region != place.lower()]
    read = number(bill.usage.traffic.download_gb_per_day) * bill.working_days
    for region in dict.fromkeys(away):
        label = f"what machines in {region} read from {(place or '?').lower()}"
        asked = price(bill.prices, place or "?", region)
        yield bill.shared("machines", NAME, label, "GiB", asked, read * away.count(region) / len(machines))


def _location(bill: Bill, kind: str, name: str) -> str | None:
    found = [text(resource.inputs, "location") for resource in bill.of(kind) if resource.name == name]
    return found[0] if found else None
