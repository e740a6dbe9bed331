"""Cloud Audit Logs: what is done here writes Admin Activity by itself, and what Google does of its own System Event.

The form is that of real entries, by https://cloud.google.com/compute/docs/audit-logging, Google's references of
LogEntry and AuditLog and published entries of other projects (read 2026-11-28). An operation has an entry when it is
taken on (`operation.first`, with the request and the operation as it began) and one when it has ended
(`operation.last`, whose request is bare); one that came to nothing has `protoPayload.status` and severity ERROR. The
end of a time limit is `compute.instances.deferredStop` or `deferredDelete`. A schedule's stop and start are no system
events: Compute Engine's agent makes them. Assumed, for want of an entry to look at: that Cloud Run's v2 has both.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .errors import RPC_CODE, ApiError
from .shapes import is_object, many, part
from .world import Resource, World

if TYPE_CHECKING:
    from .call import Call

Json = dict[str, Any]
ACTIVITY, SYSTEM_EVENT = "cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/system_event"
AUDITED = ("aiplatform", "compute", "run")
OPERATOR = "operator@example.com"
CLASSES = {
    "aiplatform.customJobs": "JobService.{}CustomJob",
    "aiplatform.hyperparameterTuningJobs": "JobService.{}HyperparameterTuningJob",
    "aiplatform.endpoints": "EndpointService.{}Endpoint",
    "aiplatform.models": "ModelService.{}Model",
    "aiplatform.tensorboards": "TensorboardService.{}Tensorboard",
    "run.services": "Services.{}Service",
    "run.jobs": "Jobs.{}Job",
}
"""What the newer APIs call their methods, by the collection."""
VERBS = {"patch": "Update", "deployModel": "DeployModel", "undeployModel": "UndeployModel"}
WORDS = {
    "preempted": "Instance was preempted.",
    "guestTerminate": "Instance terminated by guest OS shutdown.",
    "hostError": "Instance terminated by Compute Engine.",
    "automaticRestart": "Instance automatically restarted by Compute Engine.",
    "terminateOnHostMaintenance": "Instance terminated during Compute Engine maintenance.",
    "migrateOnHostMaintenance": "Instance migrated during Compute Engine maintenance.",
    "deferredStop": "Instance was stopped at the end of its run duration.",
    "deferredDelete": "Instance was deleted at the end of its run duration.",
}
"""System events of a machine, and what each says; the last two say it in words of this emulator's."""


@dataclass
class Asked:
    """What was asked for, before anything came of it."""

    at: datetime
    path: str
    request: Json
    before: Resource | None


def begin(call: Call) -> Asked | None:
    """Note a request that the log will tell of; None for one that it does not."""
    if call.service.name not in AUDITED or not call.method.writes:
        return None
    found = call.world.get(call.service.name, call.path)
    held = copy.copy(found) if found else None
    return Asked(call.world.time(), call.path, copy.deepcopy(call.body), held)


def done(call: Call, asked: Asked | None, answer: Any) -> None:
    """Tell of what was done: at once, or as an operation that begins and ends."""
    if asked is None or call.query.get("validateOnly"):
        return
    operation = _operation(call, answer)
    if operation is None:
        _activity(call, asked, asked.at, {"response": _bare(answer)})
        return
    name, error = operation
    producer = {"id": name, "producer": call.service.host}
    ends = call.until or call.world.time()
    _activity(call, asked, asked.at, {"response": _bare(answer)}, {**producer, "first": True})
    came = {"status": error} if error else {}
    if not error and call.service.name != "compute":
        came = {"response": part(_kept(call, answer), "response")}
    _activity(call, asked, max(ends, asked.at), came, {**producer, "last": True})


def refused(call: Call, asked: Asked | None, error: ApiError) -> None:
    """Tell of what was refused at once."""
    if asked is not None:
        status = {"code": RPC_CODE.get(error.status, 13), "message": error.message}
        _activity(call, asked, asked.at, {"status": status, "response": {"error": {"code": error.code}}})


def event(world: World, machine: Resource, name: str, at: datetime) -> None:
    """Write down what Google, or the machine itself, did to a machine."""
    method = f"compute.instances.{name}"
    # A guest that shuts down is nobody that Google knows.
    who: Json = {} if name == "guestTerminate" else {"principalEmail": "system@google.com"}
    payload: Json = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": {"message": WORDS[name]},
        "authenticationInfo": who,
        "requestMetadata": {"requestAttributes": {}, "destinationAttributes": {}},
        "serviceName": "compute.googleapis.com",
        "methodName": method,
        "resourceName": machine.path,
        "request": {"@type": f"type.googleapis.com/{method}"},
    }
    key = world.next_id()
    body: Json = {
        "protoPayload": payload,
        "resource": _monitored(machine.path, machine.body, "compute"),
        "severity": "INFO",
        "operation": {"id": f"systemevent-{key}", "producer": method, "first": True, "last": True},
    }
    world.logs.write(machine.path.split("/")[1], SYSTEM_EVENT, at, _insert_id(key), body)


def agent(world: World, machine: Resource, action: str, at: datetime, email: str) -> None:
    """Write down what Compute Engine's agent did to a machine by a schedule: an operation as anybody's."""
    name = f"operation-{world.next_id()}"
    for seconds, end in enumerate(("first", "last")):
        payload = _payload(f"v1.compute.instances.{action}", machine.path, email, "compute.googleapis.com")
        payload["request"] = {"@type": f"type.googleapis.com/compute.instances.{action}"}
        body = {
            "protoPayload": payload,
            "resource": _monitored(machine.path, machine.body, "compute"),
            "severity": "NOTICE",
            "operation": {"id": name, "producer": "compute.googleapis.com", end: True},
        }
        project = machine.path.split("/")[1]
        world.logs.write(project, ACTIVITY, at + timedelta(seconds=seconds), _insert_id(world.next_id()), body)


