"""Disks of a machine: the one that it boots from, and the one that its work is on."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.effects import costs, loses, nothing, updates
from infra.settings.types import Bool, Int, Section

DiskType = Literal[
    "pd-standard",
    "pd-balanced",
    "pd-ssd",
    "hyperdisk-balanced",
    "hyperdisk-throughput",
    "hyperdisk-ml",
    "hyperdisk-extreme",
]
"""Types of disks of a zone; which a machine takes is said by its series (`catalog/machines`)."""
BootDiskType = Literal["pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced"]
"""Those that a machine boots from."""
MACHINE_ANEW = loses("the machine is made anew: its boot disk is lost, its data disk stays.")
DISK_PRICE = costs(
    "$0.04 (pd-standard), $0.10 (pd-balanced) or $0.17 (pd-ssd) for each GB in a month, also while the"
    " machine is stopped (europe-west1, 2026-08-20); what other kinds cost, `coursecloud cost` says."
)


class BootDisk(Section):
    """The disk with the operating system; it goes with the machine."""

    size_gb: Annotated[
        Annotated[Int, Field(ge=10, le=2000)] | None,
        updates("it only grows, in place; Google refuses to make it smaller."),
        Field(examples=[50]),
    ] = None
    """Size in GB; at least what the image needs. It can grow in place; Google refuses to shrink it."""
    type: Annotated[
        BootDiskType | None,
        MACHINE_ANEW,
        Field(examples=["pd-balanced"]),
    ] = None
    """Kind of disk; pd-balanced, or hyperdisk-balanced where the machine's series takes no other, unless given.
    Changing it replaces the machine."""


class DataDisk(Section):
    """A disk of its own for the work, mounted at /mnt/disks/work; it outlives a replaced machine."""

    size_gb: Annotated[
        Int,
        loses(
            "it only grows: a larger size keeps the data; a smaller one replaces the disk by an empty one, and is"
            " refused for a kept one."
        ),
        Field(ge=10, le=10_000, examples=[50]),
    ] = 20
    """Size in GB. Growing it keeps the data; a smaller size replaces the disk."""
    type: Annotated[
        DiskType | None,
        loses("the disk is replaced by an empty one; a kept one is refused instead. Copy the work first."),
        Field(examples=["pd-balanced"]),
    ] = None
    """Kind of disk; pd-balanced, or hyperdisk-balanced where the machine's series takes no other, unless given.
    Changing it replaces the disk and loses its data."""
    keep: Annotated[
        Bool,
        nothing(
            "only what `make down` does changes: true leaves the disk and its files alone, false lets it delete them."
        ),
        costs("with true, the disk bills also overnight."),
        Field(examples=[True]),
    ] = False
    """Protect the disk: an evening's destroy leaves it and its files alone."""
