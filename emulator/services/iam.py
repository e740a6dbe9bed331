"""IAM: custom roles, workload identity pools and their providers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from .. import catalog, crud, iampolicy, longrunning
from ..call import Call, page
from ..errors import ApiError, bad_value, failed, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import many, part
from ..world import Resource, World, moment
from . import accounts
from .accounts import ACCOUNTS

Json = dict[str, Any]
handlers = Handlers()
ROLES = "projects/roles"
POOLS = "projects/locations/workloadIdentityPools"
# https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles/delete (2026-08): seven days in which a role can be
# undeleted, then its bindings go for good; Pulumi's page on IAMCustomRole: up to 30 more days until its id is free.
UNDELETABLE, BLOCKED = timedelta(days=7), timedelta(days=30)
PURGED = "PURGED"
PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*){2,}")
NOT_IN_PROJECT_ROLES = ("resourcemanager.projects.list", "resourcemanager.folders.", "resourcemanager.organizations.")
SHARED_ISSUERS = ("token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "oidc.circleci.com")


def check_role(_call: Call, body: Json, _old: Json | None) -> None:
    """Permissions are permissions, and ones that a project can give."""
    for permission in many(body, "includedPermissions"):
        if not PERMISSION.fullmatch(permission):
            raise invalid(f"Permission {permission} is not valid.", ("role.included_permissions", permission))
        if permission.startswith(NOT_IN_PROJECT_ROLES):
            raise invalid(
                f"Permission {permission} is not supported in custom roles of projects.", ("role", permission)
            )
    if len(body.get("title", "")) > 100:
        raise invalid("The role title must be at most 100 characters.", ("role.title", "too long"))


@handlers.on("iam.projects.roles.create")
def create_role(call: Call) -> Any:
    """The id of a deleted role stays blocked."""
    name, body = str(call.body.get("roleId") or ""), dict(part(call.body, "role"))
    if not re.fullmatch(r"[a-zA-Z0-9_.]{3,64}", name):
        raise invalid(f"The role_id {name} is invalid: 3 to 64 of [a-zA-Z0-9_.].", ("role_id", name))
    path = f"{call.path}/{name}"
    held = call.world.get("iam", path, deleted=True)
    if held and held.body.get("state") == PURGED:
        # In these words in reports of Terraform's users, such as GoogleCloudPlatform/gke-autoneg-controller issue 71.
        raise failed(f"You can't create a role_id ({name}) which has been marked for deletion.")
    if held and held.deleted:
        raise failed(
            f"You can't create a role with role_id ({name}) where there is an existing role with that role_id "
            "in a deleted state."
        )
    if held:
        raise ApiError(409, f"A role named {name} in {call.path} already exists.")
    resource = Resource("iam", path, ROLES, body)
    call.path = path
    crud.settle(call, next(k for k in KINDS if k.collection == ROLES), resource, None)
    return call.world.put(resource).body


@handlers.on("iam.roles.get", "iam.roles.list")
def predefined(call: Call) -> Any:
    """Google's own roles."""
    names = [f"roles/{s}.{r}" if s else f"roles/{r}" for s, rest in catalog.ROLES.items() for r in rest]
    if call.method.action == "list":
        return page(call, "roles", [{"name": n, "title": n, "stage": "GA"} for n in names])
    if call.path not in names:
        raise ApiError(404, f"The role named {call.path} was not found.")
    return {"name": call.path, "title": call.path, "stage": "GA", "etag": "AA=="}


def mark_deleted(call: Call, resource: Resource) -> None:
    """Seven days in which it can be undeleted."""
    resource.body |= {"deleted": True, "etag": call.world.tag()}


def mark_expiring(call: Call, resource: Resource) -> None:
    """Thirty days in which its id stays blocked."""
    resource.body |= {"state": "DELETED", "expireTime": call.world.now(BLOCKED)}


def passes(world: World, _since: datetime, until: datetime) -> None:
    """What was deleted goes for good, and in the end its id is free."""
    for r in [r for r in world.resources.values() if r.service == "iam" and r.deleted]:
        role, since = r.collection == ROLES, until - moment(r.deleted)
        if since >= (UNDELETABLE + BLOCKED if role else BLOCKED):
            world.drop(r)
        elif role and since >= UNDELETABLE and r.body.get("state") != PURGED:
            r.body = {"name": r.path, "state": PURGED}
            iampolicy.role_gone(world, r.path)


