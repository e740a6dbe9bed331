"""Rules between the inputs of machines and firewalls. What the dated tables do not know is not judged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog import tables
from coursecloud.validation.path_view import Broken, View, stated


def spot_is_not_restarted(vm: View) -> Iterator[Broken]:
    """Nobody starts a Spot machine again but its owner."""
    scheduling = vm["scheduling"]
    if _spot(scheduling) and scheduling["automaticRestart"].value is True:
        yield Broken("spot-restart", scheduling["automaticRestart"])


def spot_is_preemptible(vm: View) -> Iterator[Broken]:
    """The provisioning model and the older flag say the same."""
    scheduling = vm["scheduling"]
    if scheduling["provisioningModel"].value == "SPOT" and scheduling["preemptible"].value is False:
        yield Broken("spot-preemptible", scheduling["preemptible"])


def _spot(scheduling: View) -> bool:
    return scheduling["provisioningModel"].value == "SPOT" or scheduling["preemptible"].value is True


def gpu_is_not_migrated(vm: View) -> Iterator[Broken]:
    """A machine with a GPU stops for maintenance of its host."""
    where = vm["scheduling.onHostMaintenance"]
    attached = any(gpu["type"].given and gpu["count"].value != 0 for gpu in vm["guestAccelerators"])
    included = _machine_type(vm)
    if where.value == "MIGRATE" and (attached or (included and included.gpu)):
        yield Broken("gpu-maintenance", where)


def gpu_fits_machine(vm: View) -> Iterator[Broken]:
    """A GPU is attached to a machine of its series, or comes with the machine type."""
    machine_type = _machine_type(vm)
    for gpu in vm["guestAccelerators"]:
        model = tables.gpus().get(gpu["type"].text)
        if machine_type is None or model is None:
            continue
        words = {"gpu": model.name, "families": ", ".join(model.families), "machine": machine_type.name}
        if model.attached and machine_type.family not in model.families:
            yield Broken("gpu-attached", gpu["type"], words)
        if not model.attached and machine_type.gpu != model.name:
            yield Broken("gpu-included", gpu["type"], words)


def gpu_count_exists(vm: View) -> Iterator[Broken]:
    """A model comes in some numbers only; none at all is left out by the provider."""
    for gpu in vm["guestAccelerators"]:
        model, count = tables.gpus().get(gpu["type"].text), gpu["count"].number
        if model is not None and count is not None and count > 0 and count not in model.counts:
            yield Broken("gpu-count", gpu["count"], {"gpu": model.name, "counts": ", ".join(map(str, model.counts))})


def run_ends_somehow(vm: View) -> Iterator[Broken]:
    """A run that is limited says whether its machine is stopped or deleted at the end."""
    scheduling = vm["scheduling"]
    if scheduling["maxRunDuration"].given and not scheduling["instanceTerminationAction"].given:
        yield Broken("run-end", scheduling["instanceTerminationAction"])


def subnet_is_in_region(vm: View) -> Iterator[Broken]:
    """A machine's subnet is in the region of its zone."""
    zone = vm["zone"].text
    for interface in vm["networkInterfaces"]:
        there = re.search(r"(?:^|/)regions/([a-z0-9-]+)/subnetworks/", interface["subnetwork"].text)
        if there and _known(zone) and there[1] != tables.region_of(zone):
            yield Broken("subnet-region", interface["subnetwork"], {"zone": zone, "region": tables.region_of(zone)})


def disk_is_in_zone(vm: View) -> Iterator[Broken]:
    """A disk of a zone is attached to machines of that zone only."""
    zone = vm["zone"].text
    for disk in vm["attachedDisks"]:
        there = re.search(r"(?:^|/)zones/([a-z0-9-]+)/disks/", disk["source"].text)
        if there and _known(zone) and there[1] != zone:
            yield Broken("disk-zone", disk["source"], {"zone": zone})


def metadata_fits(vm: View) -> Iterator[Broken]:
    """Each value of the metadata, and all of it, keep a size."""
    one, most = stated("metadata-value")["bytes"], stated("metadata-total")["bytes"]
    entries = {name: value for name, value in vm["metadata"].entries.items() if isinstance(value, str)}
    sizes = {name: len(value.encode()) for name, value in entries.items()}
    for name, size in sizes.items():
        if size > one:
            yield Broken("metadata-value", View(entries[name], ("metadata", name)), {"size": size, "bytes": one})
    total = sum(sizes.values()) + sum(len(name.encode()) for name in sizes)
    if total >= most:
        yield Broken("metadata-total", vm["metadata"], {"size": total, "bytes": most})


def _machine_type(vm: View) -> tables.MachineType | None:
    return tables.machine_type(vm["machineType"].text)


def _known(zone: str) -> bool:
    return zone in tables.regions().get(tables.region_of(zone), ())


def firewall_allows_or_denies(firewall: View) -> Iterator[Broken]:
    """A rule either lets traffic in or keeps it out."""
    sides = [firewall["allows"], firewall["denies"]]
    if any(side.unknown for side in sides) or sum(side.given for side in sides) == 1:
        return
    yield Broken("firewall-side", sides[0])


def ports_have_a_protocol(firewall: View) -> Iterator[Broken]:
    """Only some protocols have ports."""
    known: list[str] = stated("firewall-ports")["protocols"]
    for traffic in (*firewall["allows"], *firewall["denies"]):
        protocol = traffic["protocol"].text.lower()
        if traffic["ports"].given and not traffic["ports"].unknown and protocol and protocol not in known:
            words = {"protocol": protocol, "known": ", ".join(known)}
            yield Broken("firewall-ports", traffic["ports"], words)
