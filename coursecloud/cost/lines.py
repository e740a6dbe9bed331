"""Which lines a stack's bill has: by resource type, and for what no resource stands for; and what they assume."""

import re
from collections.abc import Callable, Iterator

from catalog import types
from catalog.types.model import ResourceType
from coursecloud.cost import between, compute, runs, stores
from coursecloud.cost.bill import Bill, Line
from coursecloud.plan.planning import bills, short_type, unknowns
from coursecloud.plan.registration import Registration

_Priced = Callable[[Bill, Registration], Iterator[Line]]

PRICED: dict[str, _Priced] = {
    "machine": compute.instance,
    "disk": compute.disk,
    "address": compute.address,
    "nat": compute.nat,
    "tpu": compute.tpu,
    "bucket": stores.bucket,
    "repository": stores.repository,
    "secret": stores.secret,
    "topic": stores.topic,
    "job": stores.job,
    "alert": stores.alert,
    "trigger": runs.trigger,
    "service": runs.service,
    "endpoint": runs.endpoint,
}
"""What prices a resource, by the name that its type's file gives (`price`)."""
_WITHOUT_RESOURCE: tuple[Callable[[Bill], Iterator[Line]], ...] = (
    runs.training,
    stores.operations,
    stores.accesses,
    runs.traffic,
    between.lines,
)


def of(bill: Bill) -> Iterator[Line]:
    """Yield every line; a type that bills in a way nobody has described is one of unknown price."""
    for resource in bill.resources:
        if not resource.custom:
            continue
        known = types.of(resource.type)
        if known and known.price:
            yield from bill.owned(resource, [*PRICED[known.price](bill, resource), *_later(bill, resource, known)])
        elif bills(resource) != "free":
            reason = f"nobody has described what {short_type(resource.type)} costs (coursecloud:prices takes a price)"
            yield from bill.owned(resource, [bill.unknown(resource, f"{resource.name}: {reason}")])
    for priced in _WITHOUT_RESOURCE:
        yield from priced(bill)


def _later(bill: Bill, resource: Registration, known: ResourceType) -> Iterator[Line]:
    """Say which inputs that decide the price only the real run knows: what is not there costs nothing by itself."""
    priced = [path for path, word in known.classes.words.items() if word == "priced"] if known.classes else []
    unknown = dict.fromkeys(re.sub(r"\[\d+\]", "[]", path) for path in unknowns(resource))  # as the classes have lists
    unread = [path for path in unknown if any(_within(each, path) for each in priced)]
    if unread:
        named = ", ".join(f"`{path}`" for path in unread)
        yield bill.unknown(resource, f"{resource.name}: only the real run knows {named}, by which it bills")


def _within(path: str, block: str) -> bool:
    return path == block or path.startswith((f"{block}.", f"{block}[]"))


def notes(bill: Bill) -> Iterator[str]:
    """Yield what the numbers take for granted."""
    usage, lease = bill.usage, bill.settings.lease
    if lease.starts and lease.ends:
        yield "the first and the last day of the lease count whole, as does each day between, with 24 hours"
    elif lease.starts:
        yield "the lease has no end: days are four weeks from its start, and then as they go on (`lease.ends`)"
    else:
        yield "the lease has no dates: days are four weeks of a month that begins on a Monday (`lease.starts`, `ends`)"
    yield "what is free in a calendar month is used up as it is used, from the month's first day on"
    if usage.groups_on_account > 1:
        yield f"the free tiers of the billing account are divided among {usage.groups_on_account} groups"
    else:
        yield "no other project of the billing account uses its free tiers (`usage.groupsOnAccount`)"
    if any(compute.is_spot(machine.inputs) for machine in bill.of(compute.INSTANCE)) or bill.settings.training.spot:
        yield "Spot prices change up to once a month, and an interrupted machine may have to repeat work"
    if any(_discounted(machine) for machine in bill.of(compute.INSTANCE)):
        yield "sustained-use discounts are not counted: n1, n2, n2d and c2 around the clock cost less than shown"
    if bill.settings.training.spot and bill.component("training"):
        yield f"Vertex AI asks {bill.prices.vertex_factor:f} times the Spot price too"
    if bill.settings.training.wait_for_gpu and bill.component("training"):
        yield "a job that waits for its GPU bills nothing while it waits, and is counted at the full price"
    if any("filename" in trigger.inputs for trigger in bill.of(runs.TRIGGER)):
        yield f"builds from a file in the repository run on {bill.prices.services['buildMachine']} unless it says more"
    if any(each.inputs.get("template") for each in bill.of(runs.SERVICE) if runs.by_instance(each)):
        yield "an instance of Cloud Run that bills as long as it is there is there in all working hours"
    if usage.evening == "down":
        yield "`make down` is run after the working hours of every working day"


def _discounted(machine: Registration) -> bool:
    family = str(machine.inputs.get("machineType")).partition("-")[0]
    return family in ("n1", "n2", "n2d", "c2") and not compute.is_spot(machine.inputs)
