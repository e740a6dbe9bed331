"""What a service tells the engine beyond its description: per collection one Kind, per odd method one function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call
    from .world import Resource, World

Json = dict[str, Any]
Hook = Callable[["Call", Json, "Json | None"], None]  # (call, new body, old body or None when created)
Handler = Callable[["Call"], Any]
Passing = Callable[["World", datetime, datetime], None]  # what is due after the first time, up to the second


def nothing(call: Call, body: Json, old: Json | None) -> None:
    """No rule beyond the description."""


def free(_body: Json) -> str:
    """It costs nothing by being there."""
    return ""


def always(why: str) -> Callable[[Json], str]:
    """It costs by being there."""
    return lambda _body: why


@dataclass(frozen=True)
class Kind:
    """A collection of resources: how they get their names, what is checked, what the server fills in."""

    service: str
    collection: str
    name_from: str = ""  # "?x": query parameter x; "x": body field; "": the server chooses
    name_rule: str = ""
    name_field: str = "name"
    full_name: bool = True  # the name field carries the whole path, or only the last part
    number: bool = False  # the whole path is told with the project's number
    etag: str = ""  # the field that carries the revision
    stamps: tuple[str, ...] = ()  # (created, updated)
    immutable: tuple[str, ...] = ()
    defaults: Json = field(default_factory=dict)
    check: Hook = nothing  # refuse what the description does not
    fill: Hook = nothing  # what the server adds, at create and after each change
    blocked: Callable[[Call, Resource], None] | None = None  # refuse a delete
    soft_delete: Callable[[Call, Resource], None] | None = None  # mark instead of forget
    bills: Callable[[Json], str] = free


@dataclass(frozen=True)
class Service:
    """One API: its host (the name under which it is enabled), versions, where its things may be, kinds and methods."""

    name: str
    versions: tuple[str, ...]
    locations: tuple[str, ...] = ()  # beside the regions
    kinds: tuple[Kind, ...] = ()
    handlers: dict[str, Handler] = field(default_factory=dict)
    canonical: Callable[[str], str] | None = None  # another spelling of a path -> the one that is kept
    passes: Passing | None = None  # what of it happens by itself when time passes

    @property
    def host(self) -> str:
        """The name under which it is enabled."""
        return f"{self.name}.googleapis.com"

    @property
    def classic(self) -> bool:
        """Does it answer in the older form?"""
        return self.name in ("compute", "storage")


class Handlers(dict[str, Handler]):
    """Methods with an answer of their own; `on` registers one under the ids that share it."""

    def on(self, *ids: str) -> Callable[[Handler], Handler]:
        """The decorated function answers these methods."""

        def keep(handler: Handler) -> Handler:
            self.update(dict.fromkeys(ids, handler))
            return handler

        return keep
