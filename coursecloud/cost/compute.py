"""What Compute Engine bills for: machines, GPUs, disks, addresses and Cloud NAT."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalog import tables
from coursecloud.cost import prices
from coursecloud.cost.bill import Bill, Line, amount, number, region_of, text
from coursecloud.cost.bill import size as written
from coursecloud.cost.prices import Unknown
from coursecloud.plan.nested import blocks
from coursecloud.plan.registration import Registration

INSTANCE = "gcp:compute/instance:Instance"


def instance(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a machine while it runs, and its boot disk always."""
    inputs = resource.inputs
    zone, machine_type = text(inputs, "zone"), text(inputs, "machineType")
    if zone is None or machine_type is None:
        yield bill.unknown(resource, f"{resource.name}: its zone or machine type is known only to the real run")
        return
    region, hours, spot = tables.region_of(zone), bill.hours(resource), is_spot(inputs)
    looked_up = zone in bill.settings.allow.zones
    kind = ", Spot" if spot else ""
    price = bill.machine(machine_type, region, spot=spot, looked_up=looked_up)
    yield bill.running(resource, f"{machine_type}{kind}{bill.own(machine_type)}", price, hours, spot=spot)
    for accelerator in blocks(inputs.get("guestAccelerators")):
        model, count = text(accelerator, "type") or "", amount(accelerator, "count")
        each = bill.gpu(model, region, spot=spot, looked_up=looked_up)
        if count is None:
            each = Unknown(f"{resource.name}: how many GPUs it has is known only to the real run")
        name = getattr(tables.gpu(model), "short", model)
        total = each if isinstance(each, Unknown) else each * (count or 1)
        yield bill.running(resource, f"{count or '?'} {name}{kind}{bill.own(model)}", total, hours, spot=spot)
    if count := addresses(inputs):
        address = bill.known(bill.prices.hour(region, "address", spot=spot), f"an address in {region}")
        several = "external address" if count == 1 else f"{count} external addresses"
        total = address if isinstance(address, Unknown) else address * count
        yield bill.running(resource, f"{several}{kind}", total, hours)
    for boot in blocks(inputs.get("bootDisk")):
        # A boot disk that was made elsewhere bills as the disk that it is.
        for parameters in blocks(boot.get("initializeParams")):
            yield from _disk(bill, resource, parameters, region, "boot disk")
            image = text(parameters, "image")
            if image and tables.licensed(image, bill.settings.project):
                of = image.rpartition("/")[0] or image
                said = f"{resource.name}: an image of {of} may bill a licence by the hour"
                yield bill.unknown(resource, f"{said}, at no known price")
    known = tables.machine_types().get(machine_type)
    for scratch in () if known and known.local_ssd_gib else blocks(inputs.get("scratchDisks")):
        yield _local_ssd(bill, resource, scratch, region, hours)


_LOCAL_SSD_GIB = Decimal(375)
"""The size of a local SSD that says none (`gcloud compute instances create --local-ssd`)."""


def _local_ssd(bill: Bill, resource: Registration, scratch: Mapping[str, Any], region: str, hours: Decimal) -> Line:
    """Bill a local SSD for as long as its machine runs: what is on it goes when the machine stops."""
    size, spot = amount(scratch, "size") or _LOCAL_SSD_GIB, is_spot(resource.inputs)
    month = bill.prices.ssd_month(region, spot=spot)
    kind = "a local SSD at the Spot price" if spot else "a local SSD"
    price = bill.known(None if month is None else month * size / prices.MONTH, f"{kind} in {region}")
    return bill.running(resource, f"{written(size)} local SSD", price, hours)


