"""Which permissions a call needs, and on what: by the method's name, permissions.json, and by what is in the body."""

from __future__ import annotations

import fnmatch
import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .shapes import many, part

if TYPE_CHECKING:
    from .call import Call
    from .world import World

Json = dict[str, Any]
_DATA: Json = json.loads(Path(__file__).with_name("permissions.json").read_text(encoding="utf-8"))
ACT_AS = "iam.serviceAccounts.actAs"
USE = "serviceusage.services.use"


@dataclass(frozen=True)
class Need:
    """One permission on one resource, by its service and its path there."""

    permission: str
    service: str
    path: str


@functools.cache
def of_method(method: str) -> tuple[str, ...] | None:
    """The permissions that a method asks for by its name; None where not even a token is asked for.

    >>> of_method("compute.instances.insert"), of_method("storage.objects.rewrite"), of_method("sts.token")
    (('compute.instances.create',), ('storage.objects.create',), None)
    """
    service, *middle, action = method.split(".")
    verb = _DATA["verbs"].get(action, action)
    for pattern, asked in _DATA["methods"].items():
        if fnmatch.fnmatchcase(method, pattern):
            return None if asked is None else tuple(each.format(verb=verb) for each in asked)
    return (f"{_DATA['services'].get(service, service)}.{middle[-1] if middle else ''}.{verb}",)


def of(call: Call) -> list[Need]:
    """Everything that a call needs, in the order in which it is asked for."""
    service, path = call.service.name, call.path
    named = [Need(each, *_on(call, service, path)) for each in of_method(call.method.id) or ()]
    return [*_payer(call), *named, *_besides(call)]


def _on(call: Call, service: str, path: str) -> tuple[str, str]:
    """Whose policy decides: not always that of the path."""
    if service in ("iam", "iamcredentials") and (found := re.search(r"/serviceAccounts/([^/]+)", path)):
        return account(call.world, found[1])
    if service == "logging" and not path.startswith("projects/"):
        names = [*many(call.body, "resourceNames"), str(call.body.get("logName") or "")]
        names += [str(entry.get("logName") or "") for entry in many(call.body, "entries")]
        first = next((name for name in names if name.startswith("projects/")), "projects/-")
        return "cloudresourcemanager", "/".join(first.split("/")[:2])
    if service == "storage" and path == "b":
        return "cloudresourcemanager", f"projects/{call.query.get('project')}"
    if service == "storage" and (name := _written(call)):
        return service, name
    return service, path


def account(world: World, text: str) -> tuple[str, str]:
    """A service account, by its address or its unique id, wherever it is."""
    email = unquote(text.rsplit("/", 1)[-1])
    for found in world.of("iam", "projects/serviceAccounts"):
        if email in (found.body["email"], found.body["uniqueId"]):
            return "iam", found.path
    domain = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
    number = re.match(r"(\d+)(-compute)?@", email)
    project = world.project(domain) or (world.project(number[1]) if number else None)
    return "iam", f"projects/{project.id if project else '-'}/serviceAccounts/{email}"


def _payer(call: Call) -> Iterator[Need]:
    if call.payer and (project := call.world.project(call.payer)):
        yield Need(USE, "cloudresourcemanager", f"projects/{project.id}")


def _besides(call: Call) -> Iterator[Need]:
    finder = BESIDES.get(call.method.id)
    if finder is not None:
        yield from finder(call)


def _acting(*fields: str) -> Callable[[Call], Iterator[Need]]:
    """Whoever names an account has to be let act as it; without a name it is the project's default account."""

    def find(call: Call) -> Iterator[Need]:
        body: Any = call.body
        for field in fields[:-1]:
            body = part(body, field)
        email = str(body.get(fields[-1]) or "")
        if email or fields[-1] in DEFAULTS:
            yield _act_as(call, email)

    return find


def _patched_service(call: Call) -> Iterator[Need]:
    """A change that leaves the template out, as of the scaling alone, is still of what runs as its account."""
    held = call.world.get("run", call.path)
    template = part(call.body, "template") or part(held.body if held else {}, "template")
    yield _act_as(call, str(template.get("serviceAccount") or ""))


DEFAULTS = ("serviceAccount", "serviceAccountName")
"""Fields without which Cloud Run, a build and a job run as the default account of Compute Engine."""


def _act_as(call: Call, email: str) -> Need:
    default = f"{call.project.number}-compute@developer.gserviceaccount.com"
    return Need(ACT_AS, *account(call.world, email or default))


def _trigger(call: Call) -> Iterator[Need]:
    place, _, wanted = call.path.rpartition("/")
    for trigger in call.world.below("cloudbuild", place):
        if wanted in (trigger.name, trigger.body.get("name")):
            yield _act_as(call, str(trigger.body.get("serviceAccount") or ""))


FIELDS = {
    "metadata": "setMetadata",
    "labels": "setLabels",
    "tags": "setTags",
    "serviceAccounts": "setServiceAccount",
}
"""What of a new machine asks for a permission of its own."""


