"""Where the value of an input was written: its key in the stack file, or else the program's file."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

from coursecloud.conformance.mapping import DATA
from coursecloud.engine import Registration
from coursecloud.plan import short_type


@dataclass(frozen=True)
class Place:
    """Where to look: the file of the program that sets an input, and the stack file's keys that it follows."""

    file: str
    keys: tuple[str, ...] = ()


@functools.cache
def _data() -> dict[str, Any]:
    return json.loads((DATA / "input-places.json").read_text(encoding="utf-8"))


def of(resource: Registration, generic: str) -> Place:
    """Find the place of an input by its path for all elements, e.g. `lifecycleRules[].action.type`."""
    component = component_of(resource)
    known: dict[str, Any] | None = _data()["components"].get(component)
    if known is None:
        return Place("__main__.py" if not component else f"the component {component}")
    kind = short_type(resource.type)
    listed: dict[str, list[str]] = {
        **_data()["everywhere"],
        **known["inputs"].get("*", {}),
        **known["inputs"].get(kind, {}),
    }
    below = (path for path in listed if f"{generic}.".startswith((f"{path}.", f"{path}[")))
    keys = listed.get(next(below, ""), [])
    name = resource.name
    if (pattern := known.get("named", {}).get(kind)) and (match := re.fullmatch(pattern, name)):
        name = match["name"]
    return Place(known["file"], tuple(key.replace("{name}", name) for key in keys))


def component_of(resource: Registration) -> str:
    """Name the component that a resource hangs under by the last word of its type, or give an empty text."""
    if resource.parent is None:
        return ""
    return resource.parent.split("::")[2].rpartition("$")[2].rpartition(":")[2]
