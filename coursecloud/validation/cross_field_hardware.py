"""Rules between a machine's type and what is around it: disk, image, price. What the tables lack is not judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catalog import tables
from coursecloud.plan.registration import Registration
from coursecloud.validation.path_view import Broken, View


def boot_disk_fits_machine(vm: View) -> Iterator[Broken]:
    """A machine boots from the types of disks that its series takes."""
    kind, disk = _kind(vm), vm["bootDisk.initializeParams.type"]
    known = tables.table("compute")["diskTypes"]
    if kind and disk.text in known and not kind.takes(disk.text, boot=True):
        takes = ", ".join(tables.disk_types(kind.name, boot=True))
        yield Broken("boot-disk-type", disk, {"machine": kind.name, "disk": disk.text, "takes": takes})


def image_fits_processor(vm: View) -> Iterator[Broken]:
    """An image is for x86 or for ARM."""
    kind, image = _kind(vm), vm["bootDisk.initializeParams.image"]
    made_for = tables.image_architecture(image.text.removeprefix("projects/").replace("/global/images/family/", "/"))
    if kind and made_for and made_for != kind.architecture:
        yield Broken("image-processor", image, {"machine": kind.name, "has": kind.architecture, "for": made_for})


def machine_is_sold_so(vm: View) -> Iterator[Broken]:
    """Some types are sold on demand only, some never."""
    kind, model = _kind(vm), vm["scheduling.provisioningModel"]
    spot = model.value == "SPOT" or vm["scheduling.preemptible"].value is True
    if kind and spot and not kind.spot:
        yield Broken("no-spot", model, {"machine": kind.name})
    if kind and not spot and not kind.on_demand and (model.value == "STANDARD" or not model.given):
        yield Broken("no-on-demand", model, {"machine": kind.name})


def machine_is_migrated(vm: View) -> Iterator[Broken]:
    """Some machines without a GPU cannot be moved to another host either."""
    kind, where = _kind(vm), vm["scheduling.onHostMaintenance"]
    if kind and not kind.gpu and not kind.migrates and where.value == "MIGRATE":
        yield Broken("no-migration", where, {"machine": kind.name})


def local_ssd_may_go(vm: View) -> Iterator[Broken]:
    """A machine that comes with local SSD is stopped only where what is on it may go."""
    kind, scheduling = _kind(vm), vm["scheduling"]
    action = scheduling["onInstanceStopAction.discardLocalSsd"]
    stops = scheduling["instanceTerminationAction"].value == "STOP"
    if kind and kind.local_ssd_gib and stops and action.value is not True and not action.unknown:
        yield Broken("local-ssd", action, {"machine": kind.name})


def disk_size_fits_type(disk: View) -> Iterator[Broken]:
    """Some types of disks are large only."""
    kind, size = disk["type"].text, disk["size"].number
    bounds = tables.table("compute")["diskTypes"].get(kind)
    if bounds and size is not None and not bounds["minGib"] <= size <= bounds["maxGib"]:
        words = {"disk": kind, "low": bounds["minGib"], "high": bounds["maxGib"]}
        yield Broken("disk-size-of-type", disk["size"], words)


def disks_fit_machines(resources: Iterable[Registration]) -> Iterator[tuple[Registration, Broken]]:
    """A disk is attached to machines of series that take its type; the disk is to change."""
    listed = list(resources)
    disks = {each.urn: each for each in listed if each.type == "gcp:compute/disk:Disk"}
    for machine in listed:
        kind = _kind(View(machine.inputs)) if machine.type == "gcp:compute/instance:Instance" else None
        for urn in machine.property_dependencies.get("attachedDisks", ()) if kind else ():
            disk = View(disks[urn].inputs)["type"] if urn in disks else None
            if kind and disk and disk.text in tables.table("compute")["diskTypes"] and not kind.takes(disk.text):
                words = {"machine": kind.name, "disk": disk.text, "takes": ", ".join(tables.disk_types(kind.name))}
                yield disks[urn], Broken("disk-type", disk, words)


def _kind(vm: View) -> tables.MachineType | None:
    return tables.machine_type(vm["machineType"].text.rpartition("/")[2])
