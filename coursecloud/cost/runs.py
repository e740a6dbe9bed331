"""What work bills for: builds, training jobs, deployed models, Cloud Run services, traffic and logs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog import tables
from coursecloud.cost.bill import Bill, Line, number, region_of, text
from coursecloud.cost.compute import INSTANCE
from coursecloud.cost.prices import MONTH, Unknown
from coursecloud.cost.stores import BUCKET
from coursecloud.plan.nested import block, blocks
from coursecloud.plan.registration import Registration
from infra.settings.services import memory_mebibytes

TRIGGER = "gcp:cloudbuild/trigger:Trigger"
ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
SERVICE = "gcp:cloudrunv2/service:Service"
_HOUR = Decimal(3600)


def trigger(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a trigger's share of the builds, on the machine that it names or on Cloud Build's own."""
    options = block(block(resource.inputs.get("build")).get("options"))
    machine = (text(options, "machineType") or bill.prices.services["buildMachine"]).lower().replace("_", "-")
    price = bill.known(bill.prices.service(f"build.{machine}"), f"a build on {machine}")
    builds = number(bill.usage.builds.per_day) * bill.working_days / len(bill.of(TRIGGER))
    minutes = builds * number(bill.usage.builds.minutes)
    yield bill.used(resource, f"builds on {machine}", "minute", price, minutes, free=bill.free(f"build.{machine}", ""))


def training(bill: Bill) -> Iterator[Line]:
    """Bill the hours of training jobs: no resource stands for a job."""
    training = bill.settings.training
    if bill.component("training") is None or not training.enabled:
        return
    region = training.region or bill.settings.region
    hours = number(bill.usage.training.hours_per_week) / 7
    kind = ", Spot" if training.spot else ""
    gpus = [(training.gpu.model, training.gpu.count)] if training.gpu else []
    at_once = training.most_at_once
    label = " + ".join(
        f"{text}{bill.own(name)}"
        for text, name in [
            (training.worker_type, training.worker_type),
            *((f"{count} {model}", model) for model, count in gpus),
        ]
    )
    price = vertex(bill, training.worker_type, gpus, region, spot=training.spot)
    used = _while_used(hours) * at_once
    several = f", {at_once} at once" if at_once > 1 else ""
    yield bill.shared(
        "training", "jobs", f"training on {label}{kind}{several}", "hour", price, hours, on=used, spot=training.spot
    )
    disk = bill.prices.services["vertexBootDisk"]
    asked = bill.known(bill.prices.gib_month(region, disk["type"]), f"a {disk['type']} disk in {region}")
    if not isinstance(asked, Unknown):
        asked = asked * disk["gib"] / MONTH * bill.prices.vertex_factor
    what = f"boot disk of a job, {disk['gib']} GB {disk['type']}"
    yield bill.shared("training", "jobs", what, "hour", asked, hours, on=used)


