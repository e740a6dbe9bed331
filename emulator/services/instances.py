"""Virtual machines of Compute Engine: what is refused of a new one, and what the server fills in."""

from __future__ import annotations

import re
from typing import Any

from .. import catalog, crud, iampolicy, longrunning
from ..call import Call
from ..errors import ApiError, bad_value, in_use
from ..kinds import Handlers
from ..shapes import many, part
from ..world import Resource, World
from .common import need_account
from .disks import attach, release, use
from .identity import labelled
from .interfaces import interfaces
from .links import catalog_or_world, link, path_of
from .quotas import QuotaExceededError, quota, size

Json = dict[str, Any]
handlers = Handlers()
DAY = 86_400
SCHEDULING = {
    "onHostMaintenance": "MIGRATE",
    "automaticRestart": True,
    "preemptible": False,
    "provisioningModel": "STANDARD",
}
SHIELDED = {"enableSecureBoot": False, "enableVtpm": True, "enableIntegrityMonitoring": True}
START_STOP = {"compute.instances.start", "compute.instances.stop"}
START_STOP_ROLES = {
    "roles/compute.instanceAdmin.v1",
    "roles/compute.instanceAdmin",
    "roles/compute.admin",
    "roles/editor",
    "roles/owner",
}


def settle(call: Call, body: Json, old: Json | None) -> None:
    """A new machine, or one changed by instances.update."""
    body["machineType"] = link(call, body.get("machineType"), "resource.machineType")
    scheduling(body)
    accelerators(call, body)
    if old is None:
        if not body.get("disks") or not body["disks"][0].get("boot"):
            raise bad_value(
                "resource.disks", body.get("disks"), "At least one disk, the boot disk first, must be given."
            )
        accounts(call, body)
        quota(call, body)
        for index, entry in enumerate(body["disks"]):
            attach(call, body, entry, index)
        interfaces(call, body)
        defaults = {
            "status": "RUNNING",
            "cpuPlatform": "Intel Broadwell",
            "canIpForward": False,
            "startRestricted": False,
            "deletionProtection": False,
            "lastStartTimestamp": call.world.now(),
            "shieldedInstanceConfig": dict(SHIELDED),
            "shieldedInstanceIntegrityPolicy": {"updateAutoLearnPolicy": True},
        }
        for name, value in defaults.items():
            body.setdefault(name, value)
        body["shieldedInstanceConfig"] = SHIELDED | body["shieldedInstanceConfig"]
        for name in ("metadata", "tags"):
            body[name] = {**body.get(name, {}), "fingerprint": call.world.tag()}
        body["metadata"]["kind"] = "compute#metadata"
        metadata(body["metadata"])
        body["resourcePolicies"] = [
            link(call, p, "resource.resourcePolicies[0]") for p in many(body, "resourcePolicies")
        ]
        if not body["resourcePolicies"]:
            del body["resourcePolicies"]
        check_schedule(call, body)
    labelled(call, body, old)
    body["fingerprint"] = call.world.tag()
    for disk in body["disks"]:
        use(call, disk["source"])


def scheduling(body: Json) -> None:
    """Maintenance, restart, Spot and time limits fit each other."""
    given = part(body, "scheduling")
    rules = body["scheduling"] = {**SCHEDULING, **given}
    gpus = bool(body.get("guestAccelerators")) or bool(size(body)[2])
    if gpus and "onHostMaintenance" not in given:
        rules["onHostMaintenance"] = "TERMINATE"
    if rules["provisioningModel"] == "SPOT" or rules["preemptible"]:
        rules.update(
            preemptible=True,
            onHostMaintenance=given.get("onHostMaintenance", "TERMINATE"),
            automaticRestart=given.get("automaticRestart", False),
        )
        if rules["automaticRestart"]:
            raise bad_value(
                "resource.scheduling.automaticRestart", True, "Spot and preemptible machines cannot restart."
            )
        if rules["onHostMaintenance"] == "MIGRATE":
            raise bad_value("resource.scheduling.onHostMaintenance", "MIGRATE", "Spot machines cannot migrate.")
    if gpus and rules["onHostMaintenance"] != "TERMINATE":
        text = "Instances with guest accelerators do not support live migration."
        raise bad_value("resource.scheduling.onHostMaintenance", rules["onHostMaintenance"], text)
    limit = given.get("maxRunDuration")
    if limit is not None:
        seconds = int(limit.get("seconds") or 0)
        if not 30 <= seconds <= 120 * DAY:
            raise bad_value("resource.scheduling.maxRunDuration", seconds, "Must be between 30 seconds and 120 days.")
        if given.get("terminationTime"):
            raise bad_value("resource.scheduling.terminationTime", given["terminationTime"], "Excludes maxRunDuration.")
    spot = rules["provisioningModel"] == "SPOT"
    action = given.get("instanceTerminationAction")
    if (limit or given.get("terminationTime")) and not action:
        raise bad_value(
            "resource.scheduling.instanceTerminationAction", "", "Required with maxRunDuration or terminationTime."
        )
    if action and not (spot or limit or given.get("terminationTime")):
        raise bad_value(
            "resource.scheduling.instanceTerminationAction", action, "Only for Spot machines or with a time limit."
        )
    if spot and not action:
        rules["instanceTerminationAction"] = "STOP"


