"""IAM policies: any resource that the description gives get/setIamPolicy has one, with an etag and checked bindings."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from . import catalog
from .errors import ApiError, invalid, not_found, stale
from .shapes import many, part
from .world import moment

if TYPE_CHECKING:
    from .call import Call
    from .world import World

Json = dict[str, Any]
EMAIL = r"[^@\s:]+@[^@\s:]+\.[^@\s:]+"
MEMBER = re.compile(
    rf"(allUsers|allAuthenticatedUsers|(user|serviceAccount|group):{EMAIL}|domain:[\w.-]+\.[a-z]+"
    r"|(projectOwner|projectEditor|projectViewer):[a-z][a-z0-9-]+|deleted:(user|serviceAccount|group):\S+\?uid=\d+"
    r"|deleted:principal://\S+|principal(Set)?://(iam|cloudresourcemanager)\.googleapis\.com/\S+"
    r"|serviceAccount:[\w.-]+\.(svc\.id\.goog|hub\.id\.goog)\[[\w./-]+\])"
)
OUR_ACCOUNT = re.compile(r"serviceAccount:[^@]+@([a-z][a-z0-9-]+)\.iam\.gserviceaccount\.com")
AGENT = re.compile(r"serviceAccount:service-(\d+)@([a-z-]+)\.iam\.gserviceaccount\.com")
EXPIRY = re.compile(r"""request\.time\s*(<=?|>=?)\s*timestamp\(["']([^"']+)["']\)""")
PERMISSION = r"[a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)+"


def key_of(call: Call) -> str:
    return f"{call.service.name}:{call.path}"


def _must_exist(call: Call) -> None:
    collection = call.method.collection
    if collection != "projects" and any(k.collection == collection for k in call.service.kinds):
        call.resource()


def get(call: Call) -> Any:
    """getIamPolicy, in the version that was asked for."""
    _must_exist(call)
    policy = call.world.policies.get(key_of(call), {})
    etag = policy.get("etag", "ACAB")
    version = call.query.get("options.requestedPolicyVersion") or call.query.get("optionsRequestedPolicyVersion")
    options = part(call.body, "options")
    return told(call, policy, etag, int(version or options.get("requestedPolicyVersion") or 1))


def told(call: Call, policy: Json, etag: str, version: int) -> Json:
    """The policy in the version that was asked for: version 1 hides conditions behind a role name of its own."""
    bindings = many(policy, "bindings")
    conditional = any(b.get("condition") for b in bindings)
    if conditional and version < 3:
        bindings = [_without_condition(b) for b in bindings]
    answer: Json = {"version": 3 if conditional and version >= 3 else 1, "etag": etag}
    if bindings:
        answer["bindings"] = bindings
    if policy.get("auditConfigs"):
        answer["auditConfigs"] = policy["auditConfigs"]
    if call.service.name == "storage":
        answer |= {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{call.path.split('/')[1]}"}
    return answer


def _without_condition(binding: Json) -> Json:
    if not binding.get("condition"):
        return binding
    mark = hashlib.sha256(json.dumps(binding["condition"], sort_keys=True).encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{mark}", "members": binding["members"]}


def put(call: Call) -> Any:
    """setIamPolicy: checked, merged, under a new etag; a stale one is refused."""
    _must_exist(call)
    body = call.body
    given = body if call.service.name == "storage" else part(body, "policy")
    if call.service.name == "compute" and "bindings" in body:
        given = given | {"bindings": body["bindings"], "etag": body.get("etag")}
    held = call.world.policies.get(key_of(call), {})
    # Bytes in JSON: gcloud reads base64 and writes it in its form for addresses, which Google takes as well.
    given_tag = str(given.get("etag") or "").translate(str.maketrans("-_", "+/"))
    if given_tag and given_tag != held.get("etag", "ACAB"):
        raise ApiError(412, "Precondition Failed") if call.service.name == "storage" else stale("policy")
    bindings = _merged(call, many(given, "bindings"), many(held, "bindings"))
    if any(b.get("condition") for b in bindings) and int(given.get("version") or 1) < 3:
        raise invalid("Specified policy version must be 3 when a binding has a condition.", ("policy.version", "not 3"))
    policy: Json = {"bindings": bindings, "etag": call.world.tag()}
    masked = str(body.get("updateMask") or "") if "updateMask" in body else ""
    audit = (
        given.get("auditConfigs") if "auditConfigs" in given and "auditConfigs" in (masked or "auditConfigs") else None
    )
    if audit or held.get("auditConfigs"):
        policy["auditConfigs"] = audit if audit is not None else held["auditConfigs"]
    call.world.policies[key_of(call)] = policy
    return told(call, policy, policy["etag"], 3)


def _merged(call: Call, given: list[Json], held: list[Json]) -> list[Json]:
    """Checked bindings, one per role and condition, members without doubles; empty ones go."""
    merged: dict[str, Json] = {}
    for binding in given:
        role, condition = str(binding.get("role") or ""), binding.get("condition") or None
        kept = any(b["role"] == role and set(b["members"]) >= set(many(binding, "members")) for b in held)
        check_role(call.world, role, deleted=kept)
        if condition and not condition.get("expression"):
            raise invalid("Condition expression must not be empty.", ("policy.bindings.condition", "no expression"))
        members = [check_member(call, str(m), role) for m in many(binding, "members")]
        entry = merged.setdefault(role + json.dumps(condition, sort_keys=True), {"role": role, "members": []})
        entry["members"] = sorted({*entry["members"], *members})
        if condition:
            entry["condition"] = condition
    return [b for b in merged.values() if b["members"]]


def check_role(world: World, role: str, *, deleted: bool = False) -> None:
    """The role is well formed and there: a custom one in the project, a predefined one at Google.

    `deleted`: it may be soft-deleted. https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles/delete
    (2026-08): nobody can be bound to such a role, and the bindings that are there stay, without effect.
    """
    if re.fullmatch(r"(projects|organizations)/[^/]+/roles/[\w.]{3,64}", role):
        if role.startswith("projects/") and world.get("iam", role, deleted=deleted) is None:
            raise invalid(f"Role ({role}) does not exist in the resource's hierarchy.", ("policy.bindings.role", role))
    elif not re.fullmatch(r"roles/[a-zA-Z0-9]+(\.[a-zA-Z0-9]+)*", role):
        raise invalid(f"Role ({role}) is not a valid role name.", ("policy.bindings.role", role))
    elif not catalog.known_role(role):
        raise invalid(f"Role {role} is not supported for this resource.", ("policy.bindings.role", role))


def check_member(call: Call, member: str, role: str) -> str:
    if not MEMBER.fullmatch(member):
        if ":" not in member and "://" not in member:
            raise invalid(
                f"Invalid member: {member}. Members must be of the form {{type}}:{{value}}.", ("member", member)
            )
        raise invalid(f"The member {member} is of an unknown type.", ("policy.bindings.members", member))
    if member.startswith(("serviceAccount:", "user:")):
        kind, _, email = member.partition(":")
        member = f"{kind}:{email.lower()}" if "[" not in email else member
    ours = OUR_ACCOUNT.fullmatch(member)
    if ours and (project := call.world.project(ours[1])):
        email = member.partition(":")[2]
        if call.world.get("iam", f"projects/{project.id}/serviceAccounts/{email}") is None:
            raise invalid(f"Service account {email} does not exist.", ("policy.bindings.members", member))
    agent = AGENT.fullmatch(member)
    if agent and agent[2] in catalog.AGENTS:
        project = call.world.project(agent[1])
        if project is None or f"{catalog.AGENTS[agent[2]]}.googleapis.com" not in project.services:
            text = f"Service account {member.partition(':')[2]} does not exist."
            raise invalid(text, ("policy.bindings.members", member))
    if member.startswith("all"):
        _public(call, member, role)
    return member


def _public(call: Call, member: str, _role: str) -> None:
    if call.method.collection == "projects":
        raise invalid(f"Member {member} is not allowed on a project.", ("policy.bindings.members", member))
    if call.service.name == "storage":
        configuration = part(call.resource().body, "iamConfiguration")
        if configuration.get("publicAccessPrevention") == "enforced":
            text = f"The member bindings {member} are not allowed since public access prevention is enforced."
            raise ApiError(412, text, reason="conditionNotMet")


def test(call: Call) -> Any:
    """Those that the caller has; where IAM is not enforced all, except those that the scenario denies to this token."""
    asked = many(call.query, "permissions") or many(call.body, "permissions")
    for permission in asked:
        if not re.fullmatch(PERMISSION, permission):
            raise invalid(f"Permission {permission} is not valid.", ("permissions", permission))
    kept = [p for p in asked if not call.refused(p) and call.may(p)]
    return {"permissions": kept} if kept else {}


def account_gone(world: World, email: str, unique_id: str) -> None:
    """A deleted service account stays in every policy, under a name that nobody can sign in with."""
    for policy in world.policies.values():
        for binding in many(policy, "bindings"):
            binding["members"] = [
                f"deleted:serviceAccount:{email}?uid={unique_id}" if m == f"serviceAccount:{email}" else m
                for m in binding["members"]
            ]


def role_gone(world: World, role: str) -> None:
    """A role that is deleted for good leaves every policy."""
    for policy in world.policies.values():
        if "bindings" in policy:
            policy["bindings"] = [b for b in policy["bindings"] if b["role"] != role]


def may(world: World, member: str, permissions: set[str], granting: set[str], *policies: str) -> bool:
    """Has the member, by one of the policies, a role that gives the permissions: custom, or one of `granting`?"""
    for name in policies:
        for binding in many(world.policies.get(name, {}), "bindings"):
            custom = world.get("iam", binding["role"])
            gives = custom is not None and permissions <= set(many(custom.body, "includedPermissions"))
            given = member in binding["members"] and (binding["role"] in granting or gives)
            if given and holds(world, str(part(binding, "condition").get("expression") or "")):
                return True
    return False


def holds(world: World, expression: str) -> bool:
    """Is a condition true now? Of it only bounds of the time are read, joined by &&; anything else counts as true."""
    for operator, bound in EXPIRY.findall(expression):
        due, present = moment(bound), world.time()
        if not {"<": present < due, "<=": present <= due, ">": present > due, ">=": present >= due}[operator]:
            return False
    return True


__all__ = ["account_gone", "check_role", "get", "may", "not_found", "put", "test"]
