"""Networks of Compute Engine: subnets, firewall rules, routers with NAT, addresses; what is in use stays."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from .. import catalog, longrunning
from ..call import Call
from ..errors import bad_value, in_use
from ..kinds import Handlers
from ..shapes import many
from ..world import Resource
from .identity import fingerprinted, identity, labelled
from .links import COMPUTE, link, path_of, users_of

Json = dict[str, Any]
handlers = Handlers()
NAME = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"


def network(call: Call, body: Json, old: Json | None) -> None:
    """A network; an automatic one makes its subnets at once."""
    identity(call, body, old)
    if old is None:
        body["selfLinkWithId"] = f"{COMPUTE}projects/{call.project.id}/global/networks/{body['id']}"
        if "IPv4Range" not in body:
            body.setdefault("autoCreateSubnetworks", True)
        if body["autoCreateSubnetworks"]:
            _automatic_subnets(call, body)


def _automatic_subnets(call: Call, body: Json) -> None:
    for index, region in enumerate(catalog.REGIONS):
        path = f"projects/{call.project.id}/regions/{region}/subnetworks/{body['name']}"
        made: Json = {
            "kind": "compute#subnetwork",
            "id": call.world.next_id(),
            "name": body["name"],
            "selfLink": COMPUTE + path,
            "network": COMPUTE + call.path,
            "ipCidrRange": f"10.{128 + 2 * index}.0.0/20",
            "privateIpGoogleAccess": False,
            "region": f"{COMPUTE}projects/{call.project.id}/regions/{region}",
            "gatewayAddress": f"10.{128 + 2 * index}.0.1",
            "creationTimestamp": call.world.now(),
            "fingerprint": call.world.tag(),
            "purpose": "PRIVATE",
            "stackType": "IPV4_ONLY",
        }
        call.world.put(Resource("compute", path, "projects/regions/subnetworks", made))


def network_blocked(call: Call, resource: Resource) -> None:
    """A network goes last: its subnets (but automatic ones), rules, routers, machines first."""
    automatic = resource.body.get("autoCreateSubnetworks")
    for user in users_of(call, resource.path):
        if not (automatic and user.collection.endswith("subnetworks") and user.name == resource.name):
            sort = "network resource"
            raise in_use(f"{sort} '{resource.path}'", user.path)
    if automatic:
        for child in [r for r in call.world.of("compute", "projects/regions/subnetworks") if r.name == resource.name]:
            call.world.drop(child)


def blocked_by_users(call: Call, resource: Resource) -> None:
    """What another resource names stays."""
    sort = (
        resource.collection.rsplit("/", 1)[-1]
        .removesuffix("es" if "polic" not in resource.collection else "")
        .removesuffix("s")
    )
    for user in users_of(call, resource.path):
        raise in_use(f"{sort} resource '{resource.path}'", user.path)


def subnetwork(call: Call, body: Json, old: Json | None) -> None:
    """A range of its own in its network."""
    body["network"] = link(call, body.get("network"), "resource.network")
    try:
        wanted = ipaddress.IPv4Network(body.get("ipCidrRange", ""))
    except ValueError as wrong:
        raise bad_value(
            "resource.ipCidrRange", body.get("ipCidrRange"), f"Must be a valid CIDR range: {wrong}."
        ) from None
    if not 4 <= wanted.prefixlen <= 29:
        raise bad_value("resource.ipCidrRange", str(wanted), "Must be between /4 and /29.")
    for other in call.world.of("compute", "projects/regions/subnetworks"):
        beside = other.path != call.path and other.body["network"] == body["network"]
        if beside and wanted.overlaps(ipaddress.IPv4Network(other.body["ipCidrRange"])):
            raise bad_value("resource.ipCidrRange", str(wanted), f"Conflicts with existing subnetwork '{other.name}'.")
    body["gatewayAddress"] = str(wanted[1])
    fingerprinted(call, body, old)


def firewall(call: Call, body: Json, old: Json | None) -> None:
    """A rule that means something: what it lets pass or not, from where, to whom."""
    body["network"] = link(call, body.get("network") or "global/networks/default", "resource.network")
    if bool(body.get("allowed")) == bool(body.get("denied")):
        raise bad_value("resource.allowed", body.get("allowed"), "Exactly one of allowed and denied must be set.")
    for rule in many(body, "allowed") or many(body, "denied"):
        protocol = str(rule.get("IPProtocol", "")).lower()
        if protocol not in ("all", "tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip") and not protocol.isdigit():
            raise bad_value("resource.allowed[0].IPProtocol", protocol, "Must be a known protocol or its number.")
        if rule.get("ports") and protocol not in ("tcp", "udp", "sctp", "6", "17", "132"):
            raise bad_value("resource.allowed[0].ports", rule["ports"], "Ports are for TCP, UDP and SCTP only.")
        for port in many(rule, "ports"):
            low, _, high = port.partition("-")
            if not (low.isdigit() and (high or low).isdigit() and int(low) <= int(high or low) <= 65535):
                raise bad_value("resource.allowed[0].ports", port, "Must be a port or a range of ports, 0-65535.")
    if not 0 <= body["priority"] <= 65535:
        raise bad_value("resource.priority", body["priority"], "Must be between 0 and 65535.")
    for field in ("sourceRanges", "destinationRanges"):
        for cidr in body.get(field, ()):
            _cidr(f"resource.{field}", cidr)
    ingress = body["direction"] == "INGRESS"
    if ingress and not any(body.get(f) for f in ("sourceRanges", "sourceTags", "sourceServiceAccounts")):
        body["sourceRanges"] = ["0.0.0.0/0"]
    if not ingress and any(body.get(f) for f in ("sourceTags", "sourceServiceAccounts")):
        raise bad_value("resource.sourceTags", body.get("sourceTags"), "An EGRESS rule has no sources.")
    if body.get("targetTags") and body.get("targetServiceAccounts"):
        raise bad_value("resource.targetTags", body["targetTags"], "Tags and service accounts exclude each other.")
    identity(call, body, old)


def _cidr(field: str, text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as wrong:
        raise bad_value(field, text, f"Must be a valid CIDR range: {wrong}.") from None


def router(call: Call, body: Json, old: Json | None) -> None:
    """A router and the NATs in it."""
    body["network"] = link(call, body.get("network"), "resource.network")
    names = [n.get("name") for n in many(body, "nats")]
    if len(names) != len(set(names)):
        raise bad_value("resource.nats", names, "Names of NATs on a router must differ.")
    for nat in many(body, "nats"):
        _nat(call, nat)
    identity(call, body, old)


def _nat(call: Call, nat: Json) -> None:
    if not re.fullmatch(NAME, nat.get("name") or ""):
        raise bad_value("resource.nats[0].name", nat.get("name"), f"Must be a match of regex '{NAME}'")
    listed = nat.get("sourceSubnetworkIpRangesToNat") == "LIST_OF_SUBNETWORKS"
    if listed != bool(nat.get("subnetworks")):
        raise bad_value(
            "resource.nats[0].subnetworks", nat.get("subnetworks"), "Goes with LIST_OF_SUBNETWORKS, and only with it."
        )
    for entry in many(nat, "subnetworks"):
        entry["name"] = link(call, entry.get("name"), "resource.nats[0].subnetworks[0].name")
    if (nat.get("natIpAllocateOption") == "MANUAL_ONLY") != bool(nat.get("natIps")):
        raise bad_value("resource.nats[0].natIps", nat.get("natIps"), "Goes with MANUAL_ONLY, and only with it.")
    nat["natIps"] = [link(call, ip, "resource.nats[0].natIps") for ip in many(nat, "natIps")]
    if not nat["natIps"]:
        del nat["natIps"]
    usual = {
        "type": "PUBLIC",
        "endpointTypes": ["ENDPOINT_TYPE_VM"],
        "enableEndpointIndependentMapping": False,
        "autoNetworkTier": "PREMIUM",
        "icmpIdleTimeoutSec": 30,
        "udpIdleTimeoutSec": 30,
        "tcpEstablishedIdleTimeoutSec": 1200,
        "tcpTransitoryIdleTimeoutSec": 30,
        "tcpTimeWaitTimeoutSec": 120,
    }
    for field, value in usual.items():
        nat.setdefault(field, value)


def bills(body: Json) -> str:
    """A router bills for the NATs on it."""
    return "Cloud NAT by the hour and the GiB" if body.get("nats") else ""


def address(call: Call, body: Json, old: Json | None) -> None:
    """An address, given out or asked for."""
    labelled(call, body, old)
    if old is None:
        taken = len(list(call.world.of("compute", "projects/regions/addresses", "projects/global/addresses")))
        body.setdefault("address", f"34.76.{taken // 250}.{taken % 250 + 1}")
        body["status"] = "RESERVED"
        for field in ("network", "subnetwork"):
            if body.get(field):
                body[field] = link(call, body[field], f"resource.{field}")


@handlers.on("compute.subnetworks.expandIpCidrRange")
def expand(call: Call) -> Any:
    """A wider range that contains the old one."""
    resource = call.resource()
    wider = {**resource.body, "ipCidrRange": call.body["ipCidrRange"]}
    old = ipaddress.ip_network(resource.body["ipCidrRange"])
    subnetwork(call, wider, resource.body)
    if not old.subnet_of(ipaddress.ip_network(wider["ipCidrRange"])):  # type: ignore[arg-type]
        raise bad_value("ipCidrRange", call.body["ipCidrRange"], f"Must contain the current range {old}.")
    resource.body = wider
    return longrunning.reply(call, wider)


@handlers.on("compute.subnetworks.setPrivateIpGoogleAccess")
def private_access(call: Call) -> Any:
    """Reach Google's APIs without an external address."""
    resource = call.resource()
    resource.body["privateIpGoogleAccess"] = bool(call.body.get("privateIpGoogleAccess"))
    return longrunning.reply(call, resource.body)


@handlers.on("compute.networks.get")
def get_network(call: Call) -> Any:
    """With the links of its subnets."""
    body = dict(call.resource().body)
    subnets = [
        r.body["selfLink"]
        for r in call.world.of("compute", "projects/regions/subnetworks")
        if path_of(r.body["network"]) == call.path
    ]
    return body | ({"subnetworks": subnets} if subnets else {})