def accelerators(call: Call, body: Json) -> None:
    """The GPU is there in the zone and fits the machine type."""
    kind = str(body["machineType"]).rsplit("/", 1)[-1]
    for entry in many(body, "guestAccelerators"):
        entry["acceleratorType"] = link(
            call, entry.get("acceleratorType"), "resource.guestAccelerators[0].acceleratorType"
        )
        built_in = catalog.BUILT_IN_GPUS.get(kind.rpartition("-")[0])
        if entry["acceleratorType"].rsplit("/", 1)[-1] != built_in and not kind.startswith(("n1-", "custom-")):
            raise bad_value(
                "resource.guestAccelerators[0].acceleratorType",
                entry["acceleratorType"],
                f"Accelerators cannot be attached to {kind}: N1 machine types only.",
            )
        if entry.get("acceleratorCount") not in (1, 2, 4, 8):
            raise bad_value(
                "resource.guestAccelerators[0].acceleratorCount", entry.get("acceleratorCount"), "Must be 1, 2, 4 or 8."
            )


def accounts(call: Call, body: Json) -> None:
    """At most one service account, which is there, with scopes."""
    accounts = many(body, "serviceAccounts")
    if len(accounts) > 1:
        raise bad_value("resource.serviceAccounts", len(accounts), "At most one service account.")
    for account in accounts:
        if account.get("email") in (None, "", "default"):
            account["email"] = f"{call.project.number}-compute@developer.gserviceaccount.com"
        try:
            need_account(call, account["email"], "resource.serviceAccounts[0].email")
        except ApiError:
            text = "The resource 'projects/{}/serviceAccounts/{}' was not found".format(
                call.project.id, account["email"]
            )
            raise ApiError(404, text) from None
        if not account.get("scopes"):
            raise bad_value("resource.serviceAccounts[0].scopes", [], "At least one scope must be given.")


def metadata(found: Json) -> None:
    """Keys are keys, each once."""
    keys = [i.get("key", "") for i in many(found, "items")]
    if len(keys) != len(set(keys)):
        raise bad_value("resource.metadata.items", keys, "Metadata keys must be unique.")
    for key in keys:
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", key):
            raise bad_value("resource.metadata.items[0].key", key, "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'")


def check_schedule(call: Call, body: Json) -> None:
    """A schedule starts and stops in the name of Compute Engine's own agent, which must be let; one per machine."""
    found = [catalog_or_world(call, path_of(p)) or {} for p in many(body, "resourcePolicies")]
    schedules = [p for p in found if p.get("instanceSchedulePolicy")]
    if len(schedules) > 1:
        raise bad_value("resource.resourcePolicies", len(schedules), "At most one instance schedule per instance.")
    region = catalog.zone(call.segment("zones"))
    for each in found:
        if region and not str(each.get("region", "")).endswith(f"/{region}"):
            raise bad_value(
                "resource.resourcePolicies", each.get("selfLink"), f"Must be in the machine's region {region}."
            )
    if schedules and not agent_may(call.world, call.project.id):
        text = (
            f"Compute Engine System service account {agent_of(call.world, call.project.id)} needs to have "
            "[compute.instances.start,compute.instances.stop] permissions applied in order to perform this operation."
        )
        raise ApiError(412, text, reason="conditionNotMet")


def agent_of(world: World, project: str) -> str:
    """The address of Compute Engine's own agent in a project."""
    return f"service-{world.projects[project].number}@compute-system.iam.gserviceaccount.com"


def agent_may(world: World, project: str) -> bool:
    """May Compute Engine's own agent start and stop machines of the project?"""
    member = f"serviceAccount:{agent_of(world, project)}"
    return iampolicy.may(world, member, START_STOP, START_STOP_ROLES, f"cloudresourcemanager:projects/{project}")


def bills(body: Json) -> str:
    """A machine bills while it runs."""
    size = str(body["machineType"]).rsplit("/", 1)[-1]
    return f"{size} by the second while it runs" if body["status"] in ("RUNNING", "STOPPING") else ""


def blocked(call: Call, resource: Resource) -> None:
    """Delete: refused while protected; disks are let go, those with autoDelete go with it."""
    if resource.body.get("deletionProtection"):
        text = (
            f"Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion. {resource.path}'."
        )
        raise ApiError(400, text, reason="badRequest")
    let_go(call.world, resource)


def let_go(world: World, machine: Resource) -> None:
    """Its disks are free; those with autoDelete are gone."""
    for entry in machine.body["disks"]:
        release(world, entry["source"], machine.path)
        disk = world.get("compute", path_of(entry["source"]))
        if disk and entry["autoDelete"]:
            world.drop(disk)


def _disks_free(call: Call) -> None:
    """Refuse a disk that any machine uses, one of the same name included, before the name is looked at.

    Which of the two Google tells is not known: hashicorp/terraform issue 23698 has seen the disk told, for a machine
    that was there. `order` in the scenario chooses.
    """
    for entry in [e for e in many(call.body, "disks") if e.get("source")]:
        disk = call.world.get("compute", path_of(link(call, entry["source"], "resource.disks.source")))
        if disk and many(disk.body, "users"):
            raise in_use(f"disk resource '{disk.path}'", path_of(disk.body["users"][0]))


@handlers.on("compute.instances.insert")
def insert(call: Call) -> Any:
    """A new machine; without quota the operation fails, and nothing stays."""
    before = {d.path for d in call.world.of("compute", "projects/zones/disks")}
    if call.scenario.order == "disk":
        _disks_free(call)
    try:
        return crud.create(call)
    except ApiError as refused:
        for disk in list(call.world.of("compute", "projects/zones/disks")):  # nothing stays of a machine that never was
            if disk.path not in before:
                call.world.drop(disk)
            else:
                release(call.world, disk.body["selfLink"], call.path)
        if isinstance(refused, QuotaExceededError):
            return longrunning.error_operation(call, refused, "QUOTA_EXCEEDED", refused.info)
        raise
