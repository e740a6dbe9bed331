"""What Compute Engine bills for: machines, GPUs, disks, addresses and Cloud NAT."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from catalog import tables
from coursecloud.cost import prices
from coursecloud.cost.bill import Bill, Line, amount, number, region_of, text
from coursecloud.cost.bill import size as written
from coursecloud.cost.prices import Unknown
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
    price = prices.machine(bill.prices, machine_type, region, spot=spot, looked_up=looked_up)
    yield bill.running(resource, f"{machine_type}{kind}", price, hours, spot=spot)
    for accelerator in _mappings(inputs, "guestAccelerators"):
        model, count = text(accelerator, "type") or "", amount(accelerator, "count")
        each = prices.gpu(bill.prices, model, region, spot=spot, looked_up=looked_up)
        if count is None:
            each = Unknown(f"{resource.name}: how many GPUs it has is known only to the real run")
        name = getattr(tables.gpu(model), "short", model)
        total = each if isinstance(each, Unknown) else each * (count or 1)
        yield bill.running(resource, f"{count or '?'} {name}{kind}", total, hours, spot=spot)
    if has_address(inputs):
        address = bill.known(bill.prices.hour(region, "address", spot=spot), f"an address in {region}")
        yield bill.running(resource, f"external address{kind}", address, hours)
    for boot in _mappings(inputs, "bootDisk"):
        # A boot disk that was made elsewhere bills as the disk that it is.
        for parameters in _mappings(boot, "initializeParams"):
            yield _disk(bill, resource, parameters, region, "boot disk")
    if inputs.get("scratchDisks"):
        yield bill.unknown(resource, f"{resource.name}: a local SSD has no known price")


def disk(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a disk by its size, attached or not."""
    yield _disk(bill, resource, resource.inputs, region_of(resource.inputs) or "?", "disk")


def _disk(bill: Bill, resource: Registration, inputs: Mapping[str, Any], region: str, what: str) -> Line:
    kind = text(inputs, "type") or "pd-standard"
    size = amount(inputs, "size")
    price = bill.known(bill.prices.gib_month(region, kind), f"a {kind} disk in {region}")
    if size is None:
        return bill.unknown(resource, f"{resource.name}: the size of its {what} is not given")
    return bill.stored(resource, f"{written(size)} {kind} {what}", price, size)


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


def has_address(inputs: Mapping[str, Any]) -> bool:
    """Say whether a machine has an external address of its own."""
    return any("accessConfigs" in interface for interface in _mappings(inputs, "networkInterfaces"))


def _without_address(bill: Bill) -> list[Registration]:
    return [machine for machine in bill.of(INSTANCE) if not has_address(machine.inputs)]


def is_spot(inputs: Mapping[str, Any]) -> bool:
    """Say whether a machine runs at the Spot price."""
    return any(
        part.get("preemptible") is True or part.get("provisioningModel") == "SPOT"
        for part in _mappings(inputs, "scheduling")
    )


def _mappings(inputs: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Read an input that is a mapping or a list of them; what is neither is left out."""
    value = inputs.get(key)
    entries = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, Any]", entry) for entry in entries if isinstance(entry, Mapping)]
