"""What can be done to a machine that is there: start, stop, change, attach; what needs it stopped."""

from __future__ import annotations

from typing import Any

from .. import longrunning
from ..call import Call
from ..errors import ApiError, bad_value, failed
from ..kinds import Handlers
from ..shapes import many, part
from ..world import Resource
from . import events, halting, instances, interfaces, quotas
from .common import labels
from .disks import attach, release
from .identity import same
from .links import link, path_of

Json = dict[str, Any]
handlers = Handlers()


def _done(call: Call, resource: Resource) -> Any:
    resource.body["fingerprint"] = call.world.tag()
    resource.bills = instances.bills(resource.body)
    return longrunning.reply(call, resource.body)


@handlers.on("compute.instances.start", "compute.instances.resume")
def start(call: Call) -> Any:
    """Needs quota again, gets a new external address."""
    machine = call.resource()
    if machine.body["status"] == "STOPPING":
        # Assumed: of a machine that is stopping, https://cloud.google.com/compute/docs/instances/instance-lifecycle
        # (2026-08) only says that it ends as TERMINATED; the reason is the one of every resource that is not ready.
        raise ApiError(400, f"The resource '{machine.path}' is not ready", reason="resourceNotReady")
    if machine.body["status"] != "RUNNING":
        try:
            quotas.quota(call, machine.body)
        except quotas.QuotaExceededError as refused:
            return longrunning.error_operation(call, refused, "QUOTA_EXCEEDED", refused.info)
        halting.run(call.world, machine, call.world.now())
    return _done(call, machine)


@handlers.on("compute.instances.stop", "compute.instances.suspend")
def stop(call: Call) -> Any:
    """Keeps its disks, gives its external address back."""
    machine = call.resource()
    halted = "TERMINATED" if call.method.action == "stop" else "SUSPENDED"
    if machine.body["status"] == "RUNNING" and halted == "TERMINATED" and call.scenario.stopping:
        call.until = halting.begin(call.world, machine, call.scenario.stopping)
    elif machine.body["status"] == "RUNNING":
        halting.halt(call.world, machine, halted, call.world.now())
    return _done(call, machine)


@handlers.on("compute.instances.simulateMaintenanceEvent")
def maintain(call: Call) -> Any:
    """A Spot machine is preempted, another migrates or restarts.

    https://cloud.google.com/compute/docs/instances/create-use-spot (2026-08)
    """
    machine = call.resource()
    if machine.body["status"] == "RUNNING":
        events.maintain(call.world, machine)
    if call.world.get("compute", machine.path) is None:
        return longrunning.reply(call, machine.body)
    return _done(call, machine)


@handlers.on("compute.instances.reset", "compute.instances.sendDiagnosticInterrupt")
def reset(call: Call) -> Any:
    """It restarts; nothing that is kept changes."""
    return _done(call, call.resource())


def _stopped(machine: Resource) -> None:
    if machine.body["status"] != "TERMINATED":
        raise failed(NEEDS_STOP)


@handlers.on(
    "compute.instances.setMachineType",
    "compute.instances.setMachineResources",
    "compute.instances.setServiceAccount",
    "compute.instances.setMinCpuPlatform",
)
def set_when_stopped(call: Call) -> Any:
    """Machine type, GPUs, account and platform of a machine that does not run."""
    machine = call.resource()
    _stopped(machine)
    body = machine.body
    action = call.method.action
    if action == "setMachineType":
        body["machineType"] = link(call, call.body.get("machineType"), "machineType")
    elif action == "setMachineResources":
        body["guestAccelerators"] = many(call.body, "guestAccelerators")
        instances.accelerators(call, body)
    elif action == "setServiceAccount":
        body["serviceAccounts"] = [call.body] if call.body.get("email") else []
        instances.accounts(call, body)
    else:
        body["minCpuPlatform"] = call.body.get("minCpuPlatform") or "Automatic"
    return _done(call, machine)


@handlers.on("compute.instances.setScheduling")
def set_scheduling(call: Call) -> Any:
    """Some of it only while it is stopped."""
    machine = call.resource()
    given = call.body
    old = machine.body["scheduling"]
    fixed = ("preemptible", "provisioningModel", "maxRunDuration", "terminationTime")
    if machine.body["status"] == "RUNNING" and any(f in given and given[f] != old.get(f) for f in fixed):
        raise failed(NEEDS_STOP)
    trial = {**machine.body, "scheduling": given}
    instances.scheduling(trial)
    machine.body["scheduling"] = trial["scheduling"]
    return _done(call, machine)


@handlers.on("compute.instances.setLabels")
def set_labels(call: Call) -> Any:
    """The fingerprint must be the present one."""
    machine = call.resource()
    same(call.body.get("labelFingerprint"), machine.body["labelFingerprint"])
    trial = {"labels": part(call.body, "labels")}
    labels(trial)
    machine.body |= trial | {"labelFingerprint": call.world.tag()}
    return _done(call, machine)


@handlers.on("compute.instances.setMetadata", "compute.instances.setTags")
def set_fingerprinted(call: Call) -> Any:
    """Metadata or tags; the fingerprint must be the present one."""
    machine = call.resource()
    name = "metadata" if call.method.action == "setMetadata" else "tags"
    same(call.body.get("fingerprint"), machine.body[name]["fingerprint"])
    if name == "metadata":
        instances.metadata(call.body)
    machine.body[name] = {**call.body, "fingerprint": call.world.tag()}
    return _done(call, machine)