@handlers.on("iam.projects.roles.get", "iam.projects.roles.undelete", "iam.projects.roles.list")
def known_role(call: Call) -> Any:
    """As every other resource, but that a role deleted for more than seven days is none: only its id is taken."""
    if call.method.action == "list":
        purged = [r for r in call.world.below("iam", call.path, deleted=True) if r.body.get("state") == PURGED]
        answer = crud.list_all(call)
        roles = [body for body in many(answer, "roles") if all(body is not r.body for r in purged)]
        return {**answer, "roles": roles} if roles else {}
    if call.resource(deleted=True).body.get("state") == PURGED:
        raise ApiError(404, f"The role named {call.path} was not found.")
    return crud.get(call) if call.method.action == "get" else crud.undelete(call)


def pool_name(call: Call, _body: Json, _old: Json | None) -> None:
    """Google keeps the prefix gcp- for itself."""
    if call.path.rsplit("/", 1)[-1].startswith("gcp-"):
        raise invalid("The prefix `gcp-` is reserved for use by Google.", ("workload_identity_pool_id", "reserved"))


def check_provider(call: Call, body: Json, old: Json | None) -> None:
    """The mapping has a subject, and the condition keeps strangers out."""
    pool_name(call, body, old)
    pool = call.world.get("iam", call.path.rsplit("/", 2)[0])
    if pool is None:
        raise failed("The workload identity pool is deleted.")
    if "oidc" in body:
        issuer = str(body["oidc"].get("issuerUri") or "")
        if not issuer.startswith("https://"):
            raise bad_value("oidc.issuer_uri", issuer, "Must be a URL that begins with https://.")
        condition = body.get("attributeCondition", "")
        if (
            any(host in issuer for host in SHARED_ISSUERS)
            and "assertion." not in condition
            and "attribute." not in condition
        ):
            raise invalid(
                "The attribute condition must reference one of the provider's claims.", ("attribute_condition", issuer)
            )
        if len(many(body["oidc"], "allowedAudiences")) > 10:
            raise invalid("At most 10 allowed audiences.", ("oidc.allowed_audiences", "too many"))
    mapping = part(body, "attributeMapping")
    if ("oidc" in body or "saml" in body) and "google.subject" not in mapping:
        raise invalid("The attribute mapping must map google.subject.", ("attribute_mapping", "google.subject missing"))
    for key in mapping:
        if not re.fullmatch(r"google\.(subject|groups)|attribute\.[a-z0-9_]{1,100}", key):
            raise invalid(f"Attribute mapping key '{key}' is invalid.", ("attribute_mapping", key))
    for used in re.findall(r"\battribute\.([a-z0-9_]+)", body.get("attributeCondition") or ""):
        if f"attribute.{used}" not in mapping:
            raise invalid(
                f"The attribute condition refers to attribute.{used}, which is not mapped.",
                ("attribute_condition", used),
            )


@handlers.on("iam.projects.locations.workloadIdentityPools.listAttestationRules")
def attestation_rules(call: Call) -> Any:
    """None: those are for managed identities."""
    call.resource(deleted=True)
    return {}


_POOL: Json = {"name_rule": r"[a-z][a-z0-9-]{2,30}[a-z0-9]", "number": True, "soft_delete": mark_expiring}
KINDS = (
    Kind("iam", ACCOUNTS),
    Kind("iam", ROLES, check=check_role, soft_delete=mark_deleted, etag="etag", defaults={"stage": "ALPHA"}),
    Kind("iam", POOLS, "?workloadIdentityPoolId", defaults={"state": "ACTIVE"}, check=pool_name, **_POOL),
    Kind(
        "iam",
        f"{POOLS}/providers",
        "?workloadIdentityPoolProviderId",
        defaults={"state": "ACTIVE"},
        check=check_provider,
        **_POOL,
    ),
)
for _part in ("", "providers."):
    handlers[f"iam.projects.locations.workloadIdentityPools.{_part}operations.get"] = longrunning.read
handlers |= accounts.handlers
SERVICE = Service("iam", ("v1",), locations=("global",), kinds=KINDS, handlers=handlers, passes=passes)
