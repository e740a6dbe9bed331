"""No value of a secret in any input: what a program hands over is in its state, its plan and its logs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from coursecloud.engine import UNKNOWN, Registration
from guardrails.facts import table
from guardrails.reading import has_unknown, texts
from guardrails.rule import ResourceRule
from infra.settings import Settings

_VALUES = ("secretData", "secretDataWo")


def _is_reference(text: str) -> bool:
    return re.search(table("google")["reference"], text) is not None


def _leaks(resource: Registration, _: Settings) -> Iterator[str]:
    """Say where a secret stands, and never what it is."""
    if resource.type.startswith("gcp:secretmanager/") and any(key in resource.inputs for key in _VALUES):
        yield "it hands the value of a secret to Pulumi, which keeps it in the state"
        return
    facts = table("google")
    for path, text in texts(resource.inputs):
        for what, pattern in facts["secrets"].items():
            if re.search(pattern, text):
                yield f"`{path}` holds a {what}"
        for match in re.finditer(facts["secretAssignment"], text):
            if not _is_reference(match[2]):
                yield f"`{path}` sets {match[1]} to a value"
    for path, name, value in _named(resource.inputs):
        if re.search(facts["secretName"], name) and not has_unknown(value) and not _is_reference(str(value)):
            yield f"`{path}` gives {name} a value"


def _named(value: object, path: str = "") -> Iterator[tuple[str, str, object]]:
    """Give variables: entries with `name` and `value`, and the entries of maps that Google shows as they are."""
    if isinstance(value, Mapping) and value != UNKNOWN:
        entries = cast("Mapping[str, Any]", value)
        if "name" in entries and isinstance(entries.get("value"), str):
            yield path, str(entries["name"]), entries["value"]
        for key, entry in entries.items():
            here = f"{path}.{key}" if path else key
            if key in ("metadata", "substitutions", "annotations", "labels") and isinstance(entry, Mapping):
                for name, text in cast("Mapping[str, Any]", entry).items():
                    yield f"{here}.{name}", name, text
            else:
                yield from _named(entry, here)
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from _named(entry, f"{path}[{index}]")


RULES = (
    ResourceRule(
        id="no-secret-values",
        title="No input holds the value of a secret",
        why="It would be in Pulumi's state, in the plan, and readable by everybody who may look at the resource.",
        remedy="Name the secret under coursecloud:secrets; add its value by the command in the outputs.",
        severity="critical",
        applies=lambda _: True,
        check=_leaks,
    ),
)
