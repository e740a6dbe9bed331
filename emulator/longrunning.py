"""The forms in which Google tells of work that takes time: Compute Engine's, google.longrunning, Service Usage's."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .errors import RPC_CODE, ApiError
from .faults import OPERATION_ERRORS
from .shapes import is_list, is_object

if TYPE_CHECKING:
    from .call import Call

Json = dict[str, Any]
OPERATIONS = ("Operation", "GoogleLongrunningOperation")
COMPUTE = "https://www.googleapis.com/compute/v1/"


def reply(call: Call, body: Json | None, metadata: Json | None = None) -> Any:
    """The body as this method tells it: at once, as an operation (with metadata of its own), or as nothing."""
    response = call.method.response
    if response not in OPERATIONS:
        return {} if body is None or response.endswith("Empty") else copy.deepcopy(body)
    if call.service.name == "compute":
        return _compute(call, error=None)
    return _longrunning(call, {"response": _typed(call, body)}, metadata)


def failed(call: Call, code: str) -> Any:
    """An operation that was taken on and came to nothing: no capacity, no quota."""
    if call.method.response not in OPERATIONS:
        raise ApiError(*OPERATION_ERRORS[code][:2]) if code in OPERATION_ERRORS else ApiError(500, code)
    status, message, details = OPERATION_ERRORS.get(code, (500, f"{code}: injected by the scenario", []))
    zone = call.segment("zones")
    said = {
        "zone": zone,
        "region": call.segment("regions") or zone.rpartition("-")[0],
        "project": call.segment("projects"),
        "machineType": str(call.body.get("machineType", "")).rsplit("/", 1)[-1],
    }
    message, details = _filled(message, said), _filled(details, said)
    if call.service.name == "compute":
        code = "QUOTA_EXCEEDED" if code == "GPUS_ALL_REGIONS" else code
        return _compute(call, {"status": status, "code": code, "message": message, "details": details})
    name = ApiError(status, message).status
    return _longrunning(call, {"error": {"code": RPC_CODE.get(name, 13), "message": message}})


def _filled(value: Any, said: dict[str, str]) -> Any:
    """The value with the call's own names in it, at any depth."""
    if is_object(value):
        return {key: _filled(inner, said) for key, inner in value.items()}
    if is_list(value):
        return [_filled(inner, said) for inner in value]
    return value.format(**said) if isinstance(value, str) else value


def error_operation(call: Call, error: ApiError, code: str, details: list[Json]) -> Json:
    """A refusal that Compute Engine only finds while it works."""
    return _compute(call, {"status": error.code, "code": code, "message": error.message, "details": details})


def _scope(call: Call) -> str:
    """Where a compute operation lives: beside what it works on."""
    parts = call.path.split("/")
    return "/".join(parts[:4]) if parts[2] in ("zones", "regions") else f"projects/{parts[1]}/global"


def _compute(call: Call, error: Json | None) -> Json:
    name = f"operation-{call.world.next_id()}"
    scope, stamp = _scope(call), call.world.now()
    path = f"{scope}/operations/{name}"
    target = call.path
    if call.method.addresses_collection and call.body.get("name"):
        target = call.path if call.path.endswith("/" + call.body["name"]) else f"{call.path}/{call.body['name']}"
    found = call.world.get("compute", target)
    operation: Json = {
        "kind": "compute#operation",
        "id": call.world.next_id(),
        "name": name,
        "operationType": call.method.action,
        "targetLink": COMPUTE + target,
        "targetId": found.body.get("id", "0") if found else call.world.next_id(),
        "status": "DONE",
        "user": "operator@example.com",
        "progress": 100,
        "insertTime": stamp,
        "startTime": stamp,
        "endTime": stamp,
        "selfLink": COMPUTE + path,
    }
    for place in ("zones", "regions"):
        if call.segment(place):
            operation[place[:-1]] = COMPUTE + scope
    if error:
        operation["error"] = {"errors": [{"code": error["code"], "message": error["message"]}]}
        if error["details"]:
            operation["error"]["errors"][0]["errorDetails"] = error["details"]
        operation["httpErrorStatusCode"] = error["status"]
        operation["httpErrorMessage"] = ApiError(error["status"], "").status.replace("_", " ")
    return _keep(call, f"compute:{path}", operation, {"status": "RUNNING", "progress": 0}, ("endTime", "error"))


def _longrunning(call: Call, outcome: Json, own: Json | None = None) -> Json:
    parts = call.shown(call.path).split("/")
    if call.service.name == "serviceusage":
        name = f"operations/acat.p2-{call.project.number}-{call.world.uuid()}"
    elif call.service.name in ("iam", "aiplatform"):
        name = f"{'/'.join(parts[: len(parts) // 2 * 2])}/operations/{call.world.next_id()}"
    else:
        place = "/".join(parts[:4]) if "locations" in parts else "/".join(parts[:2])
        name = f"{place}/operations/{call.world.uuid()}"
    stamp = call.world.now()
    metadata = {"createTime": stamp, "endTime": stamp, "target": call.path, "verb": call.method.action}
    operation = {"name": name, "metadata": own or metadata, "done": True, **outcome}
    path = name.replace(f"projects/{call.project.number}", f"projects/{call.project.id}", 1)
    return _keep(call, f"{call.service.name}:{path}", operation, {"done": False}, tuple(outcome))


def _keep(call: Call, key: str, done: Json, pending: Json, only_when_done: tuple[str, ...]) -> Json:
    """Remember it; with a scenario's `polls` it is told as unfinished that many times."""
    call.world.operations[key] = {"done": done, "polls": call.fault.polls if call.fault else 0}
    if not (call.fault and call.fault.polls) and not call.until:
        return done
    unfinished = {k: v for k, v in done.items() if k not in only_when_done} | pending
    call.world.operations[key] |= {"pending": unfinished, "until": call.until}
    return unfinished


def read(call: Call) -> Any:
    """operations.get; wait ends at once, with the operation done unless it takes its time."""
    path = call.path
    kept = call.world.operations.get(f"{call.service.name}:{path}")
    if kept is None:
        raise call.missing()
    if kept.get("until") and call.world.time() < kept["until"]:
        return kept["pending"]
    if kept["polls"] > 0 and call.method.action != "wait":
        kept["polls"] -= 1
        return kept["pending"]
    kept["polls"] = 0
    return kept["done"]


def _typed(call: Call, body: Json | None) -> Json:
    """The response inside an operation says its type."""
    if body is None:
        return {"@type": "type.googleapis.com/google.protobuf.Empty"}
    schema = call.method.request if call.method.http != "DELETE" else "Empty"
    return {"@type": f"type.googleapis.com/google.cloud.{call.service.name}.{call.doc.version}.{schema}", **body}
