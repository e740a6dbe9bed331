"""New prices of machine families from a dated table of whole machine types: pure."""

import copy
import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog import tables
from coursecloud.cost import derive, downloaded, refresh


def renewed(
    compute: Mapping[str, Any],
    families: Mapping[str, Mapping[str, Any]],
    table: downloaded.Table,
    mapping: Mapping[str, Any],
    source: Mapping[str, str],
    date: datetime.date,
    only: Sequence[str] | None = None,
) -> tuple[refresh.Refreshed, dict[str, dict[str, Any]]]:
    """Renew machine families, and local SSD with them, by the prices of whole machine types of a day.

    `compute` is the table without the families' hours. What a family has beside its machine types, such as GPUs that
    are attached, stays. Only the families that `only` names are renewed, if it names any.
    """
    new, changes = copy.deepcopy(dict(compute)), list[refresh.PriceChange]()
    made: dict[str, dict[str, Any]] = {}
    own = {rule["key"] for rule in mapping["rules"] if rule["table"] == "ssdMonth"}
    sorted_types: dict[str, dict[str, dict[str, derive.Pair]]] = defaultdict(lambda: defaultdict(dict))
    for region, types in table.items():
        for name, pair in types.items():
            if region in new["regions"] and (family := refresh.family_of(name)) and (not only or family in only):
                sorted_types[family][region][name] = pair
    for family, regions in sorted_types.items():
        before = families.get(family, {})
        hours = copy.deepcopy(dict(before.get("hour", {})))
        for region, types in regions.items():
            found = derive.rates(family, types, _shapes(types))
            kept = {key: pair for key, pair in hours.get(region, {}).items() if _beside(key, types)}
            changes += _changed(region, hours.get(region, {}), found.hour)
            hours[region] = kept | found.hour
            if found.ssd_month:
                ssd = new["regions"][region].setdefault("ssdMonth", {})
                others = ssd.get("local-ssd", found.ssd_month)
                apart = f"local-ssd.{family}" in own or others[0] != found.ssd_month[0]
                name = f"local-ssd.{family}" if apart else "local-ssd"
                changes += _changed(region, ssd, {name: found.ssd_month})
                ssd[name] = found.ssd_month
        sources = [each for each in before.get("source", []) if each["url"] != source["url"]]
        made[family] = {**before, "source": [*sources, dict(source)], "date": str(date), "hour": hours}
    return refresh.Refreshed(new, {}, tuple(changes), (), ()), made


def _shapes(types: Iterable[str]) -> dict[str, derive.MachineShape]:
    known = tables.machine_types()
    return {
        name: derive.MachineShape(
            Decimal(str(known[name].billed_vcpus)), Decimal(str(known[name].memory_gib)),
            Decimal(str(known[name].local_ssd_gib)), known[name].gpu, known[name].gpu_count,
        )
        for name in types if name in known
    }  # fmt: skip


def _beside(key: str, types: Mapping[str, object]) -> bool:
    """Whether a price of a family is of what the table does not hold: a GPU to attach, or another machine type."""
    gpu = tables.gpus().get(key.removeprefix("gpu."))
    return bool(gpu and gpu.attached) or (key in tables.machine_types() and key not in types)


def _changed(
    where: str, before: Mapping[str, Sequence[Decimal | None]], after: Mapping[str, Sequence[Decimal | None]]
) -> Iterator[refresh.PriceChange]:
    for key, pair in after.items():
        old = before.get(key, (None, None))
        for spot, usd in enumerate(pair):
            if usd is not None and usd != old[spot]:
                yield refresh.PriceChange(where, key, bool(spot), old[spot], usd)
