"""The custom role that starts and stops machines: for members, and for Google's schedule of the stops."""

from __future__ import annotations

from pulumi_gcp import serviceaccount

from infra.component import Component, Place

OPERATOR_PERMISSIONS = (
    "compute.disks.get",
    "compute.disks.list",
    "compute.instances.get",
    "compute.instances.list",
    "compute.instances.reset",
    "compute.instances.resume",
    "compute.instances.start",
    "compute.instances.stop",
    "compute.instances.suspend",
    "compute.projects.get",
    "compute.zoneOperations.get",
    "compute.zones.get",
    "compute.zones.list",
)
"""To see machines, and to start and stop them; not to make, change or delete one."""


def title(stack: str) -> str:
    """Write the title by which people know the role; its id ends with a number that only Google knows."""
    return f"{stack}: start and stop machines"


class Operator(Component):
    """The role, under an id that is new whenever the account of the machines was made anew."""

    def __init__(self, place: Place, machines: serviceaccount.Account):
        super().__init__("operator", place)
        self.role = self.custom_role(
            "operator",
            after=machines,
            title=title(place.names.stack),
            permissions=OPERATOR_PERMISSIONS,
            keep=bool(place.course.deploy),
        )
        self.register_outputs({})
