"""What a stack file says that has no effect as the rest of it is: harmless, and perhaps not what was meant."""

from collections.abc import Iterator

from catalog import tables
from infra.names import WORKLOADS, Workload, variable
from infra.settings import Settings
from infra.settings.delivery import Trigger


def told(settings: Settings) -> Iterator[str]:
    """Say what has no effect, and why."""
    yield from _readers(settings)
    if settings.usage.usd_rate not in (None, 1) and settings.lease.credit.currency == "USD":
        yield "usage.usdRate: the credit is in USD already; leave it out, or write `currency` under lease.credit"
    for name, trigger in settings.builds.triggers.items():
        yield from (f"builds.triggers.{name}.{text}" for text in _trigger(trigger))
    for name, machine in settings.machines.items():
        gpu = machine.gpu or tables.brings_gpu(machine.machine_type)
        if machine.on_demand_gpu and (machine.spot or not gpu):
            why = "with `spot: true` its GPU is Spot's" if gpu else "it has no GPU"
            yield f"machines.{name}.onDemandGpu: {why}; leave it out"
    for key, bucket in (("data", settings.storage.data), ("models", settings.storage.models)):
        if bucket.existing and "keep_newest" in bucket.model_fields_set:
            yield f"storage.{key}.keepNewest: no rule is made on `existing`, which keeps its own"
    rules = {"keep_newest": "keepNewest", "keep_tags": "keepTags", "delete_after_days": "deleteAfterDays"}
    said = [key for field, key in rules.items() if field in settings.registry.model_fields_set]
    if said and settings.registry.existing and not settings.registry.python:
        yield f"registry.{' and '.join(said)}: no rule is made on `existing`, which keeps its own"
    if settings.training.at_once > 1 and not settings.training.jobs:
        yield "training.atOnce: it is how many of `training.jobs` run at a time, and there are none"


def _trigger(trigger: Trigger) -> Iterator[str]:
    if trigger.image and trigger.pull_request:
        yield "image: the build of a pull request pushes none"
    elif trigger.image and trigger.build_file and not trigger.deploys:
        yield "image: the build file names what it pushes; it is told `_IMAGE` with `deploys: true` only"
    if trigger.substitutions and "$" not in (trigger.dockerfile or "$"):
        yield "substitutions: they are for a `buildFile`; the build of a `dockerfile` reads none"


def _readers(settings: Settings) -> Iterator[str]:
    """Name who may read a secret and is not there; a group may well write it before it adds them."""
    there: dict[Workload, bool] = {
        "machines": bool(settings.machines),
        "training": settings.training.enabled,
        "prediction": settings.training.enabled and settings.training.prediction,
        # The build of a pull request reads no secret.
        "builds": any(not trigger.pull_request for trigger in settings.builds.triggers.values()),
        "services": bool(settings.services),
    }
    missing = {
        "machines": "the stack has no machine",
        "training": "training is not enabled",
        "prediction": "`training.prediction` is not true",
        "builds": "no trigger has a build that reads secrets",
        "services": "the stack has no service",
    }
    for name, readers in settings.secrets.names.items():
        if not readers:
            yield f"secrets.names.{name}: nobody may read it; list one of {', '.join(WORKLOADS)}"
        for reader in readers:
            if not there[reader]:
                yield f"secrets.names.{name}: {reader} may read it, and {missing[reader]}"


def replaced(settings: Settings) -> Iterator[str]:
    """Name variables that a stack file gives another value than the stack would: its code then looks elsewhere."""
    secrets = settings.secrets.names.items()
    own = {"DATA_BUCKET", "MODELS_BUCKET"}
    of_machines = own | {f"{variable(name)}_SECRET" for name, readers in secrets if "machines" in readers}
    for name, machine in settings.machines.items():
        for key in sorted(of_machines & set(machine.container.env if machine.container else ())):
            yield f"machines.{name}.container.env.{key}: it takes the place of the stack's own, for its code"
    for name, service in settings.services.items():
        for key in sorted((own | {f"{variable(secret)}_SECRET" for secret in service.secrets}) & set(service.env)):
            yield f"services.{name}.env.{key}: it takes the place of the stack's own, for its code"
