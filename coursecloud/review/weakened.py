"""Whether the values at a place of a resource protect less than those that were there, and how both are written."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from catalog.types.parts import Protects
from coursecloud.diff import property_diff
from coursecloud.diff.property_diff import NOTHING
from coursecloud.plan import ports
from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy.reading import is_true


def weaker(protects: Protects, was: Sequence[Any], will: Sequence[Any]) -> bool:
    """Say whether the values at a place protect less than those that were there; what only a run knows may."""
    old, new = (_one(values, protects.default) for values in (was, will))
    if new == UNKNOWN and old != UNKNOWN:
        return _strong(protects, old, was)
    match protects.weaker:
        case "off":
            return is_true(old) and not is_true(new)
        case "on":
            return not is_true(old) and is_true(new)
        case "less":
            low, high = _number(new), _number(old)
            return high is not None and (low is None or low < high)
        case "more":
            high, low = _number(new), _number(old)
            return low is not None and (high is None or high > low)
        case "gone":
            return any_of(was) and not any_of(will)
        case "added":
            return len(will) > len(was)
        case "entries":
            return any_of(was) and any(entry not in _flat(will) for entry in _flat(was))
        case "wider" if _flat(will):
            return any(not _inside(entry, _flat(was)) for entry in _flat(will)) and bool(_flat(was))
        case "longer" if _flat(will):
            # Of a list with a default an empty one was the widest.
            return any(entry not in _flat(was) for entry in _flat(will)) and (bool(_flat(was)) or not protects.default)
        case "wider" | "longer":
            return bool(_flat(was)) and protects.default is not None
        case "opens":
            return not ports.within(_flat(will), _flat(was))
        case "changed":
            return old != new and old not in (None, "", [], {})
        case "least":
            low, high = (min((n for e in side if (n := _number(e)) is not None), default=None) for side in (was, will))
            return low is not None and high is not None and high > low
        case "order":
            return _rank(protects, new) > _rank(protects, old)


def _strong(protects: Protects, old: Any, was: Sequence[Any]) -> bool:
    """Say whether there was something that could have become weaker."""
    if protects.weaker == "order":
        return _rank(protects, old) < len(protects.strong) - 1
    return not is_true(old) if protects.weaker in ("on", "added") else any_of(was)


def _inside(place: Any, places: Iterable[Any]) -> bool:
    """Say whether a range of addresses lies in one of others; what is no range only in itself."""
    for other in places:
        try:
            inner, outer = (
                ipaddress.ip_network(str(place), strict=False),
                ipaddress.ip_network(str(other), strict=False),
            )
        except ValueError:
            if place == other:
                return True
            continue
        if inner.version == outer.version and inner.subnet_of(outer):  # pyright: ignore[reportArgumentType]
            return True
    return False


def _rank(protects: Protects, value: Any) -> int:
    return protects.strong.index(value) if value in protects.strong else len(protects.strong)


def _one(values: Sequence[Any], default: Any) -> Any:
    return values[0] if values and values[0] is not None else default


def any_of(values: Iterable[Any]) -> bool:
    """Say whether there is anything among the values."""
    return any(value not in (None, "", False) and value != [] and value != {} for value in values)


def _flat(values: Iterable[Any]) -> list[Any]:
    return [each for value in values for each in (cast("list[Any]", value) if isinstance(value, list) else [value])]


def at(value: Any, path: str) -> Iterator[Any]:
    """Give the values at a path of the table, where [*] is each element; a block may be written as a list of one."""
    key, _, rest = path.partition(".")
    name = key.removesuffix("[*]")
    if isinstance(value, list):
        for entry in cast("list[Any]", value)[:1]:
            yield from at(entry, path)
        return
    if value == UNKNOWN:
        yield UNKNOWN
        return
    if not isinstance(value, Mapping) or name not in value:
        return
    inner = cast("Mapping[str, Any]", value)[name]
    entries = cast("list[Any]", inner) if key != name and isinstance(inner, list) else [inner]
    for entry in entries:
        if rest:
            yield from at(entry, rest)
        else:
            yield entry


def there(inputs: Mapping[str, Any], path: str) -> bool:
    """Say whether a resource says anything at a place."""
    return any_of(at(inputs, path))


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _number(value: Any) -> Decimal | None:
    """Read a number, or a time in seconds as Google writes them: 3600, "3600", "3600s", "1h"."""
    if isinstance(value, bool):
        return None
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)([smhd]?)\s*", str(value))
    try:
        return Decimal(match[1]) * _UNITS[match[2]] if match else None
    except InvalidOperation:
        return None


def side(protects: Protects, values: Sequence[Any]) -> str:
    """Write the values of one side at a place."""
    if protects.weaker in ("gone", "added"):
        return "there" if any_of(values) or values else "not there"
    if protects.weaker == "opens":
        return ports.shown(_flat(values))
    if protects.weaker in ("entries", "least", "wider", "longer"):
        return ", ".join(shown(value) for value in _flat(values)) or "(none)"
    if not values and protects.default is not None:
        return f"{shown(protects.default)} (unless given)"
    return shown(values[0] if values else None)


def shown(value: Any) -> str:
    """Write one value in few words."""
    if value is None or value is NOTHING:
        return "(none)"
    if value == UNKNOWN:
        return "(known only to an up)"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(property_diff.plain(value))
    return text if len(text) <= 60 else f"{text[:59]}…"
