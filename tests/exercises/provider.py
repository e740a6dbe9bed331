"""A small provider: makes, reads and deletes a resource of the program by the API calls that Google's provider makes.

It stands in where the engine is not installed, and lets each call be made in another's name. What goes where in a
request is catalog/types, as `plan --check` reads it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from catalog.types import short_type
from coursecloud.validation import discovery
from coursecloud.validation.mapping import Element, mapping_of
from coursecloud.validation.request import Node, make

Json = dict[str, Any]
Asked = Callable[[str, str, "Json | None"], Json]
"""Method, path and body -> the answer; raises what the caller of this chose for a refusal."""

GRANTS: Mapping[str, tuple[str, str]] = {
    "projects.IAMMember": ("cloudresourcemanager/v1/projects/{project}", "POST"),
    "serviceaccount.IAMMember": ("iam/v1/{serviceAccountId}", "POST"),
    "storage.BucketIAMMember": ("storage/v1/b/{bucket}", ""),
    "secretmanager.SecretIamMember": ("secretmanager/v1/projects/{project}/secrets/{secretId}", "GET"),
    "artifactregistry.RepositoryIamMember": (
        "artifactregistry/v1/projects/{project}/locations/{location}/repositories/{repository}",
        "GET",
    ),
    "cloudrunv2.ServiceIamMember": ("run/v2/projects/{project}/locations/{location}/services/{name}", "GET"),
}
"""On what each type grants, and how its policy is asked for."""

COMPUTE = "https://www.googleapis.com/compute/v1/"


@dataclass
class Made:
    """A resource that is there: its inputs, where it is, and what Google said of it."""

    type: str
    name: str
    inputs: Json
    path: str = ""
    told: Json = field(default_factory=dict[str, Any])


def create(ask: Asked, type_: str, name: str, inputs: Json) -> Made:
    """Make it; `told` is what a read of it answers then."""
    made = Made(type_, name, inputs)
    short = short_type(type_)
    if short in GRANTS:
        grant(ask, made)
    elif short == "projects.Service":
        made.path = f"serviceusage/v1/projects/{inputs['project']}/services/{inputs['service']}"
        ask("POST", f"{made.path}:enable", {})
    elif short == "compute.RouterNat":
        made.path = f"compute/beta/projects/{inputs['project']}/regions/{inputs['region']}/routers/{inputs['router']}"
        ask("PATCH", made.path, _body(type_, inputs))
    else:
        method, path, body = request(type_, inputs)
        answer = ask(method, path, body)
        made.path = _where(short, path, inputs, answer)
    made.told = read(ask, made)
    return made


def read(ask: Asked, made: Made) -> Json:
    """What a refresh asks for."""
    short = short_type(made.type)
    if short in GRANTS:
        return policy(ask, made)
    if short == "projects.Service":
        return ask("GET", f"serviceusage/v1/projects/{made.inputs['project']}/services?filter=state:ENABLED", None)
    if short == "iam.WorkloadIdentityPool":
        ask("GET", f"{made.path}:listAttestationRules", None)  # as version 10 of the real one does
    return ask("GET", made.path, None)


def delete(ask: Asked, made: Made) -> None:
    """Take it away; APIs stay on, as the program says."""
    short = short_type(made.type)
    if short in GRANTS:
        grant(ask, made, there=False)
    elif short == "compute.RouterNat":
        ask("PATCH", made.path, {"nats": []})
    elif short != "projects.Service":
        if made.inputs.get("forceDestroy"):
            for each in ask("GET", f"{made.path}/o?versions=true", None).get("items", ()):
                ask("DELETE", f"{made.path}/o/{quote(each['name'], safe='')}?generation={each['generation']}", None)
        ask("DELETE", made.path, None)


def policy(ask: Asked, made: Made) -> Json:
    """The policy that the grant is in, with its conditions."""
    form, method = GRANTS[short_type(made.type)]
    path = form.format_map(made.inputs)
    if not method:
        return ask("GET", f"{path}/iam?optionsRequestedPolicyVersion=3", None)
    if method == "GET":
        return ask("GET", f"{path}:getIamPolicy?options.requestedPolicyVersion=3", None)
    return ask("POST", f"{path}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})


def grant(ask: Asked, made: Made, *, there: bool = True) -> None:
    """Add the member to its role, or take it out; all else in the policy stays."""
    held = copy.deepcopy(policy(ask, made))
    inputs, condition = made.inputs, made.inputs.get("condition")
    bindings: list[Json] = held.setdefault("bindings", [])
    same = [b for b in bindings if b["role"] == inputs["role"] and (b.get("condition") or None) == condition]
    if there and not same:
        binding: Json = {"role": inputs["role"], "members": []}
        bindings.append(binding | ({"condition": condition} if condition else {}))
        same = bindings[-1:]
    for binding in same:
        binding["members"] = [m for m in binding["members"] if m != inputs["member"]]
        binding["members"] += [inputs["member"]] if there else []
    held["version"] = 3
    path = GRANTS[short_type(made.type)][0].format_map(inputs)
    if path.startswith("storage"):
        ask("PUT", f"{path}/iam", held)
    else:
        ask("POST", f"{path}:setIamPolicy", {"policy": held})


def request(type_: str, inputs: Json) -> tuple[str, str, Json]:
    """Method, path and body of the call that makes a resource."""
    mapping = mapping_of(type_)
    assert mapping, f"{type_} has no request in catalog/types"
    entry = discovery.load(mapping.service, mapping.version).entries[mapping.method]
    path = str(entry.get("flatPath") or entry["path"])
    values = {name: form.format_map(inputs) for name, form in mapping.path.items()}
    if "flatPath" in entry and "{+" in entry["path"]:  # the path has one parameter, the flat path one for each part
        path = entry["path"]
        for name, value in values.items():
            path = path.replace(f"{{+{name}}}", value)
    else:
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
    if path.startswith(f"{mapping.version}/"):
        path = path.removeprefix(f"{mapping.version}/")
    path = path.removeprefix("projects/") if mapping.service == "compute" and "projects/projects/" in path else path
    query = {name: form.format_map(inputs) for name, form in mapping.query.items()}
    tail = f"?{urlencode(query)}" if query else ""
    return str(entry["httpMethod"]), f"{mapping.service}/{mapping.version}/{path}{tail}", _body(type_, inputs)


def _body(type_: str, inputs: Json) -> Json:
    mapping = mapping_of(type_)
    assert mapping
    body: Json = _json(make(mapping, inputs).body, inputs) or {}
    short = short_type(type_)
    if short == "compute.Instance":
        body["disks"][0] |= {"boot": True, "autoDelete": True}
    if short == "artifactregistry.Repository":
        ids = (policy["id"] for policy in inputs.get("cleanupPolicies", ()))
        body["cleanupPolicies"] = dict(zip(ids, body.get("cleanupPolicies", {}).values(), strict=True))
    return body


def _json(node: Node, inputs: Json) -> Any:
    if node.leaf is not None and not node.children:
        return _changed(node.leaf.parts, node.value, inputs) if node.changed else node.value
    if any(isinstance(step, Element) for step in node.children):
        return [each for child in node.children.values() if (each := _json(child, inputs)) is not None]
    return {str(step): each for step, child in node.children.items() if (each := _json(child, inputs)) is not None}


def _changed(parts: tuple[str | int, ...], value: Any, inputs: Json) -> Any:
    """What the provider makes of a value before it sends it: names of Compute Engine's own become addresses."""
    zone = f"{COMPUTE}projects/{inputs.get('project')}/zones/{inputs.get('zone')}"
    kinds = {"machineType": "machineTypes", "type": "diskTypes"}
    if parts[0] == "guestAccelerators":
        return f"{zone}/acceleratorTypes/{value}"
    if kind := kinds.get(str(parts[-1])):
        return f"{zone}/{kind}/{value}"
    if parts[-1] == "image":
        project, _, family = str(value).partition("/")
        return value if "/" in family else f"projects/{project}/global/images/family/{family}"
    return value


def _where(short: str, path: str, inputs: Json, answer: Json) -> str:
    """Where the new resource is."""
    plain = path.partition("?")[0]
    api = "/".join(plain.split("/")[:2])
    if short == "compute.Instance" or api.startswith("compute/"):
        return f"{plain}/{inputs['name']}"
    if api == "storage/v1":
        return f"{plain}/{quote(inputs['name'], safe='')}"
    if short == "cloudbuild.Trigger":
        return f"{plain}/{answer['id']}"
    name = str(answer.get("name") or "").partition("/operations/")[0]
    if "/operations/" in str(answer.get("name")):
        name = str(answer.get("response", {}).get("name") or name)
    return f"{api}/{name}" if name.startswith("projects/") else f"{plain}/{next(iter(inputs.values()))}"
