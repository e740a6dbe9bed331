"""The network: a range for each region, and the way out."""

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings.effects import costs, loses, updates
from infra.settings.listed import listed
from infra.settings.problem import RuleViolationError
from infra.settings.types import (
    Section,
    Shown,
)

_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


_RANGE = Shown(
    r"(10|172|192)\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/(1[6-9]|2[0-9])",
    "a subnet is part of 10/8, 172.16/12 or 192.168/16 with a prefix of /16 to /29",
    "write a range such as 10.10.0.0/20",
)


def _range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value, strict=False)
    except ValueError:
        raise RuleViolationError("a range is an IPv4 address and a prefix", _RANGE.remedy) from None
    if not 16 <= network.prefixlen <= 29 or not any(network.subnet_of(private) for private in _PRIVATE):
        raise RuleViolationError(_RANGE.rule, _RANGE.remedy)
    if str(network) != value:
        raise RuleViolationError("a range is written as its first address and its prefix", f"write {network}")
    if network.overlaps(ipaddress.ip_network("172.17.0.0/16")):
        raise RuleViolationError("172.17.0.0/16 is docker's own bridge on every machine", _RANGE.remedy)
    return value


Range = Annotated[str, AfterValidator(_range), _RANGE]


class Network(Section):
    """The stack's own VPC network: SSH only through Identity-Aware Proxy, nothing else comes in."""

    subnets: Annotated[
        dict[Annotated[str, listed("region")], Range] | None,
        loses(
            "a region more adds a subnet. A wider range around the old one changes in place; any other range makes"
            " the subnet anew and the machines in it: their boot disks are lost, their data disks stay."
        ),
        Field(examples=[{"europe-west1": "10.10.0.0/20", "europe-west4": "10.10.16.0/20"}]),
    ] = None
    """Range of the subnet in each region; one of 10.10.0.0/20 in the stack's region unless given."""
    egress: Annotated[
        Literal["address", "nat"],
        updates(
            "machines lose or get their external addresses in place, which works only while they run; Cloud NAT is"
            " added or removed."
        ),
        costs(
            "`address`: $0.005 an hour for each running machine, half of it at the Spot price. `nat`: $0.0014 an"
            " hour a machine, $0.005 an hour for the address and $0.045 for each GiB (2026-08-20)."
        ),
        Field(examples=["address"]),
    ] = "address"
    """How machines reach the internet: an `address` each ($0.005/h, no ingress but IAP), or Cloud `nat`
    (no addresses on machines; dearer for one machine, as each GiB of a download bills too)."""
