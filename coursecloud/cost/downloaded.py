"""What somebody downloaded: pages of the Cloud Billing catalog as they came, or a table of machine types' prices."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from coursecloud.cost.catalog import CatalogError
from coursecloud.cost.derive import Pair
from infra import files

_MOST = 1_000_000_000
"""Bytes of one file: the whole catalog of Compute Engine has some 60 million."""
_REMEDY = (
    "\n    remedy  give the answers of cloudbilling.googleapis.com/v1/services/ID/skus as they came, all pages of a"
    ' service, or a table {"prices": {REGION: {"on_demand": {TYPE: USD}, "spot": {TYPE: USD}}}}'
)

Table = Mapping[str, Mapping[str, Pair]]
"""USD an hour, on demand and Spot, by region and machine type."""


def load(paths: Sequence[Path]) -> list[Any]:
    """Read JSON files, their numbers exact. Raises CatalogError for one that cannot be read."""
    found: list[Any] = []
    for path in paths:
        try:
            found.append(json.loads(files.text_of(path, _MOST), parse_float=Decimal))
        except (OSError, ValueError, RecursionError) as error:
            why = error if isinstance(error, files.NotReadError) else type(error).__name__
            raise CatalogError(f"{path} cannot be read as JSON ({why}).{_REMEDY}") from None
    return found


def table(content: object) -> Table | None:
    """Take one file for a table of machine types' prices; None where it is of another form."""
    regions = cast("dict[str, Any]", content).get("prices") if isinstance(content, dict) else None
    if not isinstance(regions, dict):
        return None
    found: dict[str, dict[str, Pair]] = {}
    for region, sides in cast("dict[str, Any]", regions).items():
        try:
            full, spot = sides["on_demand"], sides["spot"]
            found[region] = {name: (_usd(full[name]), _usd(spot[name])) for name in full if name in spot}
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise CatalogError(f"the prices of {region!r} have another form.{_REMEDY}") from None
    return found


def _usd(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError
    usd = Decimal(str(value))
    if not usd.is_finite() or usd <= 0:
        raise ValueError
    return usd


def pages(contents: Sequence[object], services: Mapping[str, str]) -> dict[str, list[object]]:
    """Sort the SKUs of downloaded pages by our name of their service; those of others are left out.

    Raises CatalogError for what is no page, and where a page says that another follows which is not there.
    """
    names = {identifier: name for name, identifier in services.items()}
    found: dict[str, list[object]] = {}
    more: dict[str, int] = defaultdict(int)
    last: dict[str, int] = defaultdict(int)
    for page in (each for content in contents for each in _every(content)):
        skus = page.get("skus")
        if not isinstance(skus, list):
            raise CatalogError(f"a page has no list of SKUs.{_REMEDY}")
        entries = cast("list[object]", skus)
        service = next((name for entry in entries if (name := names.get(_service(entry)))), None)
        if service:
            found.setdefault(service, []).extend(entries)
            (more if page.get("nextPageToken") else last)[service] += 1
    for service in found:
        if more[service] and not last[service]:
            raise CatalogError(
                f"the last page of {service} says that another follows, and it is not among the files;"
                " nothing was written.\n    remedy  download that page too (`pageToken`)"
            )
    if not found:
        raise CatalogError(f"no SKU in the files is of a service that prices-skus.json names.{_REMEDY}")
    return found


def _every(content: object) -> list[dict[str, Any]]:
    """Take a file for one page, or for a list of them or of SKUs."""
    listed = cast("list[object]", content) if isinstance(content, list) else [content]
    if listed and all(isinstance(entry, dict) and "skuId" in entry for entry in listed):
        return [{"skus": listed}]
    if not listed or not all(isinstance(entry, dict) for entry in listed):
        raise CatalogError(f"a file holds no page of the catalog.{_REMEDY}")
    return [cast("dict[str, Any]", entry) for entry in listed]


def _service(entry: object) -> str:
    """Find the id of a SKU's service in its name, `services/6F81-5844-456A/skus/...`."""
    name = cast("dict[str, Any]", entry).get("name") if isinstance(entry, dict) else None
    parts = name.split("/") if isinstance(name, str) else []
    return parts[1] if len(parts) > 1 and parts[0] == "services" else ""
