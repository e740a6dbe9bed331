"""The outputs of a stack for people: commands to paste, and the few lines that a morning needs. Values in, words out.

Scripts read all of them with `pulumi stack output --json`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from coursecloud.common.console import visible

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
        rows.append((f"all {len(commands)} commands", f"coursecloud commands --stack {stack}"))
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
    """Take the commands that a name means: the one that is called so, else those that begin with its words."""
    words = " ".join(name.split())
    if words in commands:
        return {words: commands[words]}
    begins = re.compile(rf"{re.escape(words)}(?: |$)")
    return {each: line for each, line in commands.items() if begins.match(each)}
