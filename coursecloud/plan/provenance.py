"""Where the value of an input was written: its key in the stack file, or else the program's file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog import tables, types
from catalog.types.parts import Declared
from coursecloud.plan.registration import Registration


@dataclass(frozen=True)
class Provenance:
    """Where to look: the file of the program that sets an input, and the stack file's keys that it follows."""

    file: str
    keys: tuple[str, ...] = ()


def _data() -> dict[str, Any]:
    return tables.table("components")


def _declared(resource: Registration) -> Declared:
    """Say what its type's file says of the component that a resource hangs under."""
    known = types.of(resource.type)
    return (known.components.get(component_of(resource)) if known else None) or Declared()


def of(resource: Registration, generic: str) -> Provenance:
    """Find the place of an input by its path for all elements, e.g. `lifecycleRules[].action.type`."""
    component = component_of(resource)
    known: dict[str, Any] | None = _data()["components"].get(component)
    if known is None:
        return Provenance("__main__.py" if not component else f"the component {component}")
    listed: dict[str, Sequence[str]] = {
        **_data()["everywhere"],
        **known.get("inputs", {}),
        **_declared(resource).inputs,
    }
    below = (path for path in listed if f"{generic}.".startswith((f"{path}.", f"{path}[")))
    keys = listed.get(next(below, ""), [])
    return Provenance(known["file"], tuple(key.replace("{name}", _named(resource)) for key in keys))


def part(resource: Registration) -> Provenance:
    """Find what asks for a resource at all: its entry in the stack file where it has one, else its section."""
    component = component_of(resource)
    known: dict[str, Any] | None = _data()["components"].get(component)
    if known is None:
        return Provenance("__main__.py" if not component else f"the component {component}")
    own = _declared(resource).inputs
    every = [key for keys in own.values() for key in keys if key.startswith("coursecloud:")]
    named = [key.partition("{name}")[0] + "{name}" for key in every if "{name}" in key]
    sections = [key.partition(".")[0] for key in (*every, *known.get("keep", ()))]
    found = next(iter((*named, *sections)), None)
    return Provenance(known["file"], (found.replace("{name}", _named(resource)),) if found else ())


def keep(resource: Registration) -> str | None:
    """Give the key of the stack file that says whether a resource of its component is kept; None where none does."""
    known: dict[str, Any] = _data()["components"].get(component_of(resource), {})
    found = next(iter(known.get("keep", ())), None)
    return found.replace("{name}", _named(resource)) if found else None


def _named(resource: Registration) -> str:
    pattern = _declared(resource).named
    match = re.fullmatch(pattern, resource.name) if pattern else None
    return match["name"] if match else resource.name


def component_of(resource: Registration) -> str:
    """Name the component that a resource hangs under by the last word of its type, or give an empty text."""
    parts = (resource.parent or "").split("::")
    # A stranger's plan or state may call anything a URN.
    return parts[2].rpartition("$")[2].rpartition(":")[2] if len(parts) > 2 else ""
