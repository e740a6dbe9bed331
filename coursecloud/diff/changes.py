"""A change of one resource between two sides: create, update, replace, delete, rename or nothing, and why."""

import enum
from dataclasses import dataclass
from typing import Any

from coursecloud.diff import property_diff
from coursecloud.diff.property_diff import NOTHING
from coursecloud.diff.replacement import rules_of
from coursecloud.plan.planning import holds
from coursecloud.plan.registration import Registration


class Operation(enum.StrEnum):
    """What Pulumi would do with one resource, gravest first."""

    DELETE = "delete"
    REPLACE = "replace"
    UPDATE = "update"
    CREATE = "create"
    RENAME = "rename"
    SAME = "same"


@dataclass(frozen=True)
class PropertyChange:
    """One property that differs."""

    path: str
    old: Any
    new: Any
    """Cleaned values; NOTHING where the property is absent."""
    replaces: bool = False
    """The provider makes a new resource for it."""
    ignored: bool = False
    """Another spelling of the same value, or one that the provider keeps: it changes nothing."""
    at_run: bool = False
    """Only the real run knows the value, so it may turn out to be the old one."""
    prunes: bool = False
    """It can delete what is stored, though the resource stays."""
    restarts: bool = False
    """What runs on the resource ends: it is stopped for the change, and started again."""

    @property
    def top(self) -> str:
        """The input that the property is in."""
        return self.path.partition(".")[0].partition("[")[0]


@dataclass(frozen=True)
class Reason:
    """Why a resource is replaced: a property of its own, or what it follows."""

    property: str
    follows: str | None = None
    """The resource whose replacement this one follows, by name."""
    text: str = ""
    cause: str | None = None
    """That resource's URN."""


@dataclass(frozen=True)
class Place:
    """A line of the side under review."""

    file: str
    """Its path in the project, or what the user called it."""
    line: int
    url: str = ""
    """The address at which everybody can read it; empty where there is none."""

    def __str__(self) -> str:
        """Name it as editors and compilers do."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Change:
    """What happens to one resource."""

    key: str
    operation: Operation
    before: Registration | None
    after: Registration | None
    properties: tuple[PropertyChange, ...] = ()
    reasons: tuple[Reason, ...] = ()
    delete_first: bool = False
    """The old one goes before the new one comes."""
    renamed_from: str | None = None
    uncertain: bool = False
    """The type is not in the dated table: an update may turn out to be a replacement."""
    unseen: tuple[str, ...] = ()
    """Inputs that are unknown on both sides and follow from the same resources, or that hold a secret which was hidden
    before it came here (in a saved plan), or that come from a resource that is new: taken to be the same."""
    places: tuple["Place", ...] = ()
    """The lines of the project that it comes from, where somebody has looked for them."""

    @property
    def resource(self) -> Registration:
        """The resource as it will be, or as it was where it goes."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a change has at least one side
        return found

    @property
    def name(self) -> str:
        """What the program calls it."""
        return self.resource.name

    @property
    def goes(self) -> bool:
        """Say whether the resource that is there now is deleted, for good or for another one."""
        return self.operation in (Operation.DELETE, Operation.REPLACE) and not self.retained

    @property
    def retained(self) -> bool:
        """Say whether Pulumi forgets the resource that is there now, and Google keeps it (and bills it)."""
        gone = self.operation in (Operation.DELETE, Operation.REPLACE)
        return gone and bool(self.before and self.before.options.get("retainOnDelete"))

    @property
    def loses(self) -> str | None:
        """Say what data goes with the resource, or None."""
        return holds(self.before) if self.before and self.goes else None

    @property
    def refused(self) -> bool:
        """Say whether Pulumi would refuse to delete it: what is protected is neither deleted nor replaced.

        A program that lifts the protection may replace the resource in the same run (tried with CLI 3.272), but a
        resource that goes from the program was protected to the end.
        """
        protected = bool(self.before and self.before.protect)
        if self.operation is Operation.REPLACE:
            return protected and bool(self.after and self.after.protect)
        return protected and self.operation is Operation.DELETE

    @property
    def inputs(self) -> tuple[PropertyChange, ...]:
        """Give each input of a resource that comes; of others, what differs is in `properties`."""
        if self.operation is not Operation.CREATE:
            return ()
        rules = rules_of(self.resource.type)
        given = property_diff.clean(self.resource.inputs, secret=rules.secret if rules else frozenset())
        return tuple(
            PropertyChange(property_diff.display(keys), NOTHING, value)
            for keys, value in property_diff.leaves((), given)
        )

    @property
    def unprotected(self) -> bool:
        """Say whether the change lifts the protection of a resource."""
        return bool(self.before and self.before.protect and self.after and not self.after.protect)
