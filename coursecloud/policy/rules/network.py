"""The network: everything stands on the stack's own, and reaches Google's APIs from there."""

from collections.abc import Iterator
from typing import Any

from coursecloud.plan.registration import Registration
from coursecloud.policy.example import Example, add, firewall, machine, put, then
from coursecloud.policy.reading import UnknownError, at, entries, is_true
from coursecloud.policy.rule import AmongRule, ResourceRule, Stack
from coursecloud.policy.told_values import said
from infra.settings import Settings

_SUBNETS = frozenset({"compute.Subnetwork"}).__contains__
_ON_A_NETWORK = frozenset({
    "compute.Instance", "compute.InstanceTemplate", "compute.RegionInstanceTemplate", "compute.Firewall",
    "compute.Subnetwork", "compute.Router",
}).__contains__  # fmt: skip


def _private_access(subnet: Registration, _: Settings) -> Iterator[str]:
    # Subnets for load balancers and private services hold no machines, and take no such setting.
    if at(subnet.inputs, "purpose", "PRIVATE") != "PRIVATE":
        return
    if not is_true(at(subnet.inputs, "privateIpGoogleAccess")):
        yield "privateIpGoogleAccess is not true: a machine without an address cannot reach buckets and images"


def _names(card: Any) -> Iterator[tuple[str, str]]:
    for key in ("network", "subnetwork"):
        try:
            if name := at(card, key):
                yield key, str(name).rpartition("/")[2]
        except UnknownError:
            # It is made by this very run; the default network has long been there.
            yield key, ""


def _own(resource: Registration, stack: Stack) -> Iterator[str]:
    """Hold what stands on a network to those that the program declares; an empty name is of one of them."""
    declared = {
        key: {"", *(str(each.inputs.get("name")) for each in stack.of(kind))}
        for key, kind in (("network", "compute.Network"), ("subnetwork", "compute.Subnetwork"))
    }
    cards = [resource.inputs] if "networkInterfaces" not in resource.inputs else []
    cards += list(entries(resource.inputs, "networkInterfaces"))
    for card in cards:
        names = list(_names(card))
        if not names:
            yield "it names no network, and so is on the default one"
        for key, name in names:
            if name == "default":
                yield "it is on the project's default network"
            elif name not in declared[key]:
                yield f"it is on {key} {said(name)}, which the program does not declare"


RULES = (
    ResourceRule(
        id="subnet-private-google-access",
        title="A subnet reaches Google's APIs without addresses",
        why="Without it a machine needs an external address or pays NAT for each gigabyte from its own bucket.",
        remedy="Set private_ip_google_access=True.",
        severity="low",
        applies=_SUBNETS,
        check=_private_access,
        breaks=(
            Example(
                "dev",
                "subnet-europe-west1",
                put("compute.Subnetwork", "subnet-europe-west1", "privateIpGoogleAccess", False),
                says="not true",
                checkov=("CKV_GCP_74",),
            ),
        ),
        keeps=(
            Example(
                "dev",
                "subnet-europe-west1",
                then(
                    put("compute.Subnetwork", "subnet-europe-west1", "privateIpGoogleAccess", False),
                    put("compute.Subnetwork", "subnet-europe-west1", "purpose", "REGIONAL_MANAGED_PROXY"),
                ),
            ),
        ),
    ),
    AmongRule(
        id="network-own",
        title="Everything stands on the stack's own network",
        why="The default network lets the whole internet try ports 22 and 3389; nobody here knows another's firewall.",
        remedy="Name the stack's own network and subnet.",
        severity="high",
        applies=_ON_A_NETWORK,
        check=_own,
        breaks=(
            Example(
                "dev", "workbench", machine("networkInterfaces", [{"nicType": "VIRTIO_NET"}]), says="names no network"
            ),
            Example(
                "dev",
                "workbench",
                machine("networkInterfaces.0.network", "global/networks/default"),
                says="default network",
            ),
            Example(
                "dev",
                "workbench",
                machine("networkInterfaces.0.subnetwork", "regions/r/subnetworks/theirs"),
                says="on subnetwork `theirs`",
            ),
            Example("dev", "ssh-from-iap", firewall("network", "projects/p/global/networks/x"), says="on network `x`"),
            Example(
                "dev",
                "subnet-europe-west1",
                put("compute.Subnetwork", "subnet-europe-west1", "network", "x"),
                says="on network `x`",
            ),
        ),
        keeps=(
            Example("dev", "workbench", machine("networkInterfaces.0.subnetwork", "dev-subnet")),
            Example(
                "dev",
                "more",
                then(
                    add("compute/network:Network", "n", name="more"),
                    add("compute/firewall:Firewall", "more", network="projects/p/global/networks/more"),
                ),
            ),
        ),
    ),
)
