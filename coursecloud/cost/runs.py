"""What work bills for: builds, training jobs, deployed models, Cloud Run services, traffic and logs."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from coursecloud.cost.bill import Bill, Line, number, region_of, text
from coursecloud.cost.compute import INSTANCE
from coursecloud.cost.prices import MONTH, Unknown
from coursecloud.cost.stores import BUCKET
from coursecloud.plan.registration import Registration
from infra.settings.services import memory_mebibytes

TRIGGER = "gcp:cloudbuild/trigger:Trigger"
ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
SERVICE = "gcp:cloudrunv2/service:Service"
_HOUR = Decimal(3600)


def trigger(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a trigger's share of the builds, on the machine that it names or on Cloud Build's own."""
    options = _mapping(_mapping(resource.inputs, "build"), "options")
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
    label = " + ".join(
        f"{text}{bill.own(name)}"
        for text, name in [
            (training.worker_type, training.worker_type),
            *((f"{count} {model}", model) for model, count in gpus),
        ]
    )
    price = _vertex(bill, training.worker_type, gpus, region, spot=training.spot)
    used = _while_used(hours)
    yield bill.shared(
        "training", "jobs", f"training on {label}{kind}", "hour", price, hours, on=used, spot=training.spot
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
    price = _vertex(bill, machine, [], region_of(resource.inputs) or "?", spot=False)
    yield bill.used(resource, f"deployed model on {machine}", "hour", price, hours, on=_while_used(hours))


def _while_used(hours: Decimal) -> Decimal:
    # What nobody means to use is not running when everything is.
    return Decimal(1 if hours else 0)


def _vertex(bill: Bill, machine: str, gpus: list[tuple[str, int]], region: str, *, spot: bool) -> Decimal | Unknown:
    total = bill.machine(machine, region, spot=spot)
    for model, count in gpus:
        each = bill.gpu(model, region, spot=spot)
        if isinstance(total, Unknown) or isinstance(each, Unknown):
            return total if isinstance(total, Unknown) else each
        total += count * each
    return total if isinstance(total, Unknown) else total * bill.prices.vertex_factor


def service(bill: Bill, resource: Registration) -> Iterator[Line]:
    """Bill a Cloud Run service for the time in which it answers, as if one request at a time."""
    region = region_of(resource.inputs) or "?"
    template = _mapping(resource.inputs, "template")
    container = _mapping(template, "containers")
    resources, scaling = _mapping(container, "resources"), _mapping(template, "scaling")
    limits = _mapping(resources, "limits")
    if region not in bill.prices.services["runTier1"]:
        yield bill.unknown(resource, f"{resource.name}: Cloud Run has no known price in {region}")
        return
    if resources.get("cpuIdle") is False or scaling.get("minInstanceCount", 0) != 0:
        yield bill.unknown(resource, f"{resource.name}: an instance that is always there has no known price")
        return
    try:
        cpu = number(Decimal(str(limits.get("cpu", "1"))))
        memory = Decimal(memory_mebibytes(str(limits.get("memory", "512Mi")))) / 1024
        instances = Decimal(scaling.get("maxInstanceCount", 100))
    except (ArithmeticError, ValueError, TypeError):
        yield bill.unknown(resource, f"{resource.name}: its size is known only to the real run")
        return
    requests = bill.usage.services.requests_per_day * bill.working_days
    seconds = number(bill.usage.services.seconds)
    answered = instances * _HOUR / seconds if seconds else None
    for key, what, unit, day, on in (
        ("cpu", f"{cpu:f} vCPU while it answers", "vCPU-second", requests * seconds * cpu, instances * _HOUR * cpu),
        ("memory", f"{memory.normalize():f} GiB while it answers", "GiB-second", requests * seconds * memory,
         instances * _HOUR * memory),
        ("requests", "requests", "request", requests, answered),
    ):  # fmt: skip
        price = bill.known(bill.prices.service(f"run.{key}"), f"Cloud Run {key}")
        yield bill.used(resource, what, unit, price, day, on=on, free=bill.free(f"run.{key}", region))


def traffic(bill: Bill) -> Iterator[Line]:
    """Bill what leaves to the internet, where something is there that can send."""
    if any(bill.of(kind) for kind in (INSTANCE, SERVICE, BUCKET)):
        region = bill.settings.region
        price = bill.known(bill.prices.gib(region, "egress"), f"traffic to the internet from {region}")
        day = number(bill.usage.traffic.egress_gb_per_day) * bill.working_days
        yield bill.shared("network", "egress", "traffic to the internet", "GiB", price, day)
    if bill.resources:
        price = bill.known(bill.prices.service("logging"), "logs")
        day = number(bill.usage.traffic.logs_gb_per_day) * bill.working_days
        yield bill.shared("", "logs", "logs of everything", "GiB", price, day, free=bill.free("logging", ""))


def _mapping(inputs: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Read an input that is a mapping, or the first of a list of them."""
    value = inputs.get(key)
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        value = entries[0] if entries else None
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
