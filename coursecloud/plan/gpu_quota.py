"""The quotas that the GPUs of a stack need: by their names, where to ask, and in which words. Pure text on facts."""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog import tables
from infra.settings import Settings
from infra.settings.machines import Machine


@dataclass(frozen=True)
class Need:
    """GPUs of one model that count against one quota of one region."""

    model: str
    count: int
    region: str
    quota: str
    """As the page of quotas shows it."""
    metric: str
    """What the page is searched for."""
    whose: str


def needs(settings: Settings) -> list[Need]:
    """List the quotas by their names, of machines and of a training job, each with all GPUs that count against it."""
    found: dict[tuple[str, str], Need] = {}
    for name, machine in settings.machines.items():
        for region in dict.fromkeys(
            tables.region_of(zone) for zone in (settings.zone_of(machine), *machine.fallback_zones)
        ):
            for model, count in _gpus(machine):
                need = _of_machine(model, count, region, name, spot=machine.spot)
                before = found.get((need.quota, region))
                more = 0 if before is None else before.count
                whose = name if before is None else f"{before.whose}, {name}"
                found[need.quota, region] = Need(need.model, count + more, region, need.quota, need.metric, whose)
    training = settings.training
    if training.enabled and (gpu := training.worker_gpu):
        model, count = gpu
        # A job that waits its turn draws on the quota of preemptible GPUs, though it pays the full price.
        preemptible = training.spot or training.wait_for_gpu is not None
        region = training.region or settings.region
        need = _of_job(model, count * training.most_at_once, region, spot=preemptible)
        found[need.quota, need.region] = need
    return list(found.values())


def notices(settings: Settings) -> Iterator[str]:
    """Say what to ask for before the first `up`: a line for each quota, and one for that of all regions."""
    asked = needs(settings)
    for need in asked:
        yield (
            f"{need.whose} needs a quota of {need.count} for '{need.quota}' in {need.region}; new projects have 0, and"
            f" Google takes hours to days to raise it. At {page(settings.project)} filter by {need.metric}, Edit, and"
            f" paste: {words(settings, need)}"
        )
    # Wherever a machine comes up, it is one.
    everywhere = sum(count for machine in settings.machines.values() for _, count in _gpus(machine))
    if everywhere:
        yield (
            f"and one of {everywhere} for 'GPUs (all regions)' (GPUS_ALL_REGIONS), which counts those of all machines:"
            " the same page, compute.googleapis.com/gpus_all_regions"
        )


def page(project: str) -> str:
    """Address of the console's page of quotas."""
    return f"https://console.cloud.google.com/iam-admin/quotas?project={project}"


def words(settings: Settings, need: Need) -> str:
    """Write the paragraph that the form asks for; nobody's name is in it."""
    until = f" until {settings.lease.ends}" if settings.lease.ends else ""
    waits = settings.training.wait_for_gpu is not None and need.metric.startswith("aiplatform")
    spot = "waiting its turn, " if waits else "at the Spot price, " if "preemptible" in need.metric else ""
    what = (
        "custom training jobs on Vertex AI" if need.metric.startswith("aiplatform") else "one virtual machine at a time"
    )
    longest = max((machine.max_run for machine in settings.machines.values()), default=settings.training.timeout)
    credit = settings.lease.credit
    return (
        f"'University course {settings.course.name}: a student group trains small models in exercises, with"
        f" {need.count} {need.model} in {need.region} for {what}, {spot}a few hours a week{until}. Machines stop"
        f" by themselves after {longest}; the project has a credit of {credit.amount:g} {credit.currency}.'"
    )


def _gpus(machine: Machine) -> Iterator[tuple[str, int]]:
    kind = tables.machine_type(machine.machine_type)
    if machine.gpu:
        yield machine.gpu.model, machine.gpu.count
    elif kind and kind.gpu:
        yield kind.gpu, kind.gpu_count
    elif not kind and tables.brings_gpu(machine.machine_type):
        yield next(iter(tables.series(machine.machine_type)["gpus"])), 1


def _of_machine(model: str, count: int, region: str, name: str, *, spot: bool) -> Need:
    known = tables.gpu(model)
    short = known.short if known else model
    if known is None:
        return Need(
            short, count, region, f"{'Preemptible ' if spot else ''}{model} GPUs", "compute.googleapis.com/", name
        )
    code = known.quota["spot" if spot else "onDemand"]
    shown = code + (f" (gpu_family: {known.quota['family']})" if code.endswith("GPU_FAMILY") else "")
    return Need(short, count, region, shown, f"compute.googleapis.com/{code.lower()}", name)


def _of_job(model: str, count: int, region: str, *, spot: bool) -> Need:
    known = tables.gpu(model)
    code = known.quota.get("training") if known else None
    code = code or (known.name if known else model).lower().removeprefix("nvidia-").replace("-", "_")
    # As Google spells it: Custom model training preemptible Nvidia T4 GPUs per region.
    parts = (part if part.isalpha() and part not in ("rtx", "pro") else part.upper() for part in code.split("_"))
    spelled, kind = " ".join(part if part.isupper() else part.title() for part in parts), "preemptible " if spot else ""
    return Need(
        known.short if known else model,
        count,
        region,
        f"Custom model training {kind}Nvidia {spelled} GPUs per region",
        f"aiplatform.googleapis.com/custom_model_training_{kind.strip()}{'_' if kind else ''}nvidia_{code}_gpus",
        "a training job",
    )
