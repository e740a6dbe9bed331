"""The dated prices as one value. None means unknown: never free, never zero."""

import datetime
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog import tables
from coursecloud.common.ages import OLD_PRICES
from infra import files

DATA = tables.DATA
FILES = ("prices-compute", "prices-services", "prices-currencies")
"""The price files in catalog/, each with its source and date."""

FAMILIES = "machine-prices"
"""The folder beside them whose files have the prices of a machine family's hours, each with its source and date."""

MONTH = Decimal(730)
"""Hours of a month, as Google bills what is priced by the month."""


@dataclass(frozen=True)
class FreeTier:
    """What is not billed each month."""

    amount: Decimal
    shared: bool
    """Per billing account, so all its projects share it; else per project."""
    regions: frozenset[str] | None
    """The only regions in which it holds; None for everywhere."""


@dataclass(frozen=True)
class Prices:
    """What Google charges, in USD, from the dated files."""

    compute: Mapping[str, Any]
    services: Mapping[str, Any]
    currencies: Mapping[str, Any]

    @property
    def date(self) -> datetime.date:
        """The day on which the catalog was last asked for all of them; before that, the day of the oldest prices."""
        return min(dated(table) for table in (self.compute, self.services))

    def hour(self, region: str, key: str, *, spot: bool = False) -> Decimal | None:
        """USD an hour of a key of the compute table, e.g. `n1.vcpu`."""
        return (self._region(region, "hour").get(key) or (None, None))[spot]

    def gib_month(self, region: str, key: str) -> Decimal | None:
        """USD for a GiB kept a month: a disk type, or `standard` for Cloud Storage."""
        return self._region(region, "gibMonth").get(key)

    def ssd_month(self, region: str, family: str = "", *, spot: bool = False) -> Decimal | None:
        """USD for a GiB of local SSD kept a month: of a family that has a price of its own, else of all others."""
        table = self._region(region, "ssdMonth")
        return (table.get(f"local-ssd.{family}") or table.get("local-ssd") or (None, None))[spot]

    def performance_month(self, region: str, key: str) -> Decimal | None:
        """USD for what a disk is provisioned to do a month, e.g. an operation a second, `hyperdisk-balanced.iops`."""
        return self._region(region, "performanceMonth").get(key)

    def gib(self, region: str, key: str) -> Decimal | None:
        """USD for a GiB moved: `egress` or `nat-data`."""
        return self._region(region, "gib").get(key)

    def service(self, key: str) -> Decimal | None:
        """USD for one unit of a service, e.g. `run.cpu`."""
        entry = self.services["prices"].get(key)
        return entry["usd"] / entry["per"] if entry else None

    def free(self, key: str) -> FreeTier | None:
        """The free tier of a key; None where there is none that we know of."""
        entry = self.services["free"].get(key)
        if entry is None:
            return None
        regions = entry.get("regions")
        return FreeTier(Decimal(entry["amount"]), entry["shared"], frozenset(regions) if regions else None)

    def usd(self, currency: str) -> Decimal | None:
        """What one unit of a currency was worth in USD on the day of the table."""
        per_euro = self.currencies["perEuro"]
        if currency == "USD":
            return Decimal(1)
        return per_euro["USD"] / per_euro[currency] if currency in per_euro else None

    @property
    def vertex_factor(self) -> Decimal:
        """What Vertex AI asks for a machine, as a multiple of its price on Compute Engine."""
        return self.services["vertexFactor"]

    def _region(self, region: str, section: str) -> Mapping[str, Any]:
        return self.compute["regions"].get(region, {}).get(section, {})


def dated(table: Mapping[str, Any]) -> datetime.date:
    """The day of a price file: its last renewal, or that of its oldest price."""
    return datetime.date.fromisoformat(table.get("renewed", table["date"]))


def outdated(date: datetime.date, today: datetime.date) -> str:
    """Say that prices of a day are old, and what to do; empty where they are not."""
    age = (today - date).days
    remedy = "`coursecloud prices refresh` renews them"
    return f"the oldest prices are of {date}, {age} days ago; {remedy}" if age > OLD_PRICES else ""


@functools.cache
def load(folder: Path = DATA) -> Prices:
    """Read the price files of a folder."""
    _, services, currencies = (folder / f"{name}.json" for name in FILES)
    return Prices(compute(folder), read(services), read(currencies))


def compute(folder: Path = DATA) -> dict[str, Any]:
    """Read what Compute Engine costs by region: `prices-compute.json`, and each `machine-prices/FAMILY.json`."""
    whole = read(folder / f"{FILES[0]}.json")
    for family in families(folder).values():
        for region, hour in family["hour"].items():
            whole["regions"][region]["hour"] |= hour
    return whole


def families(folder: Path = DATA) -> dict[str, dict[str, Any]]:
    """Read the prices of each machine family in a folder, their numbers exact."""
    return {path.stem: read(path) for path in sorted((folder / FAMILIES).glob("*.json"))}