def disk(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a disk by its size, attached or not."""
    yield from _disk(bill, resource, resource.inputs, region_of(resource.inputs) or "?", "disk")


def _disk(bill: Bill, resource: Registration, inputs: Mapping[str, Any], region: str, what: str) -> Iterator[Line]:
    kind = text(inputs, "type") or "pd-standard"
    size = amount(inputs, "size")
    if not size:  # 0 is none given: the image or Google decides
        yield bill.unknown(resource, f"{resource.name}: the size of its {what} is not given")
        return
    price = bill.known(bill.prices.gib_month(region, kind), f"a {kind} disk in {region}")
    yield bill.stored(resource, f"{written(size)} {kind} {what}", price, size)
    for key, does in prices.performance(bill.prices, kind, size).items():
        name, asked = _PERFORMANCE[key]
        if does is None:
            yield bill.unknown(resource, f"{resource.name}: the {name} of a {kind} disk bill too, at no known price")
            continue
        billed = max(Decimal(0), (amount(inputs, asked) or does.unless_given) - does.free)
        each = bill.known(
            bill.prices.performance_month(region, f"{kind}.{key}"), f"{name} of a {kind} disk in {region}"
        )
        label = f"{kind} {what}: {billed.normalize():f} {name} beyond the free {does.free:f}"
        if billed:
            yield bill.stored(resource, label, each, billed, unit=f"{key}-month")


_PERFORMANCE = {
    "iops": ("operations a second", "provisionedIops"),
    "mibps": ("MiB a second", "provisionedThroughput"),
}
"""What a disk can be provisioned to do: in words, and the input that asks for it."""


def address(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a reserved external address: less while a machine uses it, but we cannot know when that is."""
    if resource.inputs.get("addressType", "EXTERNAL") == "INTERNAL":
        return
    region = region_of(resource.inputs) or "?"
    price = bill.known(bill.prices.hour(region, "address-unused"), f"a reserved address in {region}")
    yield bill.stored(resource, "reserved external address", price, prices.MONTH, unit="hour")


def nat(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill Cloud NAT: by machine that runs behind it, its address, and each GiB that goes through."""
    region = region_of(resource.inputs) or "?"
    behind = [machine for machine in _without_address(bill) if region_of(machine.inputs) == region]
    each = bill.known(bill.prices.service("nat.machines"), "a machine behind Cloud NAT")
    hours = sum((bill.hours(machine) for machine in behind), Decimal(0))
    yield bill.used(resource, "Cloud NAT, machines", "hour", each, hours, on=Decimal(len(behind)))
    if resource.inputs.get("natIpAllocateOption") == "AUTO_ONLY":
        price = bill.known(bill.prices.hour(region, "address"), f"an address in {region}")
        yield bill.stored(resource, "Cloud NAT, address", price, prices.MONTH, unit="hour")
    traffic, everyone = bill.usage.traffic, len(_without_address(bill))
    moved = number(traffic.download_gb_per_day) + number(traffic.egress_gb_per_day)
    price = bill.known(bill.prices.gib(region, "nat-data"), f"traffic through Cloud NAT in {region}")
    share = moved * len(behind) / everyone if everyone else Decimal(0)
    yield bill.used(resource, "Cloud NAT, traffic", "GiB", price, share * bill.working_days)


def tpu(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a TPU by its chips, day and night: it does not stop by itself."""
    kind, region = text(resource.inputs, "acceleratorType") or "?", region_of(resource.inputs) or "?"
    generation, _, chips = kind.rpartition("-")
    spot = any(part.get("spot") is True or part.get("preemptible") is True
               for part in blocks(resource.inputs.get("schedulingConfig")))  # fmt: skip
    chip = bill.prices.services.get("tpu", {}).get(generation, {}).get(region, (None, None))[spot]
    label = f"{kind}{', Spot' if spot else ''}"
    price = bill.known(chip * Decimal(chips) if chip and chips.isdigit() else None, f"a TPU {label} in {region}")
    yield bill.stored(resource, label, price, prices.MONTH, unit="hour")


def addresses(inputs: Mapping[str, Any]) -> int:
    """Count the external addresses of a machine's own."""
    return sum("accessConfigs" in interface for interface in blocks(inputs.get("networkInterfaces")))


def _without_address(bill: Bill) -> list[Registration]:
    return [machine for machine in bill.of(INSTANCE) if not addresses(machine.inputs)]


def is_spot(inputs: Mapping[str, Any]) -> bool:
    """Say whether a machine runs at the Spot price."""
    return any(
        part.get("preemptible") is True or part.get("provisioningModel") == "SPOT"
        for part in blocks(inputs.get("scheduling"))
    )
