"""What a file of a resource type may say, field by field. None is "not said", or "none" where the field says so.

There is one object a type, so that none needs a way to be compared: each that is left out makes every command faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from catalog.types.parts import (
    Bills,
    Changes,
    Classes,
    Cost,
    Declared,
    Door,
    Grants,
    Grows,
    Lock,
    Policy,
    Protects,
    Request,
    Watches,
)


@dataclass(frozen=True, eq=False)
class ResourceType:
    """All that is known of one resource type, and of what day."""

    type: str
    """Pulumi's token, `gcp:storage/bucket:Bucket`."""
    short: str
    """`storage.Bucket`."""
    date: str
    """The day of the oldest of its sources."""
    source: tuple[str | Mapping[str, str], ...]
    """Names of catalog/sources.json, or a source of its own with title, url and the day on which it was read."""
    called: tuple[str, str] | None = None
    """What a reader calls one of it, and several."""
    bills: Bills | None = None
    """How it bills; None where nobody has classed it."""
    idle: str | None = None
    """What still bills while nothing runs, or None."""
    stop: str | None = None
    """How it stops billing without being deleted; None: only its deletion ends what it bills."""
    price: str | None = None
    """The function of `coursecloud.cost.lines.PRICED` that prices it."""
    costs: tuple[Cost, ...] = ()
    """Examples that its price is held to."""
    holds: str | None = None
    """What a deletion loses, or None."""
    counted: str | None = None
    """The reader of `coursecloud.deploy.store_readers.READERS` that counts what is in it."""
    copied: str | None = None
    """The command of `coursecloud.diff.copy_commands.COMMANDS` that copies what is in it."""
    id_blocked: str | None = None
    """How long nothing else can have its id after a deletion; None where it is free at once."""
    undelete: int | None = None
    """For how many days Google brings a deleted one back (method `undelete`); None where it never does."""
    line: Any = None
    """What a plan shows of it: a template (`coursecloud.cli.line_template`), or None."""
    api: str | None = None
    """The API that has to be on for it, `storage` of storage.googleapis.com."""
    cloud: str | None = None
    """What the provider's custom endpoints, and `coursecloud.deploy.cloud`, call the API that is asked about it."""
    read: tuple[str, ...] = ()
    """The permissions that a preview needs to read it: settings and policies, no object and no secret value."""
    deploy: tuple[str, ...] = ()
    """The roles that an update needs for it."""
    terraform: str | None = None
    """Terraform's name of it."""
    import_id: str | None = None
    """The id by which `pulumi import` takes one over, a template over inputs; None where Google gives it a new one.

    Of an additive IAM binding it is role and member beside what they are on.
    """
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Outputs that follow from the inputs alone, as templates over them."""
    request: Request | None = None
    """The call that makes it."""
    rules: Mapping[str, str] = field(default_factory=dict[str, str])
    """By an input's path the rule that Google says in prose, by its name in catalog/api-facts.json."""
    between: tuple[str, ...] = ()
    """Functions of `coursecloud.validation.cross_field` that judge its inputs together."""
    changes: Changes | None = None
    """What a change of its inputs does; None where nobody has said so."""
    grows: Mapping[str, Grows] = field(default_factory=dict[str, Grows])
    """Inputs that only grow, by their path."""
    locked: Lock | None = None
    """The lock that it may have."""
    running: tuple[str, ...] = ()
    """Inputs that the provider changes only while it runs: else it ends with `status must be "RUNNING"`."""
    within: Mapping[str, Literal["machineTypes"]] = field(default_factory=dict[str, Literal["machineTypes"]])
    """Inputs that Google changes in place among some values only, and which: `machineTypes` of one kin."""
    protected: bool = False
    """The provider neither deletes nor replaces it unless its deletionProtection is false in the state.

    Of any type, deletionProtection: true and deletionPolicy: PREVENT do the same.
    """
    guards: tuple[str, ...] = ()
    """Inputs that keep somebody out, keep data, or end what bills; * is every input.

    A change of one by hand is said first, and put back only after a question.
    """
    protects: Mapping[str, Protects] = field(default_factory=dict[str, Protects])
    """Inputs that protect, by their path: a review says where a change makes one weaker.

    Of any type, deletionProtection and deletionPolicy: PREVENT do, and Pulumi's protect.
    """
    watches: Watches | None = None
    """What its deletion ends, such as a notice or a nightly stop."""
    grants: Grants | None = None
    """Whom it lets in; None where it grants nothing."""
    door: Door | None = None
    """How it lets in without a grant, or None."""
    policy: Policy | None = None
    """Its IAM policy, or None."""
    classes: Classes | None = None
    """What its inputs are about; None for a type of which nobody has said so."""
    played: str | None = None
    """The event of tests/month/events.yaml that plays with one of it; None for a type that only a reviewer meets."""
    components: Mapping[str, Declared] = field(default_factory=dict[str, Declared])
    """The components of the program that declare it, by the last word of their type; none for a type that only a
    reviewer meets."""

    @property
    def classed(self) -> bool:
        """Say whether somebody has said how it bills and what it holds."""
        return self.bills is not None

    @property
    def labelled(self) -> bool:
        """Say whether it takes labels that can be asked for."""
        return self.cloud is not None and self.request is not None and "labels" in self.request.inputs
