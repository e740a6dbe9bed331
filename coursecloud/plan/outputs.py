"""The outputs of a stack for people: commands to paste, and the few lines that a morning needs. Values in, words out.

Scripts read all of them with `pulumi stack output --json`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalog import tables
from coursecloud.common.console import visible
from infra.settings.problem import likely

MOST = 4
"""Machines, and services, that are named one by one in the morning; `coursecloud commands` has all."""


def few(outputs: Mapping[str, Any], stack: str) -> list[str]:
    """Say in a few lines how to begin to work: the way into the machines, where data and images are, the services.

    `outputs` are those that Pulumi has in its state; what they lack is left out; without any of it, all is.
    """
    commands = texts(outputs, "commands")
    into = {name.removeprefix("ssh "): line for name, line in commands.items() if name.startswith("ssh ")}
    buckets = texts(outputs, "buckets")
    registry = outputs.get("registry")
    rows = [
        *_some("log in to", into),
        *([("data", buckets["data"])] if "data" in buckets else []),
        *([("images", registry)] if isinstance(registry, str) and registry else []),
        *_some("service", texts(outputs, "services")),
    ]
    if commands:
        rows.append(("all commands", f"coursecloud commands --stack {stack}"))
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{visible(name):{width}}  {visible(value)}" for name, value in rows]


def texts(outputs: Mapping[str, Any], name: str) -> dict[str, str]:
    """Take an output that maps names to texts; what is of another shape, or only the real run knows, is not in it."""
    found = outputs.get(name)
    if not isinstance(found, Mapping):
        return {}
    entries = cast("Mapping[Any, Any]", found)
    return {str(key): value for key, value in sorted(entries.items()) if isinstance(value, str) and value}


def _some(what: str, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in list(found.items())[:MOST]:
        yield f"{what} {name}", value
    if len(found) > MOST:
        yield f"{what} ...", f"and {len(found) - MOST} more"


def wanted(commands: Mapping[str, str], name: str) -> dict[str, str]:
    """Take the commands that a name means: the one that is called so, else those in whose names its words stand."""
    words = " ".join(name.split())
    if words in commands:
        return {words: commands[words]}
    stand = re.compile(rf"(?:^| ){re.escape(words)}(?: |$)", re.IGNORECASE)
    return {each: line for each, line in commands.items() if stand.search(each)}


def nearest(commands: Mapping[str, str], name: str) -> str:
    """Say which commands, or which word of their names, was probably meant by one that is none."""
    if close := likely(name, commands):
        return close
    known = {word for each in commands for word in each.split()}
    found = [likely(word, known) or word for word in name.split()]
    while found:
        if wanted(commands, " ".join(found)):
            return " ".join(found)
        found.pop()
    return ""


def sections(commands: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Sort commands under their headings, in the order of `catalog/commands.json`; what it lacks comes last."""
    table: Mapping[str, list[str]] = tables.table("commands")["sections"]
    kinds = [(kind, heading) for heading, all_ in table.items() for kind in all_]
    found: dict[str, list[tuple[int, str]]] = {heading: [] for heading in [*table, "others"]}
    for name in commands:
        fitting = [
            (len(kind), place, heading)
            for place, (kind, heading) in enumerate(kinds)
            if name == kind or name.startswith(f"{kind} ")
        ]
        _, place, heading = max(fitting, default=(0, 0, "others"))
        found[heading].append((place, name))
    return {
        heading: {name: commands[name] for _, name in sorted(entries)} for heading, entries in found.items() if entries
    }
