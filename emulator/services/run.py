"""Cloud Run: services and jobs whose container is taken on trust; nothing runs."""

from __future__ import annotations

import re
import zlib
from typing import Any

from .. import iampolicy, longrunning
from ..call import Call
from ..errors import ApiError, bad_value, failed, invalid
from ..kinds import Handlers, Kind, Service
from ..merge import with_defaults
from ..shapes import many, part
from ..world import Resource
from . import mounts, runv1
from .common import labels, need_account

Json = dict[str, Any]
handlers = Handlers()
SERVICES, JOBS = "projects/locations/services", "projects/locations/jobs"
NAME = r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?"
RESERVED = {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"}
READ = {"secretmanager.versions.access"}
READERS = {"roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner"}
PROBE = {"timeoutSeconds": 240, "periodSeconds": 240, "failureThreshold": 1}


def containers(call: Call, template: Json, where: str) -> None:
    """Images, variables, secrets, limits and volumes that would run."""
    found = many(template, "containers")
    if not found:
        raise invalid(f"{where}.containers: at least one container is required.", (f"{where}.containers", "required"))
    names = {str(volume.get("name")) for volume in many(template, "volumes")}
    mounts.volumes(call, template, where)
    for index, box in enumerate(found):
        at = f"{where}.containers[{index}]"
        if not re.fullmatch(
            r"[a-z0-9.-]+(:\d+)?/\S+|[a-z0-9._/-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?", box.get("image") or ""
        ):
            raise invalid(
                f"Expected an image path like [host/]repo-path[:tag and/or @digest], but obtained {box.get('image')}",
                (f"{at}.image", "invalid"),
            )
        variables = [e.get("name", "") for e in many(box, "env")]
        for name in variables:
            if not name or name in RESERVED or variables.count(name) > 1 or "=" in name:
                raise invalid(f"{at}.env: the name '{name}' is reserved, empty, or given twice.", (f"{at}.env", name))
        for entry in many(box, "env"):
            if reference := part(entry, "valueSource").get("secretKeyRef"):
                _secret(call, reference, str(template.get("serviceAccount") or ""))
        for key, amount in part(part(box, "resources"), "limits").items():
            if not re.fullmatch(
                r"\d+(\.\d+)?m?" if key in ("cpu", "nvidia.com/gpu") else r"\d+(\.\d+)?(Mi|Gi|M|G|k|Ki)?", str(amount)
            ):
                raise bad_value(f"{at}.resources.limits.{key}", amount, "Must be a Kubernetes quantity.")
        mounts.mounts(box, at, names)
        mounts.probes(box, at)
    need_account(call, template.get("serviceAccount", ""), f"{where}.service_account")


def _secret(call: Call, reference: Json, account: str) -> None:
    name = str(reference.get("secret") or "")
    path = name if "/" in name else f"projects/{call.project.id}/secrets/{name}"
    parts = path.split("/")
    parts[1] = (call.world.project(parts[1]) or call.project).id
    if call.world.get("secretmanager", "/".join(parts)) is None:
        raise failed(f"Secret {path} was not found.")
    if not any(r.body["state"] == "ENABLED" for r in call.world.below("secretmanager", "/".join(parts))):
        raise failed(f"Secret {path}/versions/{reference.get('version', 'latest')} was not found: it has no version.")
    policies = (f"secretmanager:{'/'.join(parts)}", f"cloudresourcemanager:projects/{parts[1]}")
    account = account or f"{call.project.number}-compute@developer.gserviceaccount.com"
    if not iampolicy.may(call.world, f"serviceAccount:{account}", READ, READERS, *policies):
        raise failed(
            f"Permission denied on secret: {path}/versions/{reference.get('version', 'latest')} for Revision service "
            f"account {account}. The service account used must be granted the 'Secret Manager Secret Accessor' role "
            "(roles/secretmanager.secretAccessor) at the secret, project or higher level."
        )


def _check_scaling(scaling: Json) -> None:
    """Scaling of the service: by hand to so many instances, 0 included, or between two numbers by itself.

    https://cloud.google.com/run/docs/configuring/services/manual-scaling (from memory, 2026-11)
    """
    by_hand = scaling.get("scalingMode") == "MANUAL"
    if "manualInstanceCount" in scaling and not by_hand:
        raise invalid("manual_instance_count needs scaling_mode MANUAL.", ("scaling.manual_instance_count", "mode"))
    if by_hand and "manualInstanceCount" not in scaling:
        raise invalid("scaling_mode MANUAL needs manual_instance_count.", ("scaling.scaling_mode", "count"))
    for name in ("manualInstanceCount", "minInstanceCount", "maxInstanceCount"):
        if not 0 <= int(scaling.get(name) or 0) <= 1000:
            raise bad_value(f"scaling.{name}", scaling[name], "Must be between 0 and 1000.")


def check_service(call: Call, body: Json, _old: Json | None) -> None:
    """Scaling, concurrency, timeout and traffic are within limits."""
    labels(body)
    template = body.setdefault("template", {})
    containers(call, template, "template")
    _check_scaling(part(body, "scaling"))
    scaling = part(template, "scaling")
    low, high = int(scaling.get("minInstanceCount") or 0), int(scaling.get("maxInstanceCount") or 100)
    if not 0 <= low <= high <= 1000:
        raise invalid(
            f"template.scaling: min {low} and max {high} do not fit.", ("template.scaling", f"{low} > {high}")
        )
    if not 0 <= int(template.get("maxInstanceRequestConcurrency") or 0) <= 1000:
        raise bad_value(
            "template.max_instance_request_concurrency",
            template["maxInstanceRequestConcurrency"],
            "Must be at most 1000.",
        )
    if float(str(template.get("timeout", "300s")).removesuffix("s")) > 3600:
        raise bad_value("template.timeout", template["timeout"], "Must be at most 3600s.")
    if body.get("traffic") and sum(int(t.get("percent") or 0) for t in body["traffic"]) != 100:
        raise invalid("Traffic percentages must add up to 100.", ("traffic", "not 100"))


def fill_service(call: Call, body: Json, old: Json | None) -> None:
    """Defaults of the template, address, revision, conditions."""
    name = call.path.rsplit("/", 1)[-1]
    template = body["template"] = with_defaults(
        body["template"],
        {
            "timeout": "300s",
            "maxInstanceRequestConcurrency": 80,
            "scaling": {"maxInstanceCount": 100},
            "serviceAccount": f"{call.project.number}-compute@developer.gserviceaccount.com",
        },
    )
    for index, box in enumerate(template["containers"]):
        one: Json = {"resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}}}
        if "resources" not in box:  # whoever gives resources says the rest too
            one["resources"] |= {"cpuIdle": True, "startupCpuBoost": True}
        if len(template["containers"]) == 1 or box.get("ports"):
            one |= {"ports": [{"name": "http1", "containerPort": 8080}]}
        made = with_defaults(box, one)
        template["containers"][index] = made
        for port in made.get("ports", ()):
            port.setdefault("name", "http1")
            made["startupProbe"] = mounts.filled(box.get("startupProbe"), port["containerPort"], PROBE)
            if box.get("livenessProbe") is not None:
                made["livenessProbe"] = mounts.asked(box["livenessProbe"], port["containerPort"])
    generation = int((old or {}).get("generation", 0)) + 1
    count = int(str((old or {}).get("latestCreatedRevision", "-0-")).split("-")[-2])
    # Only another template makes another revision: scaling and traffic of the service do not.
    count += 1 if old is None or old["template"] != template else 0
    mark = f"{zlib.crc32(call.project.id.encode()):08x}"
    revision = f"{name}-{count:05d}-{mark[:3]}"
    region = call.segment("locations")
    url = f"https://{name}-{mark}-{''.join(p[:2] for p in region.split('-'))}.a.run.app"
    common(call, body, generation)
    everything = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}
    body.setdefault("traffic", [everything])
    body |= {
        "uri": url,
        "urls": [f"https://{name}-{call.project.number}.{region}.run.app", url],
        "latestReadyRevision": f"{call.shown(call.path)}/revisions/{revision}",
        "latestCreatedRevision": f"{call.shown(call.path)}/revisions/{revision}",
        "trafficStatuses": body["traffic"],
    }


def common(call: Call, body: Json, generation: int) -> None:
    """What services and jobs have in common: generation, conditions, creator."""
    stamp = call.world.now()
    ready = {"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": stamp}
    parts = [{**ready, "type": sort} for sort in ("RoutesReady", "ConfigurationsReady")]
    body |= {
        "generation": str(generation),
        "observedGeneration": str(generation),
        "reconciling": False,
        "terminalCondition": ready,
        "conditions": parts,
        "creator": body.get("creator", "operator@example.com"),
        "lastModifier": "operator@example.com",
    }
    body.setdefault("uid", call.world.uuid())
    body.setdefault("launchStage", "GA")


def check_job(call: Call, body: Json, _old: Json | None) -> None:
    """A job is a container that ends."""
    labels(body)
    containers(call, body.setdefault("template", {}).setdefault("template", {}), "template.template")


def fill_job(call: Call, body: Json, old: Json | None) -> None:
    """Defaults of the template, and how often it ran."""
    usual = {
        "taskCount": 1,
        "template": {
            "timeout": "600s",
            "maxRetries": 3,
            "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
            "serviceAccount": f"{call.project.number}-compute@developer.gserviceaccount.com",
        },
    }
    body["template"] = with_defaults(body["template"], usual)
    for index, box in enumerate(body["template"]["template"]["containers"]):
        limits = {"resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}}}
        body["template"]["template"]["containers"][index] = with_defaults(box, limits)
    common(call, body, int((old or {}).get("generation", 0)) + 1)
    body["conditions"] = []
    body.setdefault("executionCount", 0)


@handlers.on("run.projects.locations.jobs.run")
def run_job(call: Call) -> Any:
    """An execution that succeeded at once, with as many tasks and the arguments that the call asks for."""
    job = call.resource()
    asked, usual = part(call.body or {}, "overrides"), part(job.body, "template")
    count = int(asked.get("taskCount") or usual.get("taskCount") or 1)
    boxes = many(part(usual, "template"), "containers")
    args = [each["args"] for each in many(asked, "containerOverrides") if each.get("args")]
    boxes = [{**boxes[0], "args": args[0]}, *boxes[1:]] if boxes and args else boxes
    if call.body and call.body.get("etag") and call.body["etag"] != job.body["etag"]:
        raise ApiError(409, "etag does not match", status="ABORTED")
    name = f"{job.name}-{call.world.uuid()[:5]}"
    path, stamp = f"{job.path}/executions/{name}", call.world.now()
    body = {
        "name": path,
        "uid": call.world.uuid(),
        "createTime": stamp,
        "startTime": stamp,
        "completionTime": stamp,
        "job": job.path,
        "taskCount": count,
        "succeededCount": count,
        "template": {"containers": boxes},
        "generation": "1",
        "reconciling": False,
        "etag": call.world.tag(),
        "conditions": [{"type": "Completed", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": stamp}],
    }
    call.world.put(Resource("run", path, f"{JOBS}/executions", body))
    job.body["executionCount"] += 1
    job.body["latestCreatedExecution"] = {"name": path, "createTime": stamp, "completionTime": stamp}
    return longrunning.reply(call, body)


handlers |= {
    "run.projects.locations.services.get": runv1.get,
    "run.projects.locations.services.list": runv1.listed,
    "run.projects.locations.services.replaceService": runv1.replace,
    "run.projects.locations.services.delete": runv1.delete,
}
handlers["run.projects.locations.operations.get"] = longrunning.read
handlers["run.projects.locations.operations.wait"] = longrunning.read


def warm(body: Json) -> str:
    """Only instances that are kept warm bill while nobody asks."""
    own, of_revision = part(body, "scaling"), part(body["template"], "scaling")
    if own.get("scalingMode") == "MANUAL":
        least = int(own["manualInstanceCount"])
    else:
        least = max(int(own.get("minInstanceCount") or 0), int(of_revision.get("minInstanceCount") or 0))
    return f"{least} instance(s) kept warm" if least else ""


_COMMON: Json = {"stamps": ("createTime", "updateTime"), "etag": "etag", "name_rule": NAME}
KINDS = (
    Kind(
        "run",
        SERVICES,
        "?serviceId",
        check=check_service,
        fill=fill_service,
        bills=warm,
        defaults={"ingress": "INGRESS_TRAFFIC_ALL"},
        **_COMMON,
    ),
    Kind("run", JOBS, "?jobId", check=check_job, fill=fill_job, **_COMMON),
    Kind("run", f"{JOBS}/executions"),
)
SERVICE = Service("run", ("v1", "v2"), kinds=KINDS, handlers=handlers)
