"""What a plan is made of: resources as a program asked for them, and what it does beside. Values that load no SDK."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNKNOWN: dict[str, bool] = {"$unknown": True}
"""How a value that only the real run can know stands in a plan."""


@dataclass(frozen=True)
class Registration:
    """One resource as the program asked for it."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str | None
    inputs: Mapping[str, Any]
    dependencies: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]
    provider: str | None
    protect: bool
    options: Mapping[str, Any]
    """What else the program asked for, by the names of Pulumi's wire form; only what it set."""
    files: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """The files that its inputs name, by where they are in the project: their text, or None where one is not there."""
    at_run: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of values among its inputs that only the real run can know, by path, what is known: `${NAME.OUTPUT}` is what
    Google computes for a resource, `*` something of Google's that the program cuts or reckons with."""
    declared: tuple[str, int] | None = field(default=None, compare=False)
    """File of the program, from its folder, and the line that asked for it; None where nobody knows."""


PROGRAM = "stack"
"""The name of what no single resource does."""


@dataclass(frozen=True)
class Deed:
    """One thing that a program does beside asking for resources."""

    kind: str
    text: str
    """What it does, in words; the resource or the program is the subject."""
    name: str = PROGRAM
    urn: str | None = None
