"""Rules that Google's descriptions tell in prose only, or not at all: `catalog/api-facts.json`, read and applied."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog import tables, types
from coursecloud.validation import parsers
from coursecloud.validation.request import Leaf, leaves, written
from coursecloud.validation.values import Breach, whole
from infra.settings import Settings


@dataclass(frozen=True)
class Fact:
    """One rule: what a value must be, and where that was read."""

    name: str
    says: str
    source: str
    form: Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """One input, or one key of a map, held against a rule of ours."""

    leaf: Leaf
    fact: Fact
    key: bool
    breach: Breach | None


@functools.cache
def _data() -> dict[str, Any]:
    return tables.table("api-facts")


@functools.cache
def rules() -> dict[str, Fact]:
    """Read the rules by name."""
    return {
        name: Fact(name, rule.get("says") or f"one of {', '.join(rule['oneOf'])}", rule["from"], rule)
        for name, rule in _data()["rules"].items()
    }


@functools.cache
def inputs_of(token: str) -> dict[str, str]:
    """Give the name of the rule of each input of a Pulumi type."""
    known = types.of(token)
    return {**_data()["everywhere"], **(known.rules if known else {})}


def judge(token: str, inputs: Mapping[str, Any], settings: Settings) -> Iterator[Judged]:
    """Hold the inputs of a resource against the rules; an unknown value is held against none."""
    named = inputs_of(token)
    for leaf in leaves(inputs):
        above = written(leaf.parts[:-1], numbers=False)
        value = named.get(leaf.generic) or named.get(f"{above}{{}}")
        if value and not leaf.unknown and leaf.value != {}:
            fact = rules()[value]
            yield Judged(leaf, fact, key=False, breach=breach(fact, leaf.value, settings))
        if key := named.get(f"{above}{{key}}"):
            fact = rules()[key]
            yield Judged(leaf, fact, key=True, breach=breach(fact, leaf.parts[-1], settings))


def breach(fact: Fact, value: object, settings: Settings) -> Breach | None:
    """Hold one value against a rule; a table's also allows what the stack file does beyond it."""
    text, says, why = str(value), fact.says, None
    match fact.form:
        case {"pattern": pattern}:
            sound, known = re.fullmatch(pattern, text) is not None, ()
        case {"oneOf": choices}:
            sound, known = text in choices, tuple(choices)
        case {"range": [low, high]}:
            number = whole(text.removesuffix("s"))
            sound, known = number is not None and (low <= number <= high or number in fact.form.get("or", ())), ()
        case {"table": table}:
            known = tuple(_TABLES[table](settings))
            # Sizes of one's own are more than a table lists.
            own = table == "machineTypes" and tables.machine_type(text) is not None
            sound, says = text in known or own, f"{says} of the table of {tables.table('compute')['date']}"
        case {"reader": reader}:
            why = parsers.READERS[reader](text, fact.form)
            sound, known = why is None, ()
        case _:
            raise ValueError(f"the rule {fact.name} says nothing that can be checked")
    return None if sound else Breach("ours", says, known, why or "")


def _disk_types(_: Settings) -> Iterable[str]:
    return tables.table("compute")["diskTypes"]


def _gpus(settings: Settings) -> Iterable[str]:
    return (*tables.gpus(), *settings.allow.gpus)


def _locations(settings: Settings) -> Iterable[str]:
    places = tables.table("compute")["storageLocations"]
    named = (*places["regions"], *_regions(settings), *places["multiRegions"], *places["dualRegions"])
    # Cloud Storage takes its locations in any letter case.
    return (spelled for name in named for spelled in (name.upper(), name.lower()))


def _machine_types(settings: Settings) -> Iterable[str]:
    return (*tables.machine_types(), *settings.allow.machine_types)


def _regions(settings: Settings) -> Iterable[str]:
    return (*tables.regions(), *(tables.region_of(zone) for zone in settings.allow.zones))


def _zones(settings: Settings) -> Iterable[str]:
    return (*(zone for zones in tables.regions().values() for zone in zones), *settings.allow.zones)


_TABLES: dict[str, Callable[[Settings], Iterable[str]]] = {
    "diskTypes": _disk_types,
    "gpus": _gpus,
    "machineTypes": _machine_types,
    "regions": _regions,
    "storageLocations": _locations,
    "zones": _zones,
}
"""The dated tables of catalog by the names that rules use, with what a stack file allows beyond them."""
