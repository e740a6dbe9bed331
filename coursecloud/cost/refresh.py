"""New price files from the old ones and the catalog's prices: pure but for `write`."""

import copy
import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from catalog import tables
from coursecloud.common import json_layout, writing
from coursecloud.cost import skus
from coursecloud.cost.skus import Price

SOURCE = "Cloud Billing catalog, read by `coursecloud prices refresh`"
JUMP, SPOT_JUMP = Decimal(2), Decimal(4)
"""How many times its old self, or which part of it, a price may be without a question; Spot prices move more."""

LEAST = Decimal("0.5")
"""The share of our prices with a rule that an answer must hold to be taken for a whole one."""


class TooLittleError(ValueError):
    """The catalog held so few of our prices that its answer is not believed."""


@dataclass(frozen=True)
class PriceChange:
    """A price that is another now; `old` is None for one that we did not have."""

    where: str
    key: str
    spot: bool
    old: Decimal | None
    new: Decimal

    @property
    def jumps(self) -> bool:
        """Whether it is so far from the old price that it may be a mistake of the catalog's, or of ours."""
        bound = SPOT_JUMP if self.spot else JUMP
        return bool(self.old) and not (self.old or 0) / bound <= self.new <= (self.old or 0) * bound


@dataclass(frozen=True)
class Refreshed:
    """The new tables, and what became of them."""

    compute: Mapping[str, Any]
    services: Mapping[str, Any]
    changes: tuple[PriceChange, ...]
    unmatched: tuple[str, ...]
    """Prices of ours for which the catalog had no SKU that we know: they keep their value."""
    ambiguous: tuple[str, ...]
    """Prices for which it had several that differ: they keep their value too."""


PAIRS = ("hour", "ssdMonth")
"""Tables of a region whose prices are [on demand, Spot]."""
TABLES = ("hour", "gibMonth", "gib", "ssdMonth", "performanceMonth")

_Found = dict[tuple[str, str, str, bool], Decimal]
"""USD by table, region (`global` for all), key and Spot."""


def refreshed(
    compute: Mapping[str, Any],
    services: Mapping[str, Any],
    prices: Iterable[Price],
    mapping: Mapping[str, Any],
    today: datetime.date,
) -> Refreshed:
    """Put the catalog's prices into our tables.

    A region's date becomes today where each of its prices that has a rule was found. Raises TooLittleError.
    """
    new, new_services = copy.deepcopy((dict(compute), dict(services)))
    found, ambiguous = _unambiguous(prices)
    changes, unmatched, matched, missed = list[PriceChange](), list[str](), 0, 0
    ruled = {(rule["table"], rule["key"]) for rule in mapping["rules"]}
    regions = set(new["regions"]) | ({place for _, place, _, _ in found} & set(tables.regions()))
    for region in sorted(regions):
        entry = new["regions"].setdefault(region, {"date": str(today), "hour": {}, "gibMonth": {}, "gib": {}})
        merged = _merge(entry, region, found)
        _unbundle(entry["hour"], region, found, mapping["replaces"])
        changes += merged.changes
        unmatched += [_label(region, *lost) for lost in merged.lost if lost[0] in entry.get(lost[2], {})]
        matched += merged.matched
        missed += sum((table, key) in ruled for key, _, table in merged.lost)
        if merged.matched and not any((table, key) in ruled for key, _, table in merged.lost):
            entry["date"] = str(today)
    _services(new_services, found, changes, unmatched)
    if matched == 0 or Decimal(matched) / (matched + missed) < LEAST:
        raise TooLittleError(
            f"the catalog's answer holds {matched} prices of ours and lacks {missed} that it could hold"
        )
    new["date"] = min(entry["date"] for entry in new["regions"].values())
    new["renewed"] = new_services["renewed"] = str(today)
    own = {"title": SOURCE, "url": "https://cloud.google.com/billing/docs/reference/rest", "read": str(today)}
    new["source"] = [*(entry for entry in new["source"] if entry["title"] != SOURCE), own]
    return Refreshed(new, new_services, tuple(changes), tuple(unmatched), tuple(ambiguous))


@dataclass
class _Merged:
    """What became of one region."""

    changes: list[PriceChange]
    lost: list[tuple[str, bool, str]]
    """Key, Spot and table of each price of ours that was not found."""
    matched: int = 0


def _merge(entry: dict[str, dict[str, Any]], region: str, found: _Found) -> _Merged:
    merged = _Merged([], [])
    for table in TABLES:
        if table not in entry and not any((kind, place) == (table, region) for kind, place, _, _ in found):
            continue
        prices = entry.setdefault(table, {})
        for key in sorted(set(prices) | {key for kind, place, key, _ in found if (kind, place) == (table, region)}):
            for spot in (False, True) if table in PAIRS else (False,):
                pair = cast("list[Decimal | None]", prices.get(key) or [None, None]) if table in PAIRS else []
                old = cast("Decimal | None", pair[spot] if pair else prices.get(key))
                usd = found.get((table, region, key, spot), found.get((table, "global", key, spot)))
                if usd is None:
                    merged.lost += [] if old is None else [(key, spot, table)]
                    continue
                merged.matched += 1
                if pair:
                    pair[spot] = usd
                prices[key] = pair or usd
                if usd != old:
                    merged.changes.append(PriceChange(region, key, spot, old, usd))
    return merged


