"""Training jobs, which are no resources: what a command submits is what the stack file says, and is priced as."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalog import tables
from coursecloud.plan import nested
from coursecloud.policy import expected
from coursecloud.policy.example import Example, outputs
from coursecloud.policy.reading import number
from coursecloud.policy.rule import Stack, StackRule
from coursecloud.policy.told_values import names_of, said, stores
from infra.settings import Settings
from infra.settings.training import Job, Training

_POOLS, _IN_PYTHON = "workerPoolSpecs", "worker_pool_specs"


def _jobs(stack: Stack) -> Iterator[str]:
    told = dict[str, None]()
    for path, job in _found(stack.outputs):
        for text in (*_otherwise(job, stack.settings.training), *_told(job, stack.settings)):
            told.setdefault(f"the job of output `{path}` {text}")
    yield from told


def _found(value: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the jobs in what is put out: as they are, written as JSON, and in a command that writes them into a file."""
    if isinstance(value, list):
        for index, each in enumerate(cast("list[Any]", value)):
            yield from _found(each, f"{path}[{index}]")
    elif isinstance(value, str):
        yield from ((path, job) for job in _written(value))
    else:
        entries = nested.mapping(value)
        if _POOLS in entries or _IN_PYTHON in entries:
            yield path, entries
            return
        for key, each in entries.items():
            yield from _found(each, f"{path}.{key}" if path else key)


def _written(text: str) -> Iterator[Mapping[str, Any]]:
    """Read the jobs in a text; one that a command makes and that nobody can read is an empty one."""
    made = len(_MAKES.findall(text))
    try:
        words = [text, *(shlex.split(text) if made else ())]
    except ValueError:
        words = [text]
    found = [job for word in words for _, job in _found(_json(word))]
    yield from found
    yield from ({} for _ in range(max(made, _POOLS in text) - len(found)))


_MAKES = re.compile(
    r"\b(?:custom-jobs|hp-tuning-jobs)\s+create\b|\bCustomJob\b|--worker-pool-spec|\bworker_pool_specs\b"
)
"""What makes a job of Vertex AI in a command (gcloud ai, and Google's client for Python; 2026-11-30)."""


def _json(word: str) -> object:
    try:
        return json.loads(word)
    except (ValueError, RecursionError):
        return None


def _otherwise(job: Mapping[str, Any], training: Training) -> Iterator[str]:
    """Say what makes a job cost otherwise than the stack file has it."""
    pools = nested.blocks(job.get(_POOLS))
    if not pools:
        yield "cannot be read, so nobody can say what it costs"
        return
    counts = [pool.get("replicaCount", 1) for pool in pools]
    if [number(each) for each in counts] != [1]:
        yield f"has {' and '.join(map(str, counts))} workers, and is priced with one"
    model, count = training.worker_gpu or ("", 0)
    gpu = expected.accelerator(getattr(tables.gpu(model), "name", model))
    for machine in (nested.mapping(pool.get("machineSpec")) for pool in pools):
        if (kind := machine.get("machineType")) != training.worker_type:
            yield f"runs on {said(kind)}, and the stack file says {said(training.worker_type)}"
        given = machine.get("acceleratorType", ""), machine.get("acceleratorCount", 0)
        if (given[0], number(given[1])) != (gpu, count):
            yield f"has {given[1]} of GPU {said(given[0])}, and the stack file says {count} {gpu}".rstrip()
    scheduling = nested.mapping(job.get("scheduling"))
    ends = str(scheduling.get("timeout", "604800s"))  # Google's longest
    if not ends.removesuffix("s").isdigit() or int(ends.removesuffix("s")) > int(training.timeout):
        yield f"may run for {ends}, and the stack file says {int(training.timeout)}s"
    wanted = "FLEX_START" if training.wait_for_gpu else "SPOT" if training.spot else None
    if (strategy := scheduling.get("strategy")) not in (wanted, None if wanted else "ON_DEMAND"):
        yield f"is {said(strategy)}, and the stack file says {wanted or 'neither Spot nor flex-start'}"


