"""IAM Service Account Credentials: a short-lived token of an account, for whoever may have one."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from .. import needs
from ..call import Call
from ..caller import Caller, mint
from ..errors import failed, invalid, not_found
from ..kinds import Handlers, Service
from .common import seconds

Json = dict[str, Any]
handlers = Handlers()
LONGEST = 12 * 3600
"""Seconds; over an hour only where an organization's policy allows it, which is taken for given."""


def _account(call: Call) -> Json:
    service, path = needs.account(call.world, call.path)
    found = call.world.get(service, path)
    if found is None:
        raise not_found(path)
    if found.body.get("disabled"):
        raise failed(f"Service account {found.body['email']} is disabled.")
    return found.body


@handlers.on("iamcredentials.projects.serviceAccounts.generateAccessToken")
def access_token(call: Call) -> Any:
    """With it one is the account."""
    account = _account(call)
    if not call.body.get("scope"):
        raise invalid("Request must contain at least one scope.", ("scope", "required"))
    life = seconds(str(call.body.get("lifetime") or "3600s"))
    if not 0 < life <= LONGEST:
        raise invalid(f"The lifetime {life:g}s is not between 1s and {LONGEST}s.", ("lifetime", "out of range"))
    token = mint(call.world, Caller(f"serviceAccount:{account['email']}"), timedelta(seconds=life))
    until = call.world.time() + timedelta(seconds=life)
    return {"accessToken": token, "expireTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")}  # clients read no other form


@handlers.on("iamcredentials.projects.serviceAccounts.generateIdToken")
def id_token(call: Call) -> Any:
    """A token that says who one is, without a signature: it opens nothing here."""
    account = _account(call)
    now = int(call.world.time().timestamp())
    claims = {"iss": "https://accounts.google.com", "aud": call.body.get("audience"), "sub": account["uniqueId"]}
    claims |= {"email": account["email"], "iat": now, "exp": now + 3600}
    parts = [json.dumps(each).encode() for each in ({"alg": "none"}, claims)]
    return {"token": ".".join(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in parts) + "."}


SERVICE = Service("iamcredentials", ("v1",), handlers=handlers)
