"""Vertex AI: endpoints, custom jobs, searches of hyperparameters, tensorboards, models; nothing is trained."""

from __future__ import annotations

from typing import Any

from .. import longrunning
from ..call import Call
from ..errors import failed, invalid
from ..kinds import Handlers, Kind, Service, always
from ..shapes import part
from ..world import Resource
from .common import labels, need_account

Json = dict[str, Any]
handlers = Handlers()
PLACE = "projects/locations"
ENDED = ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED")
FLEX_START = frozenset({
    "NVIDIA_L4", "NVIDIA_TESLA_A100", "NVIDIA_A100_80GB", "NVIDIA_H100_80GB", "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB", "NVIDIA_B200",
})  # fmt: skip
WEEK = 7 * 86400


def named(_call: Call, body: Json, _old: Json | None) -> None:
    """A display name is the one thing that everything here must have."""
    labels(body)
    if not body.get("displayName"):
        raise invalid("display_name must not be empty.", ("display_name", "required"))
    if len(body["displayName"]) > 128:
        raise invalid("display_name must be at most 128 characters.", ("display_name", "too long"))


def endpoint_used(_call: Call, resource: Resource) -> None:
    """An endpoint goes only when no model is deployed on it."""
    if resource.body.get("deployedModels"):
        raise failed(f"Endpoint {resource.body['name']} still has deployed models.")


def check_job(call: Call, body: Json, old: Json | None) -> None:
    """A job needs machines, something to run on them, and an account that is there."""
    named(call, body, old)
    spec = part(body, "jobSpec") or part(body, "trialJobSpec")
    if not spec.get("workerPoolSpecs"):
        raise invalid("job_spec.worker_pool_specs must not be empty.", ("job_spec.worker_pool_specs", "required"))
    for pool in spec["workerPoolSpecs"]:
        if not part(pool, "machineSpec").get("machineType"):
            raise invalid(
                "machine_spec.machine_type is required.", ("job_spec.worker_pool_specs.machine_spec", "required")
            )
        if ("containerSpec" in pool) == ("pythonPackageSpec" in pool):
            raise invalid("Either container_spec or python_package_spec.", ("job_spec.worker_pool_specs", "task"))
        _queued(part(spec, "scheduling"), part(pool, "machineSpec"))
    need_account(call, spec.get("serviceAccount", ""), "job_spec.service_account")
    body.setdefault("state", "JOB_STATE_PENDING")


def _queued(scheduling: Json, machine: Json) -> None:
    """A job that queues asks for a GPU that can be queued for, and ends within a week."""
    if scheduling.get("strategy") != "FLEX_START":
        return
    gpu = str(machine.get("acceleratorType") or "")
    if gpu not in FLEX_START:
        text = f"Flex start is not supported for {gpu or 'a machine without an accelerator'}."
        raise invalid(text, ("job_spec.scheduling.strategy", text))
    if float(str(scheduling.get("timeout", "604800s")).removesuffix("s")) > WEEK:
        text = "With flex start the timeout must be at most 7 days."
        raise invalid(text, ("job_spec.scheduling.timeout", text))


def check_search(call: Call, body: Json, old: Json | None) -> None:
    """A search has what each trial runs on, what it looks for, and how many trials there are."""
    check_job(call, body, old)
    if not part(body, "studySpec").get("metrics") or not part(body, "studySpec").get("parameters"):
        raise invalid("study_spec must have metrics and parameters.", ("study_spec", "required"))
    for name in ("maxTrialCount", "parallelTrialCount"):
        if not body.get(name):
            raise invalid(f"{name} must be above 0.", (name, "required"))


@handlers.on(
    "aiplatform.projects.locations.customJobs.get", "aiplatform.projects.locations.hyperparameterTuningJobs.get"
)
def get_job(call: Call) -> Any:
    """Each look moves it on: pending, running, succeeded."""
    job = call.resource()
    following = {"JOB_STATE_PENDING": "JOB_STATE_RUNNING", "JOB_STATE_RUNNING": "JOB_STATE_SUCCEEDED"}
    told = dict(job.body)
    state = job.body["state"] = following.get(job.body["state"], job.body["state"])
    if state == "JOB_STATE_RUNNING":
        job.body.setdefault("startTime", call.world.now())
    elif state in ENDED:
        job.body.setdefault("endTime", call.world.now())
    job.bills = job_bills(job.body)
    return told


