"""Google's limits by name, for whoever holds something to them: the settings, the names, the check of a plan."""

from typing import Any

from catalog.data import table


def pattern(name: str) -> str:
    """Give the regular expression that the whole text matches, e.g. of `label-value`. Raises KeyError."""
    return table("api-facts")["rules"][name]["pattern"]


def bounds(name: str) -> tuple[int, int]:
    """Give the least and the most of a number, e.g. of `max-run` in seconds. Raises KeyError."""
    low, high = table("api-facts")["rules"][name]["range"]
    return low, high


def between(name: str) -> dict[str, Any]:
    """Give a rule between inputs with its numbers, e.g. `memory`. Raises KeyError."""
    return table("api-facts")["between"][name]
