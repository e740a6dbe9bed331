"""Disks of Compute Engine: made from images, put on machines, taken off again, enlarged."""

from __future__ import annotations

from typing import Any

from .. import longrunning
from ..call import Call
from ..errors import ApiError, bad_value, in_use
from ..kinds import Handlers
from ..shapes import many
from ..world import Resource, World
from .common import labels
from .identity import labelled
from .links import COMPUTE, catalog_or_world, link, path_of

Json = dict[str, Any]
handlers = Handlers()


def disk(call: Call, body: Json, old: Json | None) -> None:
    """A disk of its own."""
    if old is None:
        new_disk(call, body)
    labelled(call, body, old)


def bills(body: Json) -> str:
    """A disk bills by its size, used or not."""
    return f"{body['sizeGb']} GB of {body['type'].rsplit('/', 1)[-1]}, also while its machine is stopped"


def new_disk(call: Call, body: Json) -> None:
    """What the server fills in on a disk, from its image and its type."""
    zone = f"projects/{call.project.id}/zones/{call.segment('zones')}"
    body["type"] = link(call, body.get("type") or f"{zone}/diskTypes/pd-standard", "resource.type")
    image = None
    if body.get("sourceImage"):
        body["sourceImage"] = link(call, body["sourceImage"], "resource.sourceImage")
        image = catalog_or_world(call, path_of(body["sourceImage"])) or {}
        body["sourceImageId"] = image["id"]
        for name in ("licenses", "guestOsFeatures", "architecture", "licenseCodes"):
            body.setdefault(name, image.get(name))
    smallest = int(image["diskSizeGb"]) if image else 10 if "standard" in body["type"] else 1
    size = int(body.setdefault("sizeGb", str(smallest if image else 500)))
    if size < smallest:
        # For an image in these words in reports, such as NixOS/nixops issue 1072; for a type they are assumed.
        what = "image" if image else "type's smallest"
        text = f"Requested disk size cannot be smaller than the {what} size ({smallest} GB)"
        raise bad_value("resource.sizeGb", size, text)
    if size > 65536:
        raise bad_value("resource.sizeGb", size, "Disk size must be at most 65536 GB.")
    body["resourcePolicies"] = [link(call, p, "resource.resourcePolicies") for p in many(body, "resourcePolicies")]
    if not body["resourcePolicies"]:
        del body["resourcePolicies"]
    body |= {
        "sizeGb": str(size),
        "status": "READY",
        "physicalBlockSizeBytes": str(body.get("physicalBlockSizeBytes", 4096)),
    }
    body.setdefault("enableConfidentialCompute", False)


def attach(call: Call, machine: Json, entry: Json, index: int) -> None:
    """One disk on a machine: made from initializeParams, or there already and free."""
    zone = "/".join(call.path.split("/")[:4])
    given = entry.pop("initializeParams", None)
    if given is not None and not entry.get("source"):
        name = given.get("diskName") or (machine["name"] if entry.get("boot") else f"{machine['name']}-{index}")
        body: Json = {
            "name": name,
            "sizeGb": given.get("diskSizeGb"),
            "type": given.get("diskType"),
            "labels": given.get("labels"),
            "sourceImage": given.get("sourceImage"),
            "resourcePolicies": given.get("resourcePolicies"),
        }
        body = {k: v for k, v in body.items() if v}
        labels(body)
        path = f"{zone}/disks/{name}"
        if call.world.get("compute", path):
            raise ApiError(409, f"The resource '{path}' already exists")
        new_disk(call, body)
        body |= {
            "kind": "compute#disk",
            "id": call.world.next_id(),
            "selfLink": COMPUTE + path,
            "zone": COMPUTE + zone,
            "creationTimestamp": call.world.now(),
            "labelFingerprint": call.world.tag(),
        }
        made = Resource("compute", path, "projects/zones/disks", body)
        made.bills = bills(body)
        call.world.put(made)
        entry["source"] = body["selfLink"]
    entry["source"] = link(call, entry.get("source"), f"resource.disks[{index}].source")
    disk = call.world.get("compute", path_of(entry["source"]))
    if disk is None or not disk.path.startswith(zone + "/"):
        raise bad_value(f"resource.disks[{index}].source", entry["source"], "The disk must be in the machine's zone.")
    me = COMPUTE + _machine(call, machine)
    if others := [u for u in many(disk.body, "users") if u != me]:
        raise in_use(f"disk resource '{disk.path}'", path_of(others[0]))
    entry |= {
        "kind": "compute#attachedDisk",
        "type": entry.get("type", "PERSISTENT"),
        "mode": entry.get("mode", "READ_WRITE"),
        "deviceName": entry.get("deviceName") or f"persistent-disk-{index}",
        "index": index,
        "boot": bool(entry.get("boot")),
        "autoDelete": bool(entry.get("autoDelete")),
        "interface": entry.get("interface", "SCSI"),
        "diskSizeGb": disk.body["sizeGb"],
    }
    for name in ("licenses", "guestOsFeatures", "architecture"):
        if disk.body.get(name):
            entry.setdefault(name, disk.body[name])
    disk.body["users"] = sorted({*many(disk.body, "users"), me})


def _machine(call: Call, machine: Json) -> str:
    return "/".join([*call.path.split("/")[:4], "instances", machine["name"]])


def use(call: Call, source: str) -> None:
    """The disk tells that this machine uses it."""
    disk = call.world.get("compute", path_of(source))
    if disk:
        disk.body["users"] = sorted({*many(disk.body, "users"), COMPUTE + call.path})


def release(world: World, source: str, machine: str) -> None:
    """The machine of this path no longer uses the disk."""
    disk = world.get("compute", path_of(source))
    if disk:
        disk.body["users"] = [u for u in many(disk.body, "users") if u != COMPUTE + machine]
        if not disk.body["users"]:
            del disk.body["users"]


@handlers.on("compute.disks.resize")
def resize(call: Call) -> Any:
    """Only larger.

    https://cloud.google.com/compute/docs/disks/resize-persistent-disk (2026-08); the words of the refusal are assumed.
    """
    resource, size = call.resource(), int(call.body["sizeGb"])
    if size <= int(resource.body["sizeGb"]):
        raise bad_value("sizeGb", size, f"New disk size must be larger than the current {resource.body['sizeGb']}.")
    resource.body["sizeGb"] = str(size)
    resource.bills = bills(resource.body)
    return longrunning.reply(call, resource.body)
