"""Conditions and mappings of IAM: the Common Expression Language, with what Google adds to it for access.

https://cloud.google.com/iam/docs/conditions-attribute-reference and .../workload-identity-federation (2026-11).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

MISSING = (
    "the package common-expression-language, which reads conditions, is not installed: an emulator that enforces IAM "
    "needs it (pip install common-expression-language)"
)


class UnclearError(ValueError):
    """An expression that is none, or that asks for what is not there. IAM gives nothing by it."""


def ready() -> None:
    """ImportError, with the remedy, where expressions cannot be read here."""
    if not importlib.util.find_spec("cel"):
        raise ImportError(MISSING)


def value(expression: str, variables: Mapping[str, Any], attributes: Mapping[str, Sequence[str]] | None = None) -> Any:
    """What the expression gives; `attributes` are those that api.getAttribute() reads. Raises UnclearError."""
    import cel  # here, as only an emulator that enforces IAM needs it

    known = attributes or {}

    def attribute(_api: Any, name: str, usual: Any) -> Any:
        return list(known[name]) if name in known else usual

    def only(given: Sequence[Any], allowed: Sequence[Any]) -> bool:
        return all(each in allowed for each in given)

    context = cel.Context()
    for name, held in variables.items():
        context.add_variable(name, held)
    context.add_variable("api", {})
    context.add_function("getAttribute", attribute)
    context.add_function("hasOnly", only)
    context.add_function("extract", extract)
    try:
        return cel.evaluate(expression, context)
    except (ValueError, KeyError, TypeError, RuntimeError) as wrong:
        raise UnclearError(f"{expression!r}: {type(wrong).__name__}: {wrong}") from wrong


def extract(text: str, template: str) -> str:
    """Google's string function: what stands in the place of {name} in the template, or nothing.

    >>> extract("repo:o/n:ref:refs/heads/main", "refs/heads/{branch}")
    'main'
    """
    before, _, rest = template.partition("{")
    after = rest.partition("}")[2]
    found = re.search(re.escape(before) + ("(.*?)" + re.escape(after) if after else "(.*)"), text)
    return found[1] if found else ""


def holds(expression: str, resource: Mapping[str, str], now: datetime, modified: Sequence[str] | None = None) -> bool:
    """Does a binding's condition hold for this resource, now? `modified` are the roles that a new policy changes.

    Raises UnclearError.
    """
    attributes = {} if modified is None else {"iam.googleapis.com/modifiedGrantsByRole": modified}
    found = value(expression, {"resource": dict(resource), "request": {"time": now}}, attributes)
    if not isinstance(found, bool):
        raise UnclearError(f"{expression!r} is {found!r}, and neither true nor false")
    return found