def _activity(call: Call, asked: Asked, at: datetime, more: Json, operation: Json | None = None) -> None:
    project = call.find_project()
    if project is None:
        return
    who = call.caller.shown if call.caller else OPERATOR
    method = _method(call)
    creates = call.method.addresses_collection
    # The newer APIs name what a new thing is in, and the thing itself in the answer.
    own = call.path if call.service.name == "compute" or not creates else asked.path.rpartition("/")[0]
    payload = _payload(method, own, who, call.service.host) | more
    if call.service.name == "compute" and not call.path.rpartition("/")[2]:
        payload["resourceName"] = asked.path
    verb = call.method.id if call.service.name == "compute" else _message(call)
    payload["request"] = {"@type": f"type.googleapis.com/{verb}"}
    if not (operation and operation.get("last")):
        payload["request"] |= _request(call, asked)
    found = asked.before or call.world.get(call.service.name, call.path)
    body = {
        "protoPayload": payload,
        "resource": _monitored(call.path, found.body if found else {}, call.service.name),
        "severity": "ERROR" if part(payload, "status") else "NOTICE",
    }
    if operation:
        body["operation"] = operation
    call.world.logs.write(project.id, ACTIVITY, at, _insert_id(call.world.next_id()), body)


def _payload(method: str, resource: str, who: str, service: str) -> Json:
    return {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "authenticationInfo": {"principalEmail": who},
        "requestMetadata": {"callerIp": "127.0.0.1", "requestAttributes": {}, "destinationAttributes": {}},
        "serviceName": service,
        "methodName": method,
        "resourceName": resource,
    }


def _method(call: Call) -> str:
    if call.service.name == "compute":
        return f"{call.doc.version}.{call.method.id}"
    return f"google.cloud.{call.service.name}.{call.doc.version}.{_words(call)}"


def _words(call: Call) -> str:
    collection, action = call.method.id.rsplit(".", 2)[1:]
    name = CLASSES.get(f"{call.service.name}.{collection}", "{}" + collection.capitalize())
    verb = VERBS.get(action, action[:1].upper() + action[1:])
    return name.split(".", 1)[0] + "." + verb if verb.endswith("Model") else name.format(verb)


def _message(call: Call) -> str:
    return f"google.cloud.{call.service.name}.{call.doc.version}.{_words(call).rpartition('.')[2]}Request"


def _request(call: Call, asked: Asked) -> Json:
    """The request as the log has it: without what may be secret; what is a message's only part by its name."""
    body = {name: value for name, value in asked.request.items() if name != "metadata"}
    if call.service.name == "compute":
        named = ("deviceName", "autoDelete", "networkInterface", "accessConfig")
        return body | {name: call.query[name] for name in named if name in call.query}
    if not call.method.addresses_collection and call.method.action not in ("patch", "replaceService"):
        return {"name": call.shown(call.path), **body}
    field_name = {"services": "service", "jobs": "job"}.get(asked.path.split("/")[4], asked.path.split("/")[4][:-1])
    return {"parent": call.shown("/".join(call.path.split("/")[:4])), field_name: body}


def _bare(answer: Any) -> Json:
    return copy.deepcopy(answer) if is_object(answer) else {}


def _operation(call: Call, answer: Any) -> tuple[str, Json] | None:
    """The name of an operation and what became of it; None where the answer is none."""
    if not is_object(answer) or call.method.response not in ("Operation", "GoogleLongrunningOperation"):
        return None
    scope = call.service.name
    if scope == "compute":
        errors = many(part(_kept(call, answer), "error"), "errors")
        return str(answer["name"]), {"code": 8, "message": str(errors[0]["code"])} if errors else {}
    return str(answer.get("name")), part(_kept(call, answer), "error")


def _kept(call: Call, answer: Json) -> Json:
    """An operation as it is when it has ended; one that is told as unfinished has not its error yet."""
    name = str(answer.get("name"))
    for key, kept in reversed(call.world.operations.items()):
        if key.endswith((f"/{name}", f":{name}")):
            return kept["done"]
    return answer


def _monitored(path: str, body: Json, service: str) -> Json:
    """The monitored resource of an entry."""
    parts = path.split("/")
    labels: Json = {"project_id": parts[1]}
    sort = parts[-2] if len(parts) > 3 else ""
    if service == "compute" and sort in ("instances", "disks"):
        kind = {"instances": "gce_instance", "disks": "gce_disk"}[sort]
        return {"type": kind, "labels": labels | {"zone": parts[3], f"{kind[4:]}_id": str(body.get("id", ""))}}
    if service == "compute" and sort == "addresses":
        place = parts[3] if parts[2] == "regions" else "global"
        labels |= {"location": place, "reserved_address_id": str(body.get("id", ""))}
        return {"type": "gce_reserved_address", "labels": labels}
    if service == "run" and sort == "services":
        labels |= {"location": parts[3], "service_name": parts[-1], "revision_name": "", "configuration_name": ""}
        return {"type": "cloud_run_revision", "labels": labels}
    return {"type": "audited_resource", "labels": labels | {"service": f"{service}.googleapis.com", "method": ""}}


def _insert_id(key: str) -> str:
    """As Google's: a short word, here the same for the same key."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    number, word = int(hashlib.sha256(key.encode()).hexdigest()[:16], 16), ""
    while len(word) < 12:
        number, rest = divmod(number, 36)
        word += digits[rest]
    return f"-{word}"
