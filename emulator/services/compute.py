"""Compute Engine without its instances: networks, addresses, disks, schedules, and what Google itself keeps."""

from __future__ import annotations

import base64
import zoneinfo
from collections.abc import Callable
from typing import Any

from .. import catalog, longrunning
from ..call import Call, page
from ..cron import valid
from ..errors import bad_value
from ..filters import matches
from ..kinds import Handlers, Kind, Service, always
from ..shapes import many, part
from . import disks, halting, instance_methods, instances, networks, quotas
from .common import labels
from .identity import identity, same
from .links import COMPUTE, catalog_or_world, link

Json = dict[str, Any]
handlers = Handlers()
NAME = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"


def policy(call: Call, body: Json, old: Json | None) -> None:
    """A schedule says when, and in which time zone."""
    schedule = body.get("instanceSchedulePolicy")
    if schedule and not (schedule.get("vmStartSchedule") or schedule.get("vmStopSchedule")):
        raise bad_value("resource.instanceSchedulePolicy", schedule, "Needs a start or a stop schedule.")
    if schedule and schedule.get("timeZone") not in zoneinfo.available_timezones():
        zone = schedule.get("timeZone")
        raise bad_value("resource.instanceSchedulePolicy.timeZone", zone, "Must be a time zone of the tz database.")
    for field in ("vmStartSchedule", "vmStopSchedule"):
        if schedule and field in schedule and not valid(str(schedule[field].get("schedule", ""))):
            raise bad_value(f"resource.instanceSchedulePolicy.{field}", schedule[field], "Must be a cron expression.")
    identity(call, body, old)
    body["status"] = "READY"


@handlers.on("compute.disks.setLabels", "compute.addresses.setLabels", "compute.globalAddresses.setLabels")
def set_labels(call: Call) -> Any:
    """Labels of a disk or an address; the fingerprint must be the present one."""
    resource = call.resource()
    same(call.body.get("labelFingerprint"), resource.body["labelFingerprint"])
    resource.body |= {"labels": part(call.body, "labels"), "labelFingerprint": call.world.tag()}
    labels(resource.body)
    return longrunning.reply(call, resource.body)


@handlers.on(
    "compute.disks.addResourcePolicies",
    "compute.disks.removeResourcePolicies",
    "compute.instances.addResourcePolicies",
    "compute.instances.removeResourcePolicies",
)
def resource_policies(call: Call) -> Any:
    """Put schedules on a machine or a disk, or take them off."""
    resource = call.resource()
    given = [link(call, p, "resourcePolicies") for p in many(call.body, "resourcePolicies")]
    held = [p for p in many(resource.body, "resourcePolicies") if p not in given]
    resource.body["resourcePolicies"] = held + given if call.method.action.startswith("add") else held
    if call.method.collection.endswith("instances"):
        instances.check_schedule(call, resource.body)
    return longrunning.reply(call, resource.body)


@handlers.on(
    "compute.zones.get",
    "compute.regions.get",
    "compute.machineTypes.get",
    "compute.acceleratorTypes.get",
    "compute.diskTypes.get",
    "compute.images.get",
    "compute.images.getFromFamily",
)
def kept_by_google(call: Call) -> Any:
    """What Google itself keeps: places, types, images."""
    path = call.path
    if call.method.action == "getFromFamily":
        path = path.replace("/images/", "/images/family/", 1) if "/family/" not in path else path
    found = catalog_or_world(call, path)
    if found is None:
        raise call.missing()
    if call.method.id == "compute.regions.get":
        found = found | {"quotas": quotas.quotas(call, path.rsplit("/", 1)[-1])}
    return found


@handlers.on(
    "compute.zones.list",
    "compute.regions.list",
    "compute.machineTypes.list",
    "compute.acceleratorTypes.list",
    "compute.diskTypes.list",
)
def listed_by_google(call: Call) -> Any:
    """Lists of what Google itself keeps."""
    return page(call, "items", _offered(call, call.path, call.segment("zones")))


