"""Changes of what the newer APIs make: Cloud Run, Vertex AI, and the kinds that are only known by name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from coursecloud.look import shapes
from coursecloud.look.found import ENDPOINT, SERVICE, with_id
from coursecloud.look.found import shape as shape_of
from coursecloud.look.kinds import Kind, kinds, of_asset, table
from coursecloud.look.operations import Done
from coursecloud.look.shapes import last, many, part
from coursecloud.look.world import World
from coursecloud.spend.model import Act, Change, Shape

Json = dict[str, Any]
VERBS: dict[str, Act] = {
    "create": "create", "insert": "create", "delete": "delete", "start": "start", "stop": "stop", "cancel": "delete"
}  # fmt: skip
METHOD = re.compile(r"(?:^|\.)(Create|Insert|Delete|Start|Stop|Cancel|Update|Replace|Deploy|Undeploy|Mutate)(\w+)$")


def changes(each: Done, world: World) -> Iterator[Change]:
    """Give the changes of one thing that was done; what is not understood goes to `world.unread`."""
    service = each.method.split(".")
    api = _api(each)
    found = METHOD.search(each.method)
    verb, noun = (found[1], found[2]) if found else (service[-1][:1].upper() + service[-1][1:], "")
    if api == "run" and noun == "Service":
        yield from _service(each, verb, world)
    elif api == "aiplatform" and noun in ("Model", "DeployedModel") and verb in ("Deploy", "Undeploy", "Mutate"):
        yield from _endpoint(each, verb, world)
    else:
        yield from _other(each, api, verb, noun, world)


def _api(each: Done) -> str:
    """The API's short name, from the method or the request."""
    for kind in kinds():
        if f".{kind.api}." in f".{each.method}.":
            return kind.api
    return {"cloudsql": "sqladmin"}.get(each.method.split(".")[0], "")


def _change(each: Done, resource: str, act: Act, shape: Shape | None, mark: str = "") -> Change:
    return Change(each.id, each.at, each.received, resource, act, each.by, each.reason, mark, shape)


def _service(each: Done, verb: str, world: World) -> Iterator[Change]:
    """A Cloud Run service; what it costs by the hour is the least number of its instances."""
    place, name = str(each.labels.get("location") or ""), str(each.labels.get("service_name") or "")
    parts = each.name.split("/")
    if not name:
        name = parts[-1] if "services" in parts else last(each.response.get("name"))
        place = parts[parts.index("locations") + 1] if "locations" in parts[:-1] else place
    resource = f"//run.googleapis.com/projects/{world.project}/locations/{place}/services/{name}"
    kind = of_asset(SERVICE)
    if verb == "Delete":
        world.shapes.pop(resource, None)
        yield _change(each, resource, "delete", None)
        return
    body = _told(each)
    before = world.shapes.get(resource)
    if not part(body, "template") and before is None:
        before = world.live[resource].shape if resource in world.live else None
    if not part(body, "template"):
        # The request names only what it changes: the rest is as it was.
        body = {**(before.inputs if before else {}), **body}
    named = {**body, "name": f"projects/{world.project}/locations/{place}/services/{name}"}
    told = shape_of(kind, named, {}) if kind and part(body, "template") else None
    if told:
        world.shapes[resource] = told
    yield _change(each, resource, "create" if verb == "Create" else "resize", told)


def _told(each: Done) -> Mapping[str, Any]:
    """The service as the second version tells it, from the answer, or from the request."""
    for body in (each.response, part(each.request, "service")):
        if part(body, "spec"):
            return _second(body)
        if part(body, "template") or part(body, "scaling"):
            return body
    return {}


