"""Which lines a stack's bill has: by resource type, and for what no resource stands for; and what they assume."""

from collections.abc import Callable, Iterator

from coursecloud.cost import compute, runs, stores
from coursecloud.cost.bill import Bill, Line
from coursecloud.plan.planning import bills, short_type
from coursecloud.plan.registration import Registration

_Priced = Callable[[Bill, Registration], Iterator[Line]]

_BY_TYPE: dict[str, _Priced] = {
    compute.INSTANCE: compute.instance,
    "gcp:compute/disk:Disk": compute.disk,
    "gcp:compute/address:Address": compute.address,
    "gcp:compute/routerNat:RouterNat": compute.nat,
    stores.BUCKET: stores.bucket,
    "gcp:artifactregistry/repository:Repository": stores.repository,
    stores.SECRET: stores.secret,
    stores.TOPIC: stores.topic,
    "gcp:cloudscheduler/job:Job": stores.job,
    runs.TRIGGER: runs.trigger,
    runs.SERVICE: runs.service,
    runs.ENDPOINT: runs.endpoint,
}
_WITHOUT_RESOURCE: tuple[Callable[[Bill], Iterator[Line]], ...] = (
    runs.training,
    stores.operations,
    stores.accesses,
    runs.traffic,
)
_FREE = frozenset({"gcp:pubsub/subscription:Subscription", "gcp:billing/budget:Budget"})
"""Types that bill nothing of their own and may be missing from the table of resource types."""


def of(bill: Bill) -> Iterator[Line]:
    """Yield every line; a type that bills in a way nobody has described is one of unknown price."""
    for resource in bill.resources:
        if not resource.custom or resource.type in _FREE:
            continue
        if priced := _BY_TYPE.get(resource.type):
            yield from priced(bill, resource)
        elif bills(resource) != "free":
            yield bill.unknown(
                resource, f"{resource.name}: nobody has described what {short_type(resource.type)} costs"
            )
    for priced in _WITHOUT_RESOURCE:
        yield from priced(bill)


def notes(bill: Bill) -> Iterator[str]:
    """Yield what the numbers take for granted."""
    usage = bill.usage
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
    if any("filename" in trigger.inputs for trigger in bill.of(runs.TRIGGER)):
        yield f"builds from a file in the repository run on {bill.prices.services['buildMachine']} unless it says more"
    if usage.evening == "down":
        yield "`make down` is run after the working hours of every working day"


def _discounted(machine: Registration) -> bool:
    family = str(machine.inputs.get("machineType")).partition("-")[0]
    return family in ("n1", "n2", "n2d", "c2") and not compute.is_spot(machine.inputs)
