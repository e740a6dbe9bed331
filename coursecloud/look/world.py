"""What is known of things while their log is read: as the lists had them, and as the log has told until now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coursecloud.look.shapes import many, path_of
from coursecloud.spend.model import Found, Shape

Json = dict[str, Any]


@dataclass
class World:
    """What is known of things while their log is read from the oldest entry on."""

    project: str
    live: Mapping[str, Found]
    """What the lists had, by its full name."""
    machines: Mapping[str, Json]
    """Machines as the lists had them, by their paths."""
    timed: frozenset[str] = frozenset()
    """Full names of jobs that were listed: their own times say when they ran."""
    starters: dict[str, str] = field(default_factory=dict[str, str])
    """Who asked for a job that is timed, by its full name."""
    shapes: dict[str, Shape] = field(default_factory=dict[str, Shape])
    """By full name, as the log has told until now."""
    disks: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    """Of a machine by its path: its disks, each with `source` (a path), `boot`, `autoDelete` and `deviceName`."""
    unread: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def shape(self, resource: str, incarnation: str) -> Shape | None:
        """What a thing is: as the log told, else as it was listed, if it still is the same."""
        found = self.live.get(resource)
        same = found if found and incarnation in ("", found.incarnation) else None
        return self.shapes.get(resource) or (same.shape if same else None)

    def disks_of(self, path: str) -> list[Json]:
        """The disks of a machine."""
        if path not in self.disks:
            listed = many(self.machines.get(path, {}), "disks")
            self.disks[path] = [{**each, "source": path_of(each.get("source"))} for each in listed]
        return self.disks[path]
