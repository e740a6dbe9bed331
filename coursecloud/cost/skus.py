"""From SKUs of the Cloud Billing catalog to our prices: pure, and strict about what it does not understand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

_UNITS: dict[str, tuple[str, Decimal]] = {
    "s": ("s", Decimal(1)),
    "min": ("s", Decimal(60)),
    "h": ("s", Decimal(3600)),
    "GiBy": ("By", Decimal(2**30)),
    "GiBy.h": ("By.s", Decimal(2**30 * 3600)),
    "TiBy": ("By", Decimal(2**40)),
    "count": ("count", Decimal(1)),
}
"""Units whose base units we can count, as the API's baseUnit and how many of them. A month is not one."""


class MalformedError(ValueError):
    """An answer is not what the catalog's documentation says; the text says where."""


@dataclass(frozen=True)
class Price:
    """What a SKU says of a price of ours."""

    table: str
    """`hour`, `gibMonth`, `gib` or `service`."""
    key: str
    spot: bool
    regions: tuple[str, ...]
    usd: Decimal
    """In USD for the unit of the table."""
    sku: str


def read(service: str, skus: Iterable[object], rules: Iterable[Mapping[str, Any]]) -> tuple[list[Price], list[str]]:
    """Read the prices in the SKUs of a service, and say of which SKUs the form is another than the documented one.

    Such a SKU is passed over, whether a rule knows it or not: what it prices keeps its value.
    """
    known, found, skipped = list(rules), list[Price](), list[str]()
    for sku in skus:
        try:
            found += prices(service, [sku], known)
        except MalformedError as error:
            skipped.append(str(error))
    return found, skipped


def prices(service: str, skus: Iterable[object], rules: Iterable[Mapping[str, Any]]) -> Iterator[Price]:
    """Yield the prices in the SKUs of a service (by our name for it); SKUs that no rule knows are passed over.

    Raises MalformedError where a SKU, known or not, is not of the documented form.
    """
    known = [rule for rule in rules if rule["service"] == service]
    for sku in skus:
        entry = _mapping(sku, "a SKU")
        category, description = _mapping(entry.get("category"), "category"), _text(entry, "description")
        name, usage = _text(entry, "skuId"), _text(category, "usageType")
        if usage not in ("OnDemand", "Preemptible"):
            continue  # commitments
        for rule in known:
            if _fits(rule, category, description):
                spot = rule.get("spot", usage == "Preemptible")
                regions = cast("object", entry.get("serviceRegions"))
                if not isinstance(regions, list):
                    raise MalformedError(f"SKU {name}: serviceRegions is no list")
                places = tuple(str(each) for each in cast("list[object]", regions))
                usd = _usd(entry, name, rule["unit"])
                if usd is not None:
                    yield Price(rule["table"], rule["key"], spot, places, usd, name)
                break


def _fits(rule: Mapping[str, Any], category: Mapping[str, Any], description: str) -> bool:
    if rule["group"] is not None and category.get("resourceGroup") != rule["group"]:
        return False
    plain = description.removeprefix("Spot Preemptible ").removeprefix("Preemptible ")
    # A custom or reserved variant has a description of its own, which begins otherwise; DWS is another product.
    begun = plain.startswith(rule["description"]) and plain.endswith(rule.get("ends", ""))
    return begun and "Calendar Mode" not in plain and "DWS" not in plain


def _usd(sku: Mapping[str, Any], name: str, unit: str) -> Decimal | None:
    """Find the first price of a SKU that is not free, in our unit; None for one that is free altogether."""
    timeline = sku.get("pricingInfo")
    if not isinstance(timeline, list) or not timeline:
        raise MalformedError(f"SKU {name}: it has no pricingInfo")
    newest = _mapping(cast("list[object]", timeline)[-1], f"SKU {name}: pricingInfo")  # in chronological order
    expression = _mapping(newest.get("pricingExpression"), f"SKU {name}: pricingExpression")
    rates = expression.get("tieredRates")
    if not isinstance(rates, list) or not rates:
        raise MalformedError(f"SKU {name}: it has no tieredRates")
    paid: list[tuple[Decimal, Decimal]] = []
    for rate in cast("list[object]", rates):
        tier = _mapping(rate, f"SKU {name}: a rate")
        price = _mapping(tier.get("unitPrice"), f"SKU {name}: unitPrice")
        if price.get("currencyCode") != "USD":
            raise MalformedError(f"SKU {name}: its price is in {price.get('currencyCode')!r}, not in USD")
        usd = _whole(price.get("units", 0), name) + _whole(price.get("nanos", 0), name) / Decimal(10**9)
        if usd < 0:
            raise MalformedError(f"SKU {name}: its price is negative")
        if usd:
            paid.append((_number(tier.get("startUsageAmount", 0), name), usd))
    return min(paid)[1] * _conversion(expression, name, unit) if paid else None


def _conversion(expression: Mapping[str, Any], name: str, unit: str) -> Decimal:
    """Say how many of the SKU's units are one of ours."""
    theirs = _text(expression, "usageUnit")
    if theirs == unit:
        return Decimal(1)
    base, many = _UNITS.get(unit, ("", Decimal(0)))
    factor = _number(expression.get("baseUnitConversionFactor", 0), name)
    if expression.get("baseUnit") != base or factor <= 0:
        raise MalformedError(f"SKU {name}: its unit is {theirs!r}, which is not to be had in {unit!r}")
    return many / factor


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedError(f"{what} is missing or no object")
    return cast("Mapping[str, Any]", value)


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise MalformedError(f"a SKU without {key}: {str(entry)[:80]}")
    return value


def _whole(value: object, name: str) -> Decimal:
    # int64 comes as text in JSON, int32 as a number.
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).lstrip("-").isdigit():
        raise MalformedError(f"SKU {name}: {value!r} is no whole number")
    return Decimal(value)


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise MalformedError(f"SKU {name}: {value!r} is no number")
    return value if isinstance(value, Decimal) else Decimal(str(value))