def _offered(call: Call, path: str, zone: str) -> list[Json]:
    sort = call.method.segments[-1]
    offers: dict[str, Callable[[], list[str]]] = {
        "zones": catalog.zones,
        "regions": lambda: sorted(catalog.REGIONS),
        "machineTypes": lambda: catalog.machine_types(zone),
        "acceleratorTypes": lambda: sorted(catalog.ACCELERATORS),
        "diskTypes": lambda: list(catalog.DISK_TYPES),
    }
    bodies = [b for n in offers[sort]() if (b := catalog.lookup(f"{path}/{n}"))]
    return [b for b in bodies if matches(str(call.query.get("filter") or ""), b)]


@handlers.on(
    "compute.machineTypes.aggregatedList", "compute.acceleratorTypes.aggregatedList", "compute.diskTypes.aggregatedList"
)
def offered_anywhere(call: Call) -> Any:
    """The types of every zone in one list, a page at a time."""
    sort, project = call.method.segments[-1], call.project.id
    everything = [
        {"zone": zone, "body": body}
        for zone in catalog.zones()
        for body in _offered(call, f"projects/{project}/zones/{zone}/{sort}", zone)
    ]
    answer = page(call, "items", everything)
    scopes: Json = {}
    for entry in answer.get("items", ()):
        scopes.setdefault(f"zones/{entry['zone']}", {}).setdefault(sort, []).append(entry["body"])
    return answer | {"items": scopes}


@handlers.on("compute.projects.get")
def get_project(call: Call) -> Any:
    """The project as Compute Engine sees it, with its quotas."""
    project = call.project
    return {
        "kind": "compute#project",
        "id": project.number,
        "name": project.id,
        "selfLink": f"{COMPUTE}projects/{project.id}",
        "creationTimestamp": project.created,
        "defaultServiceAccount": f"{project.number}-compute@developer.gserviceaccount.com",
        "defaultNetworkTier": "PREMIUM",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": base64.b64encode(b"metadata").decode()},
        "quotas": quotas.quotas(call, ""),
    }


for _scope in ("zoneOperations", "regionOperations", "globalOperations"):
    handlers[f"compute.{_scope}.get"] = handlers[f"compute.{_scope}.wait"] = longrunning.read

for _module in (disks, instance_methods, instances, networks):
    handlers |= _module.handlers


def _kind(collection: str, fill: Any, **more: Any) -> Kind:
    return Kind("compute", f"projects/{collection}", name_from="name", name_field="", fill=fill, **more)


_NETWORK = {
    "routingConfig": {"routingMode": "REGIONAL"},
    "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
}
_SUBNET = {
    "privateIpGoogleAccess": False,
    "purpose": "PRIVATE",
    "stackType": "IPV4_ONLY",
    "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
    "enableFlowLogs": False,
    "allowSubnetCidrRoutesOverlap": False,
}
_FIREWALL = {
    "direction": "INGRESS",
    "priority": 1000,
    "disabled": False,
    "logConfig": {"enable": False},
    "description": "",
}
_ADDRESS = {"addressType": "EXTERNAL", "networkTier": "PREMIUM", "description": ""}
_IP = always("a reserved address, dearer while no machine uses it")
KINDS = (
    _kind("global/networks", networks.network, defaults=_NETWORK, blocked=networks.network_blocked),
    _kind(
        "regions/subnetworks",
        networks.subnetwork,
        defaults=_SUBNET,
        blocked=networks.blocked_by_users,
        etag="fingerprint",
        immutable=("network", "purpose"),
    ),
    _kind("global/firewalls", networks.firewall, defaults=_FIREWALL, immutable=("network", "direction")),
    _kind(
        "regions/routers",
        networks.router,
        blocked=networks.blocked_by_users,
        immutable=("network",),
        bills=networks.bills,
    ),
    _kind("regions/addresses", networks.address, defaults=_ADDRESS, blocked=networks.blocked_by_users, bills=_IP),
    _kind(
        "global/addresses",
        networks.address,
        defaults={**_ADDRESS, "ipVersion": "IPV4"},
        blocked=networks.blocked_by_users,
        bills=_IP,
    ),
    _kind("zones/disks", disks.disk, blocked=networks.blocked_by_users, bills=disks.bills),
    _kind("regions/resourcePolicies", policy, blocked=networks.blocked_by_users),
    _kind("zones/instances", instances.settle, bills=instances.bills, blocked=instances.blocked),
)
SERVICE = Service("compute", ("v1", "beta"), kinds=KINDS, handlers=handlers, passes=halting.passes)
