"""What was done, as changes that the ledger counts: machines with their disks, and all other kinds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from coursecloud.look import services, shapes
from coursecloud.look.found import DISK, INSTANCE, incarnation, once, when, with_id
from coursecloud.look.found import full as full_name
from coursecloud.look.found import shape as shape_of
from coursecloud.look.kinds import kinds, of_asset, table
from coursecloud.look.operations import Done, collection
from coursecloud.look.shapes import many, part, path_of
from coursecloud.look.world import World
from coursecloud.spend.model import Act, Change, Shape

Json = dict[str, Any]
COMPUTE = "//compute.googleapis.com/"
ACTS: dict[str, Act] = {name: name for name in ("create", "start", "stop", "delete", "resize")}


def changes(did: Iterable[Done], world: World) -> Iterator[Change]:
    """Give every change, in the order in which they took effect; what is not understood goes to `world.unread`."""
    for each in did:
        if each.system and each.method.startswith("compute.instances."):
            yield from _event(each, world)
        elif each.method.startswith("compute."):
            yield from _compute(each, world)
        else:
            yield from services.changes(each, world)


def jobs(bodies: Mapping[str, tuple[Json, ...]], world: World, since: datetime) -> Iterator[Change]:
    """Give the begin and the end of what runs once, since a time: its own times say so, logs say only who asked."""
    for kind, body in once(bodies):
        resource, mark = full_name(kind, body, world.project), incarnation(kind, body)
        ends: tuple[tuple[str, Act], ...] = ((kind.since, "create"), (kind.end, "delete"))
        for name, act in ends:
            at = when(body.get(name))
            if at is not None and at >= since and body.get(kind.since):
                told = shape_of(kind, body, {}) if act == "create" else None
                by = world.starters.get(resource, "system") if act == "create" else "system"
                yield Change(f"{resource}#{name}", at, at, resource, act, by, name, mark, told)


def _change(
    each: Done, resource: str, act: Act, shape: Shape | None = None, *, mark: str | None = None, more: str = ""
) -> Change:
    found = str(each.labels.get("instance_id") or each.labels.get("disk_id") or "") if mark is None else mark
    return Change(f"{each.id}{more}", each.at, each.received, resource, act, each.by, each.reason, found, shape)


def _event(each: Done, world: World) -> Iterator[Change]:
    """What Google, or the machine itself, did to a machine."""
    event, events = each.method.rpartition(".")[2], table()["systemEvents"]
    act = next((act for act, names in events.items() if event in names), "")
    path = with_id(each.name, world.project)
    told = world.shapes.get(COMPUTE + path)
    action = part(told.inputs, "scheduling").get("instanceTerminationAction") if told else None
    if event == "preempted" and action == "DELETE":
        act = "delete"
    if act == "delete":
        yield from _gone(each, path, world)
    elif act in ACTS:
        yield _change(each, COMPUTE + path, ACTS[act], told)
    elif not act:
        _not_understood(each, world)


def _compute(each: Done, world: World) -> Iterator[Change]:
    sort, verb = collection(each)
    method, methods = f"{sort}.{verb}", table()["methods"]
    act = next((act for act, names in methods.items() if method in names), "")
    path = with_id(each.name, world.project)
    resource = COMPUTE + path
    if method == "instances.insert":
        yield from _made(each, path, world)
    elif method == "instances.delete":
        yield from _gone(each, path, world)
    elif act == "follows":
        yield from _follow(each, verb, path, world)
    elif act == "resize":
        yield from _resized(each, verb, path, world)
    elif act in ("start", "stop"):
        yield _change(each, resource, ACTS[act], world.shapes.get(resource))
    elif act in ("create", "delete"):
        yield _plain(each, sort, resource, ACTS[act], world)
    elif sort in ("instances", "disks", "regionDisks", "addresses", "globalAddresses") and act != "nothing":
        _not_understood(each, world)
    elif verb in ("insert", "delete") or (sort == "routers" and verb in ("patch", "update")):
        act = {"insert": "create", "delete": "delete"}.get(verb, "resize")
        yield _plain(each, sort, resource, ACTS[act], world)


def _plain(each: Done, sort: str, resource: str, act: Act, world: World) -> Change:
    """What stands for itself: a disk, an address, a rule, a router."""
    names = {"regionDisks": "disks", "globalAddresses": "addresses", "globalForwardingRules": "forwardingRules"}
    kind = next((kind for kind in kinds() if kind.log == f"gce:{names.get(sort, sort)}"), None)
    told = None
    if kind and act != "delete" and each.request.keys() - {"@type"}:
        told = shape_of(kind, {**each.request, **_place(resource)}, {})
        world.shapes[resource] = told
    if act == "delete":
        world.shapes.pop(resource, None)
    return _change(each, resource, act, told, mark=_mark(each))


def _mark(each: Done) -> str:
    labels = each.labels
    known = labels.get("disk_id") or labels.get("reserved_address_id") or labels.get("instance_id")
    return str(known or each.response.get("targetId") or "")


def _place(resource: str) -> Json:
    """The zone or region that a path names, and the name."""
    parts = resource.split("/")
    found: Json = {"name": parts[-1]}
    for word in ("zones", "regions"):
        if word in parts[:-1]:
            found[word[:-1]] = parts[parts.index(word) + 1]
    return found


def _made(each: Done, path: str, world: World) -> Iterator[Change]:
    """A new machine, and the disks beside its boot disk that were made with it.

    Where the entry with the request has not come, nothing says what it was: what is listed now may be otherwise.
    """
    resource, mark = COMPUTE + path, str(each.labels.get("instance_id") or "")
    world.disks.pop(path, None)
    told = None
    if each.request.get("machineType"):
        body = {**each.request, **_place(resource)}
        inputs = _known(shapes.instance(body, _put_on(body, world)), resource, mark, world)
        told = Shape("gcp:compute/instance:Instance", INSTANCE, inputs)
        world.disks[path] = list(_disks(each.request, path))
    if told:
        world.shapes[resource] = told
    yield _change(each, resource, "create", told)
    for disk in world.disks_of(path) if each.request.get("machineType") else ():
        asked = part(disk, "initializeParams")
        if asked and not disk.get("boot") and disk.get("type") != "SCRATCH":
            made = {"sizeGb": asked.get("diskSizeGb"), "type": asked.get("diskType"), **_place(disk["source"])}
            yield _disk(each, disk["source"], "create", made, world)


def _known(inputs: Json, resource: str, mark: str, world: World) -> Json:
    """Fill in a boot disk that is as large as its image: the request does not say, the list does."""
    found = world.live.get(resource)
    asked = part(part(inputs, "bootDisk"), "initializeParams")
    if asked and "size" not in asked and found and found.incarnation == mark:
        there = part(part(found.shape.inputs, "bootDisk"), "initializeParams")
        inputs["bootDisk"] = {**part(inputs, "bootDisk"), "initializeParams": {**there, **asked}}
    return inputs


def _put_on(request: Mapping[str, Any], world: World) -> dict[str, Json]:
    """Tell of the disks that were there before a machine was put on them, by their paths as the request has them."""
    found = dict[str, Json]()
    for disk in many(request, "disks"):
        path = path_of(disk.get("source"))
        told = world.shape(COMPUTE + with_id(path, world.project), "") if path else None
        if told:
            found[path] = {"sizeGb": told.inputs.get("size"), "type": told.inputs.get("type")}
    return found


def _disks(request: Mapping[str, Any], machine: str) -> Iterator[Json]:
    """The disks of a new machine by their paths: Google calls one that is made with it after the machine."""
    zone, _, name = machine.rpartition("/instances/")
    for index, disk in enumerate(many(request, "disks")):
        asked = part(disk, "initializeParams")
        usual = name if disk.get("boot") else f"{name}-{index}"
        made = f"{zone}/disks/{asked.get('diskName') or usual}"
        source = with_id(path_of(disk.get("source")), machine.split("/")[1]) if disk.get("source") else made
        device = disk.get("deviceName") or f"persistent-disk-{index}"
        yield {**disk, "source": source, "deviceName": device, "autoDelete": bool(disk.get("autoDelete"))}


def _disk(each: Done, path: str, act: Act, body: Json | None, world: World) -> Change:
    resource = COMPUTE + path
    kind = of_asset(DISK)
    told = shape_of(kind, body, {}) if kind and body else None
    found = world.live.get(resource)
    mark = found.incarnation if found and act == "create" else ""
    if told:
        world.shapes[resource] = told
    return _change(each, resource, act, told, mark=mark, more=f"#{path.rpartition('/')[2]}")


def _gone(each: Done, path: str, world: World) -> Iterator[Change]:
    """A machine that goes takes its boot disk and its other disks along, but for those that are to stay."""
    resource = COMPUTE + path
    told = world.shape(resource, str(each.labels.get("instance_id") or ""))
    yield _change(each, resource, "delete")
    for disk in world.disks_of(path):
        if disk.get("boot") and not disk.get("autoDelete") and told:
            asked = part(part(told.inputs, "bootDisk"), "initializeParams")
            known = {"sizeGb": asked.get("size"), "type": asked.get("type"), **_place(disk["source"])}
            body = known if asked.get("size") else None
            yield _disk(each, disk["source"], "create", body, world)
        elif disk.get("autoDelete") and not disk.get("boot") and disk.get("type") != "SCRATCH":
            yield _disk(each, disk["source"], "delete", None, world)
    world.disks[path] = []
    world.shapes.pop(resource, None)


def _follow(each: Done, verb: str, path: str, world: World) -> Iterator[Change]:
    """Which disks a machine has, and which of them go with it."""
    held = world.disks_of(path)
    device = each.request.get("deviceName")
    if verb == "attachDisk" and each.request.get("source"):
        held.append({**each.request, "source": with_id(path_of(each.request["source"]), world.project)})
    elif verb == "detachDisk":
        world.disks[path] = [disk for disk in held if disk.get("deviceName") != device]
    elif verb == "setDiskAutoDelete":
        goes = str(each.request.get("autoDelete")).lower() == "true"
        world.disks[path] = [
            {**disk, "autoDelete": goes} if disk.get("deviceName") == device else disk for disk in held
        ]
        told = world.shape(COMPUTE + path, str(each.labels.get("instance_id") or ""))
        if told and any(disk.get("boot") and disk.get("deviceName") == device for disk in held):
            boot = {**part(told.inputs, "bootDisk"), "autoDelete": goes}
            yield _changed(each, COMPUTE + path, {"bootDisk": boot}, world)


def _resized(each: Done, verb: str, path: str, world: World) -> Iterator[Change]:
    """Another machine type, GPU, Spot or not, address; or a larger disk, which may be a machine's boot disk."""
    owner = _boots(path, world) if "/disks/" in path else ""
    resource = COMPUTE + (owner or path)
    mark = None if not owner else (world.live[resource].incarnation if resource in world.live else "")
    asked = each.request
    if not asked.keys() - {"@type"}:
        yield _change(each, resource, "resize", mark=mark)
        return
    if owner:
        told = world.shape(resource, "")
        boot = part(told.inputs, "bootDisk") if told else {}
        there = {**part(boot, "initializeParams"), "size": shapes.whole(asked.get("sizeGb"))}
        inputs: Json = {"bootDisk": {**boot, "initializeParams": there}}
    elif "/disks/" in path:
        names = {"sizeGb": "size", "provisionedIops": "provisionedIops",
                 "provisionedThroughput": "provisionedThroughput"}  # fmt: skip
        inputs = {to: shapes.whole(asked[name]) for name, to in names.items() if asked.get(name) is not None}
    elif verb == "setMachineType":
        inputs = {"machineType": shapes.last(asked.get("machineType"))}
    elif verb in ("addAccessConfig", "deleteAccessConfig"):
        inputs = {"networkInterfaces": [{"accessConfigs": [{}]}] if verb == "addAccessConfig" else [{}]}
    else:
        name = "guestAccelerators" if verb == "setMachineResources" else "scheduling"
        body = asked if verb == "setMachineResources" else {"scheduling": asked}
        inputs = {name: shapes.instance(body, {}).get(name, [] if verb == "setMachineResources" else {})}
    yield _changed(each, resource, inputs, world, mark=mark)


def _changed(each: Done, resource: str, inputs: Json, world: World, *, mark: str | None = None) -> Change:
    """Tell of a change what changed, and nothing of the rest: that is as it was then, whatever is listed now."""
    type_, asset = ("gcp:compute/disk:Disk", DISK) if "/disks/" in resource else (
        "gcp:compute/instance:Instance", INSTANCE)  # fmt: skip
    if "/regions/" in resource:
        type_ = "gcp:compute/regionDisk:RegionDisk"
    if told := world.shapes.get(resource):
        world.shapes[resource] = Shape(told.type, told.asset, {**told.inputs, **inputs})
    return _change(each, resource, "resize", Shape(type_, asset, inputs), mark=mark)


def _boots(disk: str, world: World) -> str:
    """Name the machine whose boot disk it is, as the log told until now or as it was listed."""
    for path in {*world.disks, *world.machines}:
        if any(each.get("boot") and each["source"] == disk for each in world.disks_of(path)):
            return path
    return ""


def _not_understood(each: Done, world: World) -> None:
    why = f"{each.method} at {each.at:%Y-%m-%d %H:%M} UTC: what it does to the cost is not known here"
    world.unread.append((COMPUTE + with_id(each.name, world.project), why))
