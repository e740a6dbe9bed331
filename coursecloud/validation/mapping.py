"""Where each input of each Pulumi type goes in Google's API: `request` in the files of catalog/types, read."""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog import types
from catalog.types.parts import Request

_PART = re.compile(r"(?P<name>[^\[\]{}]+)(?P<list>\[(?P<element>\w*)\])?(?P<map>\{\})?")


@dataclass(frozen=True)
class Element:
    """One element of a list, by a name that is unique in the request."""

    name: str


Step = str | Element
"""A field or a map's key, or an element of a list."""


@dataclass(frozen=True)
class Target:
    """Where an input goes in the body of a request."""

    path: str
    """As in `lifecycle.rule[].action`."""
    becomes: str = ""
    """What the provider turns the value into before it sends it."""
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the provider translates the values into; a null is not sent."""
    pairs: bool = False
    """A map that is sent as a list of key and value."""

    def steps(self, elements: Iterator[str]) -> Iterator[Step]:
        """Walk the path; each open [] or {} takes the next name of an input's element."""
        for part in self.path.split("."):
            match = _PART.fullmatch(part)
            if match is None:
                raise ValueError(f"{self.path} is not the path of a field")
            yield match["name"]
            if match["list"] is not None:
                yield Element(match["element"] or next(elements, self.path))
            if match["map"] is not None:
                yield next(elements, self.path)


@dataclass(frozen=True)
class TypeMapping:
    """How the provider makes a request of one Pulumi type."""

    service: str
    version: str
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    inputs: Mapping[str, Target]
    unsent: Mapping[str, str]

    @property
    def api(self) -> str:
        """Name the API as the tables show it, e.g. `storage v1`."""
        return f"{self.service} {self.version}"

    @functools.cached_property
    def composed(self) -> frozenset[str]:
        """The inputs that path and query parameters are composed of."""
        return frozenset(name for form in (*self.path.values(), *self.query.values()) for name in names_in(form))

    def input_of(self, path: str) -> str:
        """Find the input that fills a field, by the field's path; an empty text where none does."""
        for name, target in sorted(self.inputs.items(), key=lambda item: -len(item[1].path)):
            above = generic(target.path)
            if path == above or path.startswith((f"{above}.", f"{above}[")):
                return name + path[len(above) :]
        return ""


def names_in(form: str) -> list[str]:
    """List the inputs of a template.

    >>> names_in("projects/{project}/locations/{location}")
    ['project', 'location']
    """
    return [name for _, name, _, _ in string.Formatter().parse(form) if name]


def generic(path: str) -> str:
    """Leave the names of elements out of a path.

    >>> generic("disks[boot].initializeParams")
    'disks[].initializeParams'
    """
    return re.sub(r"\[\w*\]", "[]", path)


@functools.cache
def mapping_of(token: str) -> TypeMapping | None:
    """Read the mapping of a Pulumi type; None where nobody has said it."""
    known = types.of(token)
    return _mapping(known.request) if known and known.request else None


@functools.cache
def mappings() -> dict[str, TypeMapping]:
    """Read the mapping of every Pulumi type that has one."""
    return {token: found for token in types.every() if (found := mapping_of(token))}


def _mapping(request: Request) -> TypeMapping:
    service, _, version = request.api.partition(" ")
    return TypeMapping(
        service=service,
        version=version,
        method=request.method,
        path=request.path,
        query=request.query,
        inputs={name: _target(target) for name, target in request.inputs.items()},
        unsent=request.unsent,
    )


def _target(entry: str | Mapping[str, Any]) -> Target:
    if isinstance(entry, str):
        return Target(entry)
    return Target(entry["to"], entry.get("becomes", ""), entry.get("values", {}), entry.get("pairs", False))
