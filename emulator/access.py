"""IAM enforced: who may do what, by the policies that are here, the dated roles and the conditions of bindings.

What is not known, a role or a permission, gives nothing and is noted: nothing is allowed for want of knowledge.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from . import conditions, needs, roles
from .caller import Caller
from .errors import ApiError, denied
from .iampolicy import AGENT
from .shapes import many, part

if TYPE_CHECKING:
    from .call import Call
    from .needs import Need
    from .world import World

Json = dict[str, Any]
BASIC = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}


def admit(call: Call, caller: Caller) -> None:
    """Let the call through, or refuse it as Google does, with the first permission that is missing."""
    if caller.everything or needs.of_method(call.method.id) is None:
        return
    if call.service.name == "storage" and call.path.startswith("b/") and not _bucket(call.world, call.path):
        return  # there is no such bucket: that is told to everybody, and is the handler's to say
    call.needs = needs.of(call)
    if not call.needs and not caller.member:
        raise _anonymous(call)
    call.modified = _modified(call) if call.method.action == "setIamPolicy" else None
    for need in call.needs:
        if not may(call.world, caller, need, call.modified, call.notes):
            call.notes.append(f"{caller.shown} lacks {need.permission} on {need.service}:{need.path}")
            raise _refusal(call, caller, need)


def may(
    world: World, caller: Caller, need: Need, modified: Sequence[str] | None = None, notes: list[str] | None = None
) -> bool:
    """Has the caller the permission on the resource, by its policy or one above it?"""
    notes = [] if notes is None else notes
    if caller.everything:
        return True
    if need.permission not in roles.permissions() and not _custom(world, need.permission):
        notes.append(f"{need.permission} is in no role that is known here")
        return False
    resource = named(world, need.service, need.path)
    for binding, project in _bindings(world, need.service, need.path):
        if not any(_means(world, caller, str(member), project) for member in many(binding, "members")):
            continue
        given = _gives(world, str(binding["role"]), notes)
        if need.permission not in given:
            continue
        expression = part(binding, "condition").get("expression")
        try:
            if not expression or conditions.holds(str(expression), resource, world.time(), modified):
                return True
        except conditions.UnclearError as unclear:
            notes.append(f"the condition of {binding['role']} cannot be decided: {unclear}")
    return _by_google(world, caller, need)


def keys(world: World, service: str, path: str) -> Iterator[str]:
    """The policies that decide about a resource: its own, those of what it is in, the project's."""
    parts = path.split("/")
    for end in range(len(parts), 1, -1):
        yield f"{service}:{'/'.join(parts[:end])}"
    if project := _project(world, service, path):
        yield f"cloudresourcemanager:projects/{project}"


def _bindings(world: World, service: str, path: str) -> Iterator[tuple[Json, str]]:
    project = _project(world, service, path)
    for key in dict.fromkeys(keys(world, service, path)):
        for binding in many(world.policies.get(key, {}), "bindings"):
            yield binding, project


def _project(world: World, service: str, path: str) -> str:
    parts = path.split("/")
    bucket = _bucket(world, path) if service == "storage" else None
    found = world.project(bucket["projectNumber"] if bucket else parts[1] if len(parts) > 1 else "")
    return found.id if found else ""


def _bucket(world: World, path: str) -> Json | None:
    found = world.get("storage", "/".join(path.split("/")[:2]))
    return found.body if found else None


def _means(world: World, caller: Caller, member: str, project: str) -> bool:
    """A bucket's policy may name all who hold a basic role in its project."""
    basic = BASIC.get(member.partition(":")[0])
    if basic is None:
        return caller.means(member)
    held = many(world.policies.get(f"cloudresourcemanager:projects/{project}", {}), "bindings")
    return any(b["role"] == basic and any(caller.means(str(m)) for m in many(b, "members")) for b in held)


def _gives(world: World, role: str, notes: list[str]) -> frozenset[str]:
    if role.startswith(("projects/", "organizations/")):
        found = world.get("iam", role)
        return frozenset(roles.plain(str(p)) for p in many(found.body if found else {}, "includedPermissions"))
    given = roles.of(role)
    if given is None:
        notes.append(f"{role} is not among the roles that are known here, so it gives nothing")
    return given or frozenset()