@handlers.on("compute.instances.setDeletionProtection")
def protect(call: Call) -> Any:
    """Against deletion, or no longer."""
    machine = call.resource()
    machine.body["deletionProtection"] = bool(call.query.get("deletionProtection", True))
    return _done(call, machine)


@handlers.on("compute.instances.setSecurityPolicy")
def set_security_policy(call: Call) -> Any:
    """The provider clears it whenever an external address comes or goes; there is no policy here to set."""
    machine = call.resource()
    if call.body.get("securityPolicy"):
        raise bad_value("securityPolicy", call.body["securityPolicy"], "The resource was not found.")
    known = {interface["name"] for interface in machine.body["networkInterfaces"]}
    for name in many(call.body, "networkInterfaces"):
        if name not in known:
            raise bad_value("networkInterfaces", name, "No such network interface.")
    return _done(call, machine)


@handlers.on(
    "compute.instances.updateShieldedInstanceConfig",
    "compute.instances.setShieldedInstanceIntegrityPolicy",
    "compute.instances.updateDisplayDevice",
)
def update_part(call: Call) -> Any:
    """Shielded VM settings and the display."""
    machine = call.resource()
    if call.method.action == "updateShieldedInstanceConfig":
        _stopped(machine)
        machine.body["shieldedInstanceConfig"] |= call.body
    elif call.method.action == "updateDisplayDevice":
        machine.body["displayDevice"] = call.body
    else:
        machine.body["shieldedInstanceIntegrityPolicy"] = call.body
    return _done(call, machine)


@handlers.on("compute.instances.attachDisk")
def attach_disk(call: Call) -> Any:
    """One more disk, if it is free and here."""
    machine, entry = call.resource(), dict(call.body)
    names = {d["deviceName"] for d in machine.body["disks"]}
    sources = {path_of(d["source"]) for d in machine.body["disks"]}
    if entry.get("deviceName") in names or path_of(str(entry.get("source", ""))) in sources:
        raise bad_value("deviceName", entry.get("deviceName"), "The disk is already attached.")
    attach(call, machine.body, entry, max(d["index"] for d in machine.body["disks"]) + 1)
    machine.body["disks"].append(entry)
    return _done(call, machine)


def _attached(call: Call, machine: Resource) -> Json:
    wanted = call.query.get("deviceName")
    for entry in machine.body["disks"]:
        if entry["deviceName"] == wanted:
            return dict(entry)
    raise bad_value("deviceName", wanted, "No attached disk found with this device name.")


@handlers.on("compute.instances.detachDisk")
def detach_disk(call: Call) -> Any:
    """One disk less; the boot disk only while stopped."""
    machine = call.resource()
    entry = _attached(call, machine)
    if entry["boot"] and machine.body["status"] == "RUNNING":
        raise failed("The boot disk of a running instance cannot be detached.")
    machine.body["disks"] = [d for d in machine.body["disks"] if d["deviceName"] != entry["deviceName"]]
    release(call.world, entry["source"], machine.path)
    return _done(call, machine)


@handlers.on("compute.instances.setDiskAutoDelete")
def set_auto_delete(call: Call) -> Any:
    """Does the disk go with the machine?"""
    machine = call.resource()
    entry = _attached(call, machine)
    for held in machine.body["disks"]:
        if held["deviceName"] == entry["deviceName"]:
            held["autoDelete"] = bool(call.query.get("autoDelete"))
    return _done(call, machine)


@handlers.on(
    "compute.instances.addAccessConfig", "compute.instances.deleteAccessConfig", "compute.instances.updateAccessConfig"
)
def access_config(call: Call) -> Any:
    """Give, take or change the external address."""
    machine = call.resource()
    nics = [n for n in machine.body["networkInterfaces"] if n["name"] == call.query.get("networkInterface")]
    if not nics:
        raise bad_value("networkInterface", call.query.get("networkInterface"), "No such network interface.")
    nic, action = nics[0], call.method.action
    if action == "addAccessConfig":
        if nic.get("accessConfigs"):
            raise bad_value("accessConfig", call.body.get("name"), "At most one access config currently supported.")
        given = dict(call.body)
        interfaces.access(call.world, given)
        nic["accessConfigs"] = [given]
    elif action == "deleteAccessConfig":
        nic.pop("accessConfigs", None)
    else:
        nic["accessConfigs"][0] |= call.body
    nic["fingerprint"] = call.world.tag()
    return _done(call, machine)


@handlers.on("compute.instances.updateNetworkInterface")
def update_interface(call: Call) -> Any:
    """Change a network interface; its fingerprint must be the present one."""
    machine = call.resource()
    for nic in machine.body["networkInterfaces"]:
        if nic["name"] == call.query.get("networkInterface"):
            same(call.body.get("fingerprint"), nic["fingerprint"])
            nic |= call.body | {"fingerprint": call.world.tag()}
    return _done(call, machine)


@handlers.on("compute.instances.getSerialPortOutput")
def serial_port(call: Call) -> Any:
    """Nothing was ever printed."""
    call.resource()
    return {"kind": "compute#serialPortOutput", "contents": "", "start": "0", "next": "0"}


@handlers.on("compute.instances.getGuestAttributes")
def guest_attributes(call: Call) -> Any:
    """None were ever written."""
    call.resource()
    raise ApiError(404, f"The resource '{call.path}/guestAttributes/{call.query.get('queryPath', '')}' was not found")


NEEDS_STOP = "Instance must be stopped (TERMINATED) for this change."
