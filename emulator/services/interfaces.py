"""Network interfaces of a machine: subnet, internal and external address."""

from __future__ import annotations

import ipaddress
from typing import Any

from .. import catalog
from ..call import Call
from ..errors import ApiError, bad_value
from ..shapes import many
from ..world import World
from .links import catalog_or_world, link, path_of

Json = dict[str, Any]


def interfaces(call: Call, body: Json) -> None:
    """A subnet that is there, an address in it, and an address of its own where it asks for one."""
    given = body.get("networkInterfaces")
    if not given:
        raise bad_value("resource.networkInterfaces", "", "At least one network interface is required.")
    region = catalog.zone(call.segment("zones"))
    for index, nic in enumerate(given):
        where = f"resource.networkInterfaces[{index}]"
        if nic.get("subnetwork"):
            nic["subnetwork"] = link(call, nic["subnetwork"], f"{where}.subnetwork")
        else:
            nic["network"] = link(call, nic.get("network") or "global/networks/default", f"{where}.network")
            nic["subnetwork"] = _subnet_of(call, nic["network"], str(region), where)
        subnet = catalog_or_world(call, path_of(nic["subnetwork"])) or {}
        if not str(subnet["region"]).endswith(f"/{region}"):
            raise bad_value(
                f"{where}.subnetwork", nic["subnetwork"], f"The subnetwork must be in the machine's region {region}."
            )
        if nic.get("network") and link(call, nic["network"], f"{where}.network") != subnet["network"]:
            raise bad_value(f"{where}.subnetwork", nic["subnetwork"], "The subnetwork is not of the given network.")
        nic["network"] = subnet["network"]
        nic.setdefault("networkIP", _free_address(call, subnet))
        nic |= {
            "kind": "compute#networkInterface",
            "name": f"nic{index}",
            "fingerprint": call.world.tag(),
            "stackType": nic.get("stackType", "IPV4_ONLY"),
        }
        for config in many(nic, "accessConfigs"):
            access(call.world, config)


def access(world: World, config: Json) -> None:
    """An external address: the reserved one that was named, or one for as long as the machine runs."""
    config |= {
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "name": config.get("name") or "external-nat",
        "networkTier": config.get("networkTier", "PREMIUM"),
    }
    config["natIP"] = config.get("natIP") or f"35.190.{int(world.next_id()) % 250}.{int(world.next_id()) % 250 + 2}"


def _subnet_of(call: Call, network: str, region: str, where: str) -> str:
    for subnet in call.world.of("compute", "projects/regions/subnetworks"):
        if subnet.body["network"] == network and subnet.body["region"].endswith(f"/{region}"):
            automatic = catalog_or_world(call, path_of(network)) or {}
            if automatic.get("autoCreateSubnetworks"):
                return str(subnet.body["selfLink"])
    text = "Subnetwork should be specified for custom subnetmode network"
    raise bad_value(f"{where}.subnetwork", "", text)


def _free_address(call: Call, subnet: Json) -> str:
    taken = {
        n["networkIP"]
        for r in call.world.of("compute", "projects/zones/instances")
        for n in r.body["networkInterfaces"]
    }
    hosts = list(ipaddress.IPv4Network(subnet["ipCidrRange"]).hosts())[1:4000]
    free = [str(h) for h in hosts if str(h) not in taken]
    if not free:
        raise ApiError(403, f"IP space of '{subnet['selfLink']}' is exhausted.", reason="ipSpaceExhausted")
    return free[0]