def _custom(world: World, permission: str) -> bool:
    return any(permission in many(r.body, "includedPermissions") for r in world.of("iam", "projects/roles"))


def _by_google(world: World, caller: Caller, need: Need) -> bool:
    """Agents of Google's services have a role on the project that nobody gave them."""
    agent = AGENT.fullmatch(caller.member)
    project = world.project(agent[1]) if agent else None
    role = roles.AGENTS.get(agent[2]) if agent else None
    if role is None or project is None or project.id != _project(world, need.service, need.path):
        return False
    return need.permission in (roles.of(role) or frozenset())


TYPES = {"b": "Bucket", "o": "Object", "versions": "SecretVersion", "policies": "Policy"}


def named(world: World, service: str, path: str) -> Json:
    """The attributes of a resource that a condition may ask for.

    https://cloud.google.com/iam/docs/conditions-resource-attributes (2026-11): a bucket is projects/_/buckets/NAME, a
    secret has its project's number.
    """
    host, parts = f"{service}.googleapis.com", path.split("/")
    sort = parts[-2] if len(parts) > 1 else parts[0]
    title = TYPES.get(sort) or sort[:1].upper() + sort[1:].removesuffix("s")
    name = path
    if service == "storage":
        name = "/".join(["projects/_/buckets", *parts[1:2], *(["objects", *parts[3:]] if len(parts) > 3 else [])])
    elif service == "secretmanager" and (project := world.project(parts[1])):
        name = "/".join(["projects", project.number, *parts[2:]])
    return {"service": host, "type": f"{host}/{title}", "name": name.replace("%2F", "/")}


def _modified(call: Call) -> list[str]:
    """The roles of which somebody would have more or less by the new policy."""
    given = call.body if call.service.name == "storage" else part(call.body, "policy")
    held = call.world.policies.get(f"{call.service.name}:{call.path}", {})
    return sorted({role for role, *_ in _grants(given) ^ _grants(held)})


def _grants(policy: Json) -> set[tuple[str, str, str]]:
    return {
        (str(b.get("role")), str(m), json.dumps(b.get("condition"), sort_keys=True) if b.get("condition") else "")
        for b in many(policy, "bindings")
        for m in many(b, "members")
    }


def _refusal(call: Call, caller: Caller, need: Need) -> ApiError:
    """403 in the words of the service, with the name of the permission."""
    path = need.path.replace("%2F", "/")
    if not caller.member:
        return _anonymous(call, need.permission)
    if need.permission == needs.USE:
        text = (
            f"Caller does not have required permission to use project {path.split('/')[1]}. Grant the caller the "
            f"roles/serviceusage.serviceUsageConsumer role, or a custom role with the {needs.USE} permission."
        )
        return ApiError(403, text, details=denied(needs.USE, f"cloudresourcemanager.googleapis.com/{path}").details)
    if need.permission == needs.ACT_AS:
        text = f"Permission '{needs.ACT_AS}' denied on service account {path.rsplit('/', 1)[-1]} (or it may not exist)."
        return ApiError(403, text, details=denied(needs.ACT_AS, f"iam.googleapis.com/{path}").details)
    if call.service.name == "storage":
        what = {"objects": "object", "buckets": "bucket"}.get(need.permission.split(".")[1], "resource")
        access = f"{caller.shown} does not have {need.permission} access to the Google Cloud Storage {what}."
        return ApiError(403, f"{access} Permission '{need.permission}' denied on resource (or it may not exist).")
    if call.service.name == "compute":
        return ApiError(403, f"Required '{need.permission}' permission for '{path}'")
    return denied(need.permission, f"{need.service}.googleapis.com/{path}")


def _anonymous(call: Call, permission: str = "") -> ApiError:
    """401: nobody has said who they are."""
    if call.service.name == "storage" and permission:
        text = f"Anonymous caller does not have {permission} access to the Google Cloud Storage resource."
        return ApiError(
            401, f"{text} Permission '{permission}' denied on resource (or it may not exist).", reason="required"
        )
    text = (
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
    )
    return ApiError(401, text + "valid authentication credential.")