def endpoint(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill the hours for which a model is deployed; the endpoint itself is free."""
    machine, hours = bill.usage.training.endpoint_machine, number(bill.usage.training.endpoint_hours_per_week) / 7
    price = vertex(bill, machine, [], region_of(resource.inputs) or "?", spot=False)
    yield bill.used(resource, f"deployed model on {machine}", "hour", price, hours, on=_while_used(hours))


def _while_used(hours: Decimal) -> Decimal:
    # What nobody means to use is not running when everything is.
    return Decimal(1 if hours else 0)


def vertex(bill: Bill, machine: str, gpus: list[tuple[str, int]], region: str, *, spot: bool) -> Decimal | Unknown:
    """USD an hour of a machine with GPUs on Vertex AI; each GPU by its model and count."""
    total = bill.machine(machine, region, spot=spot)
    for model, count in gpus:
        each = bill.gpu(model, region, spot=spot)
        if isinstance(total, Unknown) or isinstance(each, Unknown):
            return total if isinstance(total, Unknown) else each
        total += count * each
    return total if isinstance(total, Unknown) else total * bill.prices.vertex_factor


def by_instance(resource: Registration) -> bool:
    """Say whether a Cloud Run service bills for the time that an instance is there, and not while it answers."""
    return any(block(each.get("resources")).get("cpuIdle") is False for each in _containers(resource))


def _containers(resource: Registration) -> list[Mapping[str, Any]]:
    """List the containers of an instance: all of them bill."""
    return blocks(block(resource.inputs.get("template")).get("containers"))


def service(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a Cloud Run service: for the time in which it answers, or in which its instances are there."""
    region = region_of(resource.inputs) or "?"
    template = block(resource.inputs.get("template"))
    scaling = block(template.get("scaling"))
    sizes = [block(block(each.get("resources")).get("limits")) for each in _containers(resource)] or [{}]
    tier = "" if region in bill.prices.services["runTier1"] else "tier2."
    if tier and region not in tables.table("compute")["runRegions"]:
        yield bill.unknown(resource, f"{resource.name}: Cloud Run has no known price in {region}")
        return
    if any("nvidia.com/gpu" in limits for limits in sizes):
        yield bill.unknown(resource, f"{resource.name}: a GPU of Cloud Run has no known price")
        return
    try:
        cpu = sum((number(Decimal(str(limits.get("cpu", "1")))) for limits in sizes), Decimal(0))
        mebibytes = (Decimal(memory_mebibytes(str(limits.get("memory", "512Mi")))) for limits in sizes)
        memory = sum(mebibytes, Decimal(0)) / 1024
        most = Decimal(scaling.get("maxInstanceCount") or 100)  # 0 is none given
        least = Decimal(scaling.get("minInstanceCount") or 0)
    except (ArithmeticError, ValueError, TypeError):
        yield bill.unknown(resource, f"{resource.name}: its size is known only to the real run")
        return
    size = _Size(cpu, memory, least, max(most, least))
    lines = _by_instance if by_instance(resource) else _by_request
    yield from lines(bill, resource, size, f"run.{tier}", region)


@dataclass(frozen=True)
class _Size:
    """What an instance of a service has, and how many there are at least and at most."""

    cpu: Decimal
    memory: Decimal
    least: Decimal
    most: Decimal

    def parts(self) -> Iterator[tuple[str, Decimal, str, str]]:
        """Yield what bills: its key, how much of it, that in words, and its unit."""
        yield "cpu", self.cpu, f"{self.cpu:f} vCPU", "vCPU-second"
        yield "memory", self.memory, f"{self.memory.normalize():f} GiB", "GiB-second"


def _by_request(bill: Bill, resource: Registration, size: _Size, prefix: str, region: str) -> Iterator[Line]:
    """Bill the seconds in which it answers, as if one request at a time, and the instances that wait for one."""
    requests = bill.usage.services.requests_per_day * bill.working_days
    seconds = number(bill.usage.services.seconds)
    for key, each, what, unit in size.parts():
        price = bill.known(bill.prices.service(f"{prefix}{key}"), f"Cloud Run {key}")
        day, on = requests * seconds * each, size.most * _HOUR * each
        free = bill.free(f"run.{key}", region)
        yield bill.used(resource, f"{what} while it answers", unit, price, day, on=on, free=free)
        if size.least:
            waiting = bill.known(bill.prices.service(f"{prefix}{key}-idle"), f"Cloud Run {key} that waits")
            label = f"{what} of each of {size.least:f} that {'waits' if size.least == 1 else 'wait'}"
            yield bill.stored(resource, label, waiting, size.least * each * _HOUR * MONTH, unit=unit)
    answered = size.most * _HOUR / seconds if seconds else None
    price = bill.known(bill.prices.service("run.requests"), "Cloud Run requests")
    free = bill.free("run.requests", region)
    yield bill.used(resource, "requests", "request", price, requests, on=answered, free=free)


def _by_instance(bill: Bill, resource: Registration, size: _Size, prefix: str, region: str) -> Iterator[Line]:
    """Bill instances for as long as they are there: the least always, one in the working hours, all with all on."""
    week = number(bill.settings.lease.working_hours.hours_per_week)
    for key, each, what, unit in size.parts():
        price = bill.known(bill.prices.service(f"{prefix}{key}-instance"), f"Cloud Run {key} of an instance")
        free = bill.free(f"run.{key}-instance", region)
        if size.least:
            amount = size.least * each * _HOUR * MONTH
            label = f"{what} of each of {size.least:f} that {'is' if size.least == 1 else 'are'} always there"
            yield bill.stored(resource, label, price, amount, unit=unit, free=free)
        more = max(Decimal(0), 1 - size.least)
        day, on = more * each * _HOUR * week / 7, (size.most - size.least) * each * _HOUR
        yield bill.used(resource, f"{what} while an instance is there", unit, price, day, on=on, free=free)


def traffic(bill: Bill) -> Iterator[Line]:
    """Bill what leaves to the internet, where something is there that can send."""
    if any(bill.of(kind) for kind in (INSTANCE, SERVICE, BUCKET)):
        region = bill.settings.region
        price = bill.known(bill.prices.gib(region, "egress"), f"traffic to the internet from {region}")
        day = number(bill.usage.traffic.egress_gb_per_day) * bill.working_days
        free = bill.free("egress", region)
        yield bill.shared("network", "egress", "traffic to the internet", "GiB", price, day, free=free)
    if bill.resources:
        price = bill.known(bill.prices.service("logging"), "logs")
        day = number(bill.usage.traffic.logs_gb_per_day) * bill.working_days
        yield bill.shared("", "logs", "logs of everything", "GiB", price, day, free=bill.free("logging", ""))