def job_bills(body: Json) -> str:
    """A job bills until it has ended."""
    return "" if body["state"] in ENDED else "its machines while it runs"


@handlers.on(
    "aiplatform.projects.locations.customJobs.cancel", "aiplatform.projects.locations.hyperparameterTuningJobs.cancel"
)
def cancel(call: Call) -> Any:
    """The job ends here."""
    job = call.resource()
    if job.body["state"] not in ENDED:
        job.body |= {"state": "JOB_STATE_CANCELLED", "endTime": call.world.now()}
        job.bills = ""
    return {}


@handlers.on("aiplatform.projects.locations.endpoints.deployModel")
def deploy(call: Call) -> Any:
    """A model on machines of its own, which bill until it is taken off."""
    endpoint, given = call.resource(), dict(part(call.body, "deployedModel"))
    if not given.get("model"):
        raise invalid("deployed_model.model must not be empty.", ("deployed_model.model", "required"))
    if not part(part(given, "dedicatedResources"), "machineSpec").get("machineType"):
        raise invalid("machine_spec.machine_type is required.", ("deployed_model.dedicated_resources", "required"))
    given |= {"id": given.get("id") or call.world.next_id(), "createTime": call.world.now()}
    endpoint.body["deployedModels"] = [*endpoint.body.get("deployedModels", []), given]
    endpoint.bills = "its deployed models by the hour"
    return longrunning.reply(call, {"deployedModel": given})


@handlers.on("aiplatform.projects.locations.endpoints.undeployModel")
def undeploy(call: Call) -> Any:
    """The model and its machines go."""
    endpoint, wanted = call.resource(), call.body.get("deployedModelId")
    held = [each for each in endpoint.body.get("deployedModels", []) if each["id"] != wanted]
    if len(held) == len(endpoint.body.get("deployedModels", [])):
        raise invalid(f"Deployed model {wanted} does not exist.", ("deployed_model_id", "not found"))
    endpoint.body["deployedModels"] = held
    endpoint.bills = "its deployed models by the hour" if held else ""
    return longrunning.reply(call, {})


def job_running(_call: Call, resource: Resource) -> None:
    """A job goes only when it has ended."""
    if resource.body["state"] not in ENDED:
        raise failed("The job is running: cancel it first.")


for _part in ("", "endpoints.", "customJobs.", "hyperparameterTuningJobs.", "tensorboards.", "models."):
    handlers[f"aiplatform.projects.locations.{_part}operations.get"] = longrunning.read
    handlers[f"aiplatform.projects.locations.{_part}operations.wait"] = longrunning.read
_COMMON: Json = {"number": True, "stamps": ("createTime", "updateTime")}
KINDS = (
    Kind(
        "aiplatform",
        f"{PLACE}/endpoints",
        "?endpointId?",
        r"[a-z0-9-]{1,63}",
        etag="etag",
        check=named,
        blocked=endpoint_used,
        bills=lambda e: "its deployed models by the hour" if e.get("deployedModels") else "",
        **_COMMON,
    ),
    Kind("aiplatform", f"{PLACE}/customJobs", check=check_job, blocked=job_running, bills=job_bills, **_COMMON),
    Kind(
        "aiplatform",
        f"{PLACE}/hyperparameterTuningJobs",
        check=check_search,
        blocked=job_running,
        bills=job_bills,
        **_COMMON,
    ),
    Kind(
        "aiplatform",
        f"{PLACE}/tensorboards",
        etag="etag",
        check=named,
        bills=always("per user and month, and its storage"),
        **_COMMON,
    ),
    Kind("aiplatform", f"{PLACE}/models", etag="etag", check=named, **_COMMON),
)
SERVICE = Service("aiplatform", ("v1", "v1beta1"), kinds=KINDS, handlers=handlers)
