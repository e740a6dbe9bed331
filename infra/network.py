"""The stack's own VPC network: a subnet a region, SSH through Identity-Aware Proxy only, and a way out.

Deliberately absent: the project's default network, which lets the world in on port 22; flow logs, which cost
more than they tell a course; reserved addresses, which bill while nothing uses them.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_gcp import compute

from infra.component import Component, Place

IAP_RANGE = "35.235.240.0/20"
"""Where Identity-Aware Proxy's TCP forwarding comes from (cloud.google.com/iap, read 2026-11-23)."""


class Network(Component):
    """A network with one subnet a region and one firewall rule."""

    def __init__(self, place: Place, *, subnets: Mapping[str, str], nat: bool):
        super().__init__("network", place)
        network = compute.Network(
            "network",
            name=place.names.resource("network"),
            project=place.project,
            auto_create_subnetworks=False,
            opts=self.child("compute"),
        )
        self.subnets = {
            region: compute.Subnetwork(
                f"subnet-{region}",
                name=place.names.resource("subnet"),
                project=place.project,
                region=region,
                network=network.id,
                ip_cidr_range=ip_range,
                private_ip_google_access=True,
                opts=self.child(),
            )
            for region, ip_range in subnets.items()
        }
        compute.Firewall(
            "ssh-from-iap",
            name=place.names.resource("ssh-from-iap"),
            project=place.project,
            network=network.id,
            direction="INGRESS",
            source_ranges=[IAP_RANGE],
            allows=[compute.FirewallAllowArgs(protocol="tcp", ports=["22"])],
            opts=self.child(),
        )
        for region in subnets if nat else ():
            router = compute.Router(
                f"router-{region}",
                name=place.names.resource("router"),
                project=place.project,
                region=region,
                network=network.id,
                opts=self.child(),
            )
            compute.RouterNat(
                f"nat-{region}",
                name=place.names.resource("nat"),
                project=place.project,
                region=region,
                router=router.name,
                nat_ip_allocate_option="AUTO_ONLY",
                source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
                opts=self.child(),
            )
        self.register_outputs({})