def _told(job: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """Say what a job is, runs and is told otherwise: no resource shows it, and its account reads the stack's data."""
    training, names = settings.training, names_of(settings)
    if not nested.blocks(job.get(_POOLS)):
        return  # nobody can read it
    for path, block in _blocks(job):
        for key in sorted(block.keys() - _KNOWN[path]):
            told = f"{said(f'{path}.{key}'.lstrip('.'))}: {said(json.dumps(block[key]))}"
            yield f"says {told}, which no stack file says"
    wanted = {
        "serviceAccount": names.email("training"),
        "baseOutputDirectory.outputUriPrefix": f"gs://{names.bucket('models')}/jobs",
    }
    for path, value in wanted.items():
        if (given := nested.at(job, path)) != value:
            yield f"has {said(given or 'nothing')} as {said(path)}, and the stack file says {said(value)}"
    image = names.image(settings.region, training.image)
    secrets = [name for name, readers in settings.secrets.names.items() if "training" in readers]
    variables = [training.env | own.env | stores(secrets, names) for own in (Job(), *training.jobs.values())]
    arguments = [[*training.args, *own.args] for own in (Job(), *training.jobs.values())]
    for container in (block for path, block in _blocks(job) if path == "containerSpec"):
        if container.get("imageUri") != image:
            yield f"runs {said(container.get('imageUri'))}, and the stack file says {said(image)}"
        if container.get("args", []) not in arguments:
            words = shlex.join(map(str, container["args"]))
            yield f"has the arguments {said(words)}, which the stack file does not say"
        for each in nested.blocks(container.get("env")):
            if not any(known.get(str(each.get("name"))) == each.get("value") for known in variables):
                told = f"{each.get('name')}={each.get('value')}"
                yield f"is told {said(told)}, which the stack file does not say"


_KNOWN: Mapping[str, frozenset[str]] = {
    "": frozenset({"workerPoolSpecs", "scheduling", "serviceAccount", "baseOutputDirectory"}),
    "workerPoolSpecs": frozenset({"machineSpec", "replicaCount", "containerSpec"}),
    "machineSpec": frozenset({"machineType", "acceleratorType", "acceleratorCount"}),
    "containerSpec": frozenset({"imageUri", "env", "args"}),
    "scheduling": frozenset({"timeout", "strategy", "maxWaitDuration"}),
    "baseOutputDirectory": frozenset({"outputUriPrefix"}),
}
"""What the program says of a job, block by block; any other key is nothing that a stack file can ask for."""


def _blocks(job: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", job
    for name in ("scheduling", "baseOutputDirectory"):
        yield name, nested.mapping(job.get(name))
    for pool in nested.blocks(job.get(_POOLS)):
        yield "workerPoolSpecs", pool
        for name in ("machineSpec", "containerSpec"):
            yield name, nested.mapping(pool.get(name))


_WORKER = {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1}


_DATA = "gs://example-project-id-gpu-data"
_CONTAINER = {"imageUri": "europe-west4-docker.pkg.dev/example-project-id/gpu-docker/trainer:latest"}
_JOB = {
    _POOLS: [{"machineSpec": _WORKER, "replicaCount": 1, "containerSpec": _CONTAINER}],
    "scheduling": {"timeout": "14400s", "strategy": "SPOT"},
    "serviceAccount": "gpu-training@example-project-id.iam.gserviceaccount.com",
    "baseOutputDirectory": {"outputUriPrefix": "gs://example-project-id-gpu-models/jobs"},
}


def _job(timeout: str = "14400s", strategy: str = "SPOT", count: int | str = 1, **machine: object) -> str:
    pool = {"machineSpec": _WORKER | machine, "replicaCount": count, "containerSpec": _CONTAINER}
    return json.dumps(_JOB | {_POOLS: [pool], "scheduling": {"timeout": timeout, "strategy": strategy}})


def _other(container: Mapping[str, object] | None = None, /, **job: object) -> str:
    pool = {"machineSpec": _WORKER, "replicaCount": 1, "containerSpec": _CONTAINER | dict(container or {})}
    return json.dumps(_JOB | {_POOLS: [pool | dict(cast("Mapping[str, object]", job.pop("pool", {})))]} | job)


def _command(job: str) -> str:
    return f"printf '%s' {shlex.quote(job)} > job.json && gcloud ai custom-jobs create --config=job.json"


RULES = (
    StackRule(
        id="jobs-as-priced",
        title="A training job is what the stack file says",
        why="No resource stands for a job: its cost follows from the stack file, and so does what it runs as whom.",
        remedy="Say what it is under coursecloud:training, and leave the job to the program.",
        severity="high",
        topic="cost",
        check=_jobs,
        breaks=tuple(
            Example("gpu", "stack", outputs(x=job), says=says)
            for job, says in (
                (_job(count=8), "has 8 workers"),
                (_job(machineType="a2-highgpu-1g"), "runs on `a2-highgpu-1g`"),
                ([_job(acceleratorType="NVIDIA_L4")], "has 1 of GPU `NVIDIA_L4`"),
                (_job(acceleratorCount=4), "has 4 of GPU `NVIDIA_TESLA_T4`"),
                ({"y": _command(_job("604800s"))}, "output `x.y` may run for 604800s"),
                (_job(strategy="STANDARD"), "is `STANDARD`"),
                (_other(pool={"diskSpec": {"bootDiskSizeGb": 64000}}), "says `workerPoolSpecs.diskSpec`"),
                (_other(enableWebAccess=True), "says `enableWebAccess`"),
                (_other({"command": ["sh"]}), "says `containerSpec.command`"),
                (_other({"imageUri": "docker.io/evil/miner"}), "runs `docker.io/evil/miner`"),
                (_other({"args": ["--more"]}), "has the arguments `--more`"),
                (_other({"env": [{"name": "A", "value": "b"}]}), "is told `A=b`"),
                (_other(serviceAccount="machines@x"), "has `machines@x` as `serviceAccount`"),
                (_other(serviceAccount=None), "has `nothing` as `serviceAccount`"),
                (_other(baseOutputDirectory={"outputUriPrefix": "gs://evil"}), "has `gs://evil` as"),
                (_job(count="8"), "has 8 workers"),
                (_job(count="many"), "has many workers"),
                (json.loads(_job(count=8)), "has 8 workers"),
                (_job(count=8).replace("workerPool", "worker\\u0050ool"), "has 8 workers"),
                (json.dumps([{"mine": json.dumps(_job(count=8))}]), "has 8 workers"),
                (_other(workerPoolSpecs=[json.loads(_job())[_POOLS][0]] * 2), "has 1 and 1 workers"),
                ("workerPoolSpecs: []", "cannot be read"),
                ("gcloud ai custom-jobs create --config=job.yaml", "cannot be read"),
                ({"worker_pool_specs": [{"replica_count": 8}]}, "cannot be read"),
                ("j = Job(worker_pool_specs=[x])", "cannot be read"),
                ("gcloud ai hp-tuning-jobs create --config=x.yaml --max-trial-count=500", "cannot be read"),
                (f"{_command(_job())} && gcloud ai custom-jobs create --config=other.json", "cannot be read"),
                ("python -c 'from google.cloud import aiplatform as a; a.CustomJob(x).run()'", "cannot be read"),
                ("gcloud ai custom-jobs create --worker-pool-spec=replica-count=9", "cannot be read"),
            )
        ),
        keeps=(
            Example("gpu", "stack", outputs(x=_job())),
            Example("gpu", "stack", outputs(x=_other({"env": [{"name": "DATA_BUCKET", "value": _DATA}]}))),
            Example("gpu", "stack", outputs(x=_command(_job("60s")))),
            Example("gpu", "stack", outputs(x=_job(count="1", acceleratorCount="1"))),
        ),
    ),
)
