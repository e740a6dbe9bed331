"""Rules of what Vertex AI trains on: fewer machine types, regions and queues than Compute Engine has."""

from collections.abc import Iterator, Sequence

from catalog import tables
from infra.settings.model import Settings
from infra.settings.offers import offered, pair
from infra.settings.problem import Findings, Problem


def check(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Yield the breach of every rule of a training job."""
    training, path = settings.training, "coursecloud:training"
    yield from pair(path, training.worker_type, training.gpu, settings, found)
    if not training.enabled:
        return
    yield from _trains(path, settings, found)
    yield from _waits(path, settings, found)
    region = training.region or settings.region
    zones = tables.regions().get(region)
    if zones is None:
        return
    if not found.sound(f"{path}.region", *([] if training.region else ["gcp:region"])):
        return
    if region not in tables.table("compute")["vertexRegions"]:
        remedy = "write `region: europe-west4` under `coursecloud:training:`, or there `enabled: false`"
        yield Problem(f"{path}.region", region, "Vertex AI does not train here", remedy)
        return
    yield from offered(f"{path}.region", path, training.worker_type, training.gpu, zones, settings, found)


def _trains(path: str, settings: Settings, found: Findings) -> Iterator[Problem]:
    """Hold a job's machine type against those that Vertex AI trains on: fewer than Compute Engine makes."""
    name, facts = settings.training.worker_type, tables.table("vertex")
    # What no table knows is said by `_pair`.
    if not tables.machine_type(name) or name in facts["training"] or name in settings.allow.machine_types:
        return
    if found.sound(f"{path}.machineType", "coursecloud:allow.machineTypes"):
        near = _trained(name, facts["training"])
        yield Problem(
            f"{path}.machineType",
            name,
            f"Vertex AI trains on fewer types than Compute Engine makes, and not on this one (list of {facts['date']})",
            f"write {' or '.join(near)}. If Google has added it: list it under coursecloud:allow.machineTypes",
        )


def _waits(path: str, settings: Settings, found: Findings) -> Iterator[Problem]:
    """Hold a job that waits for a GPU against the GPUs that can be waited for."""
    wait, gpu, facts = settings.training.wait_for_gpu, settings.training.worker_gpu, tables.table("vertex")
    if not wait or not found.sound(f"{path}.waitForGpu", f"{path}.gpu", f"{path}.machineType"):
        return
    shorts = [known.short for name in facts["flexStart"] if (known := tables.gpu(name))]
    remedy = f"write machineType: g2-standard-4, which comes with an L4, or another with one of {', '.join(shorts)}"
    if gpu is None:
        # Of a type that no table knows, nobody knows whether it brings one.
        if tables.machine_type(settings.training.worker_type):
            rule = f"{settings.training.worker_type} without `gpu` has none to wait for"
            yield Problem(f"{path}.waitForGpu", str(wait), rule, f"{remedy}, or remove `waitForGpu`")
        return
    known = tables.gpu(gpu[0])
    if known and known.name not in facts["flexStart"]:
        rule = (
            f"Google queues jobs for {', '.join(shorts)} only (Dynamic Workload Scheduler, list of {facts['date']}),"
            f" and the job has a {known.short}"
        )
        yield Problem(f"{path}.waitForGpu", str(wait), rule, f"remove `waitForGpu`; to wait, {remedy}")


def _trained(name: str, known: Sequence[str]) -> list[str]:
    """Propose types of Vertex AI: the next larger of its series and kind, else those of everybody."""
    wanted = tables.machine_type(name)
    alike = [entry for entry in map(tables.machine_type, known) if entry and wanted and entry.gpu == wanted.gpu]
    kin = [entry for entry in alike if wanted and entry.family == wanted.family and entry.vcpus >= wanted.vcpus]
    kin.sort(key=lambda entry: (entry.vcpus, abs(entry.memory_gib - (wanted.memory_gib if wanted else 0))))
    others = ["g2-standard-4", "a2-highgpu-1g"] if wanted and wanted.gpu else ["e2-standard-4", "n1-standard-4"]
    same = alike if wanted and wanted.gpu else []
    return [entry.name for entry in (kin or same)[:2]] or others