def _unbundle(prices: dict[str, Any], region: str, found: _Found, replaces: Mapping[str, Sequence[str]]) -> None:
    """Drop a price for several things in one where each of them now has a price of its own."""
    whole = {name: _made_of(name) for name in prices if name in tables.machine_types()}
    for bundle, parts in ({**replaces, **whole}).items():
        spots = (False, True) if (prices.get(bundle) or (None, None))[1] is not None else (False,)
        if parts and all(("hour", region, key, spot) in found for key in parts for spot in spots):
            prices.pop(bundle, None)


def _made_of(name: str) -> tuple[str, ...]:
    """Name the prices whose sum a machine type's is; none where it bills in another way, as a shared core does."""
    known = tables.machine_types()[name]
    if known.billed_vcpus != known.vcpus:
        return ()
    gpu = (f"gpu.{known.gpu}",) if known.gpu else ()
    return (f"{known.family}.vcpu", f"{known.family}.gib", *gpu)


def _unambiguous(prices: Iterable[Price]) -> tuple[_Found, list[str]]:
    several: dict[tuple[str, str, str, bool], set[Decimal]] = defaultdict(set)
    for price in prices:
        for region in price.regions:
            several[price.table, region, price.key, price.spot].add(price.usd)
    ambiguous = sorted(_label(r, key, spot) for (_, r, key, spot), values in several.items() if len(values) > 1)
    return {place: next(iter(values)) for place, values in several.items() if len(values) == 1}, ambiguous


def _services(services: dict[str, Any], found: _Found, changes: list[PriceChange], unmatched: list[str]) -> None:
    """Put in what is one price everywhere; a service whose price differs by region is left alone."""
    for key, entry in services["prices"].items():
        values = {
            usd for (table, _, name, spot), usd in found.items() if table == "service" and name == key and not spot
        }
        if len(values) != 1:
            unmatched.append(f"services {key}")
            continue
        entry.pop("date", None)  # of a price that was written by hand
        usd, old = values.pop() * entry["per"], entry["usd"]
        if usd != old:
            entry["usd"] = usd
            changes.append(PriceChange("services", key, False, old, usd))


def _label(region: str, key: str, spot: bool, _table: str = "") -> str:
    return f"{region} {key}{' Spot' if spot else ''}"


def read(pages: Mapping[str, Iterable[object]], mapping: Mapping[str, Any]) -> tuple[list[Price], list[str]]:
    """Read the prices in the SKUs of each service, by our name for it, and say which SKUs were passed over."""
    found, skipped = list[Price](), list[str]()
    for name, entries in pages.items():
        prices, strange = skus.read(name, entries, mapping["rules"])
        found += prices
        skipped += strange
    return found, skipped


def by_hand(services: Mapping[str, Any], mapping: Mapping[str, Any]) -> list[str]:
    """List the prices of services for which no SKU is known."""
    ruled = {rule["key"] for rule in mapping["rules"] if rule["table"] == "service"}
    return [key for key in services["prices"] if key not in ruled]


def families_by_hand(families: Mapping[str, Mapping[str, Any]], mapping: Mapping[str, Any]) -> list[str]:
    """List the machine families whose cores have no known SKU."""
    ruled = {rule["key"] for rule in mapping["rules"]}
    return [family for family in families if f"{family}.vcpu" not in ruled]


def by_family(
    compute: Mapping[str, Any], families: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Take the compute table apart: what is no family's, and each family's file with its prices in it.

    A key is FAMILY.vcpu and the like, gpu.MODEL or a machine type; one of a family that the tables do not know stays in
    the rest, and so do all where no family has a file. A family's date is that of its oldest region.
    """
    rest = copy.deepcopy(dict(compute))
    own = [entry for entry in compute["source"] if entry["title"] == SOURCE]
    hours: dict[str, dict[str, Any]] = {family: {} for family in families}
    for region, tables_of in rest["regions"].items():
        for key in list(tables_of["hour"]):
            if (family := family_of(key)) and (family in families or (families and family in tables.families())):
                hours.setdefault(family, {}).setdefault(region, {})[key] = tables_of["hour"].pop(key)
    return rest, {
        family: {
            **families.get(family, {}),
            "source": [*_but_own(families.get(family, {}).get("source", [])), *own],
            "date": _oldest(compute, hour, families.get(family, {}).get("date")),
            "hour": hour,
        }
        for family, hour in hours.items()
    }


def family_of(key: str) -> str | None:
    """Name the machine family that a key of the table of hours is about; None for an address."""
    plain = key.partition("+")[0]
    if plain.startswith("gpu."):
        known = tables.gpus().get(plain.removeprefix("gpu."))
        return known.families[0] if known else None
    known_type = tables.machine_types().get(plain)
    if known_type:
        return known_type.family
    family = re.split(r"[.-]", plain)[0]
    return None if family == "address" else family


def _but_own(sources: Sequence[Any]) -> list[Any]:
    return [source for source in sources if source["title"] != SOURCE]


def _oldest(compute: Mapping[str, Any], hour: Mapping[str, Any], before: str | None) -> str:
    """The day of a family's oldest prices: that of its regions once a refresh has been, else what its file said."""
    renewed = any(entry["title"] == SOURCE for entry in compute["source"])
    days = [compute["regions"][region]["date"] for region in hour]
    return before if before and not renewed else min(days, default=before or compute["date"])


def write(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Write tables as files of a folder: all are complete on the disk before the first takes its place.

    Raises writing.WriteError.
    """
    texts = {folder / f"{name}.json": json_layout.written(dict(table)) + "\n" for name, table in files.items()}
    writing.write_all(texts, mode=0o644)
