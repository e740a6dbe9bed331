"""The quotas that the GPUs of a stack need: by their names, where to ask, and in which words. Pure text on facts."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalog import tables
from infra import monitoring
from infra.settings import Settings
from infra.settings.machines import Machine
from infra.settings.times import Duration


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
    runs: Duration
    """How long what it is for runs at most, e.g. 8h."""


def needs(settings: Settings) -> list[Need]:
    """List the quotas by their names, of machines and of a training job, each with all GPUs that count against it."""
    found: dict[tuple[str, str], Need] = {}
    for name, machine in settings.machines.items():
        for region in dict.fromkeys(
            tables.region_of(zone) for zone in (settings.zone_of(machine), *machine.fallback_zones)
        ):
            for model, count in _gpus(machine):
                need = _of_machine(model, count, region, name, machine.max_run, spot=machine.spot)
                if before := found.get((need.quota, region)):
                    runs = max(before.runs, need.runs)
                    whose = f"{before.whose}, {need.whose}"
                    need = replace(need, count=count + before.count, whose=whose, runs=runs)
                found[need.quota, region] = need
    training = settings.training
    if training.enabled and (gpu := training.worker_gpu):
        model, count = gpu
        # A job that waits its turn draws on the quota of preemptible GPUs, though it pays the full price.
        preemptible = training.spot or training.wait_for_gpu is not None
        region = training.region or settings.region
        need = _of_job(model, count * training.most_at_once, region, training.timeout, spot=preemptible)
        found[need.quota, need.region] = need
    return list(found.values())


def notices(settings: Settings) -> Iterator[str]:
    """Say what to ask for before the first `up`: a line for each quota, and one for that of all regions."""
    asked = needs(settings)
    for need in asked:
        yield (
            f"a quota of {need.count} for '{need.quota}' in {need.region} is needed by {need.whose}; new projects have"
            " 0, and Google takes hours to days to raise it."
            f" At {page(settings.project)} filter by {need.metric}, Edit, and paste: {words(settings, need)}"
        )
    # Wherever a machine comes up, it is one.
    everywhere = sum(count for machine in settings.machines.values() for _, count in _gpus(machine))
    if everywhere:
        yield (
            f"and one of {everywhere} for 'GPUs (all regions)' (GPUS_ALL_REGIONS), which counts those of all machines:"
            " the same page, compute.googleapis.com/gpus_all_regions"
        )


def headline(settings: Settings) -> str:
    """Say in half a line that there is something to ask for; empty where there is not."""
    asked = list(dict.fromkeys(f"{need.count} {need.model} in {need.region}" for need in needs(settings)))
    more = f" and {len(asked) - 1} more" if asked[1:] else ""
    return f"ask Google for the quota of {asked[0]}{more}, days before" if asked else ""


def commands(settings: Settings) -> dict[str, str]:
    """Write the request for each quota as gcloud takes it (Cloud Quotas' quotaPreferences), by name.

    A GPU that is in no table has none: its quota's id is unknown. The ids of Compute Engine and of Vertex AI are those
    that Google's refusals and `gcloud beta quotas info list` show (read 2026-11-28).
    """
    asked = needs(settings)
    result: dict[str, str] = {}
    for need in asked:
        if quota := _id(need):
            service = need.metric.partition("/")[0]
            family = re.search(r"gpu_family: (\w+)", need.quota)
            where = f"region={need.region}" + (f",gpu_family={family[1]}" if family else "")
            spot = " spot" if "preemptible" in need.metric else ""
            of = f"training {need.model}" if service.startswith("aiplatform") else need.model
            name = f"gpu quota {of}{spot} {need.region}"
            result[name] = _request(settings, need, service, quota, need.count, f"--dimensions={where}")
    everywhere = sum(count for machine in settings.machines.values() for _, count in _gpus(machine))
    if everywhere:
        need = next(need for need in asked if need.metric.startswith("compute"))
        service = "compute.googleapis.com"
        result["gpu quota all regions"] = _request(settings, need, service, "GPUS-ALL-REGIONS-per-project", everywhere)
    return result


def _id(need: Need) -> str | None:
    """Make the id of a quota out of its metric: NVIDIA-T4-GPUS-per-project-region, and of Vertex AI's
    CustomModelTrainingT4GPUsPerProjectPerRegion."""
    service, _, metric = need.metric.partition("/")
    if service.startswith("compute"):
        return f"{metric.upper().replace('_', '-')}-per-project-region" if metric else None
    found = re.fullmatch(r"custom_model_training_(preemptible_)?nvidia_(\w+)_gpus", metric)
    if found is None:
        return None
    of = ("Preemptible" if found[1] else "") + found[2].upper().replace("_", "")
    return f"CustomModelTraining{of}GPUsPerProjectPerRegion"


def _request(settings: Settings, need: Need, service: str, quota: str, count: int, *where: str) -> str:
    why = words(settings, need).strip("'")
    line = (
        *("gcloud", "beta", "quotas", "preferences", "create", f"--project={settings.project}"),
        *(f"--service={service}", f"--quota-id={quota}", *where, f"--preferred-value={count}"),
        f"--justification={why}",
    )
    return f'{shlex.join(line)} --email="{monitoring.OWN_ADDRESS}"'


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
    credit = settings.lease.credit
    return (
        f"'University course {settings.course.name}: a student group trains small models in exercises, with"
        f" {need.count} {need.model} in {need.region} for {what}, {spot}a few hours a week{until}. Each stops"
        f" by itself after {need.runs}; the project has a credit of {credit.amount:g} {credit.currency}.'"
    )


def _gpus(machine: Machine) -> Iterator[tuple[str, int]]:
    kind = tables.machine_type(machine.machine_type)
    if machine.gpu:
        yield machine.gpu.model, machine.gpu.count
    elif kind and kind.gpu:
        yield kind.gpu, kind.gpu_count
    elif not kind and tables.brings_gpu(machine.machine_type):
        yield next(iter(tables.series(machine.machine_type)["gpus"])), 1


def _of_machine(model: str, count: int, region: str, name: str, runs: Duration, *, spot: bool) -> Need:
    known, whose = tables.gpu(model), f"`{name}`"
    if known is None:
        shown = f"{'Preemptible ' if spot else ''}{model} GPUs"
        return Need(model, count, region, shown, "compute.googleapis.com/", whose, runs)
    code = known.quota["spot" if spot else "onDemand"]
    shown = code + (f" (gpu_family: {known.quota['family']})" if code.endswith("GPU_FAMILY") else "")
    return Need(known.short, count, region, shown, f"compute.googleapis.com/{code.lower()}", whose, runs)


def _of_job(model: str, count: int, region: str, runs: Duration, *, spot: bool) -> Need:
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
        runs,
    )