def _second(body: Mapping[str, Any]) -> Json:
    """A service of the first version in the words of the second.

    https://cloud.google.com/run/docs/reference/yaml/v1 (from memory, 2026-11) has the annotations.
    """
    template = part(part(body, "spec"), "template")
    notes, of_service = part(part(template, "metadata"), "annotations"), part(part(body, "metadata"), "annotations")
    idle = notes.get("run.googleapis.com/cpu-throttling") != "false"
    boxes = [
        {"resources": {"limits": part(part(box, "resources"), "limits"), "cpuIdle": idle}}
        for box in many(part(template, "spec"), "containers")
    ]
    by_hand = of_service.get("run.googleapis.com/scalingMode") == "manual"
    scaling: Json = {"minInstanceCount": of_service.get("run.googleapis.com/minScale")}
    if by_hand:
        scaling = {
            "scalingMode": "MANUAL", "manualInstanceCount": of_service.get("run.googleapis.com/manualInstanceCount")
        }  # fmt: skip
    names = {"minInstanceCount": "autoscaling.knative.dev/minScale", "maxInstanceCount":
             "autoscaling.knative.dev/maxScale"}  # fmt: skip
    own = {to: shapes.whole(notes.get(name)) for to, name in names.items() if notes.get(name)}
    return {"template": {"containers": boxes, "scaling": own}, "scaling": scaling}


def _endpoint(each: Done, verb: str, world: World) -> Iterator[Change]:
    """Models come to an endpoint and go: it bills by their machines, and by nothing without any."""
    resource = f"//aiplatform.googleapis.com/{with_id(each.name, world.project)}"
    known = world.shapes.get(resource)
    there = list(many(known.inputs, "deployedModels")) if known else []
    live = world.live.get(resource)
    asked = part(each.response, "deployedModel") or part(each.request, "deployedModel")
    mark = last(resource)
    if verb == "Mutate":
        told = live.shape if live else None
        yield _change(each, resource, "resize", told, mark)
        return
    if verb == "Deploy":
        models = [*there, shapes.deployed({**part(each.request, "deployedModel"), **asked})]
        act: Act = "resize" if there else "create"
    else:
        gone = str(each.request.get("deployedModelId") or "")
        models = [model for model in there if model.get("id") != gone]
        if known is None and live:
            models = list(many(live.shape.inputs, "deployedModels"))
        act = "resize" if models else "delete"
    place = resource.split("/locations/")[-1].split("/")[0]
    # Its name and labels are in no entry of a deployment; the list has them while it is there.
    known_of = live.shape.inputs if live else dict[str, object]()
    inputs = {**known_of, "region": place, "deployedModels": models}
    told = Shape("gcp:vertex/aiEndpoint:AiEndpoint", ENDPOINT, inputs)
    world.shapes[resource] = told
    yield _change(each, resource, act, told if models else None, mark)


def _other(each: Done, api: str, verb: str, noun: str, world: World) -> Iterator[Change]:
    """A kind that is known by its name: it is there from its making on, until it goes."""
    act = VERBS.get(verb.lower())
    kind = _kind(api, noun)
    if act is None or (api == "aiplatform" and noun in (*table()["vertexFree"], "Endpoint") and verb != "Delete"):
        return
    if kind is None:
        if act == "create" and noun not in table()["vertexFree"] and api != "run":
            why = f"{each.method} at {each.at:%Y-%m-%d %H:%M} UTC: whether what it made bills is not known here"
            world.unread.append((f"//{api}.googleapis.com/{with_id(each.name, world.project)}", why))
        return
    path = each.name if "/-" not in each.name else ""
    collection = kind.path.rpartition("/")[2]
    if f"/{collection}/" not in f"{path}/" or path.endswith(f"/{collection}"):
        path = str(each.response.get("name") or path)
    resource = f"//{kind.api}.googleapis.com/{with_id(path, world.project)}"
    if resource in world.timed:
        if act == "create":
            world.starters[resource] = each.by
        return  # a job that is still listed tells its own times
    told = None
    if act == "create":
        body = next((part(each.request, name) for name in each.request if part(each.request, name)), dict[str, Any]())
        told = shape_of(kind, {**body, "name": path}, {})
    yield _change(each, resource, act, told, last(resource) if kind.id == "name" else "")


def _kind(api: str, noun: str) -> Kind | None:
    for kind in kinds():
        own = kind.log.partition(":")[2] or kind.asset.rpartition("/")[2]
        if kind.api == api and noun == own:
            return kind
    return None
