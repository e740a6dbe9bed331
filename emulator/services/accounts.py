"""IAM: service accounts and their keys."""

from __future__ import annotations

import base64
import re
from typing import Any

from .. import iampolicy, merge
from ..call import Call
from ..errors import ApiError, failed, invalid, stale
from ..kinds import Handlers
from ..shapes import part
from ..world import Resource

Json = dict[str, Any]
handlers = Handlers()
ACCOUNTS = "projects/serviceAccounts"


@handlers.on("iam.projects.serviceAccounts.create")
def create_account(call: Call) -> Any:
    """A service account, under a unique id that no other ever had."""
    name = str(call.body.get("accountId") or "")
    if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", name):
        raise invalid(
            f"Invalid value for account_id: '{name}'. Must be 6-30 characters of [a-z][a-z0-9-]*.", ("account_id", name)
        )
    project, number = call.project, call.world.next_id()
    email = f"{name}@{project.id}.iam.gserviceaccount.com"
    path = f"projects/{project.id}/serviceAccounts/{email}"
    if call.world.get("iam", path):
        raise ApiError(409, f"Service account {name} already exists within project projects/{project.id}.")
    if len(list(call.world.below("iam", call.path))) >= 100:
        raise ApiError(
            429, "A quota has been reached for project number " + project.number + ": Service accounts per project."
        )
    body = {
        **part(call.body, "serviceAccount"),
        "name": path,
        "projectId": project.id,
        "uniqueId": "1" + number,
        "email": email,
        "oauth2ClientId": "1" + number,
        "etag": call.world.tag(),
    }
    return call.world.put(Resource("iam", path, ACCOUNTS, body)).body


def account(call: Call) -> Resource:
    """By e-mail or unique id, in its project or in `-`."""
    wanted = call.params["serviceAccountsId"]
    for r in call.world.of("iam", ACCOUNTS):
        if wanted in (r.body["email"], r.body["uniqueId"]):
            call.path = r.path
            return r
    email = f"{call.path.rsplit('/', 1)[0]}/{wanted}"
    raise ApiError(
        404, f"Unknown service account: {email}" if "@" not in wanted else f"Service account {email} does not exist."
    )


@handlers.on("iam.projects.serviceAccounts.get")
def get_account(call: Call) -> Any:
    """By e-mail or unique id."""
    return account(call).body


@handlers.on("iam.projects.serviceAccounts.patch", "iam.projects.serviceAccounts.update")
def patch_account(call: Call) -> Any:
    """Display name and description are all that changes."""
    found = account(call)
    given, mask = (
        (part(call.body, "serviceAccount"), call.body.get("updateMask", ""))
        if "serviceAccount" in call.body
        else (call.body, "")
    )
    if given.get("etag") and given["etag"] != found.body["etag"]:
        raise stale(f"service account {found.name}")
    allowed = {k: v for k, v in given.items() if k in ("displayName", "description")}
    found.body = merge.update(found.body, allowed, mask, call.doc.schemas["ServiceAccount"], replace=False)
    found.body["etag"] = call.world.tag()
    return found.body


@handlers.on("iam.projects.serviceAccounts.delete")
def delete_account(call: Call) -> Any:
    """Its name stays in the policies, marked as deleted."""
    found = account(call)
    iampolicy.account_gone(call.world, found.body["email"], found.body["uniqueId"])
    call.world.drop(found)
    return {}


@handlers.on("iam.projects.serviceAccounts.enable", "iam.projects.serviceAccounts.disable")
def switch_account(call: Call) -> Any:
    """Enable or disable."""
    found = account(call)
    found.body.pop("disabled", None)
    if call.method.action == "disable":
        found.body["disabled"] = True
    return {}


@handlers.on(
    "iam.projects.serviceAccounts.getIamPolicy",
    "iam.projects.serviceAccounts.setIamPolicy",
    "iam.projects.serviceAccounts.testIamPermissions",
)
def account_policy(call: Call) -> Any:
    """Who may use the account."""
    account(call)
    action = {"getIamPolicy": iampolicy.get, "setIamPolicy": iampolicy.put, "testIamPermissions": iampolicy.test}
    return action[call.method.action](call)


@handlers.on("iam.projects.serviceAccounts.keys.list")
def list_keys(call: Call) -> Any:
    """Those that somebody made."""
    below = call.world.below("iam", f"{account(call).path}/keys")
    return {"keys": [key.body for key in below]}


@handlers.on("iam.projects.serviceAccounts.keys.create")
def create_key(call: Call) -> Any:
    """A key that opens nothing; refused in every organization made since May 2024."""
    if call.scenario.organization:
        raise failed(
            "Key creation is not allowed on this service account (constraints/iam.disableServiceAccountKeyCreation)."
        )
    path = f"{account(call).path}/keys/{call.world.uuid().replace('-', '')}"
    body: Json = {
        "name": path,
        "keyType": "USER_MANAGED",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "validAfterTime": call.world.now(),
        "validBeforeTime": "9999-12-31T23:59:59Z",
    }
    call.world.put(Resource("iam", path, f"{ACCOUNTS}/keys", body))
    return {
        **body,
        "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE",
        "privateKeyData": base64.b64encode(b"{}").decode(),
    }


@handlers.on("iam.projects.serviceAccounts.keys.delete")
def delete_key(call: Call) -> Any:
    """Gone at once."""
    key = call.world.get("iam", f"{account(call).path}/keys/{call.params['keysId']}")
    if key is None:
        raise ApiError(404, f"Service account key {call.params['keysId']} does not exist.")
    call.world.drop(key)
    return {}
