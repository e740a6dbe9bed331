"""What holds for every plan, whatever the stack file says: each function lists the breaches of one rule."""

import inspect
import json
import re
from collections import Counter
from collections.abc import Iterator

from catalog import types
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from infra.names import OWN_LABELS
from tests.infra.planned import grants, known, needs, of, resource_class

_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_COMPUTE = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"

NAMES: dict[str, tuple[str, str]] = {
    "artifactregistry.Repository": ("repositoryId", _COMPUTE),
    "cloudbuild.Trigger": ("name", r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}[a-zA-Z0-9])?"),
    "cloudbuildv2.Repository": ("name", _COMPUTE),
    "cloudrunv2.Service": ("name", r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?"),
    "compute.Disk": ("name", _COMPUTE),
    "compute.Firewall": ("name", _COMPUTE),
    "compute.Instance": ("name", _COMPUTE),
    "compute.Network": ("name", _COMPUTE),
    "compute.ResourcePolicy": ("name", _COMPUTE),
    "compute.Router": ("name", _COMPUTE),
    "compute.RouterNat": ("name", _COMPUTE),
    "compute.Subnetwork": ("name", _COMPUTE),
    "iam.WorkloadIdentityPool": ("workloadIdentityPoolId", r"(?!gcp-)[a-z0-9-]{4,32}"),
    "iam.WorkloadIdentityPoolProvider": ("workloadIdentityPoolProviderId", r"(?!gcp-)[a-z0-9-]{4,32}"),
    "projects.IAMCustomRole": ("roleId", r"[a-zA-Z0-9_.]{3,64}"),
    "projects.Service": ("service", r"[a-z]+\.googleapis\.com"),
    "secretmanager.Secret": ("secretId", r"[a-zA-Z0-9_-]{1,255}"),
    "serviceaccount.Account": ("accountId", r"[a-z]([a-z0-9-]{4,28}[a-z0-9])"),
    "storage.Bucket": ("name", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "vertex.AiEndpoint": ("name", r"[1-9][0-9]{0,9}"),
}
"""The input that names each type for Google, and the form that Google takes (each API's reference, 2026-11-23)."""

LIMITS = {
    ("iam.WorkloadIdentityPool", "displayName"): 32,
    ("iam.WorkloadIdentityPool", "description"): 256,
    ("iam.WorkloadIdentityPoolProvider", "displayName"): 32,
    ("iam.WorkloadIdentityPoolProvider", "attributeCondition"): 4096,
    ("serviceaccount.Account", "displayName"): 100,
    ("projects.IAMCustomRole", "title"): 100,
    ("projects.IAMCustomRole", "description"): 256,
    ("vertex.AiEndpoint", "displayName"): 128,
}
"""How long Google lets a text for people be."""


def invalid_names(plan: Plan) -> Iterator[str]:
    """List names that Google would refuse."""
    for resource in plan.custom:
        kind = short_type(resource.type)
        if kind in NAMES:
            key, form = NAMES[kind]
            name = resource.inputs[key]
            if known(name) and not re.fullmatch(form, name):
                yield f"{kind} {resource.name}: {name!r} is not {form}"
        elif "role" not in resource.inputs:
            yield f"{kind} {resource.name}: nothing says how this type is named"
        for (limited, key), limit in LIMITS.items():
            if kind == limited and len(resource.inputs.get(key, "")) > limit:
                yield f"{kind} {resource.name}: {key} has more than {limit} characters"


def identity(resource: Registration) -> str | None:
    """Say what a resource is to Google, so that two of one identity would be one; None if that is not yet known."""
    kind = short_type(resource.type)
    if kind not in NAMES:
        # Of a custom role or a federation of the stack's own, which is of no other stack.
        if UNKNOWN in (resource.inputs.get("role"), resource.inputs.get("member")):
            return None
        return f"{kind} {json.dumps(resource.inputs, sort_keys=True)}"
    scope = [resource.inputs.get(key) for key in ("project", "location", "region", "zone", "workloadIdentityPoolId")]
    if kind == "storage.Bucket":
        scope = []
    parts = [kind, *scope, resource.inputs[NAMES[kind][0]]]
    return json.dumps(parts) if known(parts) else None


def shared_names(plan: Plan) -> Iterator[str]:
    """List names and URNs that two resources have."""
    for urn, count in Counter(resource.urn for resource in plan.resources).items():
        if count > 1:
            yield f"{count} resources are {urn}"
    for name, count in Counter(identity(resource) for resource in plan.custom).items():
        if name and count > 1:
            yield f"{count} resources are {name}"


def takes_labels(resource: Registration) -> bool:
    """Say whether the provider's type takes labels."""
    return "labels" in inspect.signature(resource_class(resource.type)._internal_init).parameters


def missing_labels(plan: Plan) -> Iterator[str]:
    """List resources that take labels and lack one, or have one that Google refuses."""
    for resource in plan.custom:
        labelled: dict[str, dict[str, str]] = {}
        if takes_labels(resource):
            labelled[""] = resource.inputs.get("labels") or {}
        if short_type(resource.type) == "compute.Instance":
            labelled["bootDisk"] = resource.inputs["bootDisk"]["initializeParams"].get("labels") or {}
        for where, labels in labelled.items():
            if missing := OWN_LABELS - set(labels):
                yield f"{resource.urn} {where} lacks {', '.join(sorted(missing))}"
            for key, value in labels.items():
                if not _LABEL_KEY.fullmatch(key) or not _LABEL.fullmatch(value):
                    yield f"{resource.urn} {where}: Google takes no label {key}={value}"
            if len(labels) > 64:
                yield f"{resource.urn} {where}: more than 64 labels"


def not_additive(plan: Plan) -> Iterator[str]:
    """List IAM that would replace what others have granted, and keys of service accounts."""
    for resource in plan.custom:
        name = resource.type.rpartition(":")[2]
        if re.search(r"(?i)iam(binding|policy)|auditconfig", name) or resource.type.startswith(
            "gcp:serviceaccount/key:"
        ):
            yield resource.urn


def endless_machines(plan: Plan) -> Iterator[str]:
    """List machines that nothing stops within a day, unless the stack file gives a reason."""
    reasoned = {name for name, machine in plan.settings.machines.items() if machine.max_run_reason}
    for machine in of(plan, "compute.Instance"):
        scheduling = machine.inputs.get("scheduling", {})
        seconds = scheduling.get("maxRunDuration", {}).get("seconds")
        limit = 120 * 86400 if machine.name in reasoned else 86400
        if scheduling.get("instanceTerminationAction") != "STOP" or not seconds or not 30 <= seconds <= limit:
            yield machine.urn


def public(plan: Plan) -> Iterator[str]:
    """List what is open to the world although the stack file does not say so."""
    asked = {f"{name}-public" for name, service in plan.settings.services.items() if service.public}
    for grant in grants(plan):
        if grant.member in ("allUsers", "allAuthenticatedUsers") and grant.resource.name not in asked:
            yield grant.resource.urn
    for bucket in of(plan, "storage.Bucket"):
        if bucket.inputs.get("publicAccessPrevention") != "enforced":
            yield bucket.urn
    for rule in of(plan, "compute.Firewall"):
        if rule.inputs.get("direction") != "INGRESS" or rule.inputs.get("sourceRanges") != ["35.235.240.0/20"]:
            yield rule.urn
    for machine in of(plan, "compute.Instance"):
        addresses = [
            address for card in machine.inputs["networkInterfaces"] for address in card.get("accessConfigs", [])
        ]
        if addresses and plan.settings.network.egress == "nat":
            yield machine.urn


def unclassed(plan: Plan) -> Iterator[str]:
    """List types that no component declares, as the files of types have it."""
    for kind in sorted({resource.type for resource in plan.custom}):
        known = types.of(kind)
        if known is None or not known.components:
            yield kind


def own_api(resource: Registration) -> str:
    """Name the API that answers for a resource."""
    known = types.of(resource.type)
    return known.api or "" if known else ""


def without_api(plan: Plan) -> Iterator[str]:
    """List resources that could be asked for before their API is on."""
    for resource in plan.custom:
        if short_type(resource.type) == "projects.Service":
            continue
        if own_api(resource) not in {
            need.name for need in needs(plan, resource) if "Service" in need.type.split("/")[1]
        }:
            yield f"{resource.urn} does not wait for {own_api(resource)}"


def without_project(plan: Plan) -> Iterator[str]:
    """List resources that would follow the provider's project, which somebody's environment can set otherwise."""
    for resource in plan.custom:
        takes = "project" in inspect.signature(resource_class(resource.type)._internal_init).parameters
        if takes and resource.inputs.get("project") != plan.settings.project:
            yield f"{resource.urn} does not name its project"


def without_component(plan: Plan) -> Iterator[str]:
    """List resources that hang under the stack, where nothing says what they belong to."""
    components = {resource.urn for resource in plan.resources if not resource.custom}
    for resource in plan.custom:
        if resource.parent not in components:
            yield f"{resource.urn} is in no component"


RULES = (
    invalid_names,
    shared_names,
    missing_labels,
    not_additive,
    endless_machines,
    public,
    unclassed,
    without_api,
    without_project,
    without_component,
)


def breaches(plan: Plan) -> list[str]:
    """List the breaches of every rule."""
    return [breach for rule in RULES for breach in rule(plan)]