def read(path: Path) -> dict[str, Any]:
    """Read one file, its numbers exact."""
    return files.json_of(files.text_of(path, 20_000_000), exact=True)


@dataclass(frozen=True)
class Unknown:
    """There is no price, and why."""

    reason: str


def machine(
    prices: Prices, machine_type: str, region: str, *, spot: bool = False, looked_up: bool = False
) -> Decimal | Unknown:
    """USD an hour of a machine type with the GPUs and the local SSD that come with it; GPUs attached to it are `gpu`.

    A price of its own where it has one, else its vCPUs and GiB at the family's rates; a shared core counts as the
    fraction that Google bills. `looked_up` says that somebody knows better than the table that the region offers it.
    """
    known = tables.machine_type(machine_type)
    if known and not looked_up and not _offered(known.zones, region):
        return Unknown(f"{machine_type} is not offered in {region}")
    if (whole := prices.hour(region, machine_type, spot=spot)) is not None:
        return whole
    if known is None:
        return Unknown(f"the table has no machine type {machine_type} (coursecloud:prices takes its price)")
    parts = _parts(prices, known, region, spot=spot)
    priced = [part for part in parts if part is not None]
    return sum(priced, Decimal(0)) if len(priced) == len(parts) else unpriced(machine_type, region, spot=spot)


def _parts(prices: Prices, known: tables.MachineType, region: str, *, spot: bool) -> list[Decimal | None]:
    """Price a machine type's vCPUs, memory, own GPUs and local SSD, whichever of them the table has bundled."""
    family, memory, vcpus = known.family, Decimal(str(known.memory_gib)), Decimal(str(known.billed_vcpus))
    bundles = prices.hour(region, f"{family}.vcpu+{(memory / vcpus).normalize():f}gib", spot=spot)
    if bundles is not None:
        parts: list[Decimal | None] = [vcpus * bundles]
    else:
        # A size of one's own costs a little more than the family's rates, and much more beyond its most memory.
        premium, extended = Decimal(str(known.premium)), Decimal(str(known.extended_gib))
        billed = (memory - extended) * premium
        if extended:
            billed += extended * Decimal(prices.compute["custom"]["extendedFactor"])
        parts = [times(vcpus * premium, prices.hour(region, f"{family}.vcpu", spot=spot))]
        parts += [times(billed, prices.hour(region, f"{family}.gib", spot=spot))]
    if known.gpu:
        key, count = f"gpu.{known.gpu}", Decimal(known.gpu_count) * Decimal(str(known.gpu_share))
        with_memory = prices.hour(region, f"{key}+{(memory / count).normalize():f}gib", spot=spot)
        if with_memory is not None:
            # Such a price has the local SSD in it too, where the machine comes with one.
            return [parts[0], count * with_memory]
        parts.append(times(count, prices.hour(region, key, spot=spot)))
    if known.local_ssd_gib:
        parts.append(times(Decimal(str(known.local_ssd_gib)) / MONTH, prices.ssd_month(region, family, spot=spot)))
    return parts


def gpu(prices: Prices, model: str, region: str, *, spot: bool = False, looked_up: bool = False) -> Decimal | Unknown:
    """USD an hour of one GPU that is attached to a machine."""
    known = tables.gpu(model)
    if known is None:
        return Unknown(f"the table has no GPU {model} (coursecloud:prices takes its price)")
    if not looked_up and not _offered(known.zones, region):
        return Unknown(f"{known.name} is not offered in {region}")
    price = prices.hour(region, f"gpu.{known.name}", spot=spot)
    return unpriced(known.name, region, spot=spot) if price is None else price


@dataclass(frozen=True)
class Performance:
    """What a disk is provisioned to do, in operations or in MiB a second."""

    unless_given: Decimal
    """What Google provisions for the disk's size where nothing is asked for."""
    free: Decimal
    """So much of it is not billed."""


def performance(prices: Prices, disk_type: str, gib: Decimal) -> dict[str, Performance | None]:
    """Find what a disk of a type and size bills for beside its size: `iops`, `mibps` or nothing.

    None where it bills, and neither how much nor at which price is known.
    """
    found: dict[str, Performance | None] = {}
    for key, fact in prices.compute.get("performance", {}).items():
        kind, _, what = key.rpartition(".")
        if kind == disk_type:
            found[what] = fact and Performance(
                min(fact["base"] + fact["perGib"] * gib, Decimal(fact["most"])), Decimal(fact["free"])
            )
    return found


def times(count: Decimal, price: Decimal | None) -> Decimal | None:
    """Multiply a price that may be unknown."""
    return None if price is None else count * price


def _offered(zones: frozenset[str], region: str) -> bool:
    # Of a region that the table lacks it says nothing; neither do the prices, which are then unknown.
    return region not in tables.regions() or any(tables.region_of(zone) == region for zone in zones)


def unpriced(what: str, region: str, *, spot: bool) -> Unknown:
    """Say that the table has no price for something in a region."""
    return Unknown(f"{what} has no known {'Spot ' if spot else ''}price in {region}")
