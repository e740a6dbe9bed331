"""Cloud Run in its first version, as gcloud speaks it: the services of run.py, told and taken as Knative's."""

from __future__ import annotations

from typing import Any

from .. import crud
from ..call import Call, kind_of, page
from ..shapes import many, part
from ..world import Resource

Json = dict[str, Any]
# https://cloud.google.com/run/docs/reference/yaml/v1 (2026-08): what stands in which annotation.
LEAST, MOST = "autoscaling.knative.dev/minScale", "autoscaling.knative.dev/maxScale"
SERVICE_MOST, INGRESS = "run.googleapis.com/maxScale", "run.googleapis.com/ingress"
INGRESSES = {
    "all": "INGRESS_TRAFFIC_ALL",
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
SERVICES = "projects/locations/services"


def told(call: Call, service: Resource) -> Json:
    """The service as the first version tells it."""
    body, project, region = service.body, service.path.split("/")[1], service.path.split("/")[3]
    template, name = body["template"], service.name
    revision = str(body["latestReadyRevision"]).rsplit("/", 1)[-1]
    ready = [{"type": t, "status": "True"} for t in ("Ready", "ConfigurationsReady", "RoutesReady")]
    found = call.world.project(project)
    metadata: Json = {
        "name": name,
        "namespace": found.number if found else project,
        "selfLink": f"/apis/serving.knative.dev/v1/namespaces/{project}/services/{name}",
        "uid": body["uid"],
        "resourceVersion": body["etag"],
        "generation": int(body["generation"]),
        "creationTimestamp": body["createTime"],
        "labels": {**part(body, "labels"), "cloud.googleapis.com/location": region},
        "annotations": {
            INGRESS: next((k for k, v in INGRESSES.items() if v == body["ingress"]), "all"),
            "serving.knative.dev/creator": body["creator"],
            "serving.knative.dev/lastModifier": body["lastModifier"],
        },
    }
    if most := part(body, "scaling").get("maxInstanceCount"):
        metadata["annotations"][SERVICE_MOST] = str(most)
    status: Json = {
        "observedGeneration": int(body["generation"]),
        "conditions": [{**c, "lastTransitionTime": body["updateTime"]} for c in ready],
        "latestReadyRevisionName": revision,
        "latestCreatedRevisionName": revision,
        "url": body["uri"],
        "address": {"url": body["uri"]},
        "traffic": [{"revisionName": revision, "percent": 100, "latestRevision": True}],
    }
    spec: Json = {
        "template": {"metadata": {"annotations": _scale(template)}, "spec": _revision(template)},
        "traffic": [{"percent": 100, "latestRevision": True}],
    }
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _scale(template: Json) -> Json:
    scaling = part(template, "scaling")
    fields = {LEAST: "minInstanceCount", MOST: "maxInstanceCount"}
    return {name: str(scaling[field]) for name, field in fields.items() if scaling.get(field)}


def _revision(template: Json) -> Json:
    return {
        "containerConcurrency": template["maxInstanceRequestConcurrency"],
        "timeoutSeconds": int(float(template["timeout"].removesuffix("s"))),
        "serviceAccountName": template["serviceAccount"],
        "containers": [_container(c) for c in template["containers"]],
    }


def _container(box: Json) -> Json:
    kept = {k: box[k] for k in ("name", "image", "command", "args", "workingDir", "ports") if k in box}
    kept["resources"] = {"limits": part(part(box, "resources"), "limits")}
    env = [_variable(v) for v in many(box, "env")]
    return kept | ({"env": env} if env else {})


def _variable(entry: Json) -> Json:
    if reference := part(entry, "valueSource").get("secretKeyRef"):
        secret = {"name": reference.get("secret"), "key": reference.get("version", "latest")}
        return {"name": entry["name"], "valueFrom": {"secretKeyRef": secret}}
    return {"name": entry["name"], "value": entry.get("value", "")}


def taken(held: Json, before: Json, given: Json) -> Json:
    """The service's body after what the first version changed of it; what it did not touch stays as it was."""
    body = {**held, "template": {**held["template"]}}
    template, scaling = body["template"], {**part(held["template"], "scaling")}
    annotations = part(part(given, "metadata"), "annotations")
    of_template = part(part(part(given, "spec"), "template"), "metadata")
    for name, field in ((LEAST, "minInstanceCount"), (MOST, "maxInstanceCount")):
        scaling.pop(field, None)
        if name in part(of_template, "annotations"):
            scaling[field] = int(of_template["annotations"][name])
    template["scaling"] = scaling
    body["ingress"] = INGRESSES.get(annotations.get(INGRESS, "all"), held["ingress"])
    body.pop("scaling", None)
    if SERVICE_MOST in annotations:
        body["scaling"] = {**part(held, "scaling"), "maxInstanceCount": int(annotations[SERVICE_MOST])}
    labels = {k: v for k, v in part(part(given, "metadata"), "labels").items() if "googleapis.com/" not in k}
    body = {k: v for k, v in body.items() if k != "labels"} | ({"labels": labels} if labels else {})
    was, now = (part(part(part(each, "spec"), "template"), "spec") for each in (before, given))
    if now.get("serviceAccountName") != was.get("serviceAccountName"):
        template["serviceAccount"] = now.get("serviceAccountName")
    if now.get("containerConcurrency") != was.get("containerConcurrency"):
        template["maxInstanceRequestConcurrency"] = now.get("containerConcurrency")
    if now.get("timeoutSeconds") != was.get("timeoutSeconds"):
        template["timeout"] = f"{now.get('timeoutSeconds')}s"
    boxes = [dict(c) for c in held["template"]["containers"]]
    for box, old, new in zip(boxes, many(was, "containers"), many(now, "containers"), strict=False):
        for field in ("image", "command", "args", "ports"):
            if new.get(field) != old.get(field):
                box[field] = new.get(field)
        if new.get("resources") != old.get("resources"):
            box["resources"] = {**part(box, "resources"), "limits": part(part(new, "resources"), "limits")}
        if many(new, "env") != many(old, "env"):
            box["env"] = [_taken_variable(v) for v in many(new, "env")]
    template["containers"] = boxes
    return body


def _taken_variable(entry: Json) -> Json:
    if reference := part(entry, "valueFrom").get("secretKeyRef"):
        secret = {"secret": reference.get("name"), "version": reference.get("key")}
        return {"name": entry["name"], "valueSource": {"secretKeyRef": secret}}
    return {"name": entry["name"], "value": entry.get("value", "")}


def get(call: Call) -> Any:
    """One service, in the version that was asked."""
    return told(call, call.resource()) if call.doc.version == "v1" else crud.get(call)


def listed(call: Call) -> Any:
    """The services of a region."""
    if call.doc.version != "v1":
        return crud.list_all(call)
    found = [r for r in call.world.of("run", SERVICES) if _below(r.path, call.path)]
    answer = page(call, "items", [told(call, r) for r in found])
    return {"apiVersion": "serving.knative.dev/v1", "kind": "ServiceList", **answer}


def _below(path: str, place: str) -> bool:
    here, there = path.split("/")[:4], place.split("/")[:4]
    return here[1] == there[1] and there[3] in ("-", here[3])


def replace(call: Call) -> Any:
    """PUT of a whole service; gcloud reads it, changes it and sends it back."""
    held = call.resource()
    body = taken(held.body, told(call, held), call.body)
    attempt = Resource("run", held.path, held.collection, body)
    crud.settle(call, kind_of(call.service, SERVICES), attempt, held.body)
    return told(call, call.world.put(attempt))


def delete(call: Call) -> Any:
    """The first version answers at once, the second by an operation."""
    if call.doc.version != "v1":
        return crud.delete(call)
    call.world.drop(call.resource())
    return {"status": "Success"}