def _machine(call: Call) -> Iterator[Need]:
    """What https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert lists (2026-11)."""
    body, here = call.body, call.path
    asked = {
        "metadata": "setMetadata",
        "labels": "setLabels",
        "tags": "setTags",
        "serviceAccounts": "setServiceAccount",
    }
    for field, verb in asked.items():
        if body.get(field):
            yield Need(f"compute.instances.{verb}", "compute", here)
    for disk in many(body, "disks"):
        made = "initializeParams" in disk
        where = re.sub(r"/instances$", "/disks", here) if made else _path(str(disk.get("source") or ""))
        yield Need("compute.disks.create" if made else "compute.disks.use", "compute", where)
    for nic in many(body, "networkInterfaces"):
        subnet = _path(str(nic.get("subnetwork") or "")) or f"projects/{call.project.id}/global"
        subnet = subnet if subnet.startswith("projects/") else f"projects/{call.project.id}/{subnet}"
        yield Need("compute.subnetworks.use", "compute", subnet)
        if many(nic, "accessConfigs"):
            yield Need("compute.subnetworks.useExternalIp", "compute", subnet)
    for policy in many(body, "resourcePolicies"):
        yield Need("compute.resourcePolicies.use", "compute", _path(policy))
    for given in many(body, "serviceAccounts"):
        yield _act_as(call, "" if given.get("email") == "default" else str(given.get("email") or ""))


def _path(link: str) -> str:
    found = re.search(r"(projects|zones|regions|global)/.*", link)
    return found[0] if found else ""


def _runs_as(call: Call) -> Iterator[Need]:
    """A machine that is there, with an account: whoever changes what it runs acts as that account."""
    held = call.world.get("compute", call.path)
    for given in many(held.body if held else {}, "serviceAccounts"):
        yield _act_as(call, str(given.get("email") or ""))


def _disk(call: Call) -> Iterator[Need]:
    yield Need("compute.disks.use", "compute", _path(str(call.body.get("source") or "")))


def _policies(call: Call) -> Iterator[Need]:
    for policy in many(call.body, "resourcePolicies"):
        yield Need("compute.resourcePolicies.use", "compute", _path(policy))


def _nic(call: Call) -> Iterator[Need]:
    yield Need("compute.subnetworks.useExternalIp", "compute", call.path)


def _job(call: Call) -> Iterator[Need]:
    if email := str(part(call.body, "jobSpec").get("serviceAccount") or ""):  # else an agent of Vertex AI runs it
        yield _act_as(call, email)


def _scheduled(call: Call) -> Iterator[Need]:
    for kind in ("oidcToken", "oauthToken"):
        if email := part(part(call.body, "httpTarget"), kind).get("serviceAccountEmail"):
            yield _act_as(call, str(email))


def _written(call: Call) -> str:
    """The object that the call writes, or nothing."""
    name = call.params.get("destinationObject") or ""
    if call.method.id == "storage.objects.insert":
        name = str(call.query.get("name") or call.body.get("name") or "")
    bucket = call.params.get("destinationBucket") or call.params.get("bucket")
    quoted = unquote(name).replace("%", "%25").replace("/", "%2F").replace("#", "%23")
    return f"b/{bucket}/o/{quoted}" if name else ""


def _replaced(call: Call) -> Iterator[Need]:
    """An upload over what is there deletes that, too."""
    if (path := _written(call)) and call.world.get("storage", path):
        yield Need("storage.objects.delete", "storage", path)


def _copied(call: Call) -> Iterator[Need]:
    yield Need("storage.objects.get", "storage", f"b/{call.params['sourceBucket']}/o/{call.params['sourceObject']}")
    yield from _replaced(call)


BESIDES: dict[str, Callable[[Call], Iterator[Need]]] = {
    "compute.instances.insert": _machine,
    "compute.instances.setServiceAccount": lambda call: iter([_act_as(call, str(call.body.get("email") or ""))]),
    "compute.instances.setMetadata": _runs_as,
    "compute.instances.attachDisk": _disk,
    "compute.instances.addResourcePolicies": _policies,
    "compute.instances.addAccessConfig": _nic,
    "run.projects.locations.services.create": _acting("template", "serviceAccount"),
    "run.projects.locations.services.patch": _patched_service,
    "run.projects.locations.services.replaceService": _acting("spec", "template", "spec", "serviceAccountName"),
    "run.projects.locations.jobs.create": _acting("template", "template", "serviceAccount"),
    "run.projects.locations.jobs.patch": _acting("template", "template", "serviceAccount"),
    "cloudbuild.projects.builds.create": _acting("serviceAccount"),
    "cloudbuild.projects.locations.builds.create": _acting("serviceAccount"),
    "cloudbuild.projects.triggers.create": _acting("serviceAccount"),
    "cloudbuild.projects.locations.triggers.create": _acting("serviceAccount"),
    "cloudbuild.projects.triggers.patch": _acting("serviceAccount"),
    "cloudbuild.projects.locations.triggers.patch": _acting("serviceAccount"),
    "cloudbuild.projects.triggers.run": _trigger,
    "cloudbuild.projects.locations.triggers.run": _trigger,
    "aiplatform.projects.locations.customJobs.create": _job,
    "cloudscheduler.projects.locations.jobs.create": _scheduled,
    "cloudscheduler.projects.locations.jobs.patch": _scheduled,
    "storage.objects.insert": _replaced,
    "storage.objects.compose": _replaced,
    "storage.objects.copy": _copied,
    "storage.objects.rewrite": _copied,
}
"""What a method asks for beside what its name says."""
